"""The engine's periodic loops go on after any error, and log what is no outage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from bot.domain.delivery import Poster
from bot.engine import Engine, EngineSettings, Ports
from bot.engine.dbos_engine import open_engine
from bot.store import Store
from tests.support.databases import DATABASES
from tests.support.following import NOW, FixedObserver, render
from tests.support.sampling import every
from tests.support.waiting import within_limit

pytestmark = [
    pytest.mark.may_block,
    pytest.mark.parametrize("url", every(DATABASES, 2), indirect=True),
]


async def repeat(url: str, store: Store, body: Callable[[], object]) -> None:
    """Let a loop of the engine call this until it has done so twice."""
    nobody = cast("Poster", None)  # nothing is sent
    ports = Ports(clock=lambda: NOW, observer=FixedObserver(), renderer=render, poster=nobody)
    engine = Engine(url, store, ports, EngineSettings())
    calls, twice = 0, asyncio.Event()

    async def counted() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            twice.set()
        body()

    looping = asyncio.create_task(engine._every(timedelta, counted))
    await within_limit(twice.wait())
    looping.cancel()
    await asyncio.gather(looping, return_exceptions=True)


async def test_outage_that_dbos_meets_is_not_logged(
    url: str, store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = open_engine(f"postgresql:///appgw?host={tmp_path}", lambda: 12.0)
    await repeat(url, store, nowhere.connect)
    assert caplog.text == ""


async def test_error_in_a_loop_is_logged_with_traceback(
    url: str, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError("of our own")

    await repeat(url, store, fail)
    assert "engine loop: trying again" in caplog.text
    assert "ValueError: of our own" in caplog.text
