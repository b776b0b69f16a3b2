"""`appgw rehearse --annotate`: findings as annotations of a pipeline, and a summary of the job.

GitHub Actions and Azure Pipelines both read commands out of what a step prints, so names of files
and what certificates say are escaped, and lines that are no command of ours are made unable to be
one. The rules: GitHub's "Workflow commands" and Azure DevOps' "Logging commands" (both documented
by Microsoft), and what their agents accept beyond that: `::` after leading blanks, `##[` and
`##vso[` anywhere in a line.
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
from bot.cards.lock_screen import PLACES, SHAPES, grade, spoken
from bot.domain.check_report import CheckReport
from bot.terminal.inputs import InputError
from chainlib import Finding, Fix, Severity

MOST_FINDINGS = 20
_LINE, _STEPS = 400, 3
_COMMAND = re.compile("#(?=#)")
_BEGIN = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_LEVELS = {Severity.CRITICAL: "error", Severity.WARNING: "warning"}


class Annotate(StrEnum):
    """Whose annotations."""

    GITHUB = "github"
    AZURE = "azure"


def annotate_as(text: str) -> Annotate:
    """The value of `--annotate`. Raises `InputError`."""
    try:
        return Annotate(text.strip().lower())
    except ValueError:
        raise InputError(
            f"--annotate {text!r} is not known; write --annotate github or --annotate azure."
        ) from None


def print_annotated(report: CheckReport, chain: Path, syntax: Annotate) -> None:
    """Write annotations and report to standard output, and the summary where the pipeline wants it.

    Args:
        report: the rehearsal.
        chain: the file, as it was named.
        syntax: whose commands.
    """
    from bot.terminal.output import render  # noqa: PLC0415 -- Rich is not imported where only JSON is wanted

    lines = [*commands(report, chain, syntax), *(harmless(one.plain) for one in render(report))]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    try:
        _summarise(summary(report, chain), syntax, os.environ)
    except OSError as error:  # the verdict and its exit status stand without the summary
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
    for finding, fix in shown[:MOST_FINDINGS]:
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
    said = clean(spoken(finding.summary), _LINE)
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
    """A message of GitHub's, escaped as its toolkit does."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def github_property(text: str) -> str:
    """A property of GitHub's."""
    return github_data(text).replace(":", "%3A").replace(",", "%2C")


def azure_data(text: str) -> str:
    """A message of Azure's, escaped as its agent decodes it."""
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def azure_property(text: str) -> str:
    """A property of Azure's."""
    return azure_data(text).replace(";", "%3B").replace("]", "%5D")


def harmless(line: str) -> str:
    """The line in a form that neither service takes for a command."""
    calm = _COMMAND.sub("# ", " ".join(line.splitlines()))
    return f"· {calm.lstrip()}" if calm.lstrip().startswith("::") else calm


def _place(chain: Path) -> str:
    """The file as the pull request names it: from the folder in which the step runs."""
    here = Path.cwd()
    inside = chain.is_absolute() and chain.is_relative_to(here)
    return str(chain.relative_to(here) if inside else chain)


def _lines(chain: Path, report: CheckReport) -> Mapping[int, int]:
    """At which line of a PEM file each certificate begins, counted from 1.

    Empty where the file holds other blocks than were judged. A pipe can be read only once: a second
    reader would wait for ever.
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
    """A section of Markdown; nothing from outside in it is markup."""
    word = grade(report.verdict)
    title = f"### {SHAPES[word]} {word} {_inert(_place(chain))}: {_inert(report.explanation.title)}"
    rows = [
        f"| {finding.code.value} | {finding.severity.value} | {_inert(spoken(finding.summary))} | "
        f"{_inert(fix.steps[0]) if fix.steps else ''} |"
        for finding, fix in zip(report.verdict.findings, report.explanation.fixes, strict=True)
    ]
    table = ["| code | severity | what | first step |", "|---|---|---|---|", *rows[:MOST_FINDINGS]]
    unchecked = f"Not checked: {_inert('; '.join(report.not_checked))}."
    return "\n".join((title, "", *(table if rows else ()), "", unchecked, "", ""))


def _inert(text: str) -> str:
    """One line whose punctuation is escaped; CommonMark lets a backslash stand before any."""
    return _PUNCTUATION.sub(r"\\\1", clean(text, _LINE))


def _summarise(text: str, syntax: Annotate, environ: Mapping[str, str]) -> None:
    """Hand over the section.

    GitHub gives every step a file to append to; Azure reads the file that a command names.
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
