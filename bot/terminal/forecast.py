"""`appgw forecast gw:NAME`: what will break on which day, grouped by cause."""

from __future__ import annotations

from functools import partial
from typing import Any

from bot.cards.escaping import clean
from bot.cards.forecast_card import forecast_details, grade_of, remarks, summary
from bot.cards.lock_screen import SHAPES
from bot.checks.forecast import forecast_gateway
from bot.domain.forecast import Forecast, ForecastDay, ForecastMember
from bot.domain.forecast_days import MAX_DAYS
from bot.terminal.complaint import usage_error
from bot.terminal.inputs import InputError
from bot.terminal.what_if import (
    NOT_ALL_SEEN,
    NOTHING_BREAKS,
    SOMETHING_BREAKS,
    WhatIfCommand,
    gateway_json,
    instant,
    print_answer,
)

_EXAMPLE = "write for example: appgw forecast gw:prod-gw --days 90"


def run_forecast(target: str, days: int, *, json_wanted: bool) -> int:
    """Read the gateway, probe, judge at every date, print, and return the exit status."""
    try:
        command = forecast_command(target, days)
    except InputError as error:
        return usage_error(str(error))
    return print_answer(command, json_wanted=json_wanted)


def forecast_command(target: str, days: int) -> WhatIfCommand[Forecast]:
    """The forecast for the typed gateway, to be run by `rehearsal`.

    Raises:
        InputError: the days are invalid.
    """
    if not 1 <= days <= MAX_DAYS:
        raise InputError(f"--days {days} is outside 1-{MAX_DAYS}; {_EXAMPLE}")
    return WhatIfCommand(
        line=f"forecast {target} days={days}",
        example=_EXAMPLE,
        stage="forecast",
        ask=partial(forecast_gateway, days=days),
        document=document,
        text=text,
        status=status_of,
    )


def status_of(found: Forecast) -> int:
    """1 if something will break or is refused now, 3 if some servers were not probed, else 0."""
    if found.breaking or found.refused:
        return SOMETHING_BREAKS
    return NOT_ALL_SEEN if found.unseen else NOTHING_BREAKS


def document(found: Forecast) -> dict[str, Any]:
    """The JSON object; keys are only added, never removed."""
    return {
        "schema": 1,
        "gateway": gateway_json(found.gateway, found.scope),
        "at": instant(found.at),
        "until": instant(found.until),
        "days": found.days,
        "breaks": bool(found.breaking),
        "members": found.members,
        "changes": [_change(day) for day in found.changes],
        "refused": [_member(one) for one in found.refused],
        "not_judged": [_member(one) for one in found.unseen],
        "next_end": instant(found.next_end) if found.next_end else None,
    }


def _change(day: ForecastDay) -> dict[str, Any]:
    cause = day.cause
    return {
        "at": instant(cause.at),
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


def text(found: Forecast) -> str:
    """The output without `--json`."""
    word = grade_of(found)
    head = f"{SHAPES[word]} {word} {clean(found.gateway.name)}: {summary(found)}"
    lines = (
        line.replace("chain in the thread", "--json holds the chain") for line in remarks(found)
    )
    shown = (line for line in lines if not line.endswith(", in the thread"))
    return "\n".join((head, *(f"  {line}" for line in shown), "", forecast_details(found)))
