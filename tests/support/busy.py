"""`python -m tests.support.busy`: the tests that are about time, again and again on a busy machine.

Two processes that do nothing but calculate run beside them and end with the run. What fails is
named, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = {
    "engine": (
        "tests/bot/engine",
        "tests/bot/store/test_availability.py",
    ),
    "slack": (
        *(
            f"tests/bot/slack/test_{name}.py"
            for name in (
                *("both_sources", "calling", "card_life", "exposure", "gateways", "receiver"),
                *("runs", "socket", "stopping", "token", "watch_store", "watched", "watching"),
            )
        ),
        "tests/bot/subscriptions/test_alerts.py",
    ),
    "servers": (
        *(
            f"tests/chainlib/test_{name}.py"
            for name in ("bounds", "capture", "http_probe", "issuers", "resolve")
        ),
        "tests/bot/test_checkup.py",
        "tests/bot/test_broken_servers.py",
        "tests/bot/checks/test_service.py",
        "tests/bot/azure/test_client.py",
    ),
}
_BUSY = "import os\nparent = {parent}\nwhile os.getppid() == parent:\n    sum(range(100_000))\n"
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


@contextmanager
def busy_machine(processes: int) -> Iterator[None]:
    """Let so many processes calculate for as long as this lasts, and no longer than this process."""
    code = _BUSY.format(parent=os.getpid())
    started = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(processes)]  # noqa: S603 -- our own program
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def run(files: Sequence[str], workers: int) -> tuple[list[str], str]:
    """One run; which tests failed, and pytest's last line."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(workers), *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 -- our own program
    failed = _FAILED.findall(done.stdout)
    if done.returncode and not failed:
        failed = [f"pytest ended with status {done.returncode}: {done.stderr[-300:]}"]
    return failed, (done.stdout.strip().splitlines() or [""])[-1]


def main(words: Sequence[str]) -> int:
    """Run them, and print a line for each run and the sum."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.busy")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--part", choices=PARTS, action="append", help="all by default")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--busy", type=int, default=2, help="processes that calculate")
    options = parser.parse_args(words)
    files = [file for part in options.part or PARTS for file in PARTS[part]]
    failures = 0
    with busy_machine(options.busy):
        for number in range(1, options.runs + 1):
            begun, spent = time.monotonic(), _processor_time()
            failed, last = run(files, options.workers)
            failures += bool(failed)
            taken, spent = time.monotonic() - begun, _processor_time() - spent
            print(f"run {number}: {last} ({taken:.0f} s, {spent:.0f} s of CPU)", flush=True)  # noqa: T201 -- what it is for
            for name in failed:
                print(f"  failed: {name}", flush=True)  # noqa: T201 -- what it is for
    print(f"{options.runs} runs beside {options.busy} busy processes: {failures} with a failure")  # noqa: T201 -- what it is for
    return 1 if failures else 0


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
