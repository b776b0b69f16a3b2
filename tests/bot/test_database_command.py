"""`appgw db`: the memory from a terminal, one sentence where it cannot be used."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store import open_store
from tests.support.databases import fresh_database
from tests.support.warm import appgw


def run(folder: Path, *words: str, url: str = "") -> subprocess.CompletedProcess[str]:
    """The program with its data in that folder; `tests/test_packaging.py` starts it cold."""
    environ = {
        **os.environ,
        "APPGW_DATA_DIR": str(folder / "data"),
        **({"APPGW_DATABASE_URL": url} if url else {}),
    }
    return subprocess.run(  # noqa: S603 -- our own program, our own words
        appgw("db", *words), env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_upgrade_makes_the_folder_that_others_find(tmp_path: Path) -> None:
    assert run(tmp_path, "upgrade").stdout.startswith("schema ")
    assert "audit: 0 deleted" in run(tmp_path, "purge").stdout
    with sqlite3.connect(tmp_path / "data" / "appgw.sqlite3") as database:
        database.execute("INSERT INTO channel_setting VALUES ('T1', 'C1', 'Europe/Berlin')")
    exported = run(tmp_path, "export")
    assert exported.returncode == 0
    assert json.loads(exported.stdout.splitlines()[0]) == {
        "row": {"channel": "C1", "team": "T1", "zone": "Europe/Berlin"},
        "table": "channel_setting",
    }


USELESS = [
    ("mysql://x/y", "sqlite:///"),
    ("postgresql://nobody:s3cret@127.0.0.1:1/none", "refused"),
    ("postgresql://nobody:s3cret@127.0.0.1:port/none", "from 1 to 65535"),
    ("postgresql:///appgw?host=/nowhere", "No such file"),
    ("postgresql://nobody@127.0.0.1/none?colour=red", "colour"),
    ("sqlite:///{folder}/file/appgw.sqlite3", "File exists"),
    ("sqlite:///{folder}/file", "not a database"),
    ("sqlite:///{folder}", "Is a directory"),
    ("postgresql://127.0.0.1:1/x?password=s3cret", "Connection refused"),
]


@pytest.mark.parametrize("words", ["upgrade", "export", "purge"])
def test_unusable_database_is_one_sentence_in_every_command(tmp_path: Path, words: str) -> None:
    done = run(tmp_path, words, url="postgresql://nobody@127.0.0.1:1/none")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


@pytest.mark.parametrize(
    ("url", "says"),
    USELESS,
    ids=[
        "kind",
        "unreachable",
        "port",
        "socket",
        "option",
        "folder",
        "content",
        "a folder",
        "password in the query",
    ],
)
def test_unusable_database_is_one_sentence_with_its_reason(
    tmp_path: Path, url: str, says: str
) -> None:
    (tmp_path / "file").write_text("these are no rows, and there are enough of them to tell\n" * 40)
    done = run(tmp_path, "upgrade", url=url.format(folder=tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert says in done.stderr
    assert "s3cret" not in done.stderr


@pytest.mark.postgres
def test_a_server_that_refuses_the_database_says_why(tmp_path: Path) -> None:
    with fresh_database("postgresql", tmp_path) as url:
        done = run(
            tmp_path,
            "upgrade",
            url=sa.make_url(url).set(database="nowhere").render_as_string(hide_password=False),
        )
    assert done.returncode == 2
    assert '"nowhere" does not exist' in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    done = run(tmp_path, "upgrade")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "File exists" in done.stderr


def test_a_database_in_use_is_refused(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'data' / 'appgw.sqlite3'}")
    try:
        done = run(tmp_path, "purge")
    finally:
        store.sync_engine.dispose()
        os.close(store.lock or -1)
    assert done.returncode == 2
    assert "Another process has" in done.stderr


def test_alone_it_shows_its_help_as_an_error(tmp_path: Path) -> None:
    ended = run(tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "\n  upgrade " in ended.stderr
    assert not ended.stderr.startswith("appgw:")
