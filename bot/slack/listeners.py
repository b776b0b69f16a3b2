"""Bolt listeners: acknowledge a payload at once, and pass it on in a task of its own.

They only decide which part handles a payload.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.error import BoltUnhandledRequestError

from bot.cards.modals import CHECK_MODAL, REHEARSE_MODAL, check_modal
from bot.checks.alerts import AlertReader
from bot.commands.mention import read_mention
from bot.commands.parse import parse
from bot.commands.usage import Usage
from bot.domain.request import Request, Verb
from bot.slack.button_listeners import ButtonListeners
from bot.slack.handlers.alert_answers import AlertAnswerer
from bot.slack.handlers.consent import ConsentHandler
from bot.slack.handlers.diagnosis import DiagnosisHandler
from bot.slack.handlers.rehearse import FieldError, Rehearsal, RehearseHandler
from bot.slack.inbound.routing import InvocationRouter
from bot.slack.invocation import (
    Invocation,
    Source,
    answer,
    command_of_card,
    from_command,
    from_interaction,
    from_mention,
    from_submission,
    mentioned,
)
from bot.slack.outbound.client import SlackClient
from bot.slack.payload import Payload, object_at, text_at
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)

COMMANDS = ("/appgw-check", "/appgw")
_OK, _BAD_REQUEST, _NOT_FOUND = 200, 400, 404
CHANNEL_CHANGES = ("channel_shared", "channel_unshared", "channel_id_changed")
DIAGNOSE_502, CHECK_BACKEND = "diagnose_502", "check_backend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """The listeners of one app.

    Attributes:
        buttons: the listeners of cards' buttons and menus.
        bot_user: the bot's own Slack ID.
        alert_answering: answers alerts; `None` without a database.
        consent: to cards in shared channels; `None` without a database.
    """

    router: InvocationRouter
    slack: SlackClient
    rehearsing: RehearseHandler
    buttons: ButtonListeners
    bot_user: str
    alerts: AlertReader
    alert_answering: AlertAnswerer | None = None
    consent: ConsentHandler | None = None

    @property
    def _diagnosis(self) -> DiagnosisHandler:
        return DiagnosisHandler(
            router=self.router,
            slack=self.slack,
            alerts=self.alerts,
            bot_user=self.bot_user,
        )

    def register(self, app: AsyncApp) -> None:
        """Register the listeners with the Bolt app."""
        app.event("app_mention")(self.on_mention)
        app.event("message")(self.on_message)
        for changed in CHANNEL_CHANGES:
            app.event(changed)(self.on_channel_changed)
        app.message_shortcut(DIAGNOSE_502)(self.on_alert)
        app.global_shortcut(CHECK_BACKEND)(self.on_global_shortcut)
        app.view(CHECK_MODAL)(self.on_check_modal)
        app.view(REHEARSE_MODAL)(self.on_rehearse_modal)
        self.buttons.register(app)
        app.error(on_error)

    def take_command(self, body: Payload) -> bool:
        """A slash command, which the transport acknowledges; false for one that is not ours."""
        if text_at(body, "command") not in COMMANDS:
            return False
        self.router.receive(from_command(body))
        return True

    async def on_mention(self, body: dict[str, Any]) -> None:
        """A mention; Bolt acknowledges events itself.

        Free text around one target is accepted. Without a target, the messages above in the thread
        are read.
        """
        invocation = from_mention(body, self.bot_user)
        line = first_runnable(mentioned(body, self.bot_user))
        if line:
            self.router.receive(invocation.with_text(line))
        elif not invocation.thread:
            self.router.receive(invocation.with_text("" if line == "" else Verb.CHECK))
        else:
            self._diagnosis.read_above(invocation, text_at(object_at(body, "event"), "ts"))

    async def on_message(self, body: dict[str, Any]) -> None:
        """A direct message to the bot counts as a mention; in a channel it may be an alert."""
        event = object_at(body, "event")
        if event.get("channel_type") == "im" and not text_at(event, "subtype", "bot_id"):
            await self.on_mention(body)
        elif self.alert_answering:
            self.alert_answering.receive(body)

    async def on_channel_changed(self, body: dict[str, Any]) -> None:
        """A channel's sharing with another organisation has changed."""
        event = object_at(body, "event")
        if self.consent:
            self.consent.channel_changed(text_at(event, "channel", "new_channel_id"))

    async def on_alert(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The message shortcut `Diagnose this 502`."""
        await ack()
        invocation = from_interaction(body, Source.SHORTCUT)
        message = object_at(body, "message")
        if question := command_of_card(message):  # a card of the bot contains its port and options
            self.router.receive(invocation.with_text(question))
        else:
            self._diagnosis.diagnose(invocation, message)

    async def on_global_shortcut(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """`Check a backend` from anywhere."""
        await ack()
        self.buttons.open(from_interaction(body, Source.SHORTCUT), check_modal())

    async def on_check_modal(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The check modal: errors are shown at their field, otherwise it runs like a command."""
        view = object_at(body, "view")
        invocation = from_submission(
            body, f"{answer(view, 'target')} {answer(view, 'options')}".strip()
        )
        understood = parse(invocation.text)
        if isinstance(understood, Usage):
            no = await self.router.admit(invocation, invocation.text)
            misread = f"{understood.error} For example: {understood.examples[0]}"
            shown = no.sentence if no else misread
            await ack(response_action="errors", errors={"target": shown[:2000]})
            return
        await ack()
        self.router.receive(invocation)

    async def on_rehearse_modal(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The rehearsal modal."""
        invocation = from_submission(body, "rehearse")
        if no := await self.router.admit(invocation, "rehearse", costs=True):
            await ack(response_action="errors", errors={"chain": no.sentence})
            return
        try:
            rehearsal = await self.rehearsing.read(object_at(body, "view"))
        except FieldError as error:
            await ack(response_action="errors", errors={error.field: str(error)[:2000]})
            return
        await ack()
        if self.router.runs.is_new(invocation.dedupe_key):
            self.router.spawn(invocation, self._rehearse(invocation, body, rehearsal))

    async def _rehearse(
        self, invocation: Invocation, body: dict[str, Any], rehearsal: Rehearsal
    ) -> None:
        alone = await self.router.consent_wanted(invocation) is not None
        await self.rehearsing.judge(body, rehearsal, private=alone)


def first_runnable(texts: Sequence[str]) -> str | None:
    """The first line that can be run, else the first one; `None` if none names a target."""
    lines = [read_mention(text) for text in texts]
    runs = (line for line in lines if line and isinstance(parse(line), Request))
    return next(runs, None) or next((line for line in lines if line), lines[0] if lines else None)


async def on_error(error: Exception, body: Payload) -> BoltResponse | None:
    """Log an unexpected error in a listener with the payload's type, never its content.

    An unknown type is acknowledged, because Slack repeats what is not.
    """
    kind = text_at(body, "type", "command") or "unknown"
    if isinstance(error, BoltUnhandledRequestError):
        log.info(
            "a payload that no listener handles",
            extra={"kind": text_at(object_at(body, "event"), "type") or kind},
        )
        return BoltResponse(status=_NOT_FOUND if kind == "unknown" else _OK)
    if _is_malformed(body):
        log.warning("unreadable request", extra={"reason": type(error).__name__})
        return BoltResponse(status=_BAD_REQUEST)
    log.error("a listener failed", exc_info=error, extra={"kind": kind})
    return None


def _is_malformed(body: Payload) -> bool:
    """Whether Bolt itself cannot read the payload, so that no listener saw it."""
    actions = body.get("actions", []) if body.get("type") == "block_actions" else []
    readable = isinstance(actions, list) and all(
        isinstance(one, Mapping) and "action_id" in one for one in actions
    )
    return not (readable and isinstance(body.get("event", {}), Mapping))
