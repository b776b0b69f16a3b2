"""Subscribe, unsubscribe and restore: what a channel could not be told is not kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.domain.delivery import DeliveryError
from bot.domain.digest import Subscription
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.request import SubscribeRequest, UnsubscribeRequest
from bot.subscriptions.following import command_of, matching
from bot.subscriptions.memory import Author
from bot.subscriptions.service import Profile, SubscriptionService

Confirm: TypeAlias = Callable[[Subscription, bool], Awaitable[DeliveryError | None]]
"""Tells the channel, `True` for a changed subscription; returns why it cannot be told."""

_NUMBERED = ("it follows nothing", "its only one is number 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """What became of a subscription that was asked for.

    Attributes:
        subscription: as it stands now, or as it was asked for where it was taken back.
        already: the channel had just this one; nothing was stored and nobody told.
        unposted: why the channel could not be told; what stood before stands again.
    """

    subscription: Subscription
    already: bool = False
    unposted: DeliveryError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What `Undo` of `unsubscribe` brought back.

    Attributes:
        targets: the texts of what the channel follows again.
        refusal: why the rest was not brought back, `None` where everything was.
    """

    targets: tuple[str, ...] = ()
    refusal: Refusal | None = None


async def asked_for(
    service: SubscriptionService, request: SubscribeRequest, who: Author, profile: Profile
) -> Subscription | Refusal | None:
    """The subscription that a request means; nothing of it is stored.

    `None` where the channel's time zone has to be asked for first.
    """
    target = await service.target_in(who[1], request)
    if isinstance(target, Refusal):
        return target
    zone = await service.zone(who[1], request, profile)
    return service.wanted(request, target, who, zone) if zone else None


async def subscribe(
    service: SubscriptionService, value: Subscription, who: Author, confirm: Confirm
) -> Subscribed | Refusal:
    """Store a subscription in place of its twin, tell the channel, take it back where that fails.

    Raises:
        DeliveryError: nobody knows whether the channel was told; the subscription stays.
    """
    before = await service.twin(value)
    if before and before.paused is None and command_of(before) == command_of(value):
        return Subscribed(subscription=before, already=True)
    stored = await service.keep(value, before, who)
    if isinstance(stored, Refusal):
        return stored
    unposted = await confirm(stored, before is not None)
    if unposted:
        await service.memory.take_back(stored, before)
    return Subscribed(subscription=stored, unposted=unposted)


async def unsubscribe(
    service: SubscriptionService, request: UnsubscribeRequest, who: Author
) -> tuple[Subscription, ...] | Refusal:
    """Remove one digest by its number or target, or all of them; at least one."""
    known = await service.subscriptions(who[1])
    chosen = _chosen(known, request)
    if not chosen:
        numbers = (
            _NUMBERED[len(known)] if len(known) < len(_NUMBERED) else f"it has 1 to {len(known)}"
        )
        return Refusal(
            kind=RefusalKind.REQUEST, sentence=f"This channel has no such digest; {numbers}."
        )
    await service.memory.remove({one.id: command_of(one) for one in chosen}, who, service.clock())
    return chosen


async def restore(
    service: SubscriptionService,
    requests: Iterable[SubscribeRequest],
    who: Author,
    profile: Profile,
) -> Restored:
    """Subscribe again to what was removed; what is there already stays as it is."""
    targets: list[str] = []
    for request in requests:
        value = await asked_for(service, request, who, profile)
        if value and not isinstance(value, Refusal) and not await service.twin(value):
            value = await service.keep(value, None, who)
        if isinstance(value, Refusal):
            return Restored(targets=tuple(targets), refusal=value)
        if value:
            targets.append(value.target.text)
    return Restored(targets=tuple(targets))


def _chosen(known: Sequence[Subscription], request: UnsubscribeRequest) -> tuple[Subscription, ...]:
    if request.everything:
        return tuple(known)
    if (number := request.number) is not None:
        return tuple(known[number - 1 : number])
    return matching(known, request)
