"""Runs the real bot as a process with a given environment, its ports and its log."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from random import SystemRandom
from types import TracebackType
from typing import Self

import aiohttp

from playground.lab.peers import LOOPBACK

READY_SECONDS = 90.0
STOP_SECONDS = 25.0
_OK = 200
_FIRST_PORT, _SHARES, _SHARE = 10_240, 64, 352  # up to 32,768, where ephemeral ports begin
_TURNS = count(SystemRandom().randrange(_SHARE))
_FOREIGN = ("APPGW_", "SLACK_", "AZURE_")


class BotFailed(Exception):
    """The bot ended or never became ready; the text contains the end of its log."""


class BotProcess:
    """`appgw serve`, started with a clean environment and stopped with SIGTERM.

    Args:
        settings: the bot's variables.
        folder: its working folder; the log is written there.
        program: what to run instead of `appgw serve`.

    Attributes:
        request_url: for Slack's requests in HTTP mode.
        ready_url: `/readyz`.
        log: its log.
    """

    def __init__(
        self, settings: Mapping[str, str], folder: Path, program: Sequence[str] = ()
    ) -> None:
        self._http_port, self._admin_port = free_ports(2)
        self.request_url = f"http://{LOOPBACK}:{self._http_port}/slack/events"
        self.ready_url = f"http://{LOOPBACK}:{self._admin_port}/readyz"
        self.log = folder / "appgw.log"
        self._folder = folder
        self._program = program or (*_program(), "serve")
        ports = {"APPGW_HTTP_PORT": str(self._http_port), "APPGW_ADMIN_PORT": str(self._admin_port)}
        self._environment = {**_inherited(), **settings, **ports}

    async def __aenter__(self) -> Self:
        """Start it and wait until it is ready; raises `BotFailed`."""
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._program,
                cwd=self._folder,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            await self._until_ready()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        await self.stop()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, then SIGKILL if it takes too long; returns the exit status."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(how)
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
        return await self._process.wait()

    async def _until_ready(self) -> None:
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        async with aiohttp.ClientSession() as session:
            while not await _answers_ok(session, self.ready_url):
                if self._process.returncode is not None:
                    raise BotFailed(
                        "appgw serve ended with exit status "
                        f"{self._process.returncode}:\n{self.last_words()}"
                    )
                if asyncio.get_running_loop().time() > deadline:
                    raise BotFailed(
                        f"appgw serve was not ready after {READY_SECONDS:.0f} "
                        f"s:\n{self.last_words()}"
                    )
                await asyncio.sleep(0.05)

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def free_ports(number: int) -> list[int]:
    """Ports that are free now, below the system's range of ephemeral ports.

    Each process takes them from a share of its own, so that of processes that start bots at once
    none takes a port that another has found free and not opened yet; for the same reason it takes
    them in turn.
    """
    first = _FIRST_PORT + os.getpid() % _SHARES * _SHARE
    held: list[socket.socket] = []
    try:
        while len(held) < number:
            held += _bound(first + next(_TURNS) % _SHARE)
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


def _bound(port: int) -> Iterator[socket.socket]:
    probe = socket.socket()
    try:
        probe.bind((LOOPBACK, port))
    except OSError:
        probe.close()
    else:
        yield probe


def _program() -> list[str]:
    installed = Path(sys.executable).with_name("appgw")
    return (
        [str(installed)]
        if installed.exists()
        else [sys.executable, "-c", "from bot.cli import main; main()"]
    )


def _inherited() -> dict[str, str]:
    """The environment without another bot's settings and without proxies."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {name: value for name, value in kept.items() if not name.lower().endswith("_proxy")}


async def _answers_ok(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=2)) as response:
            return response.status == _OK
    except (aiohttp.ClientError, TimeoutError):
        return False
