"""Run every bench, or those named on the command line, and say whether each goal is met.

`python -m bench [judge capture slack ...]`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec

from bench.figures import Figure

NAMES = ("judge", "capture", "process", "slack", "gateway", "engine", "takeover")


def main(wanted: list[str]) -> int:
    """Print each figure beside its goal; exit status 1 when a goal is missed."""
    unknown = set(wanted) - set(NAMES)
    if unknown:
        print(  # noqa: T201 -- its face
            f"no bench is called {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}",
            file=sys.stderr,
        )
        return 2
    missed = 0
    for figure in _figures(wanted or list(NAMES)):
        print(figure.line(), flush=True)  # noqa: T201 -- its face
        missed += not figure.met
    return 1 if missed else 0


def _figures(names: list[str]) -> Iterator[Figure]:
    for name in names:
        if find_spec(f"bench.bench_{name}") is None:
            continue
        print(f"== {name}", flush=True)  # noqa: T201 -- its face
        run: Callable[[], Iterator[Figure]] = import_module(f"bench.bench_{name}").run
        yield from run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
