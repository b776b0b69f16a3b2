"""Files on demand and the form of the fix steps, through the real bot.

Out of memory, by looking again, and never outside a channel.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Any, TypeVar

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from bot.cards.check_card import FAILING_OPTIONS, CardContext, check_card
from bot.cards.fix_steps import STEPS_KIND
from bot.cards.menu import MenuEntry, for_one_person, read_entry
from bot.domain.delivery import DeliveryError
from bot.slack.handlers.files import why_no_file
from bot.slack.outbound.client import SlackClient
from chainlib import repair
from playground.lab.pki import NOW
from playground.slack import Fault, Message, User
from playground.slack.payloads import pick
from playground.slack.standin import CHANNEL, USER
from playground.slack.state import BOT_USER, OpenView
from tests.support.reports import CASES, HOST, LEAF, ROOT, policy, report
from tests.support.slackbot import FORBIDDEN_USER, RunningBot, running_bot

T = TypeVar("T")
LABELS = {value: label for label, value in FAILING_OPTIONS}


@pytest.fixture
async def bot() -> AsyncIterator[RunningBot]:
    async with running_bot() as running:
        yield running
        assert running.slack.complaints == []


def first(found: Iterable[T]) -> T:
    return list(found)[0]  # noqa: RUF015 -- an IndexError means not yet


async def card_of(bot: RunningBot, case: str = "leaf-only") -> Message:
    """A finished card whose thread is complete."""
    bot.script.case = case
    await bot.slack.command(HOST)
    card = await bot.slack.until(
        lambda: first(
            m for m in bot.slack.messages() if m.by_bot and m.text.startswith(("FAIL", "OK"))
        )
    )
    await bot.slack.until(lambda: files(bot, card)["as-sent.pem"])
    return card


def files(bot: RunningBot, card: Message) -> dict[str, bytes]:
    """The files in a card's thread; of several with one name the last."""
    shared = [
        bot.slack.workspace.files[file]
        for message in bot.slack.thread(card)
        for file in message.files
    ]
    return {file.name: file.content or b"" for file in shared}


async def test_evidence_pack_of_the_run_is_in_thread(bot: RunningBot) -> None:
    card = await card_of(bot)
    await bot.slack.click(card, "more", option="evidence")
    name = await bot.slack.until(
        lambda: first(name for name in files(bot, card) if name.startswith("evidence-"))
    )
    pack = json.loads(files(bot, card)[name])
    assert pack["our_probe"]["headline"] == "INTERMEDIATE_MISSING"
    assert f"run {pack['run_id']}" in str(card.blocks)
    page = await bot.slack.until(lambda: files(bot, card)[f"report-{pack['run_id']}.html"])
    assert page.startswith(b"<!doctype html>")
    assert len(bot.script.admitted) == 1


async def test_files_after_a_restart_come_from_new_probes(bot: RunningBot) -> None:
    made = check_card(
        CASES["leaf-only"](),
        CardContext(command=HOST, understood=HOST, run_id="0ld0ld00", probe_origin="here"),
    )
    card = bot.slack.workspace.add(
        channel=CHANNEL, user=BOT_USER, text=made.text, blocks=made.blocks
    )
    await bot.slack.click(card, "more", option="chain")
    await bot.slack.until(lambda: files(bot, card)["fullchain.pem"])
    assert [target.host for target, _ in bot.script.admitted] == [HOST]


async def test_the_chain_file_comes_again(bot: RunningBot) -> None:
    card = await card_of(bot)
    before = len(bot.slack.thread(card))
    await bot.slack.click(card, "more", option="chain")
    await bot.slack.until(lambda: bot.slack.thread(card)[before])
    assert files(bot, card)["fullchain.pem"].count(b"BEGIN CERTIFICATE") == 2


async def test_where_no_file_helps_the_presser_hears_it(bot: RunningBot) -> None:
    card = await card_of(bot, "status-500")
    await bot.slack.click(card, "more", option="chain")
    shown = await bot.slack.until(lambda: first(bot.slack.ephemerals()))
    assert "No file fixes this" in shown.text
    assert bot.slack.current(card).text.startswith("FAIL")


def test_missing_certificate_is_named_and_not_called_useless() -> None:
    bare = report(LEAF)
    assert bare.chain is not None
    lacking = replace(bare, repair=repair(bare.chain, policy(ROOT), at=NOW))
    assert lacking.repair is not None
    assert not lacking.repair.chain
    shown = why_no_file(lacking)
    assert shown.startswith(
        "The bot does not have Contoso Issuing CA 3, so it cannot make the file."
    )
    assert "neither" not in shown


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param({"value": '{"q":"other.contoso.com"}'}, id="no-version"),
        pytest.param({"value": "x" * 500_000}, id="long"),
        pytest.param(
            {"action_id": "more", "selected_option": {"value": '{"do":"watch","q":"x.com"}'}},
            id="menu",
        ),
    ],
)
async def test_unreadable_button_runs_nothing_and_says_so(
    bot: RunningBot, hostile: dict[str, Any]
) -> None:
    card = await card_of(bot)
    button = pick(card.blocks, "Check again")
    action = {**button, **hostile, "action_ts": bot.slack.workspace.new_ts()}
    await bot.slack._interact(bot.slack._sender.click(card, action, user=USER))
    await bot.slack.until(
        lambda: first(m for m in bot.slack.ephemerals() if "cannot read this button" in m.text)
    )
    assert len(bot.script.admitted) == 1


async def test_a_refused_presser_gets_no_file(bot: RunningBot) -> None:
    card = await card_of(bot)
    before = files(bot, card)
    bot.slack.workspace.users[FORBIDDEN_USER] = User(id=FORBIDDEN_USER, name="mallory")
    await bot.slack.click(card, "more", option="evidence", user=FORBIDDEN_USER)
    await bot.slack.until(lambda: first(bot.slack.ephemerals(FORBIDDEN_USER)))
    assert files(bot, card) == before


def chosen(view: OpenView) -> dict[str, Any]:
    return {
        e["action_id"]: e["initial_option"]["value"]
        for b in view.view["blocks"]
        for e in b.get("elements", ())
        if "initial_option" in e
    }


async def test_one_tap_switches_the_server_of_fix_steps(bot: RunningBot) -> None:
    card = await card_of(bot)
    await bot.slack.click(card, "Fix steps")
    view = await bot.slack.until(bot.slack.view)
    assert chosen(view)[STEPS_KIND] == "OTHER"
    await bot.slack.click_view(view, STEPS_KIND, option="NGINX")
    await bot.slack.until(
        lambda: first(v for v in [bot.slack.view()] if chosen(v)[STEPS_KIND] == "NGINX")
    )
    assert "nginx -s reload" in json.dumps(bot.slack.view().view["blocks"])


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/chain.pem",
        "http://files.slack.com/chain.pem",
        "https://slack.com.evil.example/x",
        "https://[",
        "file:///etc/x",
    ],
)
async def test_file_elsewhere_is_requested_without_the_token(url: str) -> None:
    session = _Untouched()
    slack = SlackClient(client=AsyncWebClient(token="xoxb-hush"), session=session)  # type: ignore[arg-type]
    with pytest.raises(DeliveryError, match="not_with_slack"):
        await slack.download(url)


class _Untouched:
    """A session that nobody may use."""


async def test_file_in_pieces_is_read_to_its_end() -> None:
    async def in_pieces(_request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(_request)
        for _ in range(3):
            await response.write(b"x" * 1000)
            await asyncio.sleep(0.02)  # time: the pieces come apart, however long it is
        return response

    application = web.Application()
    application.router.add_get("/file", in_pieces)
    async with TestServer(application) as server, aiohttp.ClientSession() as session:
        home = str(server.make_url("/"))
        slack = SlackClient(
            client=AsyncWebClient(token="xoxb-x", base_url=f"{home}api/"), session=session
        )
        assert await slack.download(f"{home}file") == b"x" * 3000


@pytest.fixture
async def private_card(bot: RunningBot) -> Message:
    await bot.slack.command(f"{HOST}:8443 sni=api.contoso.com private")
    return await bot.slack.until(
        lambda: first(m for m in bot.slack.ephemerals() if m.text.startswith("FAIL"))
    )


DIRECT = "D0ONCALL"


@pytest.mark.parametrize("entry", ["chain", "evidence"])
async def test_files_of_a_private_card_come_directly(
    bot: RunningBot, private_card: Message, entry: str
) -> None:
    await bot.slack.click(private_card, "more", option=LABELS[entry])
    said = await bot.slack.until(lambda: first(bot.slack.messages(DIRECT)))
    assert f"{HOST}:8443" in json.dumps(said.blocks)
    await bot.slack.until(lambda: files(bot, said))
    assert [target.port for target, _ in bot.script.admitted] == [8443, 8443]


async def test_files_that_cannot_come_directly_are_explained(
    bot: RunningBot, private_card: Message
) -> None:
    bot.slack.faults.add(Fault(method="chat.postMessage", error="messages_tab_disabled"))
    await bot.slack.click(private_card, "more", option=LABELS["chain"])
    assert await bot.slack.until(
        lambda: first(m for m in bot.slack.ephemerals() if "messages tab" in str(m.blocks))
    )
    assert not bot.slack.messages(DIRECT)


async def test_a_private_card_is_watched_directly(bot: RunningBot, private_card: Message) -> None:
    await bot.slack.click(private_card, "more", option=LABELS["watch"])
    card = await bot.slack.until(
        lambda: first(m for m in bot.slack.messages(DIRECT) if m.text.startswith("FAIL"))
    )
    assert "watched for 15 min" in str(card.blocks)
    assert [target.port for target, _ in bot.script.admitted] == [8443, 8443]


async def test_the_form_of_a_private_card_is_filled(bot: RunningBot, private_card: Message) -> None:
    await bot.slack.click(private_card, "more", option=LABELS["form"])
    view = await bot.slack.until(bot.slack.view)
    shown = [block["element"].get("initial_value") for block in view.view["blocks"]]
    assert shown[:2] == [f"{HOST}:8443", "sni=api.contoso.com"]


async def test_a_private_card_is_checked_again_in_place(
    bot: RunningBot, private_card: Message
) -> None:
    bot.script.case = "good"
    await bot.slack.click(private_card, "Check again")
    await bot.slack.until(lambda: bot.slack.current(private_card).text.startswith("OK"))
    assert len(bot.slack.ephemerals()) == 1


async def test_a_card_that_is_diagnosed_keeps_its_port(bot: RunningBot) -> None:
    await bot.slack.command(f"{HOST}:8443")
    card = await bot.slack.until(
        lambda: first(m for m in bot.slack.messages() if m.text.startswith("FAIL"))
    )
    await bot.slack.message_shortcut(card, "diagnose_502")
    await bot.slack.until(lambda: bot.script.admitted[1])
    assert [target.port for target, _ in bot.script.admitted] == [8443, 8443]


def test_unfitting_entry_is_left_out() -> None:
    made = check_card(
        CASES["leaf-only"](),
        CardContext(
            command=f"{HOST} path=/{'x' * 150}", understood="", run_id="r", probe_origin="v"
        ),
    )
    entries = [
        read_entry(option["value"])
        for block in for_one_person(made).blocks
        for element in block.get("elements", ())
        for option in element.get("options", ())
    ]
    assert [entry.do for entry in entries] == ["wrong"]
    assert read_entry("watch") == MenuEntry(v=1, do="watch")
