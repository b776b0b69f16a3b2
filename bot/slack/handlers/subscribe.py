"""`subscribe`, `list`, `unsubscribe` and their `Undo`.

A subscription belongs to the channel; what was made twice is there once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.cards.escaping import capital
from bot.cards.subscriptions import (
    OPEN_FOLLOW_FORM,
    Entry,
    follow_form,
    listing,
    restored,
    subscribed,
    unsubscribed,
    which_zone,
)
from bot.cards.usage import notice, open_form_notice
from bot.commands import Request, Verb, parse
from bot.digest.due import NeverDue
from bot.digest.filters import UnusableFilter
from bot.digest.schedule import UnusableSchedule, echo
from bot.domain.digest import Subscription
from bot.slack.handlers.notebook import (
    CannotFollow,
    Notebook,
    command_of,
    made,
    matching,
    same_part,
    says,
)
from bot.slack.handlers.wording import command_of as words_of
from bot.slack.invocation import Ask, Asked
from bot.slack.outbound.places import DeliveryError
from bot.store.last_known import note
from bot.store.subscriptions import (
    add_subscription,
    get_subscription,
    remove_subscription,
    save_subscription,
)

_SEVERAL = 2
_UNUSABLE = (CannotFollow, UnusableSchedule, UnusableFilter, NeverDue)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribing:
    """Answers what changes a channel's subscriptions; `book` is what the digest verbs share."""

    book: Notebook

    async def subscribe(self, asked: Asked) -> None:
        """Follow a target from now on, or in another way than before.

        Without a target, open the form.
        """
        if asked.request.target is None:
            await self.open_form(asked.ask, {})
            return
        if not asked.ask.channel:
            await self.book.decline(
                asked,
                "A digest belongs to a channel; ask me in one.",
                "/appgw-check subscribe gw:prod-gw",
            )
            return
        try:
            value = await self.book.patiently(asked, self._made(asked))
        except _UNUSABLE as error:
            await self.book.decline(
                asked, str(error), "/appgw-check subscribe gw:prod-gw daily 08:30"
            )
            return
        if value is None:
            await self.book.delivery.whisper(
                asked.ask, which_zone(f"subscribe {words_of(asked.request)}")
            )
            return
        await self._keep(asked, value)

    async def list(self, asked: Asked) -> None:
        """What this channel follows, numbered from 1."""
        known = await self.book.subscriptions(asked.ask.channel)
        if not known:
            await self.book.decline(
                asked, "This channel follows nothing yet.", "/appgw-check subscribe gw:prod-gw"
            )
        entries = [
            _entry(number, value, self._plan(value, runs=1))
            for number, value in enumerate(known, 1)
        ]
        await self.book.tell(asked, listing(entries))

    async def unsubscribe(self, asked: Asked) -> None:
        """Stop one digest by its number or target, or all of them."""
        known = await self.book.subscriptions(asked.ask.channel)
        chosen = _chosen(known, asked.request)
        if not chosen:
            numbers = (
                ("it follows nothing", "its only one is number 1")[len(known)]
                if len(known) < _SEVERAL
                else f"it has 1 to {len(known)}"
            )
            await self.book.decline(
                asked, f"This channel has no such digest; {numbers}.", "/appgw-check list"
            )
            return
        async with self.book.store.writing() as connection:
            for value in chosen:
                if await remove_subscription(connection, value.id):
                    await note(
                        connection,
                        self.book.clock(),
                        self._who(asked.ask),
                        "unsubscribe",
                        command_of(value),
                    )
        message = unsubscribed(
            [one.target.text for one in chosen],
            [command_of(one) for one in chosen],
            by=asked.ask.user,
        )
        await self.book.answer_or_whisper(asked, message)

    async def restore(self, asked: Asked, commands: Sequence[str]) -> None:
        """`Undo` of `unsubscribe`: make again what the button carries.

        What is there already stays as it is.
        """
        restored_targets = []
        for request in map(parse, commands):
            if not isinstance(request, Request) or request.verb is not Verb.SUBSCRIBE:
                continue
            try:
                value = await self._made(replace(asked, request=request))
            except _UNUSABLE as error:
                await self.book.decline(asked, str(error))
                return
            if value:
                if not await self._twin(value):
                    await self._write(value, None, asked.ask)
                restored_targets.append(value.target.text)
        if restored_targets:
            await self.book.answer_or_whisper(asked, restored(restored_targets, by=asked.ask.user))

    async def open_form(self, ask: Ask, given: dict[str, str]) -> None:
        """The form; where none can be opened, the button that does."""
        try:
            await self.book.delivery.open_form(
                ask.trigger or "", follow_form(given, channel=ask.channel)
            )
        except DeliveryError:
            await self.book.delivery.whisper(ask, open_form_notice("Subscribe", OPEN_FOLLOW_FORM))

    async def _made(self, asked: Asked) -> Subscription | None:
        """The subscription that was asked for.

        `None` when the channel's zone has to be asked first.
        """
        known = await self.book.subscriptions(asked.ask.channel)
        target = await self.book.target(asked.request, [one.target for one in known])
        zone = await self.book.zone(asked)
        return (
            made(asked.request, target, zone, who=self._who(asked.ask), now=self.book.clock())
            if zone
            else None
        )

    async def _keep(self, asked: Asked, value: Subscription) -> None:
        before = await self._twin(value)
        if before and before.paused is None and _same_words(before, value):
            sentence = f"This channel gets {value.target.text} so already: {self._plan(before)}"
            await self.book.delivery.whisper(asked.ask, notice(sentence, "/appgw-check list"))
            return
        stored = await self._write(value, before, asked.ask)
        message = subscribed(
            value.target.text,
            self._plan(stored),
            command_of(value),
            by=asked.ask.user,
            changed=before is not None,
        )
        if not await self.book.answer(asked, message):
            await self._take_back(stored, before)
            await self.book.invite(asked)

    async def _write(
        self, value: Subscription, before: Subscription | None, ask: Ask
    ) -> Subscription:
        async with self.book.store.writing() as connection:
            await note(
                connection, self.book.clock(), self._who(ask), "subscribe", command_of(value)
            )
            if before is None:
                return await add_subscription(connection, value)
            kept = replace(
                value,
                id=before.id,
                rev=before.rev,
                created_by=before.created_by,
                created_at=before.created_at,
            )
            return await save_subscription(connection, kept)

    async def _take_back(self, stored: Subscription, before: Subscription | None) -> None:
        """A channel that cannot be told follows nothing new."""
        async with self.book.store.writing() as connection:
            if before is None:
                await remove_subscription(connection, stored.id)
            elif await get_subscription(connection, stored.id):
                await save_subscription(connection, replace(before, rev=stored.rev))

    async def _twin(self, value: Subscription) -> Subscription | None:
        known = await self.book.subscriptions(value.channel)
        return next((one for one in known if same_part(one.target, value.target)), None)

    def _plan(self, value: Subscription, runs: int = 3) -> str:
        return f"{echo(value.schedule, self.book.clock(), runs)} {capital(says(value))}."

    def _who(self, ask: Ask) -> tuple[str, str, str]:
        return self.book.team, ask.channel, ask.user


def _chosen(known: Sequence[Subscription], request: Request) -> tuple[Subscription, ...]:
    if request.options.get("all"):
        return tuple(known)
    number = request.options.get("number")
    if number is not None:
        return tuple(known[int(number) - 1 : int(number)])
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
