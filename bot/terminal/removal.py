"""`appgw rehearse gw:... --without-root NAME`: what would break if a root were removed."""

from __future__ import annotations

from functools import partial
from typing import Any

from bot.cards.escaping import clean
from bot.cards.lock_screen import SHAPES
from bot.cards.removal_card import grade_of, remarks, removal_details, summary
from bot.checks.removal import rehearse_removal
from bot.domain.removal import Impact, Removal
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

_EXAMPLE = "write for example: appgw rehearse gw:prod-gw --without-root corp-root-2019"


def run_removal(target: str, root: str, *, json_wanted: bool) -> int:
    """Read the gateway, probe, judge without the root, print, and return the exit status."""
    try:
        command = removal_command(target, root)
    except InputError as error:
        return usage_error(str(error))
    return print_answer(command, json_wanted=json_wanted)


def removal_command(target: str, root: str) -> WhatIfCommand[Removal]:
    """The removal rehearsal for the typed gateway, to be run by `rehearsal`.

    Raises:
        InputError: the target is no gateway.
    """
    if not target.lower().startswith(("gw:", "/subscriptions/")):
        raise InputError(
            f"--without-root asks about a gateway, and {target[:60]!r} is not one; {_EXAMPLE}"
        )
    return WhatIfCommand(
        line=f"rehearse {target} without={root}",
        example=_EXAMPLE,
        stage="removal",
        ask=partial(rehearse_removal, root=root),
        document=document,
        text=_text,
        status=status_of,
    )


def status_of(found: Removal) -> int:
    """1 if something would break, 3 if nothing would but some servers were not probed, else 0."""
    if found.count(Impact.BREAKS):
        return SOMETHING_BREAKS
    return NOT_ALL_SEEN if found.count(Impact.NOT_SEEN) else NOTHING_BREAKS


def document(found: Removal) -> dict[str, Any]:
    """The JSON object; keys are only added, never removed."""
    return {
        "schema": 1,
        "gateway": gateway_json(found.gateway, found.scope),
        "without_root": {"name": found.root, "sha256": found.sha256},
        "at": instant(found.at),
        "breaks": found.count(Impact.BREAKS) > 0,
        "settings": list(found.settings),
        "left_without_roots": list(found.left_bare),
        "members": [
            {
                "pool": member.pool,
                "setting": member.setting,
                "member": member.member,
                "fate": member.impact.value,
                "before": member.before and member.before.value,
                "after": member.after and member.after.value,
                "reason": member.reason or None,
            }
            for member in found.members
        ],
    }


def _text(found: Removal) -> str:
    word = grade_of(found)
    head = (
        f"{SHAPES[word]} {word} {clean(found.gateway.name)} without {clean(found.root)}: "
        f"{summary(found)}"
    )
    return "\n".join((head, *(f"  {line}" for line in remarks(found)), "", removal_details(found)))
