"""`appgw doctor` as a process against the stand-ins: well, refused by Slack, unusable settings."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from playground.arm import Fault, FaultKind
from playground.slack import Fault as SlackFault
from playground.slack import SlackStandIn
from playground.stage import Stage
from tests.support.waiting import within_limit
from tests.support.warm import appgw


async def doctor(settings: Mapping[str, str], folder: Path) -> tuple[int | None, str]:
    """The exit status and everything that was printed."""
    environment = {
        "PATH": os.environ["PATH"],
        "SSL_CERT_FILE": os.environ["SSL_CERT_FILE"],
        "PYTHONPATH": str(Path(__file__).parents[2]),
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        *appgw("doctor"),
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await within_limit(process.communicate())
    return process.returncode, printed.decode()


async def test_doctor_finds_all_well(tmp_path: Path) -> None:
    async with Stage(tmp_path, recipes=()) as stage:
        status, printed = await doctor(stage.environment(), tmp_path)
    assert status == 0, printed
    assert "ok   Slack: the token is that of" in printed
    assert "ok   Azure: 1 gateway can be read (lab-gw), list 0 seconds old." in printed
    assert "ok   targets: may be probed: what stands in the gateways' pools" in printed
    assert "channels:history is " in printed
    assert "second" in next(
        line for line in printed.splitlines() if line.startswith("ok   clock: 20")
    )
    assert "ok   version: appgw-check " in printed
    assert "ok   database: SQLite" in printed
    assert not await asyncio.to_thread((tmp_path / "data").exists), "doctor changes nothing"


async def test_doctor_prints_warnings_as_warnings(tmp_path: Path) -> None:
    async with Stage(tmp_path, recipes=()) as stage:
        status, printed = await doctor(stage.environment(), tmp_path)
    assert status == 0, printed
    assert "warn settings: APPGW_ALLOW_LOOPBACK is on" in printed
    assert "ok   settings: APPGW_" not in printed


async def test_doctor_shows_azures_refusal_with_its_remedy(tmp_path: Path) -> None:
    async with Stage(tmp_path, recipes=()) as stage:
        stage.arm.fault = Fault(kind=FaultKind.FORBIDDEN)
        status, printed = await doctor(stage.environment(), tmp_path)
    (line,) = [line for line in printed.splitlines() if "Azure:" in line]
    assert (status, line.startswith("FAIL Azure: The bot's identity may not read")) == (1, True)
    assert "Give it the role of deploy/role.json: az role assignment create" in line


async def test_doctor_reports_missing_allowed_targets_once(tmp_path: Path) -> None:
    async with Stage(tmp_path, recipes=()) as stage:
        bare = {
            name: value
            for name, value in stage.environment().items()
            if name.startswith("SLACK_") or "API_URL" in name
        }
        status, printed = await doctor(bare, tmp_path)
    assert status == 1, printed
    assert printed.count("NOTHING MAY BE PROBED") == 1
    assert "FAIL targets: NOTHING MAY BE PROBED" in printed
    assert "ok   Azure: not set up" in printed
    assert "checks of a host still work" not in printed


async def test_doctor_reports_an_unusable_database(tmp_path: Path) -> None:
    (tmp_path / "broken.sqlite3").write_text(
        "no database at all, but long enough to be looked at " * 40
    )
    async with Stage(tmp_path, recipes=()) as stage:
        status, printed = await doctor(
            stage.environment() | {"APPGW_DATABASE_URL": f"sqlite:///{tmp_path}/broken.sqlite3"},
            tmp_path,
        )
    assert status == 1, printed
    assert "FAIL database: The database sqlite:" in printed


async def test_doctor_reports_a_refused_token_without_repeating_it(tmp_path: Path) -> None:
    async with Stage(tmp_path, recipes=()) as stage:
        status, printed = await doctor(
            stage.environment() | {"SLACK_BOT_TOKEN": "xoxb-not-this-one"}, tmp_path
        )
    assert status == 1, printed
    assert "FAIL Slack: refuses SLACK_BOT_TOKEN" in printed
    assert "xoxb-not-this-one" not in printed


async def test_doctor_tells_an_unusable_proxy(tmp_path: Path) -> None:
    settings = {
        "SLACK_BOT_TOKEN": "xoxb-1-a",
        "SLACK_APP_TOKEN": "xapp-1-b",
        "APPGW_SLACK_API_URL": "https://127.0.0.1:1/api/",
        "HTTPS_PROXY": "http://127.0.0.1:99999",
    }
    status, printed = await doctor(settings, tmp_path)
    assert (status, "Traceback" in printed) == (1, False)
    assert "FAIL Slack: cannot be reached through the proxy that HTTPS_PROXY names" in printed


async def test_doctor_tells_a_proxy_from_a_refusal(tmp_path: Path) -> None:
    answers = {
        "no answer of Slack's (HTTP 403, text/plain); does a proxy": SlackFault(
            method="auth.test", status=403, times=1
        ),
        "no answer of Slack's (HTTP 200, application/json)": SlackFault(
            method="auth.test", status=200, body=b"[" * 200_000, times=1
        ),
        "answers with an error now (internal_error); try again": SlackFault(
            method="auth.test", error="internal_error", times=1
        ),
    }
    async with SlackStandIn() as slack:
        for says, fault in answers.items():
            slack.faults.add(fault)
            status, printed = await doctor(slack.environment(socket_mode=True), tmp_path)
            assert (status, says in printed, "Traceback" in printed) == (1, True, False), printed


async def test_doctor_without_settings_says_what_is_missing(tmp_path: Path) -> None:
    status, printed = await doctor({}, tmp_path)
    assert (status, "Traceback" in printed) == (2, False)
    assert "SLACK_BOT_TOKEN is missing" in printed
