"""`appgw rehearse --annotate`: findings as annotations of a pipeline, and a summary of the job.

GitHub Actions and Azure Pipelines read commands from a step's output. File names and text from
certificates are therefore escaped, and lines that are not our commands are changed so that they
cannot be read as commands. Sources: GitHub's "Workflow commands", Azure DevOps' "Logging commands",
and what their agents accept beyond that: `::` after leading blanks, `##[` and `##vso[` anywhere in
a line.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from bot.cards.escaping import clean
from bot.cards.lock_screen import PLACES, SHAPES, grade, phrased
from bot.domain.check_report import CheckReport
from bot.terminal.inputs import InputError
from chainlib import Finding, Fix, Severity

MAX_FINDINGS = 20
_LINE, _STEPS = 400, 3
_COMMAND = re.compile("#(?=#)")
_BEGIN = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_LEVELS = {Severity.CRITICAL: "error", Severity.WARNING: "warning"}


class Annotate(StrEnum):
    """The pipeline service whose command syntax is used."""

    GITHUB = "github"
    AZURE = "azure"


def annotate_as(text: str) -> Annotate:
    """Parse the value of `--annotate`. Raises `InputError`."""
    try:
        return Annotate(text.strip().lower())
    except ValueError:
        raise InputError(
            f"--annotate {text!r} is not known; write --annotate github or --annotate azure."
        ) from None


def print_annotated(report: CheckReport, chain: Path, syntax: Annotate) -> None:
    """Write annotations and report to standard output, and the summary to the pipeline.

    Args:
        report: the rehearsal.
        chain: the file, as named on the command line.
        syntax: the pipeline service.
    """
    from bot.terminal.output import render  # noqa: PLC0415 -- Rich is not imported where only JSON is wanted

    lines = [*commands(report, chain, syntax), *(harmless(one.plain) for one in render(report))]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    try:
        _summarise(summary(report, chain), syntax, os.environ)
    except OSError as error:  # without the summary, verdict and exit status are still correct
        sys.stderr.write(f"appgw: {harmless(_no_summary(error))}\n")
    sys.stdout.flush()


def _no_summary(error: OSError) -> str:
    return clean(
        f"The summary of the job could not be written ({error}). The verdict above is complete. In "
        "a container, mount the file of GITHUB_STEP_SUMMARY or the folder of AGENT_TEMPDIRECTORY.",
        _LINE,
    )


def print_unusable(sentence: str, chain: Path, syntax: Annotate) -> None:
    """Write the annotation for a file or a line that cannot be used."""
    said = clean(sentence, _LINE)
    sys.stdout.write(_command(syntax, "error", _place(chain), None, "UNUSABLE", said) + "\n")
    sys.stderr.write(f"appgw: {harmless(said)}\n")
    sys.stdout.flush()


def commands(report: CheckReport, chain: Path, syntax: Annotate) -> Iterator[str]:
    """One command for each critical finding and each warning, at the certificate's line."""
    place, lines = _place(chain), _lines(chain, report)
    pairs = list(zip(report.verdict.findings, report.explanation.fixes, strict=True))
    shown = [(finding, fix) for finding, fix in pairs if finding.severity in _LEVELS]
    for finding, fix in shown[:MAX_FINDINGS]:
        line = None if finding.certificate is None else lines.get(finding.certificate)
        level = _LEVELS[finding.severity]
        yield _command(syntax, level, place, line, finding.code.value, _message(finding, fix))
    if not shown and syntax is Annotate.GITHUB:
        said = "The gateway would accept this chain."
        yield _command(syntax, "notice", place, None, "OK", said)


def _message(finding: Finding, fix: Fix) -> str:
    steps = " ".join(
        f"{number}. {clean(step, _LINE)}" for number, step in enumerate(fix.steps[:_STEPS], start=1)
    )
    said = clean(phrased(finding.summary), _LINE)
    return f"{said} Fix {PLACES[fix.where]}: {steps}" if steps else said


def _command(
    syntax: Annotate, level: str, place: str, line: int | None, title: str, message: str
) -> str:
    if syntax is Annotate.GITHUB:
        at = f",line={line}" if line else ""
        properties = f"file={github_property(place)}{at},title={title}"
        return f"::{level} {properties}::{github_data(harmless(message))}"
    at = f"linenumber={line};" if line else ""
    properties = f"type={level};sourcepath={azure_property(place)};{at}code={title};"
    return f"##vso[task.logissue {properties}]{azure_data(harmless(message))}"


def github_data(text: str) -> str:
    """A message for GitHub, escaped as its toolkit does."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def github_property(text: str) -> str:
    """The value of a property of a GitHub command, which `:` or `,` would end."""
    return github_data(text).replace(":", "%3A").replace(",", "%2C")


def azure_data(text: str) -> str:
    """A message for Azure Pipelines, escaped as its agent decodes it."""
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def azure_property(text: str) -> str:
    """The value of a property of an Azure Pipelines command, which `;` or `]` would end."""
    return azure_data(text).replace(";", "%3B").replace("]", "%5D")


def harmless(line: str) -> str:
    """The line, changed if one of the services would read it as a command."""
    calm = _COMMAND.sub("# ", " ".join(line.splitlines()))
    return f"· {calm.lstrip()}" if calm.lstrip().startswith("::") else calm


def _place(chain: Path) -> str:
    """The file's path as in the pull request: relative to the folder in which the step runs."""
    here = Path.cwd()
    inside = chain.is_absolute() and chain.is_relative_to(here)
    return str(chain.relative_to(here) if inside else chain)


def _lines(chain: Path, report: CheckReport) -> Mapping[int, int]:
    """The line at which each certificate of a PEM file begins, counted from 1.

    Empty if the file contains other blocks than were judged. A pipe can only be read once: a second
    read would wait for ever.
    """
    if not chain.is_file():
        return {}
    try:
        rows = chain.read_bytes().splitlines()
    except OSError:
        return {}
    found = [number for number, row in enumerate(rows, start=1) if _BEGIN.search(row)]
    judged = len(report.chain.certificates) if report.chain else 0
    return dict(enumerate(found)) if len(found) == judged else {}


def summary(report: CheckReport, chain: Path) -> str:
    """A section of Markdown in which no text from outside is markup."""
    word = grade(report.verdict)
    title = f"### {SHAPES[word]} {word} {_inert(_place(chain))}: {_inert(report.explanation.title)}"
    rows = [
        f"| {finding.code.value} | {finding.severity.value} | {_inert(phrased(finding.summary))} | "
        f"{_inert(fix.steps[0]) if fix.steps else ''} |"
        for finding, fix in zip(report.verdict.findings, report.explanation.fixes, strict=True)
    ]
    table = ["| code | severity | what | first step |", "|---|---|---|---|", *rows[:MAX_FINDINGS]]
    unchecked = f"Not checked: {_inert('; '.join(report.not_checked))}."
    return "\n".join((title, "", *(table if rows else ()), "", unchecked, "", ""))


def _inert(text: str) -> str:
    """One line with escaped punctuation; in CommonMark any punctuation may follow a backslash."""
    return _PUNCTUATION.sub(r"\\\1", clean(text, _LINE))


def _summarise(text: str, syntax: Annotate, environ: Mapping[str, str]) -> None:
    """Give the section to the service.

    GitHub has a file per step to append to; Azure Pipelines reads the file named in a command.
    """
    if syntax is Annotate.GITHUB and (wanted := environ.get("GITHUB_STEP_SUMMARY")):
        with Path(wanted).open("a", encoding="utf-8") as file:
            file.write(text)
    if syntax is Annotate.AZURE and (folder := environ.get("AGENT_TEMPDIRECTORY")):
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=folder, prefix="appgw-check-", suffix=".md", delete=False
        ) as kept:
            kept.write(text)
        sys.stdout.write(f"##vso[task.uploadsummary]{azure_data(kept.name)}\n")
