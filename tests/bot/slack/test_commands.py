"""Commands, mentions, buttons, forms and shortcuts through the real bot and the stand-in Slack."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.checks.service import HostAnswer
from bot.domain.refusal import Refusal
from bot.domain.request import HostTarget, ProbeOptions
from playground.slack import Fault, Message, User
from playground.slack.standin import CHANNEL
from playground.slack.state import BOT_USER, StoredFile
from playground.slack.webapi import MANIFEST_SCOPES, Tokens
from tests.support.reports import HOST, LEAF
from tests.support.slackbot import FORBIDDEN_HOST, FORBIDDEN_USER, RunningBot, Script, running_bot
from tests.support.wholebot import read


@pytest.fixture(params=[False, True], ids=["http", "socket"])
async def bot(request: pytest.FixtureRequest) -> AsyncIterator[RunningBot]:
    async with running_bot(socket_mode=request.param) as running:
        yield running
        assert running.slack.complaints == []


CALLS_ONLY = pytest.mark.parametrize("bot", [False], ids=["http"], indirect=True)
"""For the calls of the bot, which do not depend on how requests reach it."""


@pytest.fixture
async def slow() -> AsyncIterator[RunningBot]:
    async with running_bot(script=Script()) as running:
        yield running


def top(bot: RunningBot) -> list[Message]:
    return [message for message in bot.slack.messages() if message.by_bot]


def first(messages: list[Message], start: str | tuple[str, ...]) -> Message:
    return [message for message in messages if message.by_bot and message.text.startswith(start)][0]  # noqa: RUF015 -- an IndexError means not yet


async def verdict(bot: RunningBot) -> Message:
    return await bot.slack.until(lambda: first(top(bot), ("FAIL", "OK")))


async def files_in_thread(bot: RunningBot, card: Message) -> list[str]:
    def names() -> list[str]:
        return [
            bot.slack.workspace.files[file].name
            for message in bot.slack.thread(card)
            for file in message.files
        ]

    await bot.slack.until(lambda: "as-sent.pem" in names())
    return names()


async def test_a_command_becomes_one_card_with_its_thread(bot: RunningBot) -> None:
    ack = await bot.slack.command(HOST)
    assert ack.ok
    card = await verdict(bot)
    assert card.text == "FAIL backend.contoso.com: intermediate missing. Fix: server."
    assert await files_in_thread(bot, card) == ["fullchain.pem", "as-sent.pem"]
    assert len(top(bot)) == 1
    assert bot.slack.ephemerals() == []


@pytest.mark.parametrize("text", ["", "help"])
async def test_empty_line_answers_with_private_help(bot: RunningBot, text: str) -> None:
    await bot.slack.command(text)
    (shown,) = await bot.slack.until(bot.slack.ephemerals)
    assert "backend.contoso.com" in shown.text
    assert top(bot) == []


async def test_small_verbs_answer_the_asker_alone(bot: RunningBot) -> None:
    for verb, shown in (
        ("version", "appgw-check"),
        ("whoami", "workspace"),
        ("doctor", "transport"),
        ("help rehearse", "rehearse"),
    ):
        await bot.slack.command(verb)
        (answer,) = await bot.slack.until(bot.slack.ephemerals)
        assert shown in json.dumps(answer.blocks)
        bot.slack.workspace.ephemerals.clear()
    assert top(bot) == []


async def test_a_mistake_posts_nothing_in_the_channel(bot: RunningBot) -> None:
    await bot.slack.command("subscibe gw:prod")
    (shown,) = await bot.slack.until(bot.slack.ephemerals)
    assert "subscribe" in json.dumps(shown.blocks)
    assert top(bot) == []
    assert bot.script.admitted == []


async def test_a_refused_person_hears_why_alone(bot: RunningBot) -> None:
    bot.slack.workspace.users[FORBIDDEN_USER] = User(id=FORBIDDEN_USER, name="mallory")
    await bot.slack.command(HOST, user=FORBIDDEN_USER)
    (shown,) = await bot.slack.until(lambda: bot.slack.ephemerals(FORBIDDEN_USER))
    assert "APPGW_ALLOWED_USERS" in shown.text
    assert bot.script.admitted == []


async def test_a_refused_target_posts_nothing_in_the_channel(bot: RunningBot) -> None:
    await bot.slack.command(FORBIDDEN_HOST)
    (shown,) = await bot.slack.until(bot.slack.ephemerals)
    assert FORBIDDEN_HOST in shown.text
    assert bot.slack.posted == []


async def test_a_refused_target_asked_twice_is_refused_twice(bot: RunningBot) -> None:
    for times in (1, 2):
        await bot.slack.command(FORBIDDEN_HOST)
        await bot.slack.until(lambda: len(bot.slack.ephemerals()) >= times)  # noqa: B023 -- awaited within the round
    assert [FORBIDDEN_HOST in shown.text for shown in bot.slack.ephemerals()] == [True, True]
    assert "see its card" not in json.dumps([shown.blocks for shown in bot.slack.ephemerals()])


async def test_a_late_refusal_takes_the_card_back() -> None:
    async with running_bot(script=Script(refuse_late=True)) as bot:
        await bot.slack.command(FORBIDDEN_HOST)
        await bot.slack.until(lambda: top(bot))
        bot.script.hold.set()
        await bot.slack.until(bot.slack.ephemerals)
        assert top(bot) == []


async def test_a_mention_in_a_thread_is_answered_there(bot: RunningBot) -> None:
    incident = bot.slack.say("users see 502")
    await bot.slack.mention(HOST, thread=incident)
    answer = await bot.slack.until(lambda: first(bot.slack.thread(incident), "FAIL"))
    assert answer.thread_ts == incident.ts
    assert top(bot) == []


async def test_a_redelivered_mention_is_answered_once(bot: RunningBot) -> None:
    payload = bot.slack._sender.mention(bot.slack.say(f"<@{BOT_USER}> {HOST}"))
    await bot.slack.deliver_event(payload)
    bot.slack.signing_clock = lambda: time.time() + 1  # a redelivery is signed anew
    await bot.slack.deliver_event(payload)
    await verdict(bot)
    assert len(bot.script.admitted) == 1


async def test_message_shortcut_answers_in_the_alerts_thread(
    bot: RunningBot,
) -> None:
    alert = bot.slack.say("502 on https://backend.contoso.com:8443/cart since 03:12")
    await bot.slack.message_shortcut(alert, "diagnose_502")
    await bot.slack.until(lambda: first(bot.slack.thread(alert), "FAIL"))
    assert [(target.host, target.port) for target, _ in bot.script.admitted] == [(HOST, 8443)]


async def test_an_alert_that_names_nothing_says_so(bot: RunningBot) -> None:
    await bot.slack.message_shortcut(bot.slack.say("who is on call?"), "diagnose_502")
    (shown,) = await bot.slack.until(bot.slack.ephemerals)
    assert "found no backend" in shown.text


async def test_the_global_shortcut_opens_a_form_that_checks(bot: RunningBot) -> None:
    await bot.slack.shortcut("check_backend")
    await bot.slack.until(bot.slack.view)
    ack = await bot.slack.submit_view(
        {"target": HOST, "options": "sni=api.contoso.com", "channel": CHANNEL}
    )
    assert ack.ok
    assert (await verdict(bot)).text.startswith("FAIL")
    assert bot.script.admitted[0][1].sni == "api.contoso.com"


async def test_mistake_in_the_form_stands_under_its_field(bot: RunningBot) -> None:
    await bot.slack.shortcut("check_backend")
    await bot.slack.until(bot.slack.view)
    ack = await bot.slack.submit_view({"target": "http://backend.contoso.com", "channel": CHANNEL})
    assert "target" in ack.body["errors"]


async def test_rehearse_judges_a_pasted_chain(bot: RunningBot) -> None:
    await bot.slack.command("rehearse")
    await bot.slack.until(bot.slack.view)
    ack = await bot.slack.submit_view({"chain": LEAF.pem.decode(), "name": HOST})
    assert ack.ok, ack
    card = await verdict(bot)
    assert "FAIL" in card.text


async def test_rehearse_refuses_a_private_key_without_repeating_it(bot: RunningBot) -> None:
    await bot.slack.command("rehearse")
    await bot.slack.until(bot.slack.view)
    ack = await bot.slack.submit_view({"chain": LEAF.key_pem.decode()})
    assert "private key" in ack.body["errors"]["chain"]
    assert LEAF.key_pem.decode().splitlines()[1] not in str(ack.body)


def uploaded(bot: RunningBot, content: bytes) -> dict[str, Any]:
    """A file as Slack tells of it in a submitted form."""
    file = StoredFile(id="F0CHAIN", name="fullchain.pem", length=len(content), content=content)
    bot.slack.workspace.files[file.id] = file
    return {
        "id": file.id,
        "name": file.name,
        "url_private_download": f"{bot.slack.base_url}/files/{file.id}/{file.name}",
    }


async def test_rehearse_judges_a_chain_added_as_file(bot: RunningBot) -> None:
    await bot.slack.command("rehearse")
    await bot.slack.until(bot.slack.view)
    ack = await bot.slack.submit_view({"file": [uploaded(bot, LEAF.pem)], "name": HOST})
    assert ack.ok, ack
    assert "FAIL" in (await verdict(bot)).text


async def test_rehearse_says_which_scope_a_file_needs() -> None:
    """The scope was withdrawn while the form stood open."""
    async with running_bot() as running:
        await running.slack.command("rehearse")
        await running.slack.until(running.slack.view)
        running.slack.api.tokens = Tokens(scopes=MANIFEST_SCOPES - {"files:read"})
        ack = await running.slack.submit_view({"file": [uploaded(running, LEAF.pem)]})
        assert "files:read" in ack.body["errors"]["file"]


async def test_rehearse_opens_without_a_file_field() -> None:
    tokens = Tokens(scopes=MANIFEST_SCOPES - {"files:read"})
    async with running_bot(tokens=tokens) as running:
        await running.slack.command("rehearse")
        form = await running.slack.until(running.slack.view)
        assert "file" not in {block["block_id"] for block in form.view["blocks"]}
        ack = await running.slack.submit_view({})
        assert ack.body["errors"]["chain"] == "Paste it here, for example fullchain.pem."
        pasted = await running.slack.submit_view({"chain": LEAF.pem.decode(), "name": HOST})
        assert pasted.ok


async def test_the_token_is_sent_to_slack_alone(bot: RunningBot) -> None:
    """A form's file names its address itself."""
    await bot.slack.command("rehearse")
    await bot.slack.until(bot.slack.view)
    elsewhere = uploaded(bot, LEAF.pem) | {
        "url_private_download": "https://files.slack.com.contoso.invalid/x"
    }
    ack = await bot.slack.submit_view({"file": [elsewhere]})
    assert "paste" in ack.body["errors"]["file"].lower()


async def test_check_again_edits_the_same_card(bot: RunningBot) -> None:
    await bot.slack.command(HOST)
    card = await verdict(bot)
    bot.script.case = "good"
    await bot.slack.click(card, "Check again")
    await bot.slack.until(lambda: bot.slack.current(card).text.startswith("OK"))
    assert len(top(bot)) == 1


async def test_a_double_click_does_nothing_twice(slow: RunningBot) -> None:
    slow.script.hold.set()
    await slow.slack.command(HOST)
    card = await verdict(slow)
    slow.script.hold.clear()
    clicks = (
        slow.slack.click(card, "Check again"),
        slow.slack.click(card, "Check again", user="U0SECOND"),
    )
    await asyncio.gather(*clicks)
    await slow.slack.until(lambda: len(slow.script.admitted) == 2)
    slow.script.hold.set()
    await slow.slack.until(lambda: slow.slack.current(card).text.startswith("FAIL"))
    assert len(slow.script.admitted) == 2


async def test_a_repeated_command_points_to_the_running_card(slow: RunningBot) -> None:
    await slow.slack.command(HOST)
    await slow.slack.until(lambda: top(slow))
    await slow.slack.command(f"{HOST}:443")
    (shown,) = await slow.slack.until(slow.slack.ephemerals)
    assert "see its card" in shown.text
    assert len(top(slow)) == 1
    assert len(slow.script.admitted) == 1


async def test_fix_steps_open_a_form(bot: RunningBot) -> None:
    await bot.slack.command(HOST)
    await bot.slack.click(await verdict(bot), "Fix steps")
    view = await bot.slack.until(bot.slack.view)
    assert view.view["title"]["text"] == "Fix steps"
    assert "Intermediate missing" in json.dumps(view.view["blocks"])


async def test_the_overflow_opens_forms(bot: RunningBot) -> None:
    bot.script.case = "good"
    await bot.slack.command(HOST)
    card = await verdict(bot)
    for entry, title in (("form", "Check a backend"), ("rehearse", "Rehearse a chain")):
        await bot.slack.click(card, "more", option=entry)
        view = await bot.slack.until(bot.slack.view)
        assert view.view["title"]["text"] == title
        bot.slack.workspace.views.clear()


async def test_private_is_seen_by_the_asker_alone(bot: RunningBot) -> None:
    await bot.slack.command(f"{HOST} private")
    await bot.slack.until(lambda: first(bot.slack.ephemerals(), "FAIL"))
    assert bot.slack.posted == [] or all(message.only_for for message in bot.slack.posted)


async def test_last_repeats_the_asker_own_check(bot: RunningBot) -> None:
    await bot.slack.command("last")
    (shown,) = await bot.slack.until(bot.slack.ephemerals)
    assert "no earlier check of yours" in shown.text
    await bot.slack.command(f"{HOST}:8443")
    await bot.slack.until(lambda: bot.script.admitted)
    await bot.slack.mention("last")
    await bot.slack.until(lambda: top(bot))
    assert {target.port for target, _ in bot.script.admitted} == {8443}


async def test_internal_error_is_shown_on_the_card(slow: RunningBot) -> None:
    slow.script.error = RuntimeError("boom")
    slow.script.hold.set()
    await slow.slack.command(HOST)
    card = await slow.slack.until(lambda: first(top(slow), "NO ANSWER"))
    assert "boom" not in json.dumps(card.blocks)


@CALLS_ONLY
async def test_channel_without_the_bot_gets_instructions(bot: RunningBot) -> None:
    bot.slack.faults.add(Fault(method="chat.postMessage", error="not_in_channel"))
    await bot.slack.command(HOST)
    (shown,) = await bot.slack.until(bot.slack.ephemerals)
    assert "/invite" in json.dumps(shown.blocks)


@CALLS_ONLY
async def test_bot_invited_meanwhile_checks_at_once(bot: RunningBot) -> None:
    bot.slack.faults.add(Fault(method="chat.postMessage", error="not_in_channel", times=1))
    await bot.slack.command(HOST)
    await bot.slack.until(bot.slack.ephemerals)
    await bot.slack.command(HOST)
    card = await verdict(bot)
    assert [message.ts for message in top(bot)] == [card.ts]


async def test_form_for_a_botless_channel_answers_directly(
    bot: RunningBot,
) -> None:
    await bot.slack.command("", channel="C0QUIET")
    (help_,) = await bot.slack.until(bot.slack.ephemerals)
    await bot.slack.click(help_, "Open the form")
    await bot.slack.until(bot.slack.view)
    await bot.slack.submit_view({"target": HOST})
    (shown,) = await bot.slack.until(lambda: bot.slack.messages("D0ONCALL"))
    assert "/invite" in json.dumps(shown.blocks)
    assert '"channel_id": "C0QUIET"' in json.dumps(shown.blocks)


@CALLS_ONLY
async def test_rate_limited_ephemeral_is_waited_for(bot: RunningBot) -> None:
    bot.slack.faults.add(Fault(method="response_url", status=429, retry_after=1, times=1))
    await bot.slack.command("help")
    (shown,) = await bot.slack.until(bot.slack.ephemerals)
    assert shown.blocks


@CALLS_ONLY
async def test_used_up_response_url_is_replaced(bot: RunningBot) -> None:
    bot.slack.faults.add(Fault(method="response_url", status=404))
    await bot.slack.command("help")
    (shown,) = await bot.slack.until(bot.slack.ephemerals)
    assert shown.blocks


@CALLS_ONLY
async def test_doctor_says_what_slack_refuses_now(bot: RunningBot) -> None:
    for fault, said in (
        (Fault(method="auth.test", error="token_revoked"), "(token_revoked)"),
        (Fault(method="auth.test", error="ekm_access_denied"), "an admin has to allow it"),
        (Fault(method="auth.test", status=503), "(http_503)"),
    ):
        bot.slack.faults.add(fault)
        await bot.slack.command("doctor")
        (shown,) = await bot.slack.until(bot.slack.ephemerals)
        assert said in read(shown)
        assert "slack: ok" not in read(shown)
        bot.slack.faults.clear()
        bot.slack.workspace.ephemerals.clear()


@CALLS_ONLY
async def test_card_in_its_own_thread_addresses_the_channel(bot: RunningBot) -> None:
    await bot.slack.command(HOST)
    card = await verdict(bot)
    await files_in_thread(bot, card)
    bot.slack.faults.add(Fault(method="chat.update", error="message_not_found", times=1))
    await bot.slack.click(card, "Check again")
    await bot.slack.until(lambda: len(top(bot)) == 2)
    assert card.ts in {message.ts for message in top(bot)}


@CALLS_ONLY
async def test_refused_blocks_go_out_as_plain_text(bot: RunningBot) -> None:
    bot.slack.faults.add(Fault(method="chat.update", error="invalid_blocks", times=1))
    await bot.slack.command(HOST)
    card = await bot.slack.until(lambda: [m for m in top(bot) if "X MISSING" in m.text])
    assert "Fix on the server" in card[0].text
    assert card[0].blocks == ()


@CALLS_ONLY
async def test_a_rate_limit_is_waited_for(bot: RunningBot) -> None:
    bot.slack.faults.add(Fault(method="chat.update", status=429, retry_after=1, times=2))
    await bot.slack.command(HOST)
    assert (await verdict(bot)).text.startswith("FAIL")


@CALLS_ONLY
async def test_a_lost_answer_is_never_posted_twice(bot: RunningBot) -> None:
    bot.slack.faults.add(Fault(method="chat.postMessage", cut=True, times=1))
    await bot.slack.command(HOST)
    await verdict(bot)
    assert [m.text.partition(" ")[0] for m in top(bot)] == ["FAIL"]


@CALLS_ONLY
async def test_server_error_on_an_edit_is_retried(bot: RunningBot) -> None:
    bot.slack.faults.add(Fault(method="chat.update", status=500, times=2))
    await bot.slack.command(HOST)
    await verdict(bot)
    assert len(top(bot)) == 1


@CALLS_ONLY
async def test_pem_without_files_scope_goes_out_as_text(bot: RunningBot) -> None:
    bot.slack.faults.add(Fault(method="files.getUploadURLExternal", error="missing_scope"))
    await bot.slack.command(HOST)
    card = await verdict(bot)
    await bot.slack.until(lambda: [m for m in bot.slack.thread(card) if "as-sent.pem" in m.text])
    assert "BEGIN CERTIFICATE" in json.dumps([message.blocks for message in bot.slack.thread(card)])


@dataclass(slots=True)
class Stepwise(Script):
    """A check that goes to its next stage when the test says so."""

    steps: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    reached: list[str] = field(default_factory=list)

    async def host(
        self,
        target: HostTarget,
        options: ProbeOptions,
        on_stage: Callable[[str], None] | None = None,
    ) -> HostAnswer | Refusal:
        """Tell each stage in its turn, then answer."""
        for stage in self.stages:
            if on_stage:
                on_stage(stage)
            self.reached.append(stage)
            await self.steps.acquire()
        return await Script.host(self, target, options)


async def test_progress_is_edited_at_most_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    script, now = Stepwise(), [1000.0]
    script.hold.set()
    monkeypatch.setattr("bot.slack.outbound.card.monotonic", lambda: now[0])
    async with running_bot(script=script) as bot:
        await bot.slack.command(HOST)
        card = (await bot.slack.until(lambda: top(bot)))[0]
        for _ in range(2):
            script.steps.release()  # no second has passed
        await bot.slack.until(lambda: len(script.reached) == 3)
        now[0] += 1
        script.steps.release()
        await bot.slack.until(lambda: bot.slack.current(card).edits)
        assert bot.slack.current(card).edits == 1
        for _ in script.stages:
            script.steps.release()
        await bot.slack.until(lambda: bot.slack.current(card).text.startswith("FAIL"))
        assert bot.slack.current(card).edits == 2
