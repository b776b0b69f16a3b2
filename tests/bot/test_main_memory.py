"""`appgw serve` and its database.

What it refuses to start with is one sentence and exit status 2.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path

import pytest

from bot.store import open_store, upgrade
from playground.process import free_ports
from playground.slack import SlackStandIn
from tests.bot.test_main import serve

pytestmark = pytest.mark.may_block


async def refused(folder: Path, **environment: str) -> str:
    """The last line of a bot that does not start."""
    async with SlackStandIn() as slack:
        (admin,) = free_ports(1)
        given = (
            slack.environment(socket_mode=True)
            | {"APPGW_ADMIN_PORT": str(admin), "APPGW_DATA_DIR": str(folder)}
            | environment
        )
        status, shown = await serve(given, folder)
    assert status == 2
    assert "Traceback" not in shown
    return shown.splitlines()[-1]


async def test_a_second_process_on_one_file_is_refused(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'appgw.sqlite3'}")
    try:
        assert "Another process has" in await refused(tmp_path)
    finally:
        await store.close()


async def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "appgw.sqlite3"
    await asyncio.to_thread(upgrade, f"sqlite:///{file}")
    with sqlite3.connect(file) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    assert (await refused(tmp_path)).startswith("The database has schema 9999")


async def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    assert "cannot be opened: Not a directory" in await refused(
        tmp_path, APPGW_DATA_DIR=os.fspath(tmp_path / "taken" / "data")
    )
