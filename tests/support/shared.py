"""Shares resources between the workers of one run, so that each is made once."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

FORKS = hasattr(os, "pidfd_open")
"""Whether this system has what `warm_server.py` needs, as Linux does."""
_VARIABLE = "TEST_RUN_FOLDER"  # inherited by the workers


@cache
def run_folder() -> Path:
    """A folder that all workers of this run know, removed when the run ends.

    Whoever asks first makes it: pytest's own process before it starts workers. Its path is short,
    because a Unix socket's path may not be long.
    """
    known = os.environ.get(_VARIABLE)
    if known:
        return Path(known)
    folder = Path(tempfile.mkdtemp(prefix="appgw-", dir="/tmp"))
    folder.chmod(0o755)
    os.environ[_VARIABLE] = str(folder)
    (folder / "owner").write_text(str(os.getpid()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def owner() -> int:
    """The process that made the folder, and lives as long as the run does."""
    return int((run_folder() / "owner").read_text())


@contextmanager
def alone(what: str) -> Iterator[None]:
    """Make the other workers wait while something shared is made."""
    with (run_folder() / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
