"""`appgw rehearse gw:... --without-root NAME`: what breaks if a root is removed.

Exit status 0 nothing, 1 something, 3 not all was seen.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC
from pathlib import Path
from typing import Any

from bot.cards.escaping import clean
from bot.cards.lock_screen import SHAPES
from bot.cards.removal_card import grade_of, remarks, removal_details, summary
from bot.checks import CheckContext
from bot.checks.removal import rehearse_removal
from bot.checks.service import CheckService
from bot.commands import Usage, parse
from bot.domain.azure import ArmRefusal, ArmTrouble
from bot.domain.gateway_ref import GatewayRef
from bot.domain.removal import Impact, Removal
from bot.settings import SettingsError, load_azure_settings
from bot.terminal.azure import now, terminal_client
from bot.terminal.complaint import usage_error
from bot.terminal.health import AnyTarget
from bot.terminal.inputs import InputError
from bot.terminal.output import StageDisplay
from bot.terminal.running import json_line, run

NOTHING_BREAKS, SOMETHING_BREAKS, NOT_ALL_SEEN = 0, 1, 3
PROBE_TIMEOUT_S = 12.0
TYPING_ERRORS = frozenset({ArmTrouble.NOT_FOUND, ArmTrouble.AMBIGUOUS, ArmTrouble.NOT_CONFIGURED})
"""Answers of ARM that a different command line would avoid."""


def run_removal(target: str, root: str, *, json_wanted: bool) -> int:
    """Ask ARM, probe, judge without the root, print, and return the exit status."""
    try:
        found = run(removal_answer(target, root))
    except (InputError, SettingsError) as error:
        return usage_error(str(error))
    if isinstance(found, ArmRefusal):
        return _refused(found)
    sys.stdout.write(json_line(document(found)) if json_wanted else _text(found))
    return status_of(found)


async def removal_answer(target: str, root: str, *, quiet: bool = False) -> Removal | ArmRefusal:
    """What breaks on the gateway that was typed without this root.

    Raises:
        InputError: the target or the root's name is unusable.
        SettingsError: the settings are.
    """
    wanted = _target(target, root)
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
            return await rehearse_removal(check_service, wanted, root)


def status_of(found: Removal) -> int:
    """1 where something breaks, 3 where nothing does but not every server was seen, else 0."""
    if found.count(Impact.BREAKS):
        return SOMETHING_BREAKS
    return NOT_ALL_SEEN if found.count(Impact.NOT_SEEN) else NOTHING_BREAKS


def _target(text: str, root: str) -> GatewayRef | str:
    example = "write for example: appgw rehearse gw:prod-gw --without-root corp-root-2019"
    if not text.lower().startswith(("gw:", "/subscriptions/")):
        return f"--without-root asks about a gateway, and {text[:60]!r} is not one; {example}"
    understood = parse(f"rehearse {text} without={root}")
    if isinstance(understood, Usage):
        return f"{understood.error.rstrip('.')}; {example}"
    assert isinstance(understood.target, GatewayRef)
    return understood.target


def _refused(refusal: ArmRefusal) -> int:
    for line in (refusal.sentence, *refusal.remedy):
        sys.stderr.write(f"appgw: {clean(line, 2000)}\n")
    return 2 if refusal.trouble in TYPING_ERRORS else NOT_ALL_SEEN


def document(found: Removal) -> dict[str, Any]:
    """The JSON object; keys only grow."""
    return {
        "schema": 1,
        "gateway": {
            "name": found.gateway.name,
            "id": found.gateway.resource_id,
            "scope": found.scope or None,
        },
        "without_root": {"name": found.root, "sha256": found.sha256},
        "at": found.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
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
