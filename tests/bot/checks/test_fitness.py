"""What `doctor` tells of Azure, targets, history and clock, from values alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest

from bot.azure.refusals import forbidden, no_credential
from bot.checks.doctor import State, azure, clock, history, targets
from bot.domain.azure import Inventory
from bot.domain.delivery import WithoutHistory
from bot.domain.refusal import Refusal
from bot.settings import load_settings
from playground.lab.pki import NOW
from tests.support.gateways import GATEWAY, GATEWAY_ID
from tests.support.waiting import LIMIT_S, advance, for_ever

SOCKET = {"SLACK_BOT_TOKEN": "xoxb-1-a", "SLACK_APP_TOKEN": "xapp-1-b"}


@dataclass(slots=True)
class Answers:
    """An ARM that gives one answer, at once or never."""

    answer: Inventory | Refusal
    silent: bool = False

    async def inventory(self) -> Inventory | Refusal:
        """The answer."""
        if self.silent:
            advance(LIMIT_S)
            await for_ever()
        return self.answer


def seen(count: int, *refusals: Refusal, age: int = 0) -> Answers:
    """An inventory of that many gateways."""
    gateways = tuple(
        replace(GATEWAY, id=replace(GATEWAY_ID, name=f"gw-{number}")) for number in range(count)
    )
    return Answers(
        Inventory(gateways=gateways, refusals=refusals, read_at=NOW - timedelta(seconds=age))
    )


@pytest.mark.parametrize(
    ("arm", "state", "said"),
    [
        (None, State.WELL, "not set up, so gw: targets are refused"),
        (seen(1, age=1), State.WELL, "1 gateway can be read (gw-0), list 1 second old."),
        (seen(2, age=60), State.WELL, "2 gateways can be read (gw-0, gw-1), list 1 minute old."),
        (
            seen(7, age=600),
            State.WELL,
            (
                "7 gateways can be read (gw-0, gw-1, gw-2, gw-3, gw-4 and 2 more), "
                "list 10 minutes old."
            ),
        ),
        (seen(0), State.WARNING, "0 gateways can be read, list 0 seconds old."),
        (
            seen(1, no_credential("cli", "the gateways")),
            State.WARNING,
            "Not all: The bot could not sign in to Azure (cli)",
        ),
        (
            Answers(forbidden("the gateways")),
            State.FAIL,
            "Give it the role of deploy/role.json: az role assignment create",
        ),
        (
            Answers(no_credential("cli", "the gateways")),
            State.FAIL,
            "run `az login` as the user that runs the bot",
        ),
    ],
)
async def test_azure_state_has_count_and_age_or_advice(
    arm: Answers | None, state: State, said: str
) -> None:
    facet = await azure(arm, now=NOW)
    assert (facet.state, said in facet.sentence) == (state, True), facet


async def test_azure_that_is_slow_is_not_waited_for() -> None:
    facet = await azure(Answers(seen(1).answer, silent=True), now=NOW, patience=LIMIT_S)
    assert (facet.state, "within 60 seconds" in facet.sentence) == (State.WARNING, True)


@pytest.mark.parametrize(
    ("more", "state", "said"),
    [
        ({}, State.FAIL, "NOTHING MAY BE PROBED"),
        (
            {"APPGW_ALLOWED_TARGETS": "contoso.com"},
            State.WELL,
            "may be probed: on the allow-list contoso.com.",
        ),
        (
            {"APPGW_CLOUD": "china"},
            State.WELL,
            "may be probed: what stands in the gateways' pools.",
        ),
        (
            {"APPGW_ALLOW_LOOPBACK": "1"},
            State.WELL,
            "may be probed: this machine itself (APPGW_ALLOW_LOOPBACK).",
        ),
    ],
)
def test_targets_are_told_as_far_as_they_go(more: dict[str, str], state: State, said: str) -> None:
    facet = targets(load_settings(SOCKET | more))
    assert (facet.state, said in facet.sentence) == (state, True), facet


def test_history_is_told_granted_or_not() -> None:
    assert history({"channels:history"}, WithoutHistory.AT_MOST_ONCE).state is State.WELL
    without = history({"chat:write"}, WithoutHistory.AT_LEAST_ONCE)
    assert (without.state, "is sent at-least-once" in without.sentence) == (State.WARNING, True)


@pytest.mark.parametrize(
    ("theirs", "state", "said"),
    [
        (NOW, State.WELL, "UTC, 0 seconds behind Slack's."),
        (NOW - timedelta(seconds=1), State.WELL, "UTC, 1 second ahead of Slack's."),
        (NOW + timedelta(minutes=7), State.FAIL, "UTC, 420 seconds behind Slack's; set it by NTP"),
    ],
)
def test_clock_is_held_beside_slacks(theirs: datetime, state: State, said: str) -> None:
    facet = clock(NOW, format_datetime(theirs, usegmt=True))
    assert (facet.state, said in facet.sentence) == (state, True), facet


@pytest.mark.parametrize("written", [None, "", "yesterday", "Mon, 99 Nov 2026 99:00:00 GMT"])
def test_unreadable_time_is_no_error(written: str | None) -> None:
    assert clock(NOW, written).state is State.WARNING
