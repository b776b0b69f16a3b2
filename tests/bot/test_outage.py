"""The database may fail: every command is answered, `/readyz` names it, and it heals by itself."""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from playground.process import BotProcess, free_ports
from playground.slack import SlackStandIn
from playground.text import render
from tests.bot.test_main import serve
from tests.support.ownpostgres import OwnPostgres, own_postgres
from tests.support.waiting import until, within_limit
from tests.support.warm import appgw, warm

pytestmark = pytest.mark.may_block
SAVING = (
    "subscribe a.contoso.com daily 08:30 tz=UTC",
    "unsubscribe 1",
    "mute a.contoso.com 2h",
    "unmute a.contoso.com",
)
READING = ("list", "history a.contoso.com", "preview a.contoso.com")
NEEDING_NONE = ("help", "version", "whoami")
ALLOWED = {"APPGW_ALLOWED_TARGETS": "contoso.com"}


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnPostgres]:
    with own_postgres() as server:
        yield server


async def answer_to(slack: SlackStandIn, command: str) -> str:
    """What one person reads after a command, on one line."""
    before = len(slack.ephemerals())
    assert (await slack.command(command)).ok
    shown = (await slack.until(lambda: slack.ephemerals()[before:]))[-1]
    return " ".join(" ".join(render(shown.blocks, width=1000)).split())


async def readiness(bot: BotProcess) -> tuple[int, dict[str, str]]:
    """The status of `/readyz` and what it names."""
    async with aiohttp.ClientSession() as session, session.get(bot.ready_url) as response:
        return response.status, (await response.json())["troubles"]


async def until_ready_is(bot: BotProcess, status: int) -> dict[str, str]:
    """Wait for a status of `/readyz`; what it names then."""

    async def named() -> tuple[dict[str, str]] | None:
        found, troubles = await readiness(bot)
        return (troubles,) if found == status else None

    answer = await until(named)
    assert answer is not None
    return answer[0]


def logged(bot: BotProcess, message: str) -> list[dict[str, object]]:
    """The records of the log with that message."""
    lines = [line for line in bot.log.read_text().splitlines() if line.startswith("{")]
    return [record for record in map(json.loads, lines) if record["message"] == message]


async def every_command_is_answered(slack: SlackStandIn, reason: str) -> None:
    """What needs no memory as ever, what needs it with one sentence, `doctor` names it."""
    for command in SAVING:
        said = await answer_to(slack, command)
        assert said == f"I cannot save this now: {reason}; nothing was changed.", command
    for command in READING:
        said = await answer_to(slack, command)
        assert said == f"I cannot read this now: {reason}; nothing was changed.", command
    for command in NEEDING_NONE:
        assert reason not in await answer_to(slack, command)
    assert f"database: FAIL: {reason}" in await answer_to(slack, "doctor")


@pytest.mark.postgres
async def test_a_stopped_postgresql_is_reported_and_recovers(
    postgres: OwnPostgres, tmp_path: Path
) -> None:
    async with SlackStandIn() as slack:
        settings = slack.environment(socket_mode=False) | ALLOWED
        settings |= {"APPGW_DATABASE_URL": postgres.url}
        async with BotProcess(settings, tmp_path, appgw("serve")) as bot:
            slack.request_url = bot.request_url
            await postgres.stop()
            troubles = await until_ready_is(bot, 503)
            assert troubles["database"] == "the database does not answer"
            await every_command_is_answered(slack, "the database does not answer")
            await postgres.start()
            await until_ready_is(bot, 200)
            assert "has no subscriptions yet" in await answer_to(slack, "list")
            assert await bot.stop() == 0
        assert len(logged(bot, "the database cannot be used")) == 1
        assert "Traceback" not in bot.log.read_text()
        assert '"dbos"' not in bot.log.read_text()


@pytest.mark.postgres
async def test_frozen_postgresql_is_reported_and_delays_no_end(
    postgres: OwnPostgres, tmp_path: Path
) -> None:
    async with SlackStandIn() as slack:
        settings = slack.environment(socket_mode=False) | ALLOWED
        async with BotProcess(
            settings | {"APPGW_DATABASE_URL": postgres.url}, tmp_path, appgw("serve")
        ) as bot:
            slack.request_url = bot.request_url
            await answer_to(slack, "list")
            with postgres.frozen():
                noticed = asyncio.create_task(until_ready_is(bot, 503))
                # Asked before anybody knows: Slack waits three seconds for the ack.
                assert "the database does not answer" in await answer_to(slack, "list")
                assert (await noticed)["database"] == "the database does not answer"
                await every_command_is_answered(slack, "the database does not answer")
                assert await within_limit(bot.stop()) == 0
        assert "Traceback" not in bot.log.read_text()


@contextmanager
def files_cannot_grow(pid: int, folder: Path) -> Iterator[None]:
    """Limit the bot's file sizes to that of its database's write-ahead log, as on a full disk."""
    longest = max(file.stat().st_size for file in folder.glob("appgw.sqlite3*"))
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (longest, before[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


async def test_full_disk_is_reported_and_heals(tmp_path: Path) -> None:
    reason = "the disk of the database reports errors"
    async with SlackStandIn() as slack:
        settings = slack.environment(socket_mode=False) | ALLOWED
        settings |= {"APPGW_DATA_DIR": str(tmp_path)}
        pid = tmp_path / "pid"
        program = warm("tests.support.full_disk:serve_with_pid", str(pid))
        async with BotProcess(settings, tmp_path, program) as bot:
            slack.request_url = bot.request_url
            with files_cannot_grow(int(pid.read_text()), tmp_path):
                assert (await until_ready_is(bot, 503))["database"] == reason
                await every_command_is_answered(slack, reason)
            await until_ready_is(bot, 200)
            assert "has no subscriptions yet" in await answer_to(slack, "list")
            assert await bot.stop() == 0
        assert len(logged(bot, "the database cannot be used")) == 1
        assert "Traceback" not in bot.log.read_text()


async def refused(
    slack: SlackStandIn, folder: Path, program: Sequence[str], **settings: str
) -> str:
    """What a bot that does not start writes last."""
    (admin,) = free_ports(1)
    given = slack.environment(socket_mode=True) | {"APPGW_ADMIN_PORT": str(admin)} | settings
    status, shown = await serve(given, folder, program)
    assert status == 2
    assert "Traceback" not in shown
    return shown.splitlines()[-1]


async def test_start_on_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    async with SlackStandIn() as slack:
        program = warm("tests.support.full_disk:serve_on_full_disk")
        said = await refused(slack, tmp_path, program, APPGW_DATA_DIR=str(tmp_path / "data"))
    assert said.startswith("The database sqlite:///")
    assert "cannot be opened: disk I/O error; check APPGW_DATABASE_URL" in said


@pytest.mark.postgres
async def test_a_start_without_its_postgresql_is_one_sentence(tmp_path: Path) -> None:
    url = f"postgresql:///appgw?host={tmp_path}"
    async with SlackStandIn() as slack:
        said = await refused(slack, tmp_path, appgw("serve"), APPGW_DATABASE_URL=url)
    assert said.startswith("The database postgresql:///appgw cannot be opened: connection")
