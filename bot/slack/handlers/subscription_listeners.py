"""Bolt listeners for the digest verbs' buttons, menu and modal, and for App Home.

Buttons contain commands; an action passes through the same router as a typed command, so the
user is authorised again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.button_values import read_restore
from bot.cards.digest_card import RUN, RUN_APART
from bot.cards.subscriptions import EDIT, OPEN_SUBSCRIBE_MODAL, SUBSCRIBE_MODAL, UNDO, ZONE
from bot.cards.usage import refusal
from bot.commands.command_text import subscribe_words, target_of
from bot.commands.parse import parse
from bot.commands.usage import Usage
from bot.domain.request import (
    SubscribeRequest,
)
from bot.slack.handlers.app_home import AppHome, opened
from bot.slack.handlers.subscribe import SubscribeHandlers
from bot.slack.handlers.subscription_replies import SubscriptionReplies
from bot.slack.inbound.audit import new_run_id
from bot.slack.inbound.routing import InvocationRouter
from bot.slack.invocation import (
    AdmittedInvocation,
    Invocation,
    Source,
    command_in,
    element,
    from_interaction,
    from_submission,
)
from bot.slack.payload import Payload, object_at, text_at
from chainlib.frozen import dataclass

_FORM_OPTIONS = ("every", "day", "at", "tz", "min", "only", "not", "heartbeat")
_DEFAULT_CHOICES = frozenset({"everything open", "silent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionListeners:
    """The buttons, menu and modal of the digest verbs, and App Home.

    Attributes:
        replies: shared by the handlers of the digest verbs.
        troubles: the failed conditions of `/readyz`, name -> sentence.
    """

    replies: SubscriptionReplies
    troubles: Callable[[], Mapping[str, str]]

    def register(self, app: AsyncApp, router: InvocationRouter) -> None:
        """Register the listeners with the Bolt app."""
        home = AppHome(replies=self.replies, troubles=self.troubles)
        actions = _Actions(
            router=router, subscribing=SubscribeHandlers(replies=self.replies), home=home
        )
        app.action(re.compile(rf"^{RUN}:"))(actions.on_run)
        app.action(re.compile(rf"^{RUN_APART}:"))(actions.on_run_apart)
        app.action(re.compile(rf"^{EDIT}(:\d+)?$"))(actions.on_edit)
        app.action(UNDO)(actions.on_undo)
        app.action(ZONE)(actions.on_zone)
        app.action(OPEN_SUBSCRIBE_MODAL)(actions.on_edit)
        app.view(SUBSCRIBE_MODAL)(actions.on_submission)
        app.event("app_home_opened")(actions.on_app_home)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Actions:
    """The listeners."""

    router: InvocationRouter
    subscribing: SubscribeHandlers
    home: AppHome

    async def on_run(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """A button whose answer replaces its message."""
        await ack()
        self.router.receive(from_interaction(body, Source.ACTION, command_in(action)))

    async def on_run_apart(
        self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]
    ) -> None:
        """A button whose answer is a new message."""
        await ack()
        invocation = from_interaction(body, Source.ACTION, command_in(action))
        self.router.receive(replace(invocation, source=Source.SHORTCUT, card=None))

    async def on_zone(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """A time zone was chosen: repeat the command with it."""
        await ack()
        chosen = command_in(object_at(action, "selected_option"))
        self.router.receive(from_interaction(body, Source.ACTION, chosen))

    async def on_edit(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """`Edit`: open the modal filled in from the button."""
        await ack()
        invocation = from_interaction(body, Source.ACTION, command_in(action) or "subscribe")
        if self.router.runs.is_new(invocation.dedupe_key):
            self.router.spawn(invocation, self._edit(invocation))

    async def on_undo(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """`Undo` of `unsubscribe`."""
        await ack()
        removed = read_restore(action.get("value"))
        invocation = from_interaction(body, Source.ACTION, "undo")
        if removed and self.router.runs.is_new(invocation.dedupe_key):
            self.router.spawn(invocation, self._undo(invocation, removed.q))

    async def on_submission(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The modal: errors are shown at its first field, otherwise it runs like a command."""
        text = _typed(object_at(body, "view"))
        understood = parse(text)
        if isinstance(understood, Usage):
            await ack(response_action="errors", errors={"target": understood.error[:2000]})
            return
        await ack()
        self.router.receive(from_submission(body, text))

    async def on_app_home(self, body: dict[str, Any]) -> None:
        """App Home was opened."""
        if invocation := opened(body):
            self.router.spawn(invocation, self._draw(invocation))

    async def _draw(self, invocation: Invocation) -> None:
        await self.home.draw(invocation.user, await self.router.admit(invocation, "home"))

    async def _edit(self, invocation: Invocation) -> None:
        if await self._is_admitted(invocation, "edit"):
            understood = parse(invocation.text)
            await self.subscribing.open_modal(
                invocation, _given(understood) if isinstance(understood, SubscribeRequest) else {}
            )

    async def _undo(self, invocation: Invocation, commands: Sequence[str]) -> None:
        if await self._is_admitted(invocation, "undo"):
            request = SubscribeRequest()
            await self.subscribing.restore(
                AdmittedInvocation(
                    invocation=invocation,
                    request=request,
                    run_id=new_run_id(),
                    begun=monotonic(),
                    arrived=self.router.clock(),
                ),
                commands,
            )

    async def _is_admitted(self, invocation: Invocation, what: str) -> bool:
        no = await self.router.admit(invocation, what, costs=True)
        if no:
            await self.router.slack.send_ephemeral(invocation, refusal(no))
        return no is None


def _given(request: SubscribeRequest) -> dict[str, str]:
    """The values of a command, as the modal's fields."""
    return {"target": target_of(request), **subscribe_words(request)}


def _typed(view: Payload) -> str:
    """The submission as a command line."""
    filled = {name: _value(element(view, name)) for name in ("target", *_FORM_OPTIONS)}
    if filled["every"] == "hourly":
        filled["at"] = ""
    if filled["every"] != "weekly":
        filled["day"] = ""
    said = [
        f"{key}={filled[key]}"
        for key in _FORM_OPTIONS
        if filled[key] and filled[key] not in _DEFAULT_CHOICES
    ]
    return " ".join(("subscribe", filled["target"], *said))


def _value(field: Payload) -> str:
    return (
        text_at(field, "value") or text_at(object_at(field, "selected_option"), "value")
    ).strip()
