"""`python -m tests.support.busy`: the tests about time, again and again on a busy machine.

Two processes that do nothing but calculate run beside them and end with them. Each part runs in one
process, since starting pytest anew costs more than most parts do. Every failure is printed with the
number of its run, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest


def _files(folder: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/{folder}/test_{name}.py" for name in names)


def _tests(file: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/{file}.py::test_{name}" for name in names)


PARTS = {
    "engine": (
        *_tests(
            "bot/engine/test_kill",
            "killed_process_loses_and_doubles_nothing",
            "living_replica_takes_over_from_a_killed_one",
            "woken_replica_doubles_only_what_was_in_flight",
        ),
        *_tests(
            "bot/engine/test_engine",
            "missed_nights_are_caught_up_once",
            "five_digests_of_one_channel_keep_order",
            "429_costs_nothing",
            "waiting_gateways_delay_no_other",
            "stop_lets_a_post_under_way_end",
            "stop_skips_a_sleeping_digest_that_resumes_later",
            "finished_work_is_cleaned_up",
        ),
        *_files("bot/engine", "order", "sender", "lease"),
    ),
    "slack": (
        *_files("bot/slack", "both_sources", "runs", "socket", "stopping", "token", "watch_store"),
        *_files("bot/slack", "watching"),
        *_tests("bot/slack/test_card_life", "watch_waits_for_a_later_run"),
        *_tests(
            "bot/slack/test_commands",
            "progress_is_edited_at_most_once_a_second",
            "a_redelivered_mention_is_answered_once",
        ),
    ),
    "servers": (
        *_files("chainlib", "capture", "http_probe", "resolve"),
        *_files("bot", "checkup"),
        *_tests(
            "chainlib/test_bounds",
            "endless_download",
            "endless_peer_before_the_list",
            "endless_renegotiation",
        ),
        *_tests("chainlib/test_issuers", "slow_drip_is_given_up"),
    ),
}
_BUSY = "import os\nparent = {parent}\nwhile os.getppid() == parent:\n    sum(range(100_000))\n"


@contextmanager
def busy_machine(processes: int) -> Iterator[None]:
    """Let so many processes calculate for as long as this lasts."""
    code = _BUSY.format(parent=os.getpid())
    started = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(processes)]  # noqa: S603 -- our own program
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


class Runs:
    """A plugin of pytest that runs everything so many times and prints each run's outcome.

    Args:
        part: what is printed before each line.
        count: how many runs.
    """

    def __init__(self, part: str, count: int) -> None:
        self._part, self._count, self._tests = part, count, 0
        self._ended: Counter[str] = Counter()
        self.failed: set[int] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Run after run, each in the same order: a test twice in a row is not set up again."""
        self._tests = len(session.items)
        session.items[:] = session.items * self._count

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count ends, and print what fails."""
        number = self._ended[report.nodeid] + 1
        if report.failed:
            self.failed.add(number)
            print(f"\n{self._part} run {number}: failed: {report.nodeid} ({report.when})")  # noqa: T201 -- what it is for
            print(str(report.longrepr)[-2000:], flush=True)  # noqa: T201 -- what it is for
        if report.when == "teardown":
            self._ended[report.nodeid] = number
            if sum(count >= number for count in self._ended.values()) == self._tests:
                outcome = "with a failure" if number in self.failed else "passed"
                print(f"\n{self._part} run {number}: {self._tests} tests, {outcome}", flush=True)  # noqa: T201 -- what it is for


def main(words: Sequence[str]) -> int:
    """Run the parts one after another, and print the sum of each."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.busy")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--part", choices=PARTS, action="append", help="all by default")
    parser.add_argument("--busy", type=int, default=2, help="processes that calculate")
    options = parser.parse_args(words)
    failures = 0
    with busy_machine(options.busy):
        for part in options.part or PARTS:
            runs = Runs(part, options.runs)
            status = pytest.main(["-q", "-n", "0", "--no-header", *PARTS[part]], plugins=[runs])
            broken = len(runs.failed) or int(bool(status))
            print(f"{part}: {options.runs} runs, {broken} with a failure", flush=True)  # noqa: T201 -- what it is for
            failures += broken
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
