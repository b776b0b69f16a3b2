"""`appgw forecast gw:NAME`: on which day what breaks, folded by cause.

Exit status 0 nothing breaks, 1 something does or is refused already, 2 unusable, 3 not all was
seen.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.cards.escaping import clean
from bot.cards.forecast_card import forecast_details, grade_of, remarks, summary
from bot.cards.lock_screen import SHAPES
from bot.checks import CheckContext
from bot.checks.forecast import forecast_gateway
from bot.checks.service import CheckService
from bot.commands import Usage, parse
from bot.domain.azure import ArmRefusal
from bot.domain.forecast import Forecast, ForecastDay, ForecastMember
from bot.domain.forecast_days import MOST_DAYS
from bot.domain.gateway_ref import GatewayRef
from bot.settings import SettingsError, load_azure_settings
from bot.terminal.azure import now, terminal_client
from bot.terminal.complaint import UNUSABLE, usage_error
from bot.terminal.health import AnyTarget
from bot.terminal.inputs import InputError
from bot.terminal.output import StageDisplay
from bot.terminal.removal import TYPING_ERRORS
from bot.terminal.running import json_line, run

NOTHING_BREAKS, SOMETHING_BREAKS, NOT_ALL_SEEN = 0, 1, 3
PROBE_TIMEOUT_S = 12.0
_EXAMPLE = "write for example: appgw forecast gw:prod-gw --days 90"


def run_forecast(target: str, days: int, *, json_wanted: bool) -> int:
    """Ask ARM, probe, judge at every date, print, and return the exit status."""
    try:
        found = run(forecast_answer(target, days))
    except (InputError, SettingsError) as error:
        return usage_error(str(error))
    if isinstance(found, ArmRefusal):
        for line in (found.sentence, *found.remedy):
            sys.stderr.write(f"appgw: {clean(line, 2000)}\n")
        return UNUSABLE if found.trouble in TYPING_ERRORS else NOT_ALL_SEEN
    sys.stdout.write(json_line(document(found)) if json_wanted else text(found))
    return status_of(found)


async def forecast_answer(target: str, days: int, *, quiet: bool = False) -> Forecast | ArmRefusal:
    """The forecast of the gateway that was typed.

    Raises:
        InputError: the target or the days are unusable.
        SettingsError: the settings are.
    """
    wanted = _target(target, days)
    if isinstance(wanted, str):
        raise InputError(wanted)
    settings = await asyncio.to_thread(load_azure_settings, os.environ, Path("appgw.yaml"))
    async with terminal_client(settings) as arm:
        check_service = CheckService(
            arm=arm,
            target_policy=AnyTarget(),
            new_context=lambda: CheckContext(clock=now, timeout=PROBE_TIMEOUT_S),
        )
        with StageDisplay(quiet=quiet) as display:
            display.show("removal")
            return await forecast_gateway(check_service, wanted, days)


def status_of(found: Forecast) -> int:
    """1 where something breaks or is refused already, 3 where not every server was seen, else 0."""
    if found.breaking or found.refused:
        return SOMETHING_BREAKS
    return NOT_ALL_SEEN if found.unseen else NOTHING_BREAKS


def _target(typed: str, days: int) -> GatewayRef | str:
    if not 1 <= days <= MOST_DAYS:
        return f"--days {days} is outside 1-{MOST_DAYS}; {_EXAMPLE}"
    understood = parse(f"forecast {typed} days={days}")
    if isinstance(understood, Usage):
        return f"{understood.error.partition(';')[0].rstrip('.')}; {_EXAMPLE}"
    assert isinstance(understood.target, GatewayRef)
    return understood.target


def document(found: Forecast) -> dict[str, Any]:
    """The JSON object; keys only grow."""
    return {
        "schema": 1,
        "gateway": {
            "name": found.gateway.name,
            "id": found.gateway.resource_id,
            "scope": found.scope or None,
        },
        "at": _instant(found.at),
        "until": _instant(found.until),
        "days": found.days,
        "breaks": bool(found.breaking),
        "members": found.members,
        "changes": [_change(day) for day in found.changes],
        "refused": [_member(one) for one in found.refused],
        "not_judged": [_member(one) for one in found.unseen],
        "next_end": _instant(found.next_end) if found.next_end else None,
    }


def _change(day: ForecastDay) -> dict[str, Any]:
    cause = day.cause
    return {
        "at": _instant(cause.at),
        "cause": {
            "turn": cause.turn.value,
            "place": cause.place.value,
            "subject": cause.subject,
            "sha256": cause.sha256,
        },
        "breaks": [_member(one) for one in day.breaks],
        "recovers": [_member(one) for one in day.recovers],
        "stays_refused": [_member(one) for one in day.stays_refused],
        "chains": [
            {"member": one.member, "servers": one.servers, "chain_pem": one.pem}
            for one in day.chains
        ],
    }


def _member(member: ForecastMember) -> dict[str, Any]:
    return {
        "pool": member.pool,
        "setting": member.setting,
        "member": member.member,
        "headline": member.code.value,
        "reason": member.reason or None,
    }


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text(found: Forecast) -> str:
    """What is printed without `--json`."""
    word = grade_of(found)
    head = f"{SHAPES[word]} {word} {clean(found.gateway.name)}: {summary(found)}"
    lines = (
        line.replace("chain in the thread", "--json holds the chain") for line in remarks(found)
    )
    shown = (line for line in lines if not line.endswith(", in the thread"))
    return "\n".join((head, *(f"  {line}" for line in shown), "", forecast_details(found)))
