"""Servers of the playground and of tests end without leaving a connection open."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from aiohttp import web

from playground.lab.peers import ScriptedPeer, tarpit

Address = tuple[str, int]


@asynccontextmanager
async def _peer() -> AsyncIterator[Address]:
    async with ScriptedPeer(tarpit) as peer:
        yield peer.host, peer.port


@asynccontextmanager
async def _http() -> AsyncIterator[Address]:
    # time: for requests under way, and there are none when it ends
    runner = web.AppRunner(web.Application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0]
    await runner.cleanup()


async def _ended_while_accepting(
    server: Callable[[], AbstractAsyncContextManager[Address]], turns: int
) -> None:
    with socket.socket() as client:
        client.settimeout(0)
        async with server() as address:
            client.connect_ex(address)
            for _ in range(turns):
                await asyncio.sleep(0)


@pytest.mark.parametrize("server", [_peer, _http])
def test_connection_being_accepted_is_closed(
    server: Callable[[], AbstractAsyncContextManager[Address]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever step of accepting it is in: asyncio takes five turns of its loop for all."""
    gc.collect()  # what earlier tests have left is theirs
    left_open: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda one: left_open.append(str(one.exc_value)))
    for turns in range(8):
        asyncio.run(_ended_while_accepting(server, turns))
    gc.collect()
    assert left_open == []
