"""Starts our programs quickly, by forking a process that has imported everything.

Each program is still a process with its own arguments, environment, folder, streams, signals and
exit status. Imports, the installed script and interpreter options are tested by a cold start.
"""

from __future__ import annotations

import subprocess
import sys
import time
from functools import cache
from pathlib import Path

from tests.support.measuring import MEASURED
from tests.support.shared import alone, owner, run_folder

_CHECKOUT = Path(__file__).parents[2]
_PATIENCE_S = 120.0
# The measuring begins before anything of ours is imported.
_MEASURED = (
    "-c",
    """import sys
from tests.support.measuring import begin
begin()
from tests.support.warm_server import main
main(*sys.argv[1:])
""",
)


def appgw(*words: str) -> tuple[str, ...]:
    """The command line that runs `appgw` with these words."""
    return warm("bot.cli:main", *words)


def warm(entry: str, *words: str) -> tuple[str, ...]:
    """The command line that calls this function of ours with these words in `sys.argv`."""
    return forked(_server(), entry, *words)


def with_bot() -> frozenset[str]:
    """The modules that a fresh interpreter has imported after `import bot.main`."""
    return frozenset(_server().with_suffix(".modules").read_text().splitlines())


def forked(server: Path, entry: str, *words: str) -> tuple[str, ...]:
    """The command line that has the server at this socket run a function."""
    start = Path(__file__).with_name("warm_start.py")
    return (sys.executable, "-I", "-S", str(start), str(server), entry, *words)


@cache
def _server() -> Path:
    """The socket of the one server of this run."""
    path = run_folder() / "warm.socket"
    with alone("warm"):
        if not path.exists():
            begun = _MEASURED if MEASURED else ("-m", "tests.support.warm_server")
            command = [sys.executable, *begun, str(path), str(owner())]
            with (run_folder() / "warm.log").open("wb") as log:
                server = subprocess.Popen(  # noqa: S603 -- our own program
                    command,
                    cwd=_CHECKOUT,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            until = time.monotonic() + _PATIENCE_S  # time: a limit of minutes
            while not path.exists():
                assert server.poll() is None, (run_folder() / "warm.log").read_text()
                # time: a limit of minutes
                assert time.monotonic() < until, "the warm server did not start"
                time.sleep(0.02)  # time: asks again and again
            server.returncode = 0  # it outlives this object on purpose
    return path
