"""What the buttons and menus of cards send -> an ack at once, and the work in a task."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.check_card import CHECK_AGAIN, FIX_STEPS, MORE
from bot.cards.consent import CONSENT, REVOKE_CONSENT
from bot.cards.fix_steps import STEPS_KIND, STEPS_TOOL, fix_steps
from bot.cards.fix_value import switched
from bot.cards.menu import read_entry
from bot.cards.modals import check_modal
from bot.cards.parts import Block
from bot.cards.usage import (
    OPEN_MODAL,
    OPEN_REHEARSAL,
    notice,
    refusal,
)
from bot.domain.delivery import DeliveryError
from bot.observability.metrics import WRONG
from bot.slack.handlers.consent import ConsentHandler
from bot.slack.handlers.files import CHAIN, EVIDENCE, CardFiles
from bot.slack.handlers.rehearse import RehearseHandler
from bot.slack.inbound.audit import new_run_id
from bot.slack.inbound.routing import InvocationRouter
from bot.slack.invocation import (
    Invocation,
    Source,
    command_in,
    command_of_card,
    from_interaction,
    headline_of_card,
    metadata,
)
from bot.slack.outbound.client import SlackClient
from bot.slack.payload import Payload, object_at, text_at
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)

_UNREADABLE = (
    "The bot cannot read this button, and nothing was run. Type the command again, for example "
    "/appgw-check backend.contoso.com."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonListeners:
    """The listeners of buttons and menus.

    Attributes:
        consent: to cards in shared channels; `None` without a database.
    """

    router: InvocationRouter
    slack: SlackClient
    rehearsing: RehearseHandler
    card_files: CardFiles
    consent: ConsentHandler | None = None

    def register(self, app: AsyncApp) -> None:
        """Register the listeners with the Bolt app."""
        app.action(CHECK_AGAIN)(self.on_check_again)
        app.action(FIX_STEPS)(self.on_fix_steps)
        app.action(STEPS_KIND)(self.on_switch_steps)
        app.action(STEPS_TOOL)(self.on_switch_steps)
        app.action(MORE)(self.on_more)
        app.action(OPEN_MODAL)(self.on_open_modal)
        app.action(OPEN_REHEARSAL)(self.on_open_rehearsal)
        app.action(CONSENT)(self.on_consent)
        app.action(REVOKE_CONSENT)(self.on_consent)

    async def on_check_again(
        self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]
    ) -> None:
        """`Check again`; the button contains the command."""
        await ack()
        text = command_in(action)
        invocation = from_interaction(body, Source.ACTION, text)
        if text:
            self.router.receive(invocation)
        else:
            self._unreadable(invocation)

    async def on_fix_steps(
        self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]
    ) -> None:
        """`Fix steps`; the button contains the steps."""
        await ack()
        invocation = from_interaction(body, Source.ACTION, "fix steps")
        self.open(
            invocation, fix_steps(switched(text_at(action, "value"), channel=invocation.channel))
        )

    async def on_switch_steps(
        self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]
    ) -> None:
        """Another kind of server, or another tool, was chosen in the fix steps."""
        await ack()
        view = object_at(body, "view")
        invocation = replace(
            from_interaction(body, Source.ACTION, "fix steps"),
            channel=text_at(metadata(view), "channel"),
        )
        chosen = text_at(object_at(action, "selected_option"), "value")
        which = {"kind": chosen} if action.get("action_id") == STEPS_KIND else {"tool": chosen}
        if self.router.runs.is_new(invocation.dedupe_key):
            self.router.spawn(invocation, self._switch_steps(invocation, view, which))

    async def _switch_steps(
        self, invocation: Invocation, view: Payload, which: dict[str, str]
    ) -> None:
        if await self.router.admit(invocation, invocation.text):
            return
        shown = fix_steps(switched(text_at(view, "private_metadata"), **which))
        await self.slack.update_modal(text_at(view, "id"), shown)

    async def on_more(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """The overflow menu."""
        await ack()
        entry = read_entry(text_at(object_at(action, "selected_option"), "value"))
        question = entry.q or command_of_card(object_at(body, "message"))
        invocation = from_interaction(body, Source.ACTION, question)
        headline = headline_of_card(object_at(body, "message"))
        self._choose(entry.do, question, invocation, headline)

    def _choose(self, chosen: str, question: str, invocation: Invocation, headline: str) -> None:
        channel = invocation.channel or None
        if chosen == "rehearse" or (chosen, question) == ("form", "rehearse"):
            self.open(invocation.with_text("rehearse"), self.rehearsing.form(invocation.channel))
        elif chosen == "form":
            target, _, options = question.partition(" ")
            form = check_modal(target=target, options=options, channel=channel)
            self.open(invocation.with_text("form"), form)
        elif chosen == "wrong":
            self.router.spawn(invocation, self._record_wrong_diagnosis(invocation, headline))
        elif chosen == "watch":
            self.router.receive(_to_watch(invocation.with_text(f"{question} watch")))
        elif chosen not in {CHAIN, EVIDENCE}:
            self._unreadable(invocation)
        elif self.router.runs.is_new(invocation.dedupe_key):
            self.router.spawn(invocation, self._upload_file(invocation, chosen))

    def _unreadable(self, invocation: Invocation) -> None:
        """Answer a button of another version, or one that was tampered with."""
        if self.router.runs.is_new(invocation.dedupe_key):
            self.router.spawn(invocation, self._answer_unreadable(invocation))

    async def _answer_unreadable(self, invocation: Invocation) -> None:
        no = await self.router.admit(invocation, "a button that cannot be read", costs=True)
        answer = refusal(no) if no else notice(_UNREADABLE)
        await self.slack.send_ephemeral(replace(invocation, card=None), answer)

    async def on_consent(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Consent to cards in a shared channel was given or withdrawn."""
        await ack()
        what = text_at(action, "action_id")
        invocation = from_interaction(body, Source.ACTION, what)
        if self.consent and self.router.runs.is_new(invocation.dedupe_key):
            change = self.consent.give if what == CONSENT else self.consent.revoke
            self.router.spawn(invocation, self._change_consent(invocation, change))

    async def _change_consent(
        self, invocation: Invocation, change: Callable[[Invocation], Awaitable[None]]
    ) -> None:
        if no := await self.router.admit(invocation, invocation.text, costs=True):
            await self.slack.send_ephemeral(invocation, refusal(no))
            return
        await change(invocation)

    async def on_open_modal(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The button below help and usage errors that opens the check modal."""
        await ack()
        invocation = from_interaction(body, Source.ACTION, "form")
        self.open(invocation, check_modal(channel=invocation.channel or None))

    async def on_open_rehearsal(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The button that opens the rehearsal modal."""
        await ack()
        invocation = from_interaction(body, Source.ACTION, "rehearse")
        self.open(invocation, self.rehearsing.form(invocation.channel))

    def open(self, invocation: Invocation, view: Block) -> None:
        """Open a modal for somebody who may ask."""
        if self.router.runs.is_new(invocation.dedupe_key):
            self.router.spawn(invocation, self._open_now(invocation, view))

    async def _open_now(self, invocation: Invocation, view: Block) -> None:
        if no := await self.router.admit(invocation, invocation.text):
            await self.slack.send_ephemeral(replace(invocation, card=None), refusal(no))
            return
        try:
            await self.slack.open_modal(invocation.trigger or "", view)
        except DeliveryError as error:
            log.info("a view could not be opened", extra={"reason": error.reason})
            await self.slack.send_ephemeral(
                invocation, notice("Slack did not open the form in time; tap again.")
            )

    async def _upload_file(self, invocation: Invocation, what: str) -> None:
        run_id = new_run_id()
        if no := await self.router.admit(
            invocation, f"{what} {invocation.text}", costs=True, run_id=run_id
        ):
            await self.slack.send_ephemeral(replace(invocation, response_url=None), refusal(no))
            return
        alone = await self.router.consent_wanted(invocation) is not None
        await self.card_files.upload_file(
            replace(invocation, ephemeral=True) if alone else invocation, what, run_id
        )

    async def _record_wrong_diagnosis(self, invocation: Invocation, headline: str) -> None:
        if no := await self.router.admit(invocation, f"wrong diagnosis: {invocation.text}"):
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
