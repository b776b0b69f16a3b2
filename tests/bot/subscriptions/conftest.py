"""A database of its own for each test, and what is kept in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store import Store, open_store
from bot.subscriptions import SubscriptionRecords
from tests.support.databases import fill_folder


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    url = await asyncio.to_thread(fill_folder, tmp_path)
    opened = await asyncio.to_thread(open_store, url)
    yield opened
    await opened.close()


@pytest.fixture
def records(store: Store) -> SubscriptionRecords:
    return SubscriptionRecords(store=store, team="T1")
