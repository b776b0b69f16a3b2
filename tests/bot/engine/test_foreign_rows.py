"""What somebody else wrote into the engine's tables never runs, and the bot works all the same."""

from __future__ import annotations

import asyncio
import base64
import pickle
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
import sqlalchemy as sa
from dbos._serialization import DBOSDefaultSerializer

from bot.domain.delivery import Poster
from bot.engine import Engine, EngineSettings, Ports
from bot.engine.dbos_engine import cancel_foreign, open_engine
from bot.engine.dbos_patches import PickleRefused, refuse_pickles
from bot.store import Store
from tests.support.databases import fresh_database
from tests.support.following import NOW, FixedObserver, render
from tests.support.waiting import until

pytestmark = pytest.mark.may_block
FAST = EngineSettings(
    poll=timedelta(seconds=0.05), tick_pause=timedelta(seconds=0.05), drain=timedelta(seconds=1)
)


class Touch:
    """A pickle that makes a file when it is read."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        """What reading it calls."""
        return (open, (str(self.file), "w"))


async def engine_on(url: str, store: Store) -> Engine:
    nobody = cast("Poster", None)  # nothing is due
    ports = Ports(clock=lambda: NOW, observer=FixedObserver(), renderer=render, poster=nobody)
    engine = Engine(url, store, ports, FAST)
    await engine.start()
    return engine


def plant(url: str, file: Path, *, status: str, replica: str) -> None:
    """Write a workflow whose arguments are a pickle."""
    data = base64.b64encode(pickle.dumps(Touch(file))).decode()
    table = "workflow_status" if url.startswith("sqlite") else "dbos.workflow_status"
    now = int(datetime.now(UTC).timestamp() * 1000)
    row = {
        "workflow_uuid": f"planted-{status}",
        "status": status,
        "name": "digest_v1",
        "executor_id": replica,
        "application_version": "1",
        "queue_name": "checks",
        "inputs": data,
        "serialization": "py_pickle",
        "priority": 0,
        "created_at": now,
        "updated_at": now,
    }
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    engine = open_engine(url, lambda: 12.0)
    with engine.begin() as connection:
        connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)  # noqa: S608 -- constants
    engine.dispose()


def statuses(url: str) -> dict[str, str]:
    table = "workflow_status" if url.startswith("sqlite") else "dbos.workflow_status"
    engine = open_engine(url, lambda: 12.0)
    with engine.connect() as connection:
        found = connection.execute(
            sa.text(f"SELECT workflow_uuid, status FROM {table} WHERE serialization = 'py_pickle'")  # noqa: S608 -- constants
        ).all()
    engine.dispose()
    return {row[0]: row[1] for row in found}


async def test_a_planted_pickle_never_runs(url: str, store: Store, tmp_path: Path) -> None:
    file = tmp_path / "ran"
    engine = await engine_on(url, store)
    await engine.stop()
    replica = "embedded" if store.embedded else FAST.replica
    await asyncio.to_thread(plant, url, file, status="PENDING", replica=replica)
    engine = await engine_on(url, store)
    assert await asyncio.to_thread(statuses, url) == {"planted-PENDING": "CANCELLED"}
    await asyncio.to_thread(plant, url, file, status="ENQUEUED", replica=replica)
    await until(lambda: statuses(url)["planted-ENQUEUED"] == "ERROR")
    assert engine.alive
    await engine.stop()
    assert not file.exists()


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_tables_half_made_by_another_replica_are_left(kind: str, tmp_path: Path) -> None:
    """Two replicas that start on an empty database meet the engine's first tables half made."""
    with fresh_database(kind, tmp_path) as url:
        engine = open_engine(url, lambda: 12.0)
        with engine.begin() as connection:
            schema = "" if engine.dialect.name == "sqlite" else "dbos."
            if schema:
                connection.execute(sa.text("CREATE SCHEMA dbos"))
            connection.execute(sa.text(f"CREATE TABLE {schema}workflow_status (status TEXT)"))
        try:
            assert cancel_foreign(engine) == 0
        finally:
            engine.dispose()


def test_the_only_reader_of_pickles_refuses() -> None:
    refuse_pickles()
    data = base64.b64encode(pickle.dumps(1)).decode()
    with pytest.raises(PickleRefused):
        DBOSDefaultSerializer.deserialize(data)


def test_dbos_reads_pickles_in_one_place() -> None:
    import dbos  # noqa: PLC0415 -- its folder is what is read

    folder = Path(dbos.__file__).parent
    readers = [
        file.name
        for file in folder.glob("*.py")
        if any(word in file.read_text() for word in ("pickle.load", "marshal.load", "import dill"))
    ]
    text = (folder / "_serialization.py").read_text()
    assert (readers, text.count("pickle.load")) == (["_serialization.py"], 1)


def test_an_old_sqlite_tells_milliseconds(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/x.sqlite3", lambda: 12.0)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE queues (id INTEGER, created_at INTEGER NOT NULL"
            " DEFAULT (unixepoch('subsec') * 1000))"
        )
        connection.exec_driver_sql("INSERT INTO queues (id) VALUES (1)")
        stored = connection.exec_driver_sql("SELECT created_at FROM queues").scalar_one()
    engine.dispose()
    assert abs(stored / 1000 - datetime.now(UTC).timestamp()) < 60, sqlite3.sqlite_version
