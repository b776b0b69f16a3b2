"""What docs/install.md, operations.md and security.md promise and no other test holds."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cli import run
from bot.store import open_store
from chainlib.aio import capture
from tests.support.databases import fill_folder
from tests.support.tls_server import Estate, target

ROOT = Path(__file__).parents[1]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def test_image_writes_to_one_folder_as_one_user() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^(?:USER|VOLUME) (\S+)$", text, re.MULTILINE) == ["10001:10001", "/data"]
    guide = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    assert "It runs as user 10001 and writes only to `/data`" in guide


def test_cluster_gives_no_token_and_one_port() -> None:
    text = (ROOT / "deploy" / "kubernetes.yaml").read_text(encoding="utf-8")
    kinds: dict[str, Any] = {one["kind"]: one for one in yaml.safe_load_all(text)}
    pod = kinds["Deployment"]["spec"]["template"]["spec"]
    account = kinds["ServiceAccount"]
    assert False in {one.get("automountServiceAccountToken") for one in (pod, account)}
    policy = kinds["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress"]
    ports = [port["port"] for rule in policy["ingress"] for port in rule["ports"]]
    assert ports == ["admin"]


def test_commands_of_the_guides_exist() -> None:
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    pages = " ".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))
    assert set(re.findall(r"`make ([a-z-]+)", pages)) <= made


def test_every_change_is_fuzzed_for_twenty_seconds() -> None:
    assert "\nmake fuzz SECONDS=20\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_commands_for_scripts_are_not_listed(capsys: pytest.CaptureFixture[str]) -> None:
    section = OPERATIONS.partition("## For scripts")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `appgw ([a-z-]+) --json`", section, re.MULTILINE)
    assert len(named) == 3
    assert run(["--help"]) == 0
    listed = capsys.readouterr().out
    assert [name for name in named if re.search(rf"^\W*{name}\s", listed, re.MULTILINE)] == []


async def test_backup_of_a_running_sqlite_is_whole(tmp_path: Path) -> None:
    statement = re.search(r"execute\('(VACUUM INTO .*?)'\)\"", OPERATIONS)
    assert statement
    backup = tmp_path / "backup.sqlite3"
    command = statement[1].replace("\\'", "'").replace("/data/backup.sqlite3", str(backup))
    await asyncio.to_thread(fill_folder, tmp_path)
    store = await asyncio.to_thread(open_store, f"sqlite:///{tmp_path}/appgw.sqlite3")
    file = sqlite3.connect(tmp_path / "appgw.sqlite3")
    file.execute(command)
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        file.execute(command)
    file.close()
    await store.close()
    restored = await asyncio.to_thread(open_store, f"sqlite:///{backup}")
    await restored.close()


def test_postgresql_needs_no_extension() -> None:
    migrations = (ROOT / "bot" / "store" / "migrations" / "versions").glob("*.py")
    assert not [one.name for one in migrations if "extension" in one.read_text().lower()]


@asynccontextmanager
async def recorder(asked: list[bytes]) -> AsyncIterator[str]:
    """A proxy that writes down whoever comes; its address."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(100))
        writer.close()

    async with await asyncio.start_server(meet, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_probes_never_use_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    async with recorder(asked) as proxy, Estate().backend() as backend:
        for name in PROXIES:
            monkeypatch.setenv(name, proxy)
        found = await capture(target(backend), timeout=30.0)
    assert found.certificates
    assert asked == []
