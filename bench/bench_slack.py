"""Two hundred slash commands at once to the real bot over signed HTTP.

Measures the time until the ack, and until the first message is posted, and what each costs the bot.
The sender and the stand-in Slack are processes of their own.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from urllib.parse import urlencode, urlsplit

from bench.command_burst import cpu_seconds
from bench.figures import Figure, percentile
from playground.lab.catalogue import CATALOGUE
from playground.process import BotProcess
from playground.slack import Channel, SlackStandIn
from playground.slack.payloads import Sender
from playground.slack.sending import signature
from playground.slack.standin import CHANNEL
from playground.slack.state import User
from playground.stage import Stage

AT_ONCE = 200
ROUNDS = 5
CARD_SECONDS, CALM_SECONDS = 60.0, 2.0
ACK_GOAL_S, FIRST_GOAL_S = 0.100, 0.250
KIND_GOAL_S = 0.5
KINDS = (
    *("message_changed", "message_deleted", "bot_message", "file_share", "thread_broadcast"),
    *("channel_join", "channel_topic", "tombstone", "huddle_thread", "me_message", ""),
)
"""Subtypes of messages, each an event that nobody answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """One round.

    Attributes:
        acks, firsts: seconds from sending to the ack, and to the first posted message.
        ack_cpu, first_cpu, whole_cpu: CPU seconds of the bot up to the last ack, to the last first
            message, and to the end of all its work.
    """

    acks: Sequence[float]
    firsts: Sequence[float]
    ack_cpu: float
    first_cpu: float
    whole_cpu: float


def run() -> Iterator[Figure]:
    """Ack p99 and first message p95 of the median round beside their goals.

    The machine's other work counts against them, but not against the CPU times.
    """
    rounds, kinds = asyncio.run(_run())
    acks = [percentile(one.acks, 0.99) for one in rounds]
    firsts = [percentile(one.firsts, 0.95) for one in rounds]
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
    yield from _costs(rounds)


def _costs(rounds: Sequence[_Round]) -> Iterator[Figure]:
    costs = {
        "up to the last ack": [one.ack_cpu for one in rounds],
        "up to the last first message": [one.first_cpu for one in rounds],
        "in all, verdict, thread and file included": [one.whole_cpu for one in rounds],
    }
    for name, seconds in costs.items():
        each = median(seconds) / AT_ONCE * 1000
        yield Figure(name=f"CPU of the bot for each command, {name}", value=each, unit="ms")


async def _run() -> tuple[list[_Round], list[float]]:
    recipes = tuple(recipe for recipe in CATALOGUE if recipe.name == "good")
    with tempfile.TemporaryDirectory() as folder:
        async with (
            Stage(Path(folder), recipes=recipes) as stage,
            BotProcess(stage.environment(), Path(folder)) as bot,
        ):
            stage.slack.request_url = bot.request_url
            backend = stage.lab.backends[0]
            target = f"{backend.address}:{backend.port}"
            rounds = [await _round(stage.slack, bot, target, number) for number in range(ROUNDS)]
            return rounds, [await _ack_of(stage.slack, kind) for kind in KINDS]


async def _ack_of(slack: SlackStandIn, kind: str) -> float:
    event = {"type": "message", "channel": CHANNEL, "channel_type": "channel", "ts": "1.1"}
    ack = await slack.event({**event, "subtype": kind, "text": "502 on backend.contoso.com"})
    return ack.seconds


async def _round(slack: SlackStandIn, bot: BotProcess, target: str, number: int) -> _Round:
    channels = [f"C0BENCH{number}{place:03}" for place in range(AT_ONCE)]
    requests = [_request(slack, bot.request_url, target, channel) for channel in channels]
    sender = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.command_burst"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert sender.stdin is not None
    assert sender.stdout is not None
    await sender.stdout.readline()  # it has started
    url = urlsplit(bot.request_url)
    job = {"host": url.hostname, "port": url.port, "pid": bot.pid, "requests": requests}
    sender.stdin.write(json.dumps(job).encode())
    await sender.stdin.drain()
    before = cpu_seconds(bot.pid)
    sender.stdin.close()
    posted = await _first_messages(slack, set(channels))
    first_cpu = cpu_seconds(bot.pid) - before
    sent = json.loads(await sender.stdout.read())
    await sender.wait()
    await _until_calm(bot.pid)
    return _Round(
        acks=[acked - begun for begun, acked in sent["times"]],
        firsts=[
            posted[channel] - begun
            for channel, (begun, _) in zip(channels, sent["times"], strict=True)
        ],
        ack_cpu=sent["cpu"] - before,
        first_cpu=first_cpu,
        whole_cpu=cpu_seconds(bot.pid) - before,
    )


def _request(slack: SlackStandIn, url: str, target: str, channel: str) -> str:
    """A signed command of a user of its own in a channel of its own, as it is sent."""
    user = channel.replace("C0", "U0")
    slack.workspace.users[user] = User(id=user, name=user.lower())
    slack.workspace.channels[channel] = Channel(id=channel, name=channel.lower())
    sender = Sender(workspace=slack.workspace, base_url=slack.base_url)
    body = urlencode(sender.command("/appgw-check", target, user=user, channel=channel))
    timestamp = str(int(time.time()))
    head = (
        f"POST {urlsplit(url).path} HTTP/1.1",
        "Host: bot",
        "Content-Type: application/x-www-form-urlencoded",
        f"X-Slack-Request-Timestamp: {timestamp}",
        f"X-Slack-Signature: {signature(slack.signing_secret, timestamp, body)}",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", body))


async def _first_messages(slack: SlackStandIn, channels: set[str]) -> dict[str, float]:
    """When the first message of each channel was posted; looks at each post once."""
    posts = slack.workspace.posts
    found: dict[str, float] = {}
    seen = len(posts)
    async with asyncio.timeout(CARD_SECONDS):
        while len(found) < len(channels):
            await slack.workspace.changed(0.05)
            for message in islice(posts.values(), seen, None):
                seen += 1
                if message.channel in channels and message.by_bot:
                    found.setdefault(message.channel, message.at)
    return found


async def _until_calm(pid: int) -> None:
    """Wait until the bot has done what the round left it."""
    used = -1.0
    while (now := cpu_seconds(pid)) - used > CALM_SECONDS / 20:
        used = now
        await asyncio.sleep(CALM_SECONDS)
