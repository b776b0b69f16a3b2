"""Payloads that people really met, each through the real bot: who is answered, where, about what.

The rows about weight, edits, pacing, tokens, subscriptions and private menus need more than that;
they are tried in `test_card_life`, `test_calling`, `test_token` and `test_following`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.access import Access
from playground.slack import Message
from playground.slack.faults import Fault
from playground.slack.methods.chat import as_json
from playground.slack.payloads import pick
from playground.slack.sending import SignedHttp
from playground.slack.standin import USER, SlackStandIn
from playground.slack.state import BOT_USER, TEAM_ID, Channel, User
from tests.support.slackbot import RunningBot
from tests.support.tls_server import NAME, Estate
from tests.support.wholebot import World, read, whole_bot

CASES = Path(__file__).parents[4] / "shared" / "cases" / "slack.jsonl"
pytestmark = [
    pytest.mark.may_block,
    pytest.mark.shared,
    pytest.mark.skipif(not CASES.exists(), reason="the domain folder is not beside the checkout"),
]
Json = dict[str, Any]
ESTATE = Estate()
TOOL = "tool.contoso.example"
WHO = {"who-own", "who-connect-own", "who-connect-outsider", "bots", "grid-own", "grid-outsider"}
TRIED = WHO | {"places", "alerts", "mentions", "keys"}
PEOPLE = (
    User(id="U0GUEST", name="guest", team="T0OTHER"),
    User(id="W0OWN", name="own", team="T0B", enterprise="E0ORG"),
    User(id="W0GUEST", name="other", team="T0C", enterprise="E0OTHER"),
)


def rows(kinds: set[str]) -> list[Json]:
    """The cases of these kinds."""
    lines = CASES.read_text(encoding="utf-8").splitlines() if CASES.exists() else []
    return [row for line in lines if (row := json.loads(line))["kind"] in kinds]


@dataclass(slots=True)
class Stage:
    """The bot, one backend, and what was looked up by name."""

    bot: RunningBot
    port: int
    looked_up: list[str]
    log: pytest.LogCaptureFixture
    shown: int = 0
    _numbers: Any = field(default_factory=lambda: count(1))

    @property
    def slack(self) -> SlackStandIn:
        """The stand-in."""
        return self.bot.slack

    async def play(self, row: Json) -> str:
        """Send a row's payload; what is wrong with what came of it, empty where nothing is."""
        self.looked_up.clear()
        channel = f"{'D' if 'D0' in json.dumps(row['payload']) else 'C'}0CASE{next(self._numbers)}"
        self.slack.workspace.channels[channel] = Channel(id=channel, name=channel.lower())
        self._arrange(row, channel)
        expected = row["expect"]
        card = await self._card(channel) if "THE CARD" in json.dumps(row["payload"]) else None
        self.looked_up.clear()
        before, self.shown = len(self.records()), len(self.slack.workspace.ephemerals)
        await self._send(self._body(row, channel, card))
        try:
            return await self._judge(expected, channel, before, card)
        except TimeoutError as error:
            return f"nothing came: {error}"[:200]
        finally:
            self.slack.faults.clear()

    def records(self) -> list[Json]:
        """The audit log."""
        return [vars(one) for one in self.log.records if one.name == "bot.audit"]

    def _arrange(self, row: Json, channel: str) -> None:
        situation = row.get("situation", "")
        if "every call for this channel answers" in situation:
            word = situation.rpartition(" ")[2]
            for method in ("chat.postMessage", "chat.postEphemeral", "chat.update"):
                self.slack.faults.add(Fault(method=method, channel=channel, error=word))
        elif "conversations.replies shows" in situation:
            text = f"502 Bad Gateway: {NAME}:{self.port}"
            shown = {"title": "[FIRING:1] 502", "text": f"instance = {NAME}:{self.port}"}
            more = {"attachments": (shown,)} if "attachment" in situation else {"text": text}
            parent = Message(ts="1.0", channel=channel, user=USER, **({"text": ""} | more))
            self.slack.workspace.put(parent)
        elif "the thread cannot be read" in situation:
            self.slack.faults.add(Fault(method="conversations.replies", error="not_in_channel"))

    async def _card(self, channel: str) -> Message:
        await self.slack.command(f"{NAME}:{self.port}", channel=channel)
        found = await self.slack.until(
            lambda: [m for m in self.slack.messages(channel) if "Check again" in read(m)]
        )
        return found[0]

    def _body(self, row: Json, channel: str, card: Message | None) -> Json:
        text = json.dumps(row["payload"])
        for name, value in {
            "T0HOME": TEAM_ID,
            "U0BOT": BOT_USER,
            "U0OWN": USER,
            "C0X": channel,
            "D0X": channel,
            "D0APP": channel,
            "TARGET": f"{NAME}:{self.port}",
            "TOOL": TOOL,
        }.items():
            text = text.replace(name, value)
        body: Json = json.loads(text)
        number = next(self._numbers)
        person = body.get("user_id") or (body.get("user") or {}).get("id") or USER
        if body.get("type") == "event_callback":
            return body | {"event_id": f"EvCase{number}"}
        if body.get("callback_id"):
            body = {"type": "message_action", "team": {"id": TEAM_ID}} | body
            body = {"user": {"id": USER, "team_id": TEAM_ID}, "channel": {"id": channel}} | body
            body["message"] = {"ts": "1.1", "type": "message"} | body["message"]
        if card:
            action = pick(card.blocks, "Check again") | {"action_ts": "1.1"}
            container = {"type": "message", "message_ts": card.ts, "channel_id": channel}
            body |= {"actions": [action], "message": as_json(card), "container": container}
        url = self.slack._sender.response(person, channel)
        return body | {"response_url": url, "trigger_id": f"1.{number}"}

    async def _send(self, body: Json) -> None:
        http = self.slack._http()
        assert isinstance(http, SignedHttp)
        if body.get("type") == "event_callback":
            assert (await http.event(body, retries=())).ok
        elif "command" in body:
            assert (await http.command({"channel_id": "C0NONE"} | body)).ok
        else:
            await http.interactive(body)

    async def _judge(self, expected: str, channel: str, before: int, card: Message | None) -> str:
        if expected.startswith(("admitted", "TARGET is probed", "the message above is read")):
            await self.slack.until(lambda: NAME in self.looked_up)
            return "the tool was looked up" if TOOL in self.looked_up else ""
        if expected.startswith("the verdict through response_url"):
            shown = await self.slack.until(lambda: self._private(channel))
            return "speaks of inviting" if "invite" in read(shown[-1]).lower() else ""
        await self.slack.until(lambda: len(self.records()) > before)
        if expected.startswith("either"):  # the bot answers in its own conversation
            await self.slack.until(lambda: NAME in self.looked_up)
            return ""
        if wanted := _outcome(expected):
            outcomes = {str(one["outcome"]) for one in self.records()[before:]}
            return "" if outcomes == {wanted} else f"outcome {outcomes}"
        return await self._nothing_probed(expected, channel, card)

    async def _nothing_probed(self, expected: str, channel: str, card: Message | None) -> str:
        """One person is told a sentence; nothing is probed and nothing stands in the channel."""
        await self.slack.until(self._told)
        told = read(self.slack.workspace.ephemerals[-1])
        posted = [m.text for m in self.slack.messages(channel) if m.by_bot and m != card]
        private = expected.startswith("one private sentence")
        probed = {NAME, TOOL} & set(self.looked_up) if not private else set()
        wrong = [*probed, *posted, *(["BASE64"] if "BASE64" in f"{told}{self.log.text}" else [])]
        wrong += ["invite"] if private and "invite" in told else []
        wrong += ["ROOT_MISMATCH"] if "ROOT_MISMATCH" in expected and "ROOT" not in told else []
        return ", ".join(wrong)

    def _told(self) -> bool:
        """Whether somebody was told something by this row."""
        return len(self.slack.workspace.ephemerals) > self.shown

    def _private(self, channel: str) -> list[Message]:
        found = self.slack.workspace.ephemerals
        return [m for m in found if m.channel == channel and NAME in read(m)]


def _outcome(expected: str) -> str:
    """What the audit log must say, where that tells all."""
    if expected.startswith("gw:"):
        return "health"
    return "refused" if expected.startswith(("refused", "no view")) else ""


async def play(kinds: set[str], world: World, folder: Path, log: pytest.LogCaptureFixture) -> Json:
    """Play every row of these kinds; what is wrong, by row."""
    log.set_level(logging.INFO, "bot.audit")
    looked_up: list[str] = []

    async def resolver(host: str, _port: int) -> Sequence[str]:
        looked_up.append(host)
        return ("127.0.0.1",)

    world.loopback, world.resolver, world.allowed = True, resolver, (TOOL,)
    async with ESTATE.backend() as backend, whole_bot(world, folder) as bot:
        bot.slack.workspace.users.update({one.id: one for one in PEOPLE})
        stage = Stage(bot, backend.port, looked_up, log)
        found = {row["id"]: await stage.play(row) for row in rows(kinds) if fits(row, world)}
    assert found
    return {name: wrong for name, wrong in found.items() if wrong}


def fits(row: Json, world: World) -> bool:
    """Whether a row's setting is this bot's, and its payload is enough."""
    payload, setting = json.dumps(row.get("payload", {})), row["setting"]
    alone = "payload" in row and "filled with TARGET" not in payload  # else a form of its own
    grid = bool(world.slack and world.slack.workspace.enterprise)
    named = bool(world.access.asking_bots)
    same = grid == ("enterprise E0ORG" in setting) and named == ("ASKING_BOTS" in setting)
    return alone and same


@pytest.mark.parametrize("kinds", [WHO, TRIED - WHO], ids=["who", "what"])
async def test_rows_of_one_workspace(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kinds: set[str]
) -> None:
    assert await play(kinds, World(digests=kinds == WHO), tmp_path, caplog) == {}


async def test_rows_of_a_named_bot(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world = World(access=Access(asking_bots=frozenset({"B0WF"})))
    assert await play(WHO, world, tmp_path, caplog) == {}


async def test_rows_of_an_organisation(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with SlackStandIn() as slack:
        slack.workspace.enterprise = "E0ORG"
        assert await play(WHO, World(slack=slack), tmp_path, caplog) == {}
