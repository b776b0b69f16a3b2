"""`appgw health`: the gateway's own word beside our probe.

Exit status 1 when something is critical, 2 for what may not or cannot be asked, 3 when ARM gave no
answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from bot.cards.causes import fold
from bot.cards.escaping import clean
from bot.cards.lock_screen import PHRASES, SHAPES, spoken
from bot.checks import CheckContext
from bot.checks.service import CheckService
from bot.commands import GatewayTarget, Request, Usage, parse
from bot.domain.azure import ArmRefusal, ArmTrouble
from bot.domain.report import GatewayReport, MemberReport
from bot.reports.check_json import as_json as check_json
from bot.settings import AzureSettings, SettingsError, load_azure_settings
from bot.terminal.azure import now, terminal_client
from bot.terminal.complaint import UNUSABLE, usage_error
from bot.terminal.inputs import InputError, seconds
from bot.terminal.output import StageDisplay
from chainlib import Severity, counted

HEALTHY, UNHEALTHY, NO_ANSWER = 0, 1, 3
_LINE = 300
_NOT_ASKED = frozenset({ArmTrouble.OUT_OF_SCOPE, ArmTrouble.NOT_FOUND, ArmTrouble.AMBIGUOUS})
"""Questions that ARM may not or cannot be asked, as they were typed."""


class AnyTarget:
    """A person at a terminal may probe whatever they name.

    The guard is for what is asked through Slack.
    """

    def refuse_spelling(self, host: str) -> str | None:  # noqa: ARG002 -- the guard's signature
        """Nothing is refused."""
        return None

    def admit(  # noqa: D102 -- as the guard's
        self,
        host: str,  # noqa: ARG002 -- the guard's signature
        port: int,  # noqa: ARG002 -- the guard's signature
        addresses: Sequence[str],  # noqa: ARG002 -- the guard's signature
        *,
        members: frozenset[str],  # noqa: ARG002 -- the guard's signature
        ports: frozenset[int],  # noqa: ARG002 -- the guard's signature
    ) -> str | None:
        return None


def run_health(target: str | None, *, json_wanted: bool, timeout: float) -> int:
    """Ask, print, and return the exit status."""
    wanted = _target(target) if target else None
    if isinstance(wanted, str):
        return usage_error(wanted)
    try:
        patience = seconds(timeout)
        settings = load_azure_settings(os.environ, Path("appgw.yaml"))
    except (InputError, SettingsError) as error:
        return usage_error(str(error))
    answers = asyncio.run(_ask(settings, wanted, patience))
    if json_wanted:
        sys.stdout.write(json.dumps(_document(answers), indent=2) + "\n")
    else:
        _print(answers)
    return _status(answers, named=wanted is not None)


def _target(text: str) -> GatewayTarget | str:
    understood = parse(f"health {text}")
    if isinstance(understood, Usage):
        return understood.error
    assert isinstance(understood, Request)
    if isinstance(understood.target, GatewayTarget):
        return understood.target
    return "health looks at gateways; write for example: appgw health gw:prod-gw"


async def _ask(
    settings: AzureSettings,
    wanted: GatewayTarget | None,
    timeout: float,  # noqa: ASYNC109 -- handed to the probe
) -> list[GatewayReport | ArmRefusal]:
    async with terminal_client(settings) as arm:
        check_service = CheckService(
            arm=arm,
            target_policy=AnyTarget(),
            new_context=lambda: CheckContext(clock=now, timeout=timeout),
        )
        with StageDisplay() as display:
            display.show("list")
            every = await check_service.every_gateway()
            targets = every if wanted is None else (wanted,)
            if isinstance(targets, ArmRefusal):
                return [targets]
            display.show("members")
            return list(
                await asyncio.gather(*(_both(check_service, target, display) for target in targets))
            )


async def _both(
    check_service: CheckService, target: GatewayTarget, display: StageDisplay
) -> GatewayReport | ArmRefusal:
    report = await check_service.gateway(target)
    if isinstance(report, ArmRefusal):
        return report
    display.show("word")
    return await check_service.read_backend_health(report)


def _status(answers: Sequence[GatewayReport | ArmRefusal], *, named: bool) -> int:
    if any(isinstance(answer, GatewayReport) and not answer.healthy for answer in answers):
        return UNHEALTHY
    if named and any(_not_asked(answer) for answer in answers):
        return UNUSABLE
    return (
        NO_ANSWER
        if any(isinstance(answer, ArmRefusal) or answer.refusal for answer in answers)
        else HEALTHY
    )


def _not_asked(answer: GatewayReport | ArmRefusal) -> bool:
    return isinstance(answer, ArmRefusal) and answer.trouble in _NOT_ASKED


def _document(answers: Sequence[GatewayReport | ArmRefusal]) -> dict[str, Any]:
    return {
        "schema": 1,
        "gateways": [_refusal(a) if isinstance(a, ArmRefusal) else _gateway(a) for a in answers],
    }


def _refusal(refusal: ArmRefusal) -> dict[str, Any]:
    said = {
        "trouble": refusal.trouble.value,
        "sentence": refusal.sentence,
        "remedy": list(refusal.remedy),
    }
    return {"name": None, "healthy": None, "refusal": said, "members": []}


def _gateway(report: GatewayReport) -> dict[str, Any]:
    refusal = _refusal(report.refusal)["refusal"] if report.refusal else None
    return {
        "name": report.gateway.id.name,
        "id": report.gateway.id.resource_id,
        "scope": report.scope or None,
        "healthy": report.healthy,
        "asked_at": report.health.read_at.astimezone(UTC).isoformat() if report.health else None,
        "refusal": refusal,
        "members": [_member(member) for member in report.members],
    }


def _member(member: MemberReport) -> dict[str, Any]:
    server = member.server
    said = (
        {"health": server.health.value, "message": server.message.text if server.message else None}
        if server
        else None
    )
    return {
        "pool": member.pool,
        "setting": member.setting,
        "member": member.member,
        "healthy": member.healthy,
        "headline": member.headline.value,
        "findings": [
            {"code": f.code.value, "severity": f.severity.value, "summary": f.summary}
            for f in member.findings
        ],
        "gateway": (
            said | {"code": server.message.code.value if server and server.message else None}
        )
        if said
        else None,
        "skipped": member.skipped or None,
        "report": check_json(member.report) if member.report else None,
    }


def _print(answers: Sequence[GatewayReport | ArmRefusal]) -> None:
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)
    if not answers:
        console.print("No gateway can be seen with this identity.")
    for answer in answers:
        for line in _refused(answer) if isinstance(answer, ArmRefusal) else _lines(answer):
            console.print(line)


def _refused(refusal: ArmRefusal) -> Iterator[Text]:
    yield Text(f"{SHAPES['WARN']} {clean(refusal.sentence, _LINE)}", style="yellow")
    yield from (Text(f"    {clean(line, 2000)}") for line in refusal.remedy)


def _lines(report: GatewayReport) -> Iterator[Text]:
    bad = sum(not member.healthy for member in report.members)
    unseen = sum(member.unseen for member in report.members)
    word = "FAIL" if bad else "WARN" if fold(report) or report.refusal or unseen else "OK"
    rest = f", {unseen} not probed" if unseen else ""
    total = counted(len(report.members), "server")
    style = {"FAIL": "bold red", "WARN": "bold yellow", "OK": "bold green"}[word]
    yield Text(
        (
            f"{SHAPES[word]} {word} gateway {clean(report.gateway.id.name)}: {bad} of {total} "
            f"{'fails' if bad == 1 else 'fail'}{rest}"
        ),
        style=style,
    )
    if report.refusal:
        yield from _refused(report.refusal)
    for member in report.members:
        yield from _member_lines(member)


def _member_lines(member: MemberReport) -> Iterator[Text]:
    said = f"; gateway: {member.server.health.value}" if member.server else ""
    shape = SHAPES[
        "FAIL"
        if not member.healthy
        else "WARN"
        if member.findings and member.headline.value != "OK"
        else "OK"
    ]
    where = f"{clean(member.pool)}/{clean(member.setting)} {clean(member.member)}"
    yield Text(f"  {shape} {where}: {PHRASES[member.headline]}{said}")
    if member.server and member.server.message and not member.healthy:
        yield Text(
            f"      the gateway says: {clean(member.server.message.text, _LINE)}", style="dim"
        )
    serious = [f for f in member.findings if f.severity is not Severity.INFO]
    yield from (Text(f"      {f.code.value}: {clean(spoken(f.summary), _LINE)}") for f in serious)
    if member.skipped:
        yield Text(f"      not probed: {clean(member.skipped, _LINE)}", style="dim")
