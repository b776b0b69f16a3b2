"""Runs all benches, or those named on the command line, and says whether each goal is met.

`python -m bench [judge capture chaos ...] [--seconds N] [--json FILE] [--table FILE.md]`. The JSON
contains the figures of this run; the table replaces the one between the markers in the document.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from bench.figures import Figure
from bench.tables import as_json, into_document

NAMES = (
    "judge",
    "capture",
    "peers",
    "sweep",
    "process",
    "slack",
    "gateway",
    "inventory",
    "engine",
    "takeover",
    "replicas",
    "chaos",
)


def main(words: list[str]) -> int:
    """Print each figure with its goal; exit status 1 when a goal is missed."""
    options = _options(words)
    unknown = set(options.names) - set(NAMES)
    if unknown:
        print(  # noqa: T201 -- the output of the program
            f"no bench is called {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}",
            file=sys.stderr,
        )
        return 2
    found: dict[str, list[Figure]] = {}
    for name, figure in _figures(options.names or list(NAMES), options.seconds):
        print(figure.line(), flush=True)  # noqa: T201 -- the output of the program
        found.setdefault(name, []).append(figure)
        # After each figure, so that an interrupted run keeps its results.
        if options.json:
            options.json.write_text(as_json(found), encoding="utf-8")
    if options.table:
        into_document(options.table, found)
    return 1 if any(not figure.met for figures in found.values() for figure in figures) else 0


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seconds", type=float, help="of the chaos, 300 otherwise")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--table", type=Path, metavar="FILE.md")
    return parser.parse_args(words)


def _figures(names: list[str], seconds: float | None) -> Iterator[tuple[str, Figure]]:
    for name in names:
        print(f"== {name}", flush=True)  # noqa: T201 -- the output of the program
        run: Callable[..., Iterator[Figure]] = import_module(f"bench.bench_{name}").run
        given = {"seconds": seconds} if seconds and name == "chaos" else {}
        for figure in run(**given):
            yield name, figure


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
