"""Measures which lines and branches of our code a run reaches, in every process that it forks.

SlipCover adds a probe to each line and branch while a module is imported; this costs a tenth more
CPU, while Coverage.py's tracer takes two and a half times as much. Code that is imported once and
then forked (`warm_server.py`) is measured: the workers, and programs that tests start and let end.
The results of killed programs are lost, and the imports of cold starts are not measured.
"""

from __future__ import annotations

import json
import marshal
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.support.shared import FORKS, run_folder

MEASURED = os.environ.get("TEST_COVERAGE") == "1"
# Lines and branches together, in per cent; half a per cent below the measured value, because the
# results of killed programs are lost.
FLOORS: Mapping[str, float] = {"chainlib": 97.5, "bot": 95.0}
REPORT = Path("build/coverage.txt")
_ROOT = Path(__file__).parents[2]
_probes: Any = None  # a `slipcover.Slipcover`, which only a measured run imports


class _Finder(MetaPathFinder):
    """Imports the modules of our packages with probes, and no others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The specification whose loader adds the probes."""
        from slipcover.importer import SlipcoverLoader  # noqa: PLC0415 -- only in a measured run

        if fullname.partition(".")[0] not in FLOORS:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None and spec.origin is not None:
            spec.loader = SlipcoverLoader(_probes, spec.loader, spec.origin)
        return spec


def begin() -> None:
    """Start to measure what this process and its forks import from now on."""
    global _probes  # noqa: PLW0603 -- one for each process, like `sys.meta_path`
    import slipcover  # noqa: PLC0415 -- only in a measured run

    assert not any(package in sys.modules for package in FLOORS), "imported without probes"
    _probes = slipcover.Slipcover(immediate=True, branch=True, source=list(FLOORS))
    sys.meta_path.insert(0, _Finder())
    migrations = slipcover.FileMatcher(sources=["bot/store/migrations"])  # Alembic loads by path
    slipcover.wrap_spec_from_file_location(_probes, migrations)


def save_all() -> None:
    """Write every line and branch, and those that the imports have reached."""
    if _probes is not None:
        _write("all.json", json.dumps(_probes.get_coverage()).encode())


def save() -> None:
    """Write what this process has reached since the last call, or since it was forked."""
    if _probes is None:
        return
    seen, _probes.newly_seen = _probes.newly_seen, defaultdict(set)
    name = f"{os.getpid()}-{time.monotonic_ns()}.seen"
    _write(name, marshal.dumps({file: list(reached) for file, reached in seen.items()}))


def _write(name: str, content: bytes) -> None:
    folder = run_folder() / "coverage"
    folder.mkdir(exist_ok=True)
    new = folder / f"{name}.new"
    new.write_bytes(content)
    new.rename(folder / name)


def report(line: Callable[[str], None]) -> bool:
    """Print how much was reached; returns whether it is enough."""
    if not (run_folder() / "coverage" / "all.json").exists():
        line("nothing was measured: run it with workers (-n 2), which measure it on Linux alone")
        return not FORKS
    measured = _merged(run_folder() / "coverage")
    for package, floor in FLOORS.items():
        summary = measured[package]["summary"]
        line(
            f"{package}: {summary['percent_covered']:.2f} % of lines and branches"
            f" (at least {floor} %), {summary['missing_lines']} lines and"
            f" {summary['missing_branches']} branches not reached"
        )
    line(f"what is not reached: {REPORT}")
    return all(
        measured[package]["summary"]["percent_covered"] >= floor
        for package, floor in FLOORS.items()
    )


def _merged(folder: Path) -> Mapping[str, Any]:
    """What all processes reached, by package, in SlipCover's format."""
    import slipcover  # noqa: PLC0415 -- only in a measured run

    everything = json.loads((folder / "all.json").read_bytes())
    seen: defaultdict[str, set[Any]] = defaultdict(set)
    for path in folder.glob("*.seen"):
        for file, reached in marshal.loads(path.read_bytes()).items():  # noqa: S302 -- our own
            seen[file].update(reached)
    for name, found in everything["files"].items():
        _add(found, seen[str(_ROOT / name)])
    packages = {}
    REPORT.parent.mkdir(exist_ok=True)
    with REPORT.open("w", encoding="utf-8") as out:
        for package in FLOORS:
            files = {n: f for n, f in everything["files"].items() if n.startswith(f"{package}/")}
            packages[package] = {**everything, "files": files}
            slipcover.merge_coverage(packages[package], {**everything, "files": {}})
            slipcover.print_coverage(packages[package], outfile=out, skip_covered=True)
    return packages


def _add(found: dict[str, list[Any]], reached: set[Any]) -> None:
    """Move reached lines and branches of a file from the missing ones to the executed ones."""
    for kind in ("lines", "branches"):
        missing = [tuple(i) if isinstance(i, list) else i for i in found[f"missing_{kind}"]]
        found[f"executed_{kind}"] += [item for item in missing if item in reached]
        found[f"missing_{kind}"] = [item for item in missing if item not in reached]
