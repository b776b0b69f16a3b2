"""What `appgw forecast` and `appgw rehearse gw:...` have in common: one question about a gateway.

Exit status 0 nothing breaks, 1 something does, 2 the line is unusable or Azure did not answer, as
for `appgw health`; 3 nothing breaks as far as was seen, but not every server was.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from bot.checks import CheckContext
from bot.checks.service import CheckService
from bot.commands import Usage, parse
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

NOTHING_BREAKS, SOMETHING_BREAKS, NOT_ALL_SEEN = 0, 1, 3
PROBE_TIMEOUT_S = 12.0
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Generic[Answer]):
    """One of the two.

    Attributes:
        line: the same in the language of Slack, to be parsed.
        example: how to write it, for a line that is not understood.
        stage: what is shown while it runs, a name of `bot.terminal.output`.
        ask: probes the gateway's members and judges.
        document, text: the answer as JSON and as text.
        status: the exit status.
    """

    line: str
    example: str
    stage: str
    ask: Callable[[CheckService, GatewayRef], Awaitable[Answer | Refusal]]
    document: Callable[[Answer], dict[str, Any]]
    text: Callable[[Answer], str]
    status: Callable[[Answer], int]


def print_answer(question: Question[Answer], *, json_wanted: bool) -> int:
    """Ask ARM, probe, judge, print, and return the exit status."""
    asked = answer(question)
    try:
        found = run(asked)
    except (InputError, SettingsError) as error:
        return usage_error(str(error))
    if isinstance(found, Refusal):
        return refused(found, json_wanted=json_wanted)
    written = json_line(question.document(found)) if json_wanted else question.text(found)
    sys.stdout.write(written)
    return question.status(found)


async def answer(question: Question[Answer], *, quiet: bool = False) -> Answer | Refusal:
    """Ask ARM, probe and judge.

    Raises:
        InputError: the line is unusable.
        SettingsError: the settings are.
    """
    understood = parse(question.line)
    if isinstance(understood, Usage):
        raise InputError(f"{understood.error.partition(';')[0].rstrip('.')}; {question.example}")
    assert isinstance(understood.target, GatewayRef)
    settings = await asyncio.to_thread(load_azure_settings, os.environ, Path("appgw.yaml"))
    async with terminal_client(settings) as arm:
        check_service = CheckService(
            arm=arm,
            target_policy=AnyTarget(),
            new_context=lambda: CheckContext(clock=now, timeout=PROBE_TIMEOUT_S),
        )
        with StageDisplay(quiet=quiet) as display:
            display.show(question.stage)
            return await question.ask(check_service, understood.target)


def gateway_json(gateway: GatewayId, scope: str) -> dict[str, Any]:
    """Which gateway the answer is about."""
    return {"name": gateway.name, "id": gateway.resource_id, "scope": scope or None}


def instant(at: datetime) -> str:
    """An instant as both documents write it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
