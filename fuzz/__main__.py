"""Runs the fuzzer over every target, or one: `python -m fuzz --seconds 300 [--only command]`.

Each target runs in its own process, two at a time, with its seeds in a temporary folder. An input
that breaks a target is kept in `.fuzz/`, and its path is printed. Exit status 0: nothing found.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOUND = Path(".fuzz")
_AT_ONCE = 2
_LONGEST_INPUT = 65_536
_SLOWEST_S = 20
_MEMORY_MIB = 2048
_TAIL = 3000


def main() -> int:
    """Fuzz, or run one target inside the process that was started for it."""
    from fuzz.targets import TARGETS  # noqa: PLC0415 -- a child imports it instrumented

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--only", choices=sorted(TARGETS))
    options = parser.parse_args()
    names = [options.only] if options.only else list(TARGETS)
    FOUND.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        from fuzz.corpora import write_corpora  # noqa: PLC0415 -- only the parent makes seeds

        write_corpora(Path(folder))
        return _report(names, Path(folder), options.seconds)


def _report(names: Iterable[str], folder: Path, seconds: int) -> int:
    broken = 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for name, done in pool.map(lambda n: (n, _run(n, folder / n, seconds)), names):
            broken += done.returncode != 0
            sys.stdout.write(f"{name:16} {_summary(done)}\n")
            if done.returncode:
                sys.stdout.write(done.stdout[-_TAIL:] + done.stderr[-_TAIL:])
    sys.stdout.write("nothing found\n" if not broken else f"{broken} targets broke\n")
    return 1 if broken else 0


def _run(name: str, seeds: Path, seconds: int) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "fuzz.child",
        name,
        str(seeds),
        f"-max_total_time={seconds}",
        f"-max_len={_LONGEST_INPUT}",
        f"-timeout={_SLOWEST_S}",
        f"-rss_limit_mb={_MEMORY_MIB}",
        f"-artifact_prefix={FOUND}/{name}-",
        "-print_final_stats=1",
    ]
    return subprocess.run(  # noqa: S603 -- our own module
        command, capture_output=True, text=True, errors="replace", check=False
    )


def _summary(done: subprocess.CompletedProcess[str]) -> str:
    runs = next(
        (line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed" in line), "?"
    )
    return f"{runs} inputs, {'BROKE' if done.returncode else 'nothing found'}"


if __name__ == "__main__":
    sys.exit(main())
