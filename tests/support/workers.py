"""xdist's workers as forks of one process that has imported every test.

Four workers that each import the bot and all tests take four times 10 s of CPU time, and twice that
on a fresh checkout, where each also rewrites every assertion.
"""

from __future__ import annotations

import atexit
import gc
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.shared import FORKS, owner, run_folder
from tests.support.warm import forked, warm

_PATIENCE_S = 240.0
_QUICK_S = 0.005
# Cyclic garbage is looked for a hundredth as often as usual: with the default of 700 objects, a
# worker spends a seventh of its CPU time on it.
_COLLECTED_AFTER = 70_000


def fork_the_workers(config: pytest.Config) -> None:
    """Make xdist's local workers forks of a server; call it before they start."""
    if not FORKS or set(getattr(config.option, "tx", ())) != {"popen"}:
        return
    command = shlex.join(forked(_server(config), "tests.support.workers:work"))
    config.option.tx = [f"popen//python={command}"] * len(config.option.tx)


def _server(config: pytest.Config) -> Path:
    """The socket of the process that has imported the tests of this run."""
    path, log = run_folder() / "workers.socket", run_folder() / "workers.log"
    words = (str(path), str(owner()), *config.invocation_params.args)
    with log.open("wb") as stream:
        server = subprocess.Popen(  # noqa: S603 -- our own program
            warm("tests.support.workers:main", *words),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
    atexit.register(server.terminate)
    until = time.monotonic() + _PATIENCE_S  # time: a limit of minutes
    while not path.exists():
        assert server.poll() is None, log.read_text()
        # time: a limit of minutes
        assert time.monotonic() < until, "the tests could not be imported in time"
        time.sleep(0.02)  # time: asks again and again
    return path


def send_less(config: pytest.Config) -> None:
    """Let a worker not send what changes nothing that is printed.

    That is which test begins, but for `-v`, and reports of quick setups and teardowns that passed
    and say nothing: more than half of all messages, and each takes both sides 0.5 ms of CPU time.
    xdist itself leaves out reports of collections that passed. A JUnit file needs all reports.
    """
    if not hasattr(config, "workerinput") or config.option.xmlpath:
        return
    plugins = config.pluginmanager.get_plugins()
    # Its class is no attribute of a module: xdist sends the source of it to the worker.
    (worker,) = (plugin for plugin in plugins if type(plugin).__name__ == "WorkerInteractor")
    send = worker.sendevent  # type: ignore[attr-defined]
    verbose = config.option.verbose > 0

    def sendevent(name: str, **arguments: Any) -> None:  # noqa: ANN401 -- xdist's own
        if name == "logstart" and not verbose:
            return
        if name != "testreport" or _says_something(arguments["data"]):
            send(name, **arguments)

    worker.sendevent = sendevent  # type: ignore[attr-defined]


def _says_something(report: Mapping[str, Any]) -> bool:
    """Whether a report in xdist's form changes what is printed (`--durations` begins at 5 ms)."""
    return (
        report["when"] == "call"
        or report["outcome"] != "passed"
        or report["duration"] >= _QUICK_S
        or bool(report["sections"] or report["user_properties"])
    )


class _ImportsOnly:
    """Imports the modules of a run without collecting their tests."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(self) -> list[pytest.Item]:
        """Collect nothing."""
        return []


def main() -> None:
    """Import the tests that these arguments of pytest select, and fork the workers."""
    from tests.support.warm_server import serve  # noqa: PLC0415 -- it imports the whole bot

    gc.set_threshold(0)  # nothing that an import makes is garbage
    path, process, *arguments = sys.argv[1:]
    # Import errors are reported by the workers, which import again.
    pytest.main([*arguments, "-n0", "--collect-only", "-qq"], plugins=[_ImportsOnly()])
    _draw_one_text()
    serve(Path(path), int(process))


def _draw_one_text() -> None:
    """Let Hypothesis do what it does once in a process.

    It makes tables of all characters, reads the constants of all modules and, before it registers
    its random numbers, collects garbage: two seconds of CPU time.
    """
    from hypothesis import given, settings  # noqa: PLC0415 -- only where tests run
    from hypothesis.strategies import text  # noqa: PLC0415 -- only where tests run

    @settings(max_examples=1, database=None)
    @given(text())
    def draw(_text: str) -> None:
        pass

    draw()


def work() -> None:
    """Be a worker: run what xdist gives to `python -c`."""
    gc.set_threshold(_COLLECTED_AFTER)
    exec(sys.argv[-1], {"__name__": "__main__"})  # noqa: S102 -- as the interpreter itself does
