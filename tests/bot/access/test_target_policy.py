"""The guard at the door of the whole bot.

Hostile targets through the real slash command, and nothing is dialled but Slack.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.slack.handlers import check
from tests.bot.access.test_targets import CORPUS
from tests.support.dialled import record
from tests.support.sampling import every, of_all
from tests.support.slackbot import RunningBot
from tests.support.wholebot import World, whole_bot

EVERYTHING = ("0.0.0.0/0", "::/0", "contoso.com")
pytestmark = pytest.mark.may_block
# Each of them is refused by the parser or the guard in test_targets.py; here they show that Slack
# leads to both.
STRIDE = of_all(1, 7)


def text_of(bot: RunningBot, user: str = "U0ONCALL") -> str:
    """The last thing that one person was told."""
    return bot.slack.ephemerals(user)[-1].text


def own_ports(bot: RunningBot) -> set[int]:
    """Where Slack and the bot itself listen."""
    return {
        int(url.rpartition(":")[2].partition("/")[0])
        for url in (bot.slack.base_url, str(bot.slack.request_url), bot.admin_url)
    }


@pytest.mark.parametrize("allowed", [(), EVERYTHING], ids=["nothing allowed", "everything allowed"])
async def test_hostile_targets_are_refused_and_never_dialled(
    allowed: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: dict[str, Sequence[str]] = {}

    async def resolver(_host: str, _port: int) -> Sequence[str]:
        return answers["now"]

    # A card is posted only for a question that takes long, which on a busy machine any may.
    monkeypatch.setattr(check, "GRACE_S", 60.0)
    asked = every(CORPUS, STRIDE)
    async with whole_bot(World(allowed=allowed, resolver=resolver), tmp_path) as bot:
        dialled = record(monkeypatch)
        for count, hostile in enumerate(asked, start=1):
            answers["now"] = hostile.addresses or ("169.254.169.254",)
            await bot.slack.command(hostile.typed)
            await bot.slack.until(lambda count=count: len(bot.slack.ephemerals()) >= count)
            assert [message.text for message in bot.slack.posted] == [], hostile
        assert {port for _, port in dialled} <= own_ports(bot)
        assert {host for host, _ in dialled} == {"127.0.0.1"}
    assert len(bot.slack.ephemerals()) == len(asked) >= 400 // STRIDE
