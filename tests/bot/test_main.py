"""`appgw serve` as a process.

What it refuses to start with, that it answers, that it ends when asked to.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import aiohttp
import pytest

from bot.main import access_of
from bot.settings import load_settings
from bot.settings.trust import outgoing_trust
from playground.process import BotProcess, free_ports
from playground.slack import Fault, SlackStandIn
from playground.stage import Stage
from playground.text import render
from tests.support.reports import ISSUING
from tests.support.waiting import until, within_limit
from tests.support.warm import appgw

pytestmark = pytest.mark.may_block
SOCKET = {"SLACK_BOT_TOKEN": "xoxb-1-a", "SLACK_APP_TOKEN": "xapp-1-b"}


async def serve(
    environment: dict[str, str], folder: Path, program: Sequence[str] = ()
) -> tuple[int, str]:
    """Run it to its end; exit status and what it wrote to stderr."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SLACK_", "APPGW_", "AZURE_"))
    }
    paths = {"PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    process = await asyncio.create_subprocess_exec(
        *(program or appgw("serve")),
        env={**inherited, **paths, **environment},
        cwd=folder,
        stderr=asyncio.subprocess.PIPE,
    )
    _, shown = await within_limit(process.communicate())
    return process.returncode or 0, shown.decode()


async def test_unusable_settings_are_sentences_and_exit_2(tmp_path: Path) -> None:
    status, shown = await serve({"APPGW_ADMIN_PORT": "x", "SLACK_BOT_TOKEN": "xoxp-hush"}, tmp_path)
    assert status == 2
    assert [line.split()[0] for line in shown.splitlines()] == [
        "SLACK_APP_TOKEN",
        "SLACK_BOT_TOKEN",
        "APPGW_ADMIN_PORT",
    ]
    assert "hush" not in shown
    assert "Traceback" not in shown


async def test_sigterm_during_the_start_ends_with_0(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(0)
        url = f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/x"
        process = await asyncio.create_subprocess_exec(
            *appgw("serve"),
            env={**os.environ, **SOCKET, "APPGW_DATABASE_URL": url},
            cwd=tmp_path,
            stderr=asyncio.subprocess.PIPE,
        )
        connection, _ = await within_limit(asyncio.get_running_loop().sock_accept(silent))
        with connection:
            process.terminate()
            _, shown = await within_limit(process.communicate())
    assert (process.returncode, b"Traceback" in shown) == (0, False), shown


async def test_refused_token_is_a_sentence_and_2(tmp_path: Path) -> None:
    async with SlackStandIn() as slack:
        slack.faults.add(Fault(method="auth.test", error="invalid_auth"))
        (admin,) = free_ports(1)
        status, shown = await serve(
            slack.environment(socket_mode=True) | {"APPGW_ADMIN_PORT": str(admin)}, tmp_path
        )
    assert status == 2
    assert shown.splitlines()[-1].startswith("Slack refuses SLACK_BOT_TOKEN (invalid_auth)")
    assert "Traceback" not in shown


async def test_port_in_use_is_a_sentence_and_2(tmp_path: Path) -> None:
    async with SlackStandIn() as slack:
        taken = slack.base_url.rpartition(":")[2]
        status, shown = await serve(
            slack.environment(socket_mode=True) | {"APPGW_ADMIN_PORT": taken}, tmp_path
        )
    assert status == 2
    assert shown.splitlines()[-1].startswith(f"APPGW_ADMIN_PORT {taken} cannot be used")


@pytest.mark.parametrize("socket_mode", [False, True], ids=["http", "socket"])
async def test_it_answers_and_ends_with_0(tmp_path: Path, socket_mode: bool) -> None:  # noqa: FBT001 -- a table of two
    async with SlackStandIn() as slack:
        program = appgw("serve") if socket_mode else ()  # one of the two is the installed script
        settings = slack.environment(socket_mode=socket_mode)
        async with BotProcess(settings, tmp_path, program) as bot:
            slack.request_url = None if socket_mode else bot.request_url
            assert (await slack.command("help")).ok
            await slack.until(slack.ephemerals)
            assert await bot.stop(signal.SIGHUP if socket_mode else signal.SIGTERM) == 0
        assert "stopped" in bot.log.read_text()
        assert "OPEN ACCESS" in bot.log.read_text()
        assert "xoxb-" not in bot.log.read_text()


async def test_a_bot_without_slack_is_not_ready(tmp_path: Path) -> None:
    (nobody,) = free_ports(1)
    settings = SOCKET | {"APPGW_SLACK_API_URL": f"http://127.0.0.1:{nobody}/api/"}
    bot = BotProcess(settings, tmp_path, appgw("serve"))
    starting = asyncio.create_task(bot.__aenter__())
    try:
        await until(lambda: bot.log.exists() and "Slack cannot be reached" in bot.log.read_text())
        async with aiohttp.ClientSession() as session, session.get(bot.ready_url) as response:
            assert (response.status, starting.done()) == (503, False)
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)


@pytest.mark.parametrize(
    ("more", "admitted"),
    [
        ({}, False),
        ({"APPGW_SUBSCRIPTIONS": "00000000-0000-0000-0000-000000000000"}, True),
        ({"APPGW_CLOUD": "china"}, True),
    ],
)
def test_azure_is_queried_only_when_configured(
    more: dict[str, str],
    admitted: bool,  # noqa: FBT001 -- a table of values
) -> None:
    assert load_settings(SOCKET | more).asks_azure is admitted


def test_access_is_what_was_set() -> None:
    access = access_of(
        load_settings(SOCKET | {"APPGW_ALLOWED_CHANNELS": "C0A,C0B", "APPGW_HOME_TEAM": "T0A"})
    )
    assert (access.channels, access.users, access.home_team) == (
        frozenset({"C0A", "C0B"}),
        frozenset(),
        "T0A",
    )


def test_a_ca_bundle_adds_to_the_system_roots(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(ISSUING.pem)
    assert (
        len(outgoing_trust(bundle).get_ca_certs()) == len(outgoing_trust(None).get_ca_certs()) + 1
    )


async def test_doctor_in_slack_reports_azure_targets_and_clock(
    tmp_path: Path,
) -> None:
    async with (
        Stage(tmp_path, recipes=()) as stage,
        BotProcess(stage.environment(), tmp_path, appgw("serve")) as bot,
    ):
        stage.slack.request_url = bot.request_url
        assert (await stage.slack.command("doctor")).ok
        (shown,) = await stage.slack.until(stage.slack.ephemerals)
    said = " ".join(render(shown.blocks, width=1000))
    assert "Azure: 1 gateway can be read (lab-gw), list " in said
    assert "targets: may be probed: what stands in the gateways' pools" in said
    assert "history: " in said
    assert "clock: 20" in said
    assert "Slack's." in said
    assert f"database: SQLite {sqlite3.sqlite_version}." in said
    assert f"version: {version('appgw-check')}" in said


async def test_doctor_in_slack_reports_a_bot_without_azure(
    tmp_path: Path,
) -> None:
    async with (
        SlackStandIn() as slack,
        BotProcess(slack.environment(socket_mode=False), tmp_path, appgw("serve")) as bot,
    ):
        slack.request_url = bot.request_url
        assert (await slack.command("doctor")).ok
        (shown,) = await slack.until(slack.ephemerals)
    said = " ".join(render(shown.blocks, width=1000))
    assert "Azure: not set up" in said
    assert "targets: FAIL: NOTHING MAY BE PROBED" in said
