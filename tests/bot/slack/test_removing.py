"""`rehearse gw:... without=...` and `forecast gw:...`: the bot as a process, real backends."""

from __future__ import annotations

from pathlib import Path

import pytest

from playground.gateway_questions import ASKER, CHANNEL, text_of
from playground.lab.catalogue import CATALOGUE
from playground.process import BotProcess
from playground.slack import Message
from playground.stage import Stage
from tests.support.warm import appgw

RECIPES = tuple(one for one in CATALOGUE if one.name in {"good", "root-not-attached"})
pytestmark = pytest.mark.may_block


async def test_removal_and_forecast_are_cards_with_files(
    tmp_path: Path,
) -> None:
    async with (
        Stage(tmp_path, recipes=RECIPES) as stage,
        BotProcess(stage.environment(), tmp_path, appgw("serve")) as bot,
    ):
        slack = stage.slack
        slack.request_url = bot.request_url

        async def card(start: str) -> Message:
            return await slack.until(
                lambda: [m for m in slack.messages(CHANNEL) if m.text.startswith(start)][0]  # noqa: RUF015 -- an IndexError means not yet
            )

        await slack.command(
            "rehearse gw:lab-gw without=contoso-root-g2", channel=CHANNEL, user=ASKER
        )
        breaking = await card("FAIL lab-gw without contoso-root-g2")
        assert "1 of 2 servers would break" in text_of(breaking)
        assert "1 server already refused today" in text_of(breaking)
        await slack.until(lambda: [m for m in slack.thread(breaking) if m.files][0])  # noqa: RUF015 -- an IndexError means not yet
        await slack.click(breaking, "Check again", user=ASKER)
        await slack.command(
            "rehearse gw:lab-gw without=fabrikam-root-g2", channel=CHANNEL, user=ASKER
        )
        assert (
            "no backend setting uses this root"
            in (await card("OK lab-gw without fabrikam-root-g2")).text
        )
        await slack.command("forecast gw:lab-gw days=3650", channel=CHANNEL, user=ASKER)
        forecast = await card("WARN lab-gw:")
        assert "1 backend breaks, leaf certificate" in text_of(forecast)
        await slack.until(lambda: [m for m in slack.thread(forecast) if m.files][0])  # noqa: RUF015 -- an IndexError means not yet
        await slack.command("rehearse gw:lab-gw without=nope", channel=CHANNEL, user=ASKER)
        await slack.until(
            lambda: [m for m in slack.ephemerals(ASKER) if "no trusted root called nope" in m.text][  # noqa: RUF015 -- an IndexError means not yet
                0
            ]
        )
        assert not [
            m for m in slack.messages(CHANNEL) if "nope" in m.text or m.text.startswith("Checking")
        ]
