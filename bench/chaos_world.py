"""The failures of the chaos bench, and how it observes the bot meanwhile."""

from __future__ import annotations

import asyncio
import resource
import socket
import struct
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from time import monotonic
from typing import Self

import aiohttp

from bench.figures import Figure
from playground.arm.faults import EVERYWHERE, Fault, FaultKind
from playground.process import BotProcess

LOOPBACK = "127.0.0.1"
_EVERY_S, _READINGS, _MAX_READINGS = 0.25, 10, 120
_KINDS = (
    *(FaultKind.SERVER_ERROR, FaultKind.THROTTLED, FaultKind.UNAVAILABLE, FaultKind.BAD_JSON),
    *(FaultKind.PROXY_PAGE, FaultKind.NOT_FOUND, FaultKind.BAD_SHAPE, FaultKind.FORBIDDEN),
)
_MARK = "read-only"
_PROGRAM = """
import sys
from pathlib import Path
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool
from bot.main import main
mark = Path({mark!r})
@sa.event.listens_for(Pool, "checkout")
def set_it(connection, record, proxy):
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only=" + ("ON" if mark.exists() else "OFF"))
    cursor.close()
sys.exit(main())
"""


@dataclass(slots=True, kw_only=True)
class _Sometimes(Fault):
    """A fault for a share of the calls, each time of another kind."""

    share: float
    chance: Random
    number: Iterator[int] = field(default_factory=count)

    def strikes(self, operation: str) -> bool:
        """Whether this call fails."""
        self.kind = _KINDS[next(self.number) % len(_KINDS)]
        return operation in self.on and self.chance.random() < self.share


def failing_arm(share: float) -> Fault:
    """A fault for this share of ARM's calls; the same calls in each run."""
    chance = Random(1)  # noqa: S311 -- no secret
    return _Sometimes(kind=_KINDS[0], on=EVERYWHERE, retry_after=1, share=share, chance=chance)


@asynccontextmanager
async def tarpit() -> AsyncIterator[str]:
    """A backend that accepts connections and sends nothing; yields its target."""

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while await reader.read(4096):
                pass
        writer.close()

    server = await asyncio.start_server(hold, LOOPBACK, 0)
    async with server:
        yield f"{LOOPBACK}:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def resetting() -> AsyncIterator[str]:
    """A backend that resets the connection after the first bytes; yields its target."""

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read(1)
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    server = await asyncio.start_server(reset, LOOPBACK, 0)
    async with server:
        yield f"{LOOPBACK}:{server.sockets[0].getsockname()[1]}"


@contextmanager
def files_cannot_grow(bot: BotProcess) -> Iterator[None]:
    """Limit the bot's file sizes to that of its database's write-ahead log, as on a full disk."""
    longest = max(file.stat().st_size for file in bot.log.parent.glob("appgw.sqlite3*"))
    before = resource.prlimit(bot.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (longest, before[1]))
    try:
        yield
    finally:
        resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make SQLite refuse to write, as on a file system that was remounted read-only."""
    (folder / _MARK).touch()
    try:
        yield
    finally:
        (folder / _MARK).unlink()


def read_only_program(folder: Path) -> Sequence[str]:
    """The bot, whose connections refuse to write during `read_only`."""
    return (sys.executable, "-c", _PROGRAM.format(mark=str(folder / _MARK)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The resources of the bot's process: open files and sockets, tasks, and MiB of memory."""

    sockets: int
    tasks: int
    memory: float

    @classmethod
    async def of(cls, pid: int, ready_url: str) -> Self:
        """The minimum of several readings: what is used while nothing happens."""
        found: list[Self] = []
        while len(found) < _MAX_READINGS and not settled([one.sockets for one in found]):
            found.append(await cls._now(pid, ready_url.replace("/readyz", "/metrics")))
            await asyncio.sleep(1)
        return cls(
            sockets=min(one.sockets for one in found),
            tasks=min(one.tasks for one in found),
            memory=min(one.memory for one in found),
        )

    @classmethod
    async def _now(cls, pid: int, url: str) -> Self:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            lines = (await response.text()).splitlines()
        tasks = next(line.split()[1] for line in lines if line.startswith("appgw_tasks "))
        sockets, memory = await asyncio.to_thread(_held, pid)
        return cls(sockets=sockets, tasks=int(float(tasks)), memory=memory)

    def growth(self, after: Usage, *, goal: float) -> list[Figure]:
        """How much more is used afterwards, in per cent."""
        pairs = {
            "open files and sockets": (self.sockets, after.sockets),
            "tasks": (self.tasks, after.tasks),
            "memory": (self.memory, after.memory),
        }
        return [
            Figure(
                name=f"{name}: growth from {old:.0f} to {new:.0f}",
                value=(new / old - 1) * 100,
                unit="%",
                goal=goal,
            )
            for name, (old, new) in pairs.items()
        ]


def settled(counts: Sequence[int]) -> bool:
    """Whether the least of these counts, one a second, has not been undercut for ten of them.

    Connections to Slack stay open for some seconds after a burst, and count as held until then.
    """
    return len(counts) >= _READINGS and counts.index(min(counts)) <= len(counts) - _READINGS


def _held(pid: int) -> tuple[int, float]:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    kib = next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
    return len(list(Path(f"/proc/{pid}/fd").iterdir())), kib / 1024


@dataclass(slots=True)
class _Window:
    """The time of a failure, with the limits for reporting its beginning and its end."""

    name: str
    red: float
    green: float
    begun: float
    ended: float = float("inf")
    told_after: float = float("inf")
    over_after: float = float("inf")


@dataclass(slots=True)
class Readings:
    """Reads `/readyz` all the time and compares it with the real failures.

    Attributes:
        url: of `/readyz`.
        wrong: readings that named a failure that did not exist, or not one that did.
    """

    url: str
    wrong: int = 0
    status: int = 0
    _windows: list[_Window] = field(default_factory=list)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Read while the context is open."""
        reading = asyncio.create_task(self._read())
        try:
            yield
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading

    @asynccontextmanager
    async def expecting(self, name: str, *, red: float, green: float) -> AsyncIterator[None]:
        """A failure lasts while the context is open."""
        window = _Window(name=name, red=red, green=green, begun=monotonic())
        self._windows.append(window)
        yield
        window.ended = monotonic()

    async def until(self, status: int) -> None:
        """Wait for a status, at most two minutes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(120):
                while self.status != status:  # noqa: ASYNC110 -- another process is waited for
                    await asyncio.sleep(_EVERY_S)

    async def _read(self) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                async with session.get(self.url) as response:
                    self.status, body = response.status, await response.json()
                self._judge(set(body.get("troubles", {})), monotonic())
                await asyncio.sleep(_EVERY_S)

    def _judge(self, troubles: set[str], now: float) -> None:
        for window in self._windows:
            told = window.name in troubles
            if told and now <= window.ended:
                window.told_after = min(window.told_after, now - window.begun)
            if not told and now > window.ended:
                window.over_after = min(window.over_after, now - window.ended)
            late = not told and window.begun + window.red < now <= window.ended
            stale = told and now > window.ended + window.green
            self.wrong += late or stale
        known = {window.name for window in self._windows if window.begun <= now}
        self.wrong += bool(troubles & {"database", "token", "digests"} - known)

    def figures(self, name: str, what: str, *, red: float, green: float) -> list[Figure]:
        """When the failure was reported, and when its end."""
        window = next(one for one in self._windows if one.name == name)
        return [
            Figure(
                name=f"{what}: /readyz names it after", value=window.told_after, unit="s", goal=red
            ),
            Figure(
                name=f"{what}: /readyz is green after its end",
                value=window.over_after,
                unit="s",
                goal=green,
            ),
        ]
