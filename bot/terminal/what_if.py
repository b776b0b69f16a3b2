"""The common part of the what-if commands: `appgw forecast` and `appgw rehearse gw:...`.

Exit status: 0 nothing breaks, 1 something does, 2 the command line is invalid or Azure did not
answer, 3 nothing breaks as far as known, but some servers were not probed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from bot.checks import CheckContext
from bot.checks.service import CheckService
from bot.commands.parse import parse
from bot.commands.usage import Usage
from bot.domain.gateway_ref import GatewayId, GatewayRef
from bot.domain.refusal import Refusal
from bot.settings import SettingsError, load_azure_settings
from bot.terminal.azure import now, terminal_client
from bot.terminal.complaint import usage_error
from bot.terminal.health import AnyTarget
from bot.terminal.inputs import InputError
from bot.terminal.output import StageDisplay
from bot.terminal.refusals import refused
from bot.terminal.running import json_line, run
from chainlib.frozen import dataclass

NOTHING_BREAKS, SOMETHING_BREAKS, NOT_ALL_SEEN = 0, 1, 3
PROBE_TIMEOUT_S = 12.0
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfCommand(Generic[Answer]):
    """One what-if command.

    Attributes:
        line: the same command in Slack's syntax, which is parsed.
        example: an example, shown if the line is not understood.
        stage: what the spinner shows, a name from `bot.terminal.output`.
        ask: probes the gateway's members and judges.
        document, text: make the answer as JSON and as text.
        status: gives the exit status.
    """

    line: str
    example: str
    stage: str
    ask: Callable[[CheckService, GatewayRef], Awaitable[Answer | Refusal]]
    document: Callable[[Answer], dict[str, Any]]
    text: Callable[[Answer], str]
    status: Callable[[Answer], int]


def print_answer(command: WhatIfCommand[Answer], *, json_wanted: bool) -> int:
    """Read the gateway, probe, judge, print, and return the exit status."""
    asked = answer(command)
    try:
        found = run(asked)
    except (InputError, SettingsError) as error:
        return usage_error(str(error))
    if isinstance(found, Refusal):
        return refused(found, json_wanted=json_wanted)
    written = json_line(command.document(found)) if json_wanted else command.text(found)
    sys.stdout.write(written)
    return command.status(found)


async def answer(command: WhatIfCommand[Answer], *, quiet: bool = False) -> Answer | Refusal:
    """Read the gateway, probe and judge.

    Raises:
        InputError: the command line is invalid.
        SettingsError: the settings are invalid.
    """
    understood = parse(command.line)
    if isinstance(understood, Usage):
        raise InputError(f"{understood.error.partition(';')[0].rstrip('.')}; {command.example}")
    assert isinstance(understood.target, GatewayRef)
    settings = await asyncio.to_thread(load_azure_settings, os.environ, Path("appgw.yaml"))
    async with terminal_client(settings) as arm:
        check_service = CheckService(
            arm=arm,
            target_policy=AnyTarget(),
            new_context=lambda: CheckContext(clock=now, timeout=PROBE_TIMEOUT_S),
        )
        with StageDisplay(quiet=quiet) as display:
            display.show(command.stage)
            return await command.ask(check_service, understood.target)


def gateway_json(gateway: GatewayId, scope: str) -> dict[str, Any]:
    """The gateway of the answer as JSON."""
    return {"name": gateway.name, "id": gateway.resource_id, "scope": scope or None}


def instant(at: datetime) -> str:
    """An instant as both JSON documents show it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
