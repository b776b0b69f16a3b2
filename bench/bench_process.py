"""Whole processes: `appgw check` against a loopback server; start and rest of `appgw serve`.

The bot runs over HTTP with SQLite, the stand-in Slack and a stand-in ARM with one gateway.
"""

from __future__ import annotations

import asyncio
import compileall
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from bench.figures import Figure
from playground.lab import pki
from playground.lab.catalogue import CATALOGUE
from playground.lab.servers import TlsBackend
from playground.process import BotProcess
from playground.stage import Stage

HOST = "backend.contoso.com"
RUNS = 9
STARTS, SETTLE_S, IDLE_S = 3, 65.0, 40.0  # queues are polled often for a minute
APPGW = Path(sys.executable).with_name("appgw")
_CHECKOUT = Path(__file__).parents[1]
HEAVY = ("azure", "slack_bolt", "slack_sdk", "sqlalchemy", "dbos", "pydantic")


def run() -> Iterator[Figure]:
    """CPU of the whole processes, memory, and which heavy packages were imported."""
    compile_packages()
    figures = asyncio.run(_run())
    yield from figures
    yield from asyncio.run(_serve(figures[0].value / 1000))


def compile_packages() -> None:
    """Write our byte code, as pip does where the program is installed.

    With PYTHONDONTWRITEBYTECODE a checkout has none, or that of an older version, and each process
    would compile the sources anew: a third of its time.
    """
    for name in ("bot", "chainlib"):
        compileall.compile_dir(_CHECKOUT / name, quiet=1)


async def _run() -> list[Figure]:
    now = datetime.now(tz=UTC)
    dates: dict[str, Any] = {
        "not_before": now - timedelta(days=1),
        "not_after": now + timedelta(days=300),
    }
    root = pki.root(**dates)
    issuing = pki.intermediate(root, **dates)
    leaf = pki.leaf(issuing, HOST, **dates)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "root.pem"
        file.write_bytes(root.pem)
        async with TlsBackend(
            chain=(leaf.certificate, issuing.certificate), key=leaf.key
        ) as backend:
            words = [
                f"127.0.0.1:{backend.port}",
                "--host-name",
                HOST,
                "--root",
                str(file),
                "--json",
            ]
            bare, taken = [], []
            for _ in range(RUNS):
                bare.append(await _seconds([sys.executable, "-c", "pass"], 0))
                taken.append(await _seconds([str(APPGW), "check", *words], 0))
    heavy = await asyncio.to_thread(_heavy_imports)
    return [
        Figure(name="an empty Python process, CPU", value=median(bare) * 1000, unit="ms"),
        Figure(name="appgw check, whole process, CPU", value=median(taken) * 1000, unit="ms"),
        # An empty process takes 11 ms on an idle machine, and the goal is 150 ms there.
        Figure(
            name="appgw check / an empty Python process",
            value=median(taken) / median(bare),
            unit="x",
            goal=13,
        ),
        Figure(
            name="Azure, Slack and database packages imported on that path",
            value=heavy,
            unit="",
            goal=0,
        ),
    ]


async def _serve(empty_process_s: float) -> list[Figure]:
    """The bot on a database that has its tables, since one start in its life makes them."""
    recipes = tuple(recipe for recipe in CATALOGUE if recipe.name == "good")
    with tempfile.TemporaryDirectory() as folder:
        async with Stage(Path(folder), recipes=recipes) as stage:
            async with BotProcess(stage.environment(), Path(folder)):
                pass
            starts = []
            for _ in range(STARTS):
                async with BotProcess(stage.environment(), Path(folder)) as bot:
                    process = psutil.Process(bot.pid)
                    starts.append(_cpu(process))
            async with BotProcess(stage.environment(), Path(folder)) as bot:
                process = psutil.Process(bot.pid)
                await asyncio.sleep(SETTLE_S)
                before = _cpu(process)
                await asyncio.sleep(IDLE_S)
                idle, memory = _cpu(process) - before, process.memory_info().rss
    return [
        Figure(name="appgw serve: start to ready, CPU", value=median(starts), unit="s"),
        # 1.0 s where an empty process takes 11 ms
        Figure(
            name="appgw serve: start to ready / an empty Python process",
            value=median(starts) / empty_process_s,
            unit="x",
            goal=91,
        ),
        Figure(
            name="appgw serve, idle: share of one core",
            value=idle / IDLE_S * 100,
            unit="%",
            goal=0.3,
        ),
        Figure(name="appgw serve, idle: memory", value=memory / 1e6, unit="MB", goal=110),
    ]


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def _seconds(command: list[str], expected: int) -> float:
    """CPU of one process, which other work on the machine hardly lengthens."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    status = await process.wait()
    assert status == expected, f"{command[0]} ended with {status}"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _heavy_imports() -> int:
    code = (
        f"import sys, bot.cli, bot.terminal.commands; print(sum(m.split('.')[0] in {HEAVY!r} for "
        "m in sys.modules))"
    )
    answer = subprocess.run(  # noqa: S603 -- our own interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return int(answer.stdout)
