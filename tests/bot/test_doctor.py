"""`appgw doctor` as a process against the stand-ins: well, refused by Slack, unusable settings."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from playground.stage import Stage

PROGRAM = (sys.executable, "-c", "from bot.cli import main; main()", "doctor")


async def doctor(settings: Mapping[str, str], folder: Path) -> tuple[int | None, str]:
    """The exit status and everything that was printed."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2]), **settings}
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 40)
    return process.returncode, printed.decode()


async def test_doctor_finds_all_well(tmp_path: Path) -> None:
    async with Stage(tmp_path, recipes=()) as stage:
        status, printed = await doctor(stage.environment(), tmp_path)
    assert status == 0, printed
    assert "ok   Slack: the token is that of" in printed
    assert "1 gateways can be read: lab-gw" in printed


async def test_doctor_tells_a_refused_token_without_repeating_it(tmp_path: Path) -> None:
    async with Stage(tmp_path, recipes=()) as stage:
        status, printed = await doctor(stage.environment() | {"SLACK_BOT_TOKEN": "xoxb-not-this-one"}, tmp_path)
    assert status == 1, printed
    assert "FAIL Slack: refuses SLACK_BOT_TOKEN" in printed
    assert "xoxb-not-this-one" not in printed


async def test_doctor_without_settings_says_what_is_missing(tmp_path: Path) -> None:
    status, printed = await doctor({}, tmp_path)
    assert (status, "Traceback" in printed) == (2, False)
    assert "SLACK_BOT_TOKEN is missing" in printed
