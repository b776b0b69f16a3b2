"""Prints a report in a terminal: the same verdict, drawing and steps as the card.

Without colours if the output is no terminal. Everything from outside passes through `clean`, so
that no certificate can move the cursor or change colours.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status
from rich.text import Text

from bot.cards.drawing import draw
from bot.cards.escaping import clean, short_name
from bot.cards.lock_screen import PHRASES, PLACES, SHAPES, grade, phrased, target_name
from bot.cards.missing_issuer import why_not_obtained
from bot.domain.check_report import CheckReport
from chainlib import Code, Finding, Fix, Repair, Severity, TrustMode, Verdict

DRAWING_LINES = 400  # two for each of the 100 certificates that a chain may contain, and spare ones
_LINE = 400
_OF_A_PRIVATE_CA = frozenset({Code.SERVER_UNKNOWN_CA, Code.INTERMEDIATE_UNKNOWN_CA})
_NARROWEST = 20
_STYLES = {"FAIL": "bold red", "WARN": "bold yellow", "OK": "bold green"}
_STAGES = {
    "resolve": "resolving the name",
    "connect": "connecting",
    "handshake": "TLS handshake",
    "http": "sending the health probe's request",
    "list": "reading the gateways from Azure",
    "members": "probing the servers",
    "word": "reading backend health, which takes ten seconds or more",
    "removal": "reading the gateway from Azure, then probing its servers",
    "forecast": "reading the gateway from Azure, then probing its servers for the forecast",
}


class StageDisplay:
    """A spinner with the current stage; shown only if standard error is a terminal.

    Args:
        quiet: never show it, because a terminal can show only one spinner at a time.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        console = Console(stderr=True, highlight=False)
        shown = console.is_terminal and not quiet
        self._status = Status("starting", console=console) if shown else None

    def __enter__(self) -> Self:
        """Start the spinner."""
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Clear the line."""
        if self._status:
            self._status.stop()

    def show(self, stage: str) -> None:
        """Show the stage."""
        if self._status:
            self._status.update(_STAGES.get(stage, stage))


class _Console(Console):
    """Rich's console, but errors of a closed pipe reach the caller.

    The exit status must be the verdict's, not the pipe's.
    """

    def on_broken_pipe(self) -> None:
        """Re-raise the error that is being handled."""
        raise  # noqa: PLE0704 -- Rich calls this inside its except clause


def print_report(report: CheckReport) -> None:
    """Write the report to standard output.

    On a terminal, long lines wrap with their indentation; otherwise they are not wrapped.
    """
    plain = bool(os.environ.get("NO_COLOR"))
    console = _Console(
        file=sys.stdout,
        highlight=False,
        markup=False,
        emoji=False,
        color_system=None if plain else "auto",
    )
    for line in render(report):
        for part in _wrapped(line, console) if console.is_terminal else (line,):
            console.print(part, soft_wrap=True)


def _wrapped(line: Text, console: Console) -> Iterator[Text]:
    indent = len(line.plain) - len(line.plain.lstrip())
    for part in (
        line[indent:].wrap(console, max(console.width - indent, _NARROWEST))
        if line.plain
        else (line,)
    ):
        yield Text(" " * indent).append(part)


def render(report: CheckReport) -> Iterator[Text]:
    """The lines of the report with styles; the text is complete without them."""
    word = grade(report.verdict)
    yield Text(
        f"{SHAPES[word]} {word} {target_name(report)}: {clean(report.explanation.title, 80)}",
        style=_STYLES[word],
    )
    yield Text(f"  {_cause(report)}")
    yield Text("")
    yield from (Text(f"    {line}") for line in draw(report, DRAWING_LINES))
    yield Text("")
    yield from _fixes(report)
    yield from _rest(report)


def _cause(report: CheckReport) -> str:
    return clean(phrased(report.explanation.cause), _LINE)


def _fixes(report: CheckReport) -> Iterator[Text]:
    pairs = zip(report.verdict.findings, report.explanation.fixes, strict=True)
    for finding, fix in pairs:
        if finding.severity is Severity.INFO:
            continue
        yield _finding_line(finding, fix)
        yield from (
            Text(f"      {number}. {clean(step, _LINE)}")
            for number, step in enumerate(fix.steps, start=1)
        )


def _finding_line(finding: Finding, fix: Fix) -> Text:
    style = "red" if finding.severity is Severity.CRITICAL else "yellow"
    line = Text("  ")
    line.append(f"{finding.code.value}", style=style)
    return line.append(
        f" ({finding.severity.value}), fix {PLACES[fix.where]}: "
        f"{clean(phrased(finding.summary), _LINE)}"
    )


def _rest(report: CheckReport) -> Iterator[Text]:
    if report.explanation.gateway_message and report.verdict.headline is not Code.OK:
        yield Text(
            f"  Azure's message for this: {clean(report.explanation.gateway_message, _LINE)}",
            style="dim",
        )
    if report.browser:
        yield Text(f"  Browser: {clean(report.browser.why, _LINE)}", style="dim")
    nowhere = why_not_obtained(report, in_terminal=True)
    if nowhere:
        yield Text(f"  No full chain: {clean(nowhere, _LINE)}", style="dim")
    if report.repair and (report.repair.root or not nowhere):
        yield Text(f"  Repair: {_repair(report.repair, report.verdict)}", style="dim")
    if _trusts_public_cas(report) and report.verdict.headline in _OF_A_PRIVATE_CA:
        yield Text(
            "  Trust: no --root was given, so well-known CAs are trusted. Where the backend "
            "setting has a trusted root, write for example --root root.cer.",
            style="dim",
        )
    remarks = [PHRASES[f.code] for f in report.verdict.findings if f.severity is Severity.INFO]
    if remarks:
        yield Text(f"  Remarks: {', '.join(dict.fromkeys(remarks))}.", style="dim")
    yield Text(
        f"  Not checked: {'; '.join(clean(item, 120) for item in report.not_checked)}.", style="dim"
    )


def _trusts_public_cas(report: CheckReport) -> bool:
    return report.request.policy.trust is TrustMode.WELL_KNOWN


def _repair(repair: Repair, verdict: Verdict) -> str:
    chain = "the chain to send (repair.chain_pem)" if repair.chain else ""
    upload = "the certificate to upload (repair.root_pem)" if repair.root else ""
    missing = ", ".join(clean(short_name(one.subject), 80) for one in repair.missing)
    if not chain and not upload and Code.CA_CONSTRAINT_VIOLATED in verdict.codes:
        return "no better chain can be made here: a CA that may do so has to issue it anew."
    if not chain and not upload:
        return _no_repair(missing, unchanged=repair.unchanged)
    have, them = (f"{chain} and {upload}", "both") if chain and upload else (chain or upload, "it")
    head = "the chain that is sent can stay as it is; " if repair.unchanged else ""
    tail = f"; {missing} is still missing" if missing else ""
    return (
        f"{head}--json holds {have}; re-checked with {them} the verdict is "
        f"{repair.verdict_after.value}{tail}."
    )


def _no_repair(missing: str, *, unchanged: bool) -> str:
    if missing:
        return f"no better chain can be made here: get {missing} from its CA."
    if unchanged:
        return "the chain that is sent can stay as it is."
    return "not possible: the server's own certificate is not among those sent."
