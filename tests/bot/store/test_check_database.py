"""A look at the database says how it stands and leaves it as it was."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store import SchemaUnknown, UnusableDatabase, check_database, upgrade
from bot.store.database import opened
from tests.support.databases import fill_folder, fresh_database

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


def another_program(file: Path) -> None:
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE bookmark (title TEXT)")


def another_version(file: Path) -> None:
    fill_folder(file.parent, file.name)
    with sqlite3.connect(file) as database:
        database.execute("INSERT INTO alembic_version VALUES ('9999')")


def damaged(file: Path) -> None:
    fill_folder(file.parent, file.name)
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


NO_DATABASE: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo, r"not a regular file; name another file"),
    "folder": (Path.mkdir, "Is a directory"),
    "another program": (another_program, "tables of another program: give appgw"),
    "two versions": (another_version, "schema .* and 9999, which this version does not know"),
    "damaged": (damaged, "malformed; restore a backup"),
    "text": (lambda file: file.write_text("no pages" * 999), "not a database; restore"),
}


@pytest.mark.parametrize("kind", NO_DATABASE)
def test_look_refuses_what_the_start_refuses(tmp_path: Path, kind: str) -> None:
    make, says = NO_DATABASE[kind]
    make(file := tmp_path / "appgw.sqlite3")
    before = file.stat().st_mode
    for use in (check_database, upgrade):
        with pytest.raises((UnusableDatabase, SchemaUnknown), match=says):
            use(f"sqlite:///{file}")
    assert file.is_file() or file.stat().st_mode == before, "a device of the system keeps its mode"


def test_foreign_file_is_left_as_it_is(tmp_path: Path) -> None:
    another_program(file := tmp_path / "appgw.sqlite3")
    file.chmod(0o644)
    before = file.read_bytes()
    with pytest.raises(SchemaUnknown):
        upgrade(f"sqlite:///{file}")
    assert (oct(file.stat().st_mode & 0o777), file.read_bytes()) == ("0o644", before)
    assert list(tmp_path.iterdir()) == [file]


def test_deleted_working_directory_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (gone := tmp_path / "gone").mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UnusableDatabase, match="No such file or directory"):
        check_database("sqlite:///data/appgw.sqlite3")


def test_name_too_long_is_refused(tmp_path: Path) -> None:
    for use in (check_database, upgrade):
        with pytest.raises(UnusableDatabase, match="name too long"):
            use(f"sqlite:///{tmp_path}/{'a' * 300}")


@pytest.mark.postgres
def test_look_sees_that_tables_cannot_be_made(tmp_path: Path) -> None:
    with fresh_database("postgresql", tmp_path) as url:
        engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
        with engine.begin() as connection:
            name = connection.scalar(sa.text("SELECT current_database()"))
            connection.execute(sa.text(f"ALTER DATABASE {name} SET search_path TO nowhere"))
        engine.dispose()
        for use, says in ((check_database, "may not create tables"), (upgrade, "no schema")):
            with pytest.raises(UnusableDatabase, match=f"{says}.*rights in APPGW_DATABASE_URL"):
                use(url)


@pytest.mark.postgres
def test_database_in_ascii_gives_text(tmp_path: Path) -> None:
    with fresh_database("postgresql", tmp_path) as url:
        server = sa.make_url(url).set(drivername="postgresql+psycopg")
        name = f"{server.database}a"
        engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(
                sa.text(
                    f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
                )
            )
            try:
                ascii_url = sa.make_url(url).set(database=name)
                assert upgrade(ascii_url.render_as_string(hide_password=False)) == "0003"
            finally:
                connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


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
