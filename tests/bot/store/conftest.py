"""An open store on each database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.store import Store, open_store
from tests.support.databases import fresh_database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    with fresh_database(request.param, tmp_path) as fresh:
        yield fresh


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def ready_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that may have its tables.

    Made here, outside the loop, since that takes files and a server.
    """
    with fresh_database(request.param, tmp_path, empty=False) as fresh:
        yield fresh


@pytest.fixture
async def store(ready_url: str) -> AsyncIterator[Store]:
    """An open store."""
    opened = await asyncio.to_thread(open_store, ready_url)
    yield opened
    await opened.close()
