"""`appgw health`: backend health next to the bot's own probe.

Exit status 1 when something is critical, 2 when there is no answer, else 0. A gateway that was
probed and whose backend health is missing is a warning.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot.cards.causes import fold
from bot.cards.escaping import clean
from bot.cards.lock_screen import PHRASES, SHAPES, phrased
from bot.checks import CheckContext
from bot.checks.service import CheckService
from bot.commands.parse import parse
from bot.commands.usage import Usage
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal
from bot.domain.report import CheckReport, GatewayReport, MemberReport
from bot.domain.request import NOTHING_TYPED, HostTarget, Request, SiteTarget
from bot.reports.health_json import as_document
from bot.settings import AzureSettings, SettingsError, load_azure_settings
from bot.terminal.azure import now, terminal_client
from bot.terminal.complaint import UNUSABLE, usage_error
from bot.terminal.inputs import InputError, seconds
from bot.terminal.output import StageDisplay
from bot.terminal.refusals import refusal_lines
from bot.terminal.running import json_line, run
from chainlib import Basis, Code, Finding, Severity, Verdict, counted, explain

HEALTHY, UNHEALTHY = 0, 1
_LINE = 300
_QUOTES = frozenset({Code.UNRECOGNISED})


class AnyTarget:
    """The target policy of the terminal: every target may be probed.

    The rules of `bot.access` are only for users in Slack.
    """

    def refuse_spelling(self, *_target: object) -> None:
        """Nothing is refused."""

    def refuse_unresolved(self, *_target: object, **_pools: object) -> None:
        """Nothing is refused."""

    def admit(self, *_target: object, **_pools: object) -> None:
        """Nothing is refused."""


def run_health(target: str | None, *, json_wanted: bool, timeout: float) -> int:
    """Check, print, and return the exit status."""
    try:
        answers = run(health_answers(target, timeout=timeout))
    except (InputError, SettingsError) as error:
        return usage_error(str(error))
    if json_wanted:
        sys.stdout.write(json_line(as_document(answers)))
    else:
        _print(answers)
    return exit_status(answers)


async def health_answers(
    target: str | None,
    *,
    timeout: float,  # noqa: ASYNC109 -- handed to the probe
    quiet: bool = False,
) -> list[GatewayReport | Refusal]:
    """The answers about the typed gateway or site, or about every gateway.

    Raises:
        InputError: the target or the seconds are invalid, or no gateway serves the site.
        SettingsError: the settings are invalid.
    """
    wanted = target_of(target) if target else None
    if isinstance(wanted, str):
        raise InputError(wanted)
    patience = seconds(timeout)
    settings = await asyncio.to_thread(load_azure_settings, os.environ, Path("appgw.yaml"))
    return await ask(settings, wanted, patience, quiet=quiet)


_TAKES = {
    "health": (
        "health takes gateways and sites; write for example: appgw health gw:prod-gw or "
        "appgw health site:shop.contoso.com"
    ),
    "observe": "observe looks at one gateway; write for example: appgw observe gw:prod-gw",
}


def target_of(text: str, *, verb: str = "health") -> GatewayRef | SiteTarget | str:
    """The gateway or site that was typed, or one sentence about what is wrong with it."""
    understood = parse(f"health {text}")
    if isinstance(understood, Usage):
        host = isinstance(getattr(parse(f"check {text}"), "target", None), HostTarget)
        return _TAKES[verb] if host and verb != "health" else understood.error
    assert isinstance(understood, Request)
    if isinstance(understood.target, GatewayRef | SiteTarget):
        return understood.target
    return _TAKES[verb]


async def ask(
    settings: AzureSettings,
    wanted: GatewayRef | SiteTarget | None,
    timeout: float,  # noqa: ASYNC109 -- handed to the probe
    *,
    quiet: bool = False,
) -> list[GatewayReport | Refusal]:
    """The answers about one gateway, or about every gateway that can be read."""
    async with terminal_client(settings) as arm:
        check_service = CheckService(
            arm=arm,
            target_policy=AnyTarget(),
            new_context=lambda: CheckContext(clock=now, timeout=timeout),
        )
        with StageDisplay(quiet=quiet) as display:
            display.show("list")
            targets = await _targets(check_service, wanted)
            if isinstance(targets, Refusal):
                return [targets]
            display.show("members")
            return list(
                await asyncio.gather(*(_both(check_service, target, display) for target in targets))
            )


async def _both(
    check_service: CheckService, target: GatewayRef, display: StageDisplay
) -> GatewayReport | Refusal:
    report = await check_service.gateway(target)
    if isinstance(report, Refusal):
        return report
    display.show("word")
    return await check_service.read_backend_health(report)


async def _targets(
    check_service: CheckService, wanted: GatewayRef | SiteTarget | None
) -> Sequence[GatewayRef] | Refusal:
    """The gateways to check.

    Raises:
        InputError: no known gateway serves the site.
    """
    every = await check_service.every_gateway()
    if isinstance(wanted, GatewayRef):
        return (wanted,)
    if wanted is None:
        return every
    found = await check_service.of_site(wanted, NOTHING_TYPED)
    if isinstance(found, Refusal) and found.kind.is_ephemeral:
        raise InputError(found.sentence)
    return found


def exit_status(answers: Sequence[GatewayReport | Refusal]) -> int:
    """1 if anything is critical, 2 if a gateway could not be read, else 0."""
    if any(isinstance(answer, GatewayReport) and not answer.healthy for answer in answers):
        return UNHEALTHY
    refused = any(isinstance(answer, Refusal) for answer in answers)
    return UNUSABLE if refused else HEALTHY


def _print(answers: Sequence[GatewayReport | Refusal]) -> None:
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)
    for line in text_lines(answers):
        console.print(line)


def text_lines(answers: Sequence[GatewayReport | Refusal]) -> Iterator[Text]:
    """The output without `--json`."""
    if not answers:
        yield Text("No gateway can be seen with this identity.")
    for answer in answers:
        yield from _refused(answer) if isinstance(answer, Refusal) else _lines(answer)


def _refused(no: Refusal) -> Iterator[Text]:
    first, *remedy = refusal_lines(no)
    yield Text(first, style="yellow")
    yield from map(Text, remedy)


def _lines(report: GatewayReport) -> Iterator[Text]:
    doubts = bool(fold(report) or report.doubtful)
    word = "WARN" if doubts and report.healthy else "OK" if report.healthy else "FAIL"
    style = {"FAIL": "bold red", "WARN": "bold yellow", "OK": "bold green"}[word]
    yield Text(f"{SHAPES[word]} {word} {_name(report)}: {_in_short(report)}", style=style)
    yield from (Text(f"    {clean(line, _LINE)}", style="dim") for line in _remarks(report))
    for finding in report.findings:
        yield Text(f"    {finding.code.value}: {clean(finding.summary, _LINE)}")
        if finding.severity is not Severity.INFO:
            yield from _fix(finding, report.at)
    if report.refusal:
        yield from _refused(report.refusal)
    for member in report.members:
        yield from _member_lines(member, report.at)


def _in_short(report: GatewayReport) -> str:
    """How many servers fail, or why there are none."""
    if report.is_only_redirected:
        return "no server stands behind it, its rules only redirect"
    if not report.members and not report.findings:
        return "no rule leads to a backend pool"
    bad = sum(not member.healthy for member in report.members)
    unseen = sum(member.unseen for member in report.members)
    rest = f", {unseen} not probed" if unseen else ""
    total = counted(len(report.members), "server")
    return f"{bad} of {total} {'fails' if bad == 1 else 'fail'}{rest}"


def _remarks(report: GatewayReport) -> Iterator[str]:
    """Remarks besides the list of servers."""
    yield from report.redirects
    if state := report.gateway.passing_state:
        yield f"the gateway is {state}: what is shown here may change in a minute"
    for pair in report.silent_pairs:
        yield f"backend health lists no server of {pair}"


def _name(report: GatewayReport) -> str:
    gateway = f"gateway {clean(report.gateway.id.name)}"
    return f"site {clean(report.site)} on {gateway}" if report.site else gateway


def _member_lines(member: MemberReport, at: datetime) -> Iterator[Text]:
    said = f"; gateway: {clean(member.server.health_text)}" if member.server else ""
    doubts = member.unseen or (bool(member.findings) and member.headline.value != "OK")
    shape = SHAPES["FAIL" if not member.healthy else "WARN" if doubts else "OK"]
    where = f"{clean(member.pool)}/{clean(member.setting)} {clean(member.member)}"
    judged = member.report is not None or member.headline is not Code.OK
    phrase = PHRASES[member.headline] if judged else "not probed"
    yield Text(f"  {shape} {where}: {phrase}{said}")
    if member.routes:
        yield Text(f"      by {clean('; '.join(member.routes), _LINE)}", style="dim")
    message = member.server.message if member.server else None
    quoted = any(f.basis is Basis.GATEWAY or f.code in _QUOTES for f in member.findings)
    if message and not member.healthy and not quoted:
        words = message.text or message.name
        yield Text(f"      backend health: {clean(words, _LINE)}", style="dim")
    serious = [f for f in member.findings if f.severity is not Severity.INFO]
    for finding in serious:
        yield Text(f"      {finding.code.value}: {clean(phrased(finding.summary), _LINE)}")
    if serious:
        yield from _fix(serious[0], at, member.report)
    yield from (Text(f"      look at: {clean(hint, 600)}") for hint in member.useful_hints)
    if member.skipped:
        why = clean(member.skipped.removeprefix("not probed: "), _LINE)
        yield Text(f"      {'not probed' if judged else 'why'}: {why}", style="dim")


def _fix(finding: Finding, at: datetime, report: CheckReport | None = None) -> Iterator[Text]:
    """The first step of a finding, from our probe's explanation if it found the same fault."""
    explained = (
        report.explanation
        if report is not None and report.verdict.headline is finding.code
        else explain(Verdict(findings=(finding,), at=at))
    )
    if explained.steps:
        yield Text(f"      fix: {clean(explained.steps[0], _LINE)}", style="dim")
