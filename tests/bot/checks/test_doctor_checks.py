"""What `doctor` tells of Azure, targets, history and clock, from values alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest

from bot.azure.refusals import forbidden, no_credential
from bot.checks.doctor import CheckState, azure, clock, history, targets
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
        (None, CheckState.OK, "not set up, so gw: targets are refused"),
        (seen(1, age=1), CheckState.OK, "1 gateway can be read (gw-0), list 1 second old."),
        (
            seen(2, age=60),
            CheckState.OK,
            "2 gateways can be read (gw-0, gw-1), list 1 minute old.",
        ),
        (
            seen(7, age=600),
            CheckState.OK,
            (
                "7 gateways can be read (gw-0, gw-1, gw-2, gw-3, gw-4 and 2 more), "
                "list 10 minutes old."
            ),
        ),
        (seen(0), CheckState.WARNING, "0 gateways can be read, list 0 seconds old."),
        (
            seen(1, no_credential("cli", "the gateways")),
            CheckState.WARNING,
            "Not all: The bot could not sign in to Azure (cli)",
        ),
        (
            Answers(forbidden("the gateways")),
            CheckState.FAIL,
            "Give it the role of deploy/role.json: az role assignment create",
        ),
        (
            Answers(no_credential("cli", "the gateways")),
            CheckState.FAIL,
            "run `az login` as the user that runs the bot",
        ),
    ],
)
async def test_azure_state_has_count_and_age_or_advice(
    arm: Answers | None, state: CheckState, said: str
) -> None:
    found = await azure(arm, now=NOW)
    assert (found.state, said in found.sentence) == (state, True), found


async def test_azure_that_is_slow_is_not_waited_for() -> None:
    found = await azure(Answers(seen(1).answer, silent=True), now=NOW, patience=LIMIT_S)
    assert (found.state, "within 60 seconds" in found.sentence) == (CheckState.WARNING, True)


@pytest.mark.parametrize(
    ("more", "state", "said"),
    [
        ({}, CheckState.FAIL, "NOTHING MAY BE PROBED"),
        (
            {"APPGW_ALLOWED_TARGETS": "contoso.com"},
            CheckState.OK,
            "may be probed: on the allow-list contoso.com.",
        ),
        (
            {"APPGW_CLOUD": "china"},
            CheckState.OK,
            "may be probed: what stands in the gateways' pools.",
        ),
        (
            {"APPGW_ALLOW_LOOPBACK": "1"},
            CheckState.OK,
            "may be probed: this machine itself (APPGW_ALLOW_LOOPBACK).",
        ),
    ],
)
def test_targets_check_names_what_is_allowed(
    more: dict[str, str], state: CheckState, said: str
) -> None:
    found = targets(load_settings(SOCKET | more))
    assert (found.state, said in found.sentence) == (state, True), found


def test_history_check_follows_the_granted_scope() -> None:
    assert history({"channels:history"}, WithoutHistory.AT_MOST_ONCE).state is CheckState.OK
    without = history({"chat:write"}, WithoutHistory.AT_LEAST_ONCE)
    assert (without.state, "is sent at-least-once" in without.sentence) == (
        CheckState.WARNING,
        True,
    )


@pytest.mark.parametrize(
    ("theirs", "state", "said"),
    [
        (NOW, CheckState.OK, "UTC, 0 seconds behind Slack's."),
        (NOW - timedelta(seconds=1), CheckState.OK, "UTC, 1 second ahead of Slack's."),
        (
            NOW + timedelta(minutes=7),
            CheckState.FAIL,
            "UTC, 420 seconds behind Slack's; set it by NTP",
        ),
    ],
)
def test_clock_is_held_beside_slacks(theirs: datetime, state: CheckState, said: str) -> None:
    found = clock(NOW, format_datetime(theirs, usegmt=True))
    assert (found.state, said in found.sentence) == (state, True), found


@pytest.mark.parametrize("written", [None, "", "yesterday", "Mon, 99 Nov 2026 99:00:00 GMT"])
def test_unreadable_time_is_no_error(written: str | None) -> None:
    assert clock(NOW, written).state is CheckState.WARNING
