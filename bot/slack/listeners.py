"""Bolt listeners: acknowledge a payload at once, and pass it on in a task of its own.

They only decide which part handles a payload.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.error import BoltUnhandledRequestError

from bot.cards.check_card import CHECK_AGAIN, FIX_STEPS, MORE
from bot.cards.consent import CONSENT, REVOKE_CONSENT
from bot.cards.fix_steps import STEPS_KIND, STEPS_TOOL, fix_steps
from bot.cards.fix_value import switched
from bot.cards.form import CHECK_MODAL, REHEARSE_MODAL, check_modal
from bot.cards.menu import read_entry
from bot.cards.parts import Block
from bot.cards.usage import (
    OPEN_MODAL,
    OPEN_REHEARSAL,
    notice,
    refusal,
)
from bot.checks.alerts import AlertReader
from bot.commands.mention import read_mention
from bot.commands.parse import parse
from bot.commands.values import Usage
from bot.domain.delivery import DeliveryError
from bot.domain.request import Request, Verb
from bot.observability.metrics import WRONG
from bot.slack.handlers.alert_answers import AlertAnswerer
from bot.slack.handlers.consent import ConsentHandler
from bot.slack.handlers.diagnosis import DiagnosisHandler
from bot.slack.handlers.files import CHAIN, EVIDENCE, CardFiles
from bot.slack.handlers.rehearse import FieldError, Rehearsal, RehearseHandler
from bot.slack.inbound.routing import Reception, new_run_id
from bot.slack.invocation import (
    Invocation,
    Source,
    answer,
    command_in,
    command_of_card,
    from_command,
    from_interaction,
    from_mention,
    from_submission,
    headline_of_card,
    mentioned,
    metadata,
)
from bot.slack.outbound.client import SlackClient
from bot.slack.payload import Payload, inner, word

log = logging.getLogger(__name__)

COMMANDS = ("/appgw-check", "/appgw")
_OK, _NOT_FOUND = 200, 404
_UNREADABLE = (
    "The bot cannot read this button, and nothing was run. Type the command again, for example "
    "/appgw-check backend.contoso.com."
)
CHANNEL_CHANGES = ("channel_shared", "channel_unshared", "channel_id_changed")
DIAGNOSE_502, CHECK_BACKEND = "diagnose_502", "check_backend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """The listeners of one app.

    Attributes:
        bot_user: the bot's own Slack ID.
        alert_answering: answers alerts; `None` without a database.
        consent: to cards in shared channels; `None` without a database.
    """

    reception: Reception
    slack: SlackClient
    rehearsing: RehearseHandler
    filing: CardFiles
    bot_user: str
    alerts: AlertReader
    alert_answering: AlertAnswerer | None = None
    consent: ConsentHandler | None = None

    @property
    def _diagnosis(self) -> DiagnosisHandler:
        return DiagnosisHandler(reception=self.reception, slack=self.slack, alerts=self.alerts)

    def register(self, app: AsyncApp) -> None:
        """Register the listeners with the Bolt app."""
        for command in COMMANDS:
            app.command(command)(self.on_command)
        app.event("app_mention")(self.on_mention)
        app.event("message")(self.on_message)
        for changed in CHANNEL_CHANGES:
            app.event(changed)(self.on_channel_changed)
        app.message_shortcut(DIAGNOSE_502)(self.on_alert)
        app.global_shortcut(CHECK_BACKEND)(self.on_global_shortcut)
        app.view(CHECK_MODAL)(self.on_check_modal)
        app.view(REHEARSE_MODAL)(self.on_rehearse_modal)
        app.action(CHECK_AGAIN)(self.on_check_again)
        app.action(FIX_STEPS)(self.on_fix_steps)
        app.action(STEPS_KIND)(self.on_switch_steps)
        app.action(STEPS_TOOL)(self.on_switch_steps)
        app.action(MORE)(self.on_more)
        app.action(OPEN_MODAL)(self.on_open_modal)
        app.action(OPEN_REHEARSAL)(self.on_open_rehearsal)
        app.action(CONSENT)(self.on_consent)
        app.action(REVOKE_CONSENT)(self.on_consent)
        app.error(on_error)

    async def on_command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A slash command."""
        await ack()
        self.reception.receive(from_command(body))

    async def on_mention(self, body: dict[str, Any]) -> None:
        """A mention; Bolt acknowledges events itself.

        Free text around one target is accepted. Without a target, the messages above in the thread
        are read.
        """
        invocation = from_mention(body, self.bot_user)
        line = first_runnable(mentioned(body, self.bot_user))
        if line:
            self.reception.receive(invocation.with_text(line))
        elif not invocation.thread:
            self.reception.receive(invocation.with_text("" if line == "" else Verb.CHECK))
        else:
            self._diagnosis.read_above(invocation, word(inner(body, "event"), "ts"))

    async def on_message(self, body: dict[str, Any]) -> None:
        """A direct message to the bot counts as a mention; in a channel it may be an alert."""
        event = inner(body, "event")
        if event.get("channel_type") == "im" and not word(event, "subtype", "bot_id"):
            await self.on_mention(body)
        elif self.alert_answering:
            self.alert_answering.receive(body)

    async def on_channel_changed(self, body: dict[str, Any]) -> None:
        """A channel's sharing with another organisation has changed."""
        event = inner(body, "event")
        if self.consent:
            self.consent.channel_changed(word(event, "channel", "new_channel_id"))

    async def on_alert(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The message shortcut `Diagnose this 502`."""
        await ack()
        invocation = from_interaction(body, Source.SHORTCUT)
        message = inner(body, "message")
        if question := command_of_card(message):  # a card of the bot contains its port and options
            self.reception.receive(invocation.with_text(question))
        else:
            self._diagnosis.diagnose(invocation, message)

    async def on_global_shortcut(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """`Check a backend` from anywhere."""
        await ack()
        self._open(from_interaction(body, Source.SHORTCUT), check_modal())

    async def on_check_modal(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The check modal: errors are shown at their field, otherwise it runs like a command."""
        view = inner(body, "view")
        invocation = from_submission(
            body, f"{answer(view, 'target')} {answer(view, 'options')}".strip()
        )
        understood = parse(invocation.text)
        if isinstance(understood, Usage):
            no = await self.reception.admit(invocation, invocation.text)
            misread = f"{understood.error} For example: {understood.examples[0]}"
            shown = no.sentence if no else misread
            await ack(response_action="errors", errors={"target": shown[:2000]})
            return
        await ack()
        self.reception.receive(invocation)

    async def on_rehearse_modal(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The rehearsal modal."""
        invocation = from_submission(body, "rehearse")
        if no := await self.reception.admit(invocation, "rehearse", costs=True):
            await ack(response_action="errors", errors={"chain": no.sentence})
            return
        try:
            rehearsal = await self.rehearsing.read(inner(body, "view"))
        except FieldError as error:
            await ack(response_action="errors", errors={error.field: str(error)[:2000]})
            return
        await ack()
        if self.reception.runs.is_new(invocation.dedupe_key):
            self.reception.spawn(invocation, self._rehearse(invocation, body, rehearsal))

    async def _rehearse(
        self, invocation: Invocation, body: dict[str, Any], rehearsal: Rehearsal
    ) -> None:
        alone = await self.reception.consent_wanted(invocation) is not None
        await self.rehearsing.judge(body, rehearsal, private=alone)

    async def on_check_again(
        self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]
    ) -> None:
        """`Check again`; the button contains the command."""
        await ack()
        text = command_in(action)
        invocation = from_interaction(body, Source.ACTION, text)
        if text:
            self.reception.receive(invocation)
        else:
            self._unreadable(invocation)

    async def on_fix_steps(
        self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]
    ) -> None:
        """`Fix steps`; the button contains the steps."""
        await ack()
        invocation = from_interaction(body, Source.ACTION, "fix steps")
        self._open(
            invocation, fix_steps(switched(word(action, "value"), channel=invocation.channel))
        )

    async def on_switch_steps(
        self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]
    ) -> None:
        """Another kind of server, or another tool, was chosen in the fix steps."""
        await ack()
        view = inner(body, "view")
        invocation = replace(
            from_interaction(body, Source.ACTION, "fix steps"),
            channel=word(metadata(view), "channel"),
        )
        chosen = word(inner(action, "selected_option"), "value")
        which = {"kind": chosen} if action.get("action_id") == STEPS_KIND else {"tool": chosen}
        if self.reception.runs.is_new(invocation.dedupe_key):
            self.reception.spawn(invocation, self._switch_steps(invocation, view, which))

    async def _switch_steps(
        self, invocation: Invocation, view: Payload, which: dict[str, str]
    ) -> None:
        if await self.reception.admit(invocation, invocation.text):
            return
        shown = fix_steps(switched(word(view, "private_metadata"), **which))
        await self.slack.update_modal(word(view, "id"), shown)

    async def on_more(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """The overflow menu."""
        await ack()
        entry = read_entry(word(inner(action, "selected_option"), "value"))
        question = entry.q or command_of_card(inner(body, "message"))
        invocation = from_interaction(body, Source.ACTION, question)
        headline = headline_of_card(inner(body, "message"))
        self._choose(entry.do, question, invocation, headline)

    def _choose(self, chosen: str, question: str, invocation: Invocation, headline: str) -> None:
        channel = invocation.channel or None
        if chosen == "rehearse" or (chosen, question) == ("form", "rehearse"):
            self._open(invocation.with_text("rehearse"), self.rehearsing.form(invocation.channel))
        elif chosen == "form":
            target, _, options = question.partition(" ")
            form = check_modal(target=target, options=options, channel=channel)
            self._open(invocation.with_text("form"), form)
        elif chosen == "wrong":
            self.reception.spawn(invocation, self._wrong(invocation, headline))
        elif chosen == "watch":
            self.reception.receive(_to_watch(invocation.with_text(f"{question} watch")))
        elif chosen not in {CHAIN, EVIDENCE}:
            self._unreadable(invocation)
        elif self.reception.runs.is_new(invocation.dedupe_key):
            self.reception.spawn(invocation, self._hand_out(invocation, chosen))

    def _unreadable(self, invocation: Invocation) -> None:
        """Answer a button of another version, or one that was tampered with."""
        if self.reception.runs.is_new(invocation.dedupe_key):
            self.reception.spawn(invocation, self._answer_unreadable(invocation))

    async def _answer_unreadable(self, invocation: Invocation) -> None:
        no = await self.reception.admit(invocation, "a button that cannot be read", costs=True)
        answer = refusal(no) if no else notice(_UNREADABLE)
        await self.slack.send_ephemeral(replace(invocation, card=None), answer)

    async def on_consent(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Consent to cards in a shared channel was given or withdrawn."""
        await ack()
        what = word(action, "action_id")
        invocation = from_interaction(body, Source.ACTION, what)
        if self.consent and self.reception.runs.is_new(invocation.dedupe_key):
            change = self.consent.give if what == CONSENT else self.consent.revoke
            self.reception.spawn(invocation, self._change_consent(invocation, change))

    async def _change_consent(
        self, invocation: Invocation, change: Callable[[Invocation], Awaitable[None]]
    ) -> None:
        if no := await self.reception.admit(invocation, invocation.text, costs=True):
            await self.slack.send_ephemeral(invocation, refusal(no))
            return
        await change(invocation)

    async def on_open_modal(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The button below help and usage errors that opens the check modal."""
        await ack()
        invocation = from_interaction(body, Source.ACTION, "form")
        self._open(invocation, check_modal(channel=invocation.channel or None))

    async def on_open_rehearsal(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The button that opens the rehearsal modal."""
        await ack()
        invocation = from_interaction(body, Source.ACTION, "rehearse")
        self._open(invocation, self.rehearsing.form(invocation.channel))

    def _open(self, invocation: Invocation, view: Block) -> None:
        if self.reception.runs.is_new(invocation.dedupe_key):
            self.reception.spawn(invocation, self._open_now(invocation, view))

    async def _open_now(self, invocation: Invocation, view: Block) -> None:
        if no := await self.reception.admit(invocation, invocation.text):
            await self.slack.send_ephemeral(replace(invocation, card=None), refusal(no))
            return
        try:
            await self.slack.open_modal(invocation.trigger or "", view)
        except DeliveryError as error:
            log.info("a view could not be opened", extra={"reason": error.reason})
            await self.slack.send_ephemeral(
                invocation, notice("Slack did not open the form in time; tap again.")
            )

    async def _hand_out(self, invocation: Invocation, what: str) -> None:
        run_id = new_run_id()
        if no := await self.reception.admit(
            invocation, f"{what} {invocation.text}", costs=True, run_id=run_id
        ):
            await self.slack.send_ephemeral(replace(invocation, response_url=None), refusal(no))
            return
        alone = await self.reception.consent_wanted(invocation) is not None
        await self.filing.upload_file(
            replace(invocation, ephemeral=True) if alone else invocation, what, run_id
        )

    async def _wrong(self, invocation: Invocation, headline: str) -> None:
        if no := await self.reception.admit(invocation, f"wrong diagnosis: {invocation.text}"):
            await self.slack.send_ephemeral(invocation, refusal(no))
            return
        WRONG.labels(headline=headline).inc()
        await self.slack.send_ephemeral(
            invocation,
            notice(
                "Recorded in the log with your command. The details and files in the thread help "
                "to find the reason."
            ),
        )


def _to_watch(invocation: Invocation) -> Invocation:
    """The invocation of a watch; that of an ephemeral card moves to a direct message.

    An ephemeral card cannot be updated for long.
    """
    if not invocation.ephemeral:
        return invocation
    return replace(
        invocation,
        source=Source.COMMAND,
        channel=invocation.user,
        thread=None,
        card=None,
        ephemeral=False,
    )


def first_runnable(texts: Sequence[str]) -> str | None:
    """The first line that can be run, else the first one; `None` if none names a target."""
    lines = [read_mention(text) for text in texts]
    runs = (line for line in lines if line and isinstance(parse(line), Request))
    return next(runs, None) or next((line for line in lines if line), lines[0] if lines else None)


async def on_error(error: Exception, body: Payload) -> BoltResponse | None:
    """Log an unexpected error in a listener with the payload's type, never its content.

    An unknown type is acknowledged, because Slack repeats what is not.
    """
    kind = word(body, "type", "command") or "unknown"
    if isinstance(error, BoltUnhandledRequestError):
        log.info(
            "a payload of another kind", extra={"kind": word(inner(body, "event"), "type") or kind}
        )
        return BoltResponse(status=_NOT_FOUND if kind == "unknown" else _OK)
    log.error("a listener failed", exc_info=error, extra={"kind": kind})
    return None
