"""The playground's clock moves the real bot: a week of digests is seen in a minute."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from playground.clock import MovableClock
from playground.lab.catalogue import CATALOGUE
from playground.phone.build import WEB
from playground.phone.server import PhoneServer
from playground.process import BotProcess
from playground.slack import Message
from playground.slack.standin import CHANNEL
from playground.stage import Stage
from tests.support.warm import warm

pytestmark = pytest.mark.may_block
DAY = 86_400
LEAF_ONLY = next(recipe for recipe in CATALOGUE if recipe.expected.value == "INTERMEDIATE_MISSING")


def test_clock_moves_forward_and_is_read_by_others(tmp_path: Path) -> None:
    mine, other = MovableClock(tmp_path / "clock"), MovableClock(tmp_path / "clock")
    mine.move(DAY)
    mine.move(60)
    assert other.shift == DAY + 60
    assert abs(other() - time.time() - other.shift) < 1


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), 40 * DAY])
def test_clock_refuses_to_go_back_or_too_far(tmp_path: Path, seconds: float) -> None:
    clock = MovableClock(tmp_path / "clock")
    with pytest.raises(ValueError, match="forward"):
        clock.move(seconds)
    assert clock.shift == 0


def test_next_morning_is_just_past_nine_there(tmp_path: Path) -> None:
    clock = MovableClock(tmp_path / "clock")
    for _ in range(3):
        clock.move(clock.until_morning("Asia/Tokyo"))
        assert f"{clock.instant().astimezone(ZoneInfo('Asia/Tokyo')):%H:%M}" == "09:01"


@pytest.mark.timeout(120)
async def test_week_of_digests_is_seen_in_a_minute(tmp_path: Path) -> None:
    """Daily with a heartbeat.

    One top-level message for each of seven days, whatever the real time is.
    """
    clock = MovableClock(tmp_path / "clock")
    clocked = warm("playground.clocked:main", str(clock.file))
    async with Stage(tmp_path, recipes=(LEAF_ONLY,), clock=clock) as stage:
        async with BotProcess(stage.environment(), tmp_path, clocked) as bot:
            stage.slack.request_url = bot.request_url
            async with (
                PhoneServer(stage, WEB, 0, clock) as page,
                aiohttp.ClientSession() as session,
            ):
                (backend,) = stage.lab.backends
                target = f"{backend.address}:{backend.port}"
                assert (
                    await stage.slack.command(
                        f"subscribe {target} daily tz=Europe/Berlin heartbeat=on"
                    )
                ).ok
                await stage.slack.until(
                    lambda: [
                        one for one in stage.slack.messages() if "This channel gets" in one.text
                    ]
                )
                for day in range(1, 8):
                    assert await _next_morning(session, page.url) == {"ok": True}
                    await stage.slack.until(lambda day=day: len(_digests(stage)) == day)
        digests = _digests(stage)
    assert len(digests) == 7
    assert len({int(float(one.ts)) // DAY for one in digests}) == 7
    assert digests[0].text.startswith("FAIL")


def _digests(stage: Stage) -> list[Message]:
    return [one for one in stage.slack.messages(CHANNEL) if one.metadata and one.thread_ts is None]


async def _next_morning(session: aiohttp.ClientSession, url: str) -> Any:  # noqa: ANN401 -- whatever the page is told
    async with session.post(
        f"{url}do", json={"do": "clock"}, headers={"X-Playground": "1"}
    ) as answer:
        return json.loads(await answer.text())
