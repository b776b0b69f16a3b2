"""`subscribe`, `list`, `unsubscribe` and their `Undo`.

A subscription belongs to the channel; what was made twice is there once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.cards.escaping import capital
from bot.cards.subscriptions import (
    OPEN_SUBSCRIBE_MODAL,
    Entry,
    listing,
    restored,
    subscribe_modal,
    subscribed,
    unsubscribed,
    which_zone,
)
from bot.cards.usage import notice, open_modal_notice
from bot.commands import parse
from bot.commands.wording import command_of as words_of
from bot.digest.due import NeverDue
from bot.digest.filters import UnusableFilter
from bot.digest.schedule import UnusableSchedule, echo
from bot.domain.delivery import DeliveryError
from bot.domain.digest import Subscription
from bot.domain.request import ListRequest, Request, SubscribeRequest, UnsubscribeRequest
from bot.slack.handlers.subscription_replies import SubscriptionReplies
from bot.slack.invocation import AdmittedInvocation, Invocation
from bot.subscriptions import AtLimit, CannotFollow
from bot.subscriptions.following import command_of, matching, says

_SEVERAL = 2
_UNUSABLE = (CannotFollow, UnusableSchedule, UnusableFilter, NeverDue)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribing:
    """Answers what changes a channel's subscriptions; `replies` is what the digest verbs share."""

    replies: SubscriptionReplies

    async def subscribe(self, admitted: AdmittedInvocation[SubscribeRequest]) -> None:
        """Follow a target from now on, or in another way than before.

        Without a target, open the form.
        """
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
        try:
            value = await self.replies.patiently(admitted, self._made(admitted))
        except _UNUSABLE as error:
            await self.replies.decline(
                admitted, str(error), "/appgw-check subscribe gw:prod-gw daily 08:30"
            )
            return
        if value is None:
            await self.replies.slack.send_ephemeral(
                admitted.invocation, which_zone(words_of(admitted.request))
            )
            return
        await self._keep(admitted, value)

    async def list(self, admitted: AdmittedInvocation[ListRequest]) -> None:
        """What this channel follows, numbered from 1."""
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
        """Stop one digest by its number or target, or all of them."""
        known = await self.replies.service.subscriptions(admitted.invocation.channel)
        chosen = _chosen(known, admitted.request)
        if not chosen:
            numbers = (
                ("it follows nothing", "its only one is number 1")[len(known)]
                if len(known) < _SEVERAL
                else f"it has 1 to {len(known)}"
            )
            await self.replies.decline(
                admitted, f"This channel has no such digest; {numbers}.", "/appgw-check list"
            )
            return
        await self.replies.service.memory.remove(
            {one.id: command_of(one) for one in chosen},
            self.replies.author(admitted),
            self.replies.service.clock(),
        )
        message = unsubscribed(
            [one.target.text for one in chosen],
            [command_of(one) for one in chosen],
            by=admitted.invocation.user,
        )
        await self.replies.answer_or_send_ephemeral(admitted, message)

    async def restore(
        self, admitted: AdmittedInvocation[SubscribeRequest], commands: Sequence[str]
    ) -> None:
        """`Undo` of `unsubscribe`: make again what the button carries.

        What is there already stays as it is.
        """
        restored_targets = []
        for request in map(parse, commands):
            if not isinstance(request, SubscribeRequest):
                continue
            try:
                value = await self._made(admitted.asking(request))
            except _UNUSABLE as error:
                await self.replies.decline(admitted, str(error))
                return
            if value:
                try:
                    if not await self.replies.service.twin(value):
                        await self.replies.service.keep(value, None, self.replies.author(admitted))
                except AtLimit as error:
                    await self.replies.decline(admitted, str(error), "/appgw-check list")
                    break
                restored_targets.append(value.target.text)
        if restored_targets:
            await self.replies.answer_or_send_ephemeral(
                admitted, restored(restored_targets, by=admitted.invocation.user)
            )

    async def open_modal(self, invocation: Invocation, given: dict[str, str]) -> None:
        """The form; where none can be opened, the button that does."""
        try:
            await self.replies.slack.open_modal(
                invocation.trigger or "", subscribe_modal(given, channel=invocation.channel)
            )
        except DeliveryError:
            await self.replies.slack.send_ephemeral(
                invocation, open_modal_notice("Subscribe", OPEN_SUBSCRIBE_MODAL)
            )

    async def _made(self, admitted: AdmittedInvocation[SubscribeRequest]) -> Subscription | None:
        """The subscription that was asked for.

        `None` when the channel's zone has to be asked first.
        """
        service, request = self.replies.service, admitted.request
        target = await service.target_in(admitted.invocation.channel, request)
        zone = await self.replies.zone(admitted)
        if not zone:
            return None
        return service.wanted(request, target, self.replies.author(admitted), zone)

    async def _keep(self, admitted: AdmittedInvocation[Request], value: Subscription) -> None:
        before = await self.replies.service.twin(value)
        if before and before.paused is None and _same_words(before, value):
            sentence = (
                f"This channel already gets {value.target.text} like this: {self._plan(before)}"
            )
            await self.replies.slack.send_ephemeral(
                admitted.invocation, notice(sentence, "/appgw-check list")
            )
            return
        try:
            stored = await self.replies.service.keep(value, before, self.replies.author(admitted))
        except AtLimit as error:
            await self.replies.decline(admitted, str(error), "/appgw-check list")
            return
        message = subscribed(
            value.target.text,
            self._plan(stored),
            command_of(value),
            by=admitted.invocation.user,
            changed=before is not None,
        )
        if refused := await self.replies.answer(admitted, message):
            await self.replies.service.memory.take_back(stored, before)
            await self.replies.explain_place(admitted, refused)

    def _plan(self, value: Subscription, runs: int = 3) -> str:
        return f"{echo(value.schedule, self.replies.service.clock(), runs)} {capital(says(value))}."


def _chosen(known: Sequence[Subscription], request: UnsubscribeRequest) -> tuple[Subscription, ...]:
    if request.everything:
        return tuple(known)
    if (number := request.number) is not None:
        return tuple(known[number - 1 : number])
    return matching(known, request)


def _entry(number: int, value: Subscription, plan: str) -> Entry:
    return Entry(
        number=number,
        target=value.target.text,
        plan=plan,
        command=command_of(value),
        by=value.created_by,
        paused=value.paused or "",
    )


def _same_words(one: Subscription, other: Subscription) -> bool:
    return command_of(one) == command_of(other)
