"""Two hundred slash commands at once to the real bot over signed HTTP.

Measures the time until the ack, and until the first message is posted.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.figures import Figure, percentile
from playground.lab.catalogue import CATALOGUE
from playground.process import BotProcess
from playground.slack import Ack, Channel, SlackStandIn
from playground.slack.standin import CHANNEL
from playground.slack.state import User
from playground.stage import Stage

AT_ONCE = 200
ROUNDS = 3
CARD_SECONDS = 60.0
ACK_GOAL_S, FIRST_GOAL_S = 0.100, 0.250
KIND_GOAL_S = 0.5
KINDS = (
    *("message_changed", "message_deleted", "bot_message", "file_share", "thread_broadcast"),
    *("channel_join", "channel_topic", "tombstone", "huddle_thread", "me_message", ""),
)
"""Subtypes of messages, each an event that nobody answers."""


def run() -> Iterator[Figure]:
    """Ack p99 and first message p95 of the median round beside their goals.

    The machine's other work counts against them.
    """
    rounds, kinds = asyncio.run(_run())
    acks = [percentile(round_.acks, 0.99) for round_ in rounds]
    firsts = [percentile(round_.firsts, 0.95) for round_ in rounds]
    yield Figure(
        name=f"ack p99 with {AT_ONCE} commands at once, median of {ROUNDS} rounds",
        value=median(acks),
        unit="s",
        goal=ACK_GOAL_S,
    )
    yield Figure(name="ack p99, worst round", value=max(acks), unit="s")
    yield Figure(
        name=f"slowest ack of {len(KINDS)} kinds of message events",
        value=max(kinds),
        unit="s",
        goal=KIND_GOAL_S,
    )
    yield Figure(
        name="first posted message p95, median round",
        value=median(firsts),
        unit="s",
        goal=FIRST_GOAL_S,
    )
    yield Figure(name="first posted message p95, worst round", value=max(firsts), unit="s")


class _Round:
    """The seconds of one round."""

    def __init__(self) -> None:
        self.acks: list[float] = []
        self.firsts: list[float] = []


async def _run() -> tuple[list[_Round], list[float]]:
    recipes = tuple(recipe for recipe in CATALOGUE if recipe.name == "good")
    with tempfile.TemporaryDirectory() as folder:
        async with (
            Stage(Path(folder), recipes=recipes) as stage,
            BotProcess(stage.environment(), Path(folder)) as bot,
        ):
            stage.slack.request_url = bot.request_url
            backend = stage.lab.backends[0]
            rounds = [
                await _round(stage.slack, f"{backend.address}:{backend.port}", number)
                for number in range(ROUNDS)
            ]
            return rounds, [await _ack_of(stage.slack, kind) for kind in KINDS]


async def _ack_of(slack: SlackStandIn, kind: str) -> float:
    event = {"type": "message", "channel": CHANNEL, "channel_type": "channel", "ts": "1.1"}
    ack = await slack.event({**event, "subtype": kind, "text": "502 on backend.contoso.com"})
    return ack.seconds


async def _round(slack: SlackStandIn, target: str, number: int) -> _Round:
    names = [f"{number}{place:03}" for place in range(AT_ONCE)]
    for name in names:
        slack.workspace.users[f"U0BENCH{name}"] = User(id=f"U0BENCH{name}", name=f"bench-{name}")
        slack.workspace.channels[f"C0BENCH{name}"] = Channel(
            id=f"C0BENCH{name}", name=f"bench-{name}"
        )
    result = _Round()
    acks = await asyncio.gather(
        *(slack.command(target, channel=f"C0BENCH{name}", user=f"U0BENCH{name}") for name in names)
    )
    for name, ack in zip(names, acks, strict=True):
        result.acks.append(ack.seconds)
        result.firsts.append(await _first(slack, f"C0BENCH{name}", ack))
    await asyncio.sleep(2)
    return result


async def _first(slack: SlackStandIn, channel: str, ack: Ack) -> float:
    message = await slack.until(lambda: next(iter(slack.messages(channel)), None), CARD_SECONDS)
    assert message is not None
    return float(message.at - ack.sent_at)
