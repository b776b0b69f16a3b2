"""Services fail while users send commands: is each command answered exactly once?

With Socket Mode and PostgreSQL: Slack's socket is cut, three of ten ARM calls fail, PostgreSQL is
restarted, backends hold or reset connections, the token is revoked and scopes are removed. Then
with SQLite: the disk is full, and the database is read-only. `/readyz` is read all the time and
must be right; sockets, tasks and memory must return to their initial values.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from time import monotonic

from bench.chaos_world import (
    Readings,
    Usage,
    failing_arm,
    files_cannot_grow,
    read_only,
    read_only_program,
    resetting,
    tarpit,
)
from bench.figures import Figure
from playground.lab.catalogue import CATALOGUE
from playground.process import BotProcess
from playground.slack import Channel, SlackStandIn
from playground.slack.state import User
from playground.slack.webapi import MANIFEST_SCOPES
from playground.stage import GATEWAY, Stage
from playground.text import render
from tests.support.ownpostgres import OwnPostgres, own_postgres

SECONDS, COMMANDS, CUTS = 300.0, 500, 20
WARM_UP, SETTLE_S, ANSWER_S = 60, 8.0, 90.0
RED_S, RED_TOKEN_S, GREEN_TOKEN_S, DATABASE_S = 10.0, 45.0, 60.0, 10.0
FLAT = 10.0
TOKEN_NAME, DATABASE_NAME = "token", "database"
_FEWEST = 40
_IN_PROGRESS = ("Checking", "Looking up")


@dataclass(slots=True)
class Asked:
    """One command, in a channel and by a user of its own, so that they see only its answer."""

    text: str
    channel: str
    user: str
    unheard: int = 0

    def answers(self, slack: SlackStandIn) -> int:
        """How many answers its user sees, without one that is not finished."""
        shown = [one for one in slack.messages(self.channel) if one.by_bot]
        every = [*shown, *slack.ephemerals(self.user)]
        return sum(not one.text.startswith(_IN_PROGRESS) for one in every)


@dataclass(slots=True)
class Crowd:
    """Sends commands and counts their answers."""

    slack: SlackStandIn
    prefix: str = ""
    asked: list[Asked] = field(default_factory=list)

    async def ask(self, text: str) -> Asked:
        """Send a command until Slack accepts it; without a socket Slack refuses it at once."""
        number = f"{self.prefix}{len(self.asked):04}"
        one = Asked(text=text, channel=f"C0CHAOS{number}", user=f"U0CHAOS{number}")
        self.slack.workspace.channels[one.channel] = Channel(id=one.channel, name=f"chaos-{number}")
        self.slack.workspace.users[one.user] = User(id=one.user, name=f"chaos-{number}")
        self.asked.append(one)
        ends = monotonic() + ANSWER_S
        while monotonic() < ends:
            ack = await self.slack.command(text, channel=one.channel, user=one.user)
            if ack.ok:
                break
            # Slack cannot tell whether it was received, and neither can we
            if ack.error != "no_connection":
                one.unheard += 1
            await asyncio.sleep(0.2)
        return one

    async def wrong(self) -> tuple[int, int]:
        """How many were never answered, and how many more than once."""
        ends = monotonic() + ANSWER_S
        while monotonic() < ends and any(not one.answers(self.slack) for one in self.asked):  # noqa: ASYNC110 -- another process answers
            await asyncio.sleep(0.5)
        counts = [(one, one.answers(self.slack)) for one in self.asked]
        doubled = sum(count > 1 + one.unheard for one, count in counts)
        return sum(not count for _, count in counts), doubled


def run(seconds: float = SECONDS) -> Iterator[Figure]:
    """Figures of the failures, of tokens, and of SQLite; the failures last `seconds`."""
    commands = max(_FEWEST, round(COMMANDS * seconds / SECONDS))
    yield from asyncio.run(_storm(seconds, commands))
    yield from asyncio.run(_on_sqlite())


@asynccontextmanager
async def _scene() -> AsyncIterator[tuple[Stage, BotProcess, OwnPostgres, Sequence[str]]]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(own_postgres())
        recipes = tuple(one for one in CATALOGUE if one.name in {"good", "leaf-only"})
        stage = await stack.enter_async_context(Stage(folder, recipes=recipes))
        slow = await stack.enter_async_context(tarpit())
        rude = await stack.enter_async_context(resetting())
        environment = stage.environment(socket_mode=True) | {"APPGW_DATABASE_URL": postgres.url}
        bot = await stack.enter_async_context(BotProcess(environment, folder))
        good, broken = (f"{one.address}:{one.port}" for one in stage.lab.backends)
        lines = (good, f"gw:{GATEWAY}", broken, slow, "list", rude, "mute x.example 2h", "health")
        yield stage, bot, postgres, lines


async def _storm(seconds: float, commands: int) -> list[Figure]:
    async with _scene() as (stage, bot, postgres, lines):
        crowd, readings = Crowd(stage.slack), Readings(bot.ready_url)
        texts = cycle(lines)
        await asyncio.gather(*(crowd.ask(next(texts)) for _ in range(WARM_UP)))
        await crowd.wrong()
        await asyncio.sleep(SETTLE_S)
        before = await Usage.of(bot.pid, bot.ready_url)
        async with readings.kept():
            stage.arm.fault = failing_arm(0.3)
            pause = seconds / commands
            storm = [
                asyncio.create_task(_cut(stage.slack, seconds)),
                asyncio.create_task(_restart(postgres, readings, seconds)),
            ]
            people = []
            for _ in range(commands):
                people.append(asyncio.create_task(crowd.ask(next(texts))))
                await asyncio.sleep(pause)
            await asyncio.gather(*storm, *people)
            stage.arm.fault = None
            missing, doubled = await crowd.wrong()
            await asyncio.sleep(SETTLE_S)
            after = await Usage.of(bot.pid, bot.ready_url)
            token = await _tokens(stage.slack, readings)
        unheard = sum(one.unheard for one in crowd.asked)
    return [
        *_answers(f"storm of {seconds:g} s", len(crowd.asked), missing, doubled),
        Figure(name="storm: acks that a cut socket lost", value=unheard, unit=""),
        *readings.figures(DATABASE_NAME, "PostgreSQL stopped", red=RED_S, green=DATABASE_S),
        *token,
        Figure(name="readiness: readings that were wrong", value=readings.wrong, unit="", goal=0),
        *before.growth(after, goal=FLAT),
    ]


def _answers(what: str, count: int, missing: int, doubled: int) -> list[Figure]:
    return [
        Figure(name=f"{what}: commands asked", value=count, unit=""),
        Figure(name=f"{what}: not answered", value=missing, unit="", goal=0),
        Figure(name=f"{what}: answered more than once", value=doubled, unit="", goal=0),
    ]


async def _cut(slack: SlackStandIn, seconds: float) -> None:
    for _ in range(CUTS):
        await asyncio.sleep(seconds / (CUTS + 1))
        slack.socket.cut()


async def _restart(postgres: OwnPostgres, readings: Readings, seconds: float) -> None:
    """Stop it for a tenth of the time, at least as long as the bot may need to notice."""
    await asyncio.sleep(seconds * 0.4)
    async with readings.expecting(DATABASE_NAME, red=RED_S, green=DATABASE_S):
        await postgres.stop()
        await asyncio.sleep(max(seconds * 0.1, RED_S + 2))
        await postgres.start()


async def _tokens(slack: SlackStandIn, readings: Readings) -> list[Figure]:
    """Revoke and restore the token, then remove scopes."""
    crowd, tokens = Crowd(slack, prefix="T"), slack.api.tokens
    async with readings.expecting(TOKEN_NAME, red=RED_TOKEN_S, green=GREEN_TOKEN_S):
        slack.api.tokens = replace(tokens, bot="xoxb-another")
        await readings.until(503)
        told = await _doctor(crowd, "invalid_auth")
        slack.api.tokens = tokens
    await readings.until(200)
    slack.api.tokens = replace(tokens, scopes=MANIFEST_SCOPES - {"files:write"})
    scopes = await _doctor(crowd, "files:write")
    slack.api.tokens = tokens
    return [
        *readings.figures(TOKEN_NAME, "token revoked", red=RED_TOKEN_S, green=GREEN_TOKEN_S),
        Figure(name="token revoked: doctor does not name it", value=not told, unit="", goal=0),
        Figure(name="scope missing: doctor does not name it", value=not scopes, unit="", goal=0),
    ]


async def _doctor(crowd: Crowd, word: str) -> bool:
    one = await crowd.ask("doctor")
    shown = await crowd.slack.until(lambda: crowd.slack.ephemerals(one.user))
    return word in " ".join(render(shown[-1].blocks, width=1000))


async def _on_sqlite() -> list[Figure]:
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as name:
        folder, slack = Path(name), SlackStandIn()
        async with slack:
            environment = slack.environment(socket_mode=True) | {
                "APPGW_DATA_DIR": name,
                "APPGW_ALLOWED_TARGETS": "x.example",
            }
            async with BotProcess(environment, folder, read_only_program(folder)) as bot:
                for what, fault in (
                    ("disk full", files_cannot_grow(bot)),
                    ("database read-only", read_only(folder)),
                ):
                    readings = Readings(bot.ready_url)
                    crowd = Crowd(slack, prefix=what[:4].upper())
                    async with readings.kept():
                        async with readings.expecting(DATABASE_NAME, red=RED_S, green=DATABASE_S):
                            with fault:
                                await readings.until(503)
                                lines = ("list", "mute x.example 2h", "help", "doctor", "whoami")
                                await asyncio.gather(*(crowd.ask(one) for one in lines * 10))
                                missing, doubled = await crowd.wrong()
                        await readings.until(200)
                    found += _answers(what, len(crowd.asked), missing, doubled)
                    found += readings.figures(DATABASE_NAME, what, red=RED_S, green=DATABASE_S)
    return found
