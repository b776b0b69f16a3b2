"""What a channel could not be told is not kept; what was removed comes back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.access import TargetGuard, TargetRules
from bot.checks.probe import CheckContext
from bot.checks.service import CheckService
from bot.checks.target_observer import TargetObserver
from bot.commands.parse import parse
from bot.domain.delivery import DeliveryError, PlaceRefused
from bot.domain.digest import Subscription
from bot.domain.refusal import Refusal
from bot.domain.request import SubscribeRequest, UnsubscribeRequest
from bot.subscriptions import SubscriptionRecords, SubscriptionService
from bot.subscriptions.changes import requested_subscription, restore, subscribe, unsubscribe
from tests.support.following import NOW, answered, subscription

WHO = ("T1", "C1", "U1")
ALLOWED = "10.0.0.5"


@pytest.fixture
def service(records: SubscriptionRecords) -> SubscriptionService:
    """Follows one address without asking Azure or a name server."""
    rules = TargetRules.read((f"{ALLOWED}/32",))
    checks = CheckService(
        arm=None,
        target_policy=TargetGuard(rules=rules),
        new_context=lambda: CheckContext(clock=lambda: NOW),
    )
    return SubscriptionService(
        records=records,
        check_service=checks,
        observer=TargetObserver(check_service=checks),
        clock=lambda: NOW,
    )


class Channel:
    """Takes confirmations, or refuses them."""

    def __init__(self, refuses: DeliveryError | None = None) -> None:
        self.refuses, self.told = refuses, list[bool]()

    async def confirm(self, _stored: Subscription, changed: bool) -> DeliveryError | None:  # noqa: FBT001 -- the use case's signature
        """Take or refuse one."""
        self.told.append(changed)
        return self.refuses


async def no_profile() -> str | None:
    return None


async def test_an_equal_subscription_is_not_confirmed_again(service: SubscriptionService) -> None:
    channel, value = Channel(), subscription(channel="C1")
    first = answered(await subscribe(service, value, WHO, channel.confirm))
    again = answered(await subscribe(service, value, WHO, channel.confirm))
    assert (first.already, again.already, channel.told) == (False, True, [False])
    assert again.subscription.id == first.subscription.id


async def test_a_channel_that_cannot_be_told_follows_nothing(service: SubscriptionService) -> None:
    closed = PlaceRefused("not_in_channel")
    done = answered(
        await subscribe(service, subscription(channel="C1"), WHO, Channel(closed).confirm)
    )
    assert done.unposted is closed
    assert await service.subscriptions("C1") == ()


async def test_a_change_that_cannot_be_told_is_undone(service: SubscriptionService) -> None:
    value = subscription(channel="C1")
    await subscribe(service, value, WHO, Channel().confirm)
    closed = Channel(PlaceRefused("not_in_channel"))
    await subscribe(service, replace(value, heartbeat=True), WHO, closed.confirm)
    (kept,) = await service.subscriptions("C1")
    assert (closed.told, kept.heartbeat) == ([True], False)


async def test_the_zone_is_asked_for_once(service: SubscriptionService) -> None:
    request = parse(f"subscribe {ALLOWED} daily 08:30")
    assert isinstance(request, SubscribeRequest)
    assert await requested_subscription(service, request, WHO, no_profile) is None
    zoned = replace(request, tz="Europe/Berlin")
    made = answered(await requested_subscription(service, zoned, WHO, no_profile))
    assert made
    assert made.schedule.zone == "Europe/Berlin"
    assert answered(await requested_subscription(service, request, WHO, no_profile)) == made


async def test_undo_brings_back_what_may_be_followed(service: SubscriptionService) -> None:
    kept, refused = (
        SubscribeRequest(target=request.target, tz="UTC")
        for request in map(parse, (f"subscribe {ALLOWED}", "subscribe 192.0.2.9"))
        if isinstance(request, SubscribeRequest)
    )
    back = await restore(service, [kept, refused, kept], WHO, no_profile)
    assert back.targets == (ALLOWED,)
    assert back.refusal
    assert "192.0.2.9" in back.refusal.sentence
    assert len(await service.subscriptions("C1")) == 1


async def test_no_such_number_is_refused(service: SubscriptionService) -> None:
    await subscribe(service, subscription(channel="C1"), WHO, Channel().confirm)
    refused = await unsubscribe(service, UnsubscribeRequest(number=2), WHO)
    assert isinstance(refused, Refusal)
    assert refused.sentence == "This channel has no such digest; its only one is number 1."
    (removed,) = answered(await unsubscribe(service, UnsubscribeRequest(number=1), WHO))
    assert removed.target.text == "gw:prod-gw"
