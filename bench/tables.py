"""The figures of one run as JSON, and as the tables of docs/benchmarks.md."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bench.figures import Figure

Found = Mapping[str, Sequence[Figure]]


def as_json(found: Found) -> str:
    """One object per bench with its figures, their goals and whether each is met."""
    document = {
        name: [asdict(figure) | {"met": figure.met} for figure in figures]
        for name, figures in found.items()
    }
    return json.dumps(document, indent=2) + "\n"


def into_document(path: Path, found: Found) -> None:
    """Replace the table of each bench that ran.

    A table is between `<!-- bench NAME -->` and `<!-- end -->`; the table of a new bench is added
    at the end.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else "# Benchmarks\n"
    for name, figures in found.items():
        text = _replaced(text, name, "\n".join(_rows(figures)))
    path.write_text(text, encoding="utf-8")


def _replaced(text: str, name: str, table: str) -> str:
    begin, end = f"<!-- bench {name} -->", "<!-- end -->"
    block = f"{begin}\n\n{table}\n\n{end}"
    before, found, rest = text.partition(begin)
    if not found:
        return f"{text.rstrip()}\n\n## {name}\n\n{block}\n"
    return before + block + rest.partition(end)[2]


def _rows(figures: Sequence[Figure]) -> Iterator[str]:
    yield "| measured | items | value | goal |"
    yield "|---|---|---|---|"
    for figure in figures:
        size = "" if figure.size is None else f"{figure.size:,}"
        value = f"{_short(figure.value)} {figure.unit}".rstrip()
        goal = "" if figure.goal is None else f"{figure.goal:g} {figure.unit}".rstrip()
        judged = f"{goal}, {figure.verdict}" if goal else ""
        yield f"| {figure.name} | {size} | {value} | {judged} |"


def _short(value: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 -- three digits
