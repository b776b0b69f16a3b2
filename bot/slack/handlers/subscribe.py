"""Handles `subscribe`, `list`, `unsubscribe` and `Undo`.

A subscription belongs to the channel; subscribing twice gives one subscription.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.escaping import capital
from bot.cards.subscriptions import (
    OPEN_SUBSCRIBE_MODAL,
    ListEntry,
    listing,
    restored,
    subscribe_modal,
    subscribed,
    unsubscribed,
    which_zone,
)
from bot.cards.usage import open_modal_notice
from bot.commands.command_text import command_text as words_of
from bot.commands.parse import parse
from bot.digest.schedule import schedule_in_words
from bot.domain.delivery import DeliveryError
from bot.domain.digest import Subscription
from bot.domain.refusal import Refusal
from bot.domain.request import ListRequest, Request, SubscribeRequest, UnsubscribeRequest
from bot.slack.handlers.subscription_replies import SubscriptionReplies
from bot.slack.invocation import AdmittedInvocation, Invocation
from bot.subscriptions.changes import requested_subscription, restore, subscribe, unsubscribe
from bot.subscriptions.conversion import schedule_and_filters, subscribe_command
from chainlib.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeHandlers:
    """Handles the verbs that change a channel's subscriptions.

    Attributes:
        replies: shared by the handlers of the digest verbs.
    """

    replies: SubscriptionReplies

    async def subscribe(self, admitted: AdmittedInvocation[SubscribeRequest]) -> None:
        """Create or change a subscription; without a target, open the modal."""
        if admitted.request.target is None:
            await self.open_modal(admitted.invocation, {})
            return
        if not admitted.invocation.channel:
            await self.replies.decline(
                admitted,
                "A digest belongs to a channel; use this command in one.",
                "/appgw-check subscribe gw:prod-gw",
            )
            return
        made = requested_subscription(
            self.replies.service,
            admitted.request,
            self.replies.author(admitted),
            self.replies.profile(admitted),
        )
        value = await self.replies.patiently(admitted, made)
        if isinstance(value, Refusal):
            await self.replies.refuse(admitted, value, _subscribe_line)
        elif value is None:
            await self.replies.slack.send_ephemeral(
                admitted.invocation, which_zone(words_of(admitted.request))
            )
        else:
            await self._subscribe(admitted, value)

    async def list(self, admitted: AdmittedInvocation[ListRequest]) -> None:
        """Show the channel's subscriptions, numbered from 1."""
        known = await self.replies.service.subscriptions(admitted.invocation.channel)
        if not known:
            await self.replies.decline(
                admitted,
                "This channel has no subscriptions yet.",
                "/appgw-check subscribe gw:prod-gw",
            )
        entries = [
            _entry(number, value, self._plan(value, runs=1))
            for number, value in enumerate(known, 1)
        ]
        await self.replies.notify(admitted, listing(entries))

    async def unsubscribe(self, admitted: AdmittedInvocation[UnsubscribeRequest]) -> None:
        """Remove one subscription by its number or target, or all of them."""
        chosen = await unsubscribe(
            self.replies.service, admitted.request, self.replies.author(admitted)
        )
        if isinstance(chosen, Refusal):
            await self.replies.decline(admitted, chosen.sentence, "/appgw-check list")
            return
        message = unsubscribed(
            [one.target.text for one in chosen],
            [subscribe_command(one) for one in chosen],
            by=admitted.invocation.user,
        )
        await self.replies.answer_or_send_ephemeral(admitted, message)

    async def restore(
        self, admitted: AdmittedInvocation[SubscribeRequest], commands: Sequence[str]
    ) -> None:
        """`Undo` of `unsubscribe`: create again what the button contains.

        Existing subscriptions are not changed.
        """
        requests = [one for one in map(parse, commands) if isinstance(one, SubscribeRequest)]
        back = await restore(
            self.replies.service,
            requests,
            self.replies.author(admitted),
            self.replies.profile(admitted),
        )
        if back.refusal:
            await self.replies.refuse(admitted, back.refusal, _subscribe_line)
        if back.targets:
            await self.replies.answer_or_send_ephemeral(
                admitted, restored(back.targets, by=admitted.invocation.user)
            )

    async def open_modal(self, invocation: Invocation, given: dict[str, str]) -> None:
        """Open the modal; if that is impossible, post the button that does."""
        try:
            await self.replies.slack.open_modal(
                invocation.trigger or "", subscribe_modal(given, channel=invocation.channel)
            )
        except DeliveryError:
            await self.replies.slack.send_ephemeral(
                invocation, open_modal_notice("Subscribe", OPEN_SUBSCRIBE_MODAL)
            )

    async def _subscribe(self, admitted: AdmittedInvocation[Request], value: Subscription) -> None:
        async def confirm(stored: Subscription, changed: bool) -> DeliveryError | None:  # noqa: FBT001 -- the use case's signature
            message = subscribed(
                stored.target.text,
                self._plan(stored),
                subscribe_command(stored),
                by=admitted.invocation.user,
                changed=changed,
            )
            return await self.replies.answer(admitted, message)

        author = self.replies.author(admitted)
        done = await subscribe(self.replies.service, value, author, confirm)
        if isinstance(done, Refusal):
            await self.replies.refuse(admitted, done, _subscribe_line)
        elif done.already:
            plan = self._plan(done.subscription)
            sentence = f"This channel already gets {value.target.text} like this: {plan}"
            await self.replies.decline(admitted, sentence, "/appgw-check list")
        elif done.unposted:
            await self.replies.explain_place(admitted, done.unposted)

    def _plan(self, value: Subscription, runs: int = 3) -> str:
        when = schedule_in_words(value.schedule, self.replies.service.clock(), runs)
        return f"{when} {capital(schedule_and_filters(value))}."


def _subscribe_line(target: str) -> str:
    return f"subscribe {target} daily 08:30"


def _entry(number: int, value: Subscription, plan: str) -> ListEntry:
    return ListEntry(
        number=number,
        target=value.target.text,
        plan=plan,
        command=subscribe_command(value),
        by=value.created_by,
        paused=value.paused or "",
    )
