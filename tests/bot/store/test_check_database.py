"""A look at the database says how it stands and leaves it as it was."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from bot.store import UnusableDatabase, check_database
from bot.store.database import opened

SQLITE = f"SQLite {sqlite3.sqlite_version}"


def test_missing_database_is_not_created(tmp_path: Path) -> None:
    file = tmp_path / "data" / "appgw.sqlite3"
    assert check_database(f"sqlite:///{file}") == f"{SQLITE}; {file} is made at the first start."
    assert not file.parent.exists()


def test_running_bot_keeps_its_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/appgw.sqlite3"
    with opened(url):
        assert (
            check_database(url) == f"{SQLITE}, {tmp_path}/appgw.sqlite3, in use by a running bot."
        )
    assert check_database(url) == f"{SQLITE}, {tmp_path}/appgw.sqlite3."


def test_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(UnusableDatabase, match="not a folder that can be written"):
        check_database(f"sqlite:///{tmp_path}/data/appgw.sqlite3")


def test_silent_database_is_one_sentence_without_its_password() -> None:
    with pytest.raises(UnusableDatabase) as caught:
        check_database("postgresql://appgw:hush@127.0.0.1:1/appgw")
    assert ("hush" in str(caught.value), str(caught.value).count("\n")) == (False, 0)


def test_nobody_else_may_read_the_database(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with opened(f"sqlite:///{tmp_path}/data/appgw.sqlite3") as store:
            with store.sync_engine.begin() as connection:
                connection.exec_driver_sql("CREATE TABLE x (y)")
            files = list((tmp_path / "data").iterdir())
            assert len(files) >= 3
            assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    finally:
        os.umask(before)
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_database_made_readable_is_made_private_again(tmp_path: Path) -> None:
    file = tmp_path / "appgw.sqlite3"
    with opened(f"sqlite:///{file}"):
        pass
    file.chmod(0o644)
    with opened(f"sqlite:///{file}"):
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_others_use_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "another").touch()
    tmp_path.chmod(0o755)
    with opened(f"sqlite:///{tmp_path}/appgw.sqlite3"):
        assert tmp_path.stat().st_mode & 0o777 == 0o755
