"""Subscribe, unsubscribe, restore; a change whose confirmation cannot be posted is undone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

from bot.domain.delivery import DeliveryError
from bot.domain.digest import Subscription
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.request import SubscribeRequest, UnsubscribeRequest
from bot.subscriptions.conversion import matching, subscribe_command
from bot.subscriptions.records import Author
from bot.subscriptions.service import Profile, SubscriptionService
from chainlib.frozen import dataclass

Confirm: TypeAlias = Callable[[Subscription, bool], Awaitable[DeliveryError | None]]
"""Posts the confirmation, `True` for a changed subscription; returns why it could not be posted."""

_NUMBERED = ("it follows nothing", "its only one is number 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """The result of `subscribe`.

    Attributes:
        subscription: as it is stored now, or as requested if it was undone.
        already: the channel had exactly this one; nothing was stored or posted.
        unposted: why the confirmation could not be posted; the previous state is restored.
    """

    subscription: Subscription
    already: bool = False
    unposted: DeliveryError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The result of `Undo` after `unsubscribe`.

    Attributes:
        targets: the restored targets as typed.
        refusal: why others were not restored; `None` if all were.
    """

    targets: tuple[str, ...] = ()
    refusal: Refusal | None = None


async def requested_subscription(
    service: SubscriptionService, request: SubscribeRequest, who: Author, profile: Profile
) -> Subscription | Refusal | None:
    """The subscription of a request; nothing is stored.

    `None` if the user must choose the channel's time zone first.
    """
    target = await service.target_in(who[1], request)
    if isinstance(target, Refusal):
        return target
    zone = await service.zone(who[1], request, profile)
    return service.wanted(request, target, who, zone) if zone else None


async def subscribe(
    service: SubscriptionService, value: Subscription, who: Author, confirm: Confirm
) -> Subscribed | Refusal:
    """Store a subscription in place of one to the same target, and post the confirmation.

    It is undone if the confirmation cannot be posted.

    Raises:
        DeliveryError: it is unknown whether the confirmation was posted; the subscription stays.
    """
    before = await service.to_same_target(value)
    if before and before.paused is None and subscribe_command(before) == subscribe_command(value):
        return Subscribed(subscription=before, already=True)
    stored = await service.keep(value, before, who)
    if isinstance(stored, Refusal):
        return stored
    unposted = await confirm(stored, before is not None)
    if unposted:
        await service.records.take_back(stored, before)
    return Subscribed(subscription=stored, unposted=unposted)


async def unsubscribe(
    service: SubscriptionService, request: UnsubscribeRequest, who: Author
) -> tuple[Subscription, ...] | Refusal:
    """Remove one subscription by its number or target, or all of them.

    Returns the removed subscriptions, at least one.
    """
    known = await service.subscriptions(who[1])
    chosen = _chosen(known, request)
    if not chosen:
        numbers = (
            _NUMBERED[len(known)] if len(known) < len(_NUMBERED) else f"it has 1 to {len(known)}"
        )
        return Refusal(
            kind=RefusalKind.REQUEST, sentence=f"This channel has no such digest; {numbers}."
        )
    await service.records.remove(
        {one.id: subscribe_command(one) for one in chosen}, who, service.clock()
    )
    return chosen


async def restore(
    service: SubscriptionService,
    requests: Iterable[SubscribeRequest],
    who: Author,
    profile: Profile,
) -> Restored:
    """Create removed subscriptions again; existing ones are not changed."""
    targets: list[str] = []
    for request in requests:
        value = await requested_subscription(service, request, who, profile)
        if value and not isinstance(value, Refusal) and not await service.to_same_target(value):
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
