"""Databases for the engine, and replicas as processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.store import Store, open_store
from tests.support.databases import DATABASES, fresh_database
from tests.support.replicas import Replica, start_replica
from tests.support.warm import warm

StartReplica = Callable[..., Awaitable[Replica]]


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of its own."""
    with fresh_database(request.param, tmp_path, empty=False) as fresh:
        yield fresh


@pytest.fixture
def postgres_url(tmp_path: Path) -> Iterator[str]:
    """The URL of a database of its own on PostgreSQL."""
    with fresh_database("postgresql", tmp_path, empty=False) as fresh:
        yield fresh


@pytest.fixture
async def postgres_store(postgres_url: str) -> AsyncIterator[Store]:
    """An open store on PostgreSQL."""
    opened = await asyncio.to_thread(open_store, postgres_url)
    yield opened
    await opened.close()


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """An open store."""
    opened = await asyncio.to_thread(open_store, url)
    yield opened
    await opened.close()


@pytest.fixture
async def replica() -> AsyncIterator[StartReplica]:
    """Start a replica as a process of its own and wait until it works; every one is ended."""
    started: list[Replica] = []
    program = await asyncio.to_thread(warm, "tests.support.engine_child:main")

    async def start(**options: Any) -> Replica:  # noqa: ANN401 -- the child's options as they come
        process = await start_replica(options, program)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()
