"""The ARM client that the rest of the bot calls, with caches, time budgets and shared requests.

Its methods return a `Refusal` for every failure; the only exception they raise is `CancelledError`.

Importing this module imports the Azure SDK (most of a second), so only programs that talk to ARM
import it, and late.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Self

from bot.azure import refusals
from bot.azure.connection import Connection
from bot.azure.errors import UnexpectedAnswer
from bot.azure.front_ends import Addresses, FrontEnds
from bot.azure.gateway_document import translate_gateway
from bot.azure.health import translate_health, with_known_names
from bot.azure.lookup import look_up
from bot.azure.pipeline import noted_request_ids
from bot.azure.requests import WRITES, ArmRequests
from bot.azure.settings import ArmSettings, ArmTiming
from bot.azure.single_flight import SingleFlight
from bot.domain.azure import Gateway, GatewayHealth, Inventory
from bot.domain.gateway_ref import GatewayId, GatewayRef
from bot.domain.refusal import Refusal, RefusalKind

MAX_PARALLEL_READS = 4
_REFRESHED_AT = 0.8
_DEFAULT_TIMING = ArmTiming()
_MAYBE_AT_REST = frozenset({RefusalKind.UPDATING, RefusalKind.UNAVAILABLE, RefusalKind.CONFLICT})
_AT_REST = frozenset({"stopped", "stopping", "starting"})


class ArmClient:
    """Reads gateways and backend health from ARM; one per process, closed at exit.

    Args:
        settings: which Azure cloud, and which identity.
        clock: returns the present instant, time zone aware.
        timing: time budgets and cache ages.
    """

    def __init__(
        self,
        settings: ArmSettings,
        *,
        clock: Callable[[], datetime],
        timing: ArmTiming = _DEFAULT_TIMING,
    ) -> None:
        self._settings, self._clock, self._timing = settings, clock, timing
        self._requests = ArmRequests(settings, clock=clock, timing=timing)
        self._inventories: SingleFlight[Inventory | Refusal] = SingleFlight()
        self._healths: SingleFlight[GatewayHealth | Refusal] = SingleFlight()
        self._one_at_a_time: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._inventory: Inventory | None = None
        self._failure: tuple[datetime, Refusal] | None = None
        self._health: dict[str, GatewayHealth] = {}
        self._front_ends = FrontEnds(self._public_addresses, clock=clock, age=timing.stale_age)

    async def gateways(self) -> tuple[Gateway, ...] | Refusal:
        """Return every gateway that can be read; `inventory` also says what could not be read."""
        inventory = await self.inventory()
        return inventory if isinstance(inventory, Refusal) else inventory.gateways

    def remembered(self) -> tuple[Gateway, ...] | None:
        """Return the last list of gateways while it is fresh enough; makes no request."""
        held = self._inventory
        return (
            held.gateways
            if held is not None and self._age(held.read_at) <= self._timing.stale_age
            else None
        )

    async def keep_fresh(self) -> None:
        """Refresh the list of gateways before it expires, until cancelled.

        Commands then do not have to wait for ARM.
        """
        while True:
            fresh = isinstance(await self.inventory(refresh=True), Inventory)
            if fresh:
                await self.with_front_ends()
            await asyncio.sleep(
                self._timing.inventory_age * _REFRESHED_AT
                if fresh
                else 2 * self._timing.failure_age
            )

    async def inventory(self, *, refresh: bool = False) -> Inventory | Refusal:
        """Return the gateways with the time at which they were read.

        While ARM is down an older list is returned, with the reason in `refusals`.
        """
        held, failure = self._inventory, self._failure
        if held and not refresh and self._age(held.read_at) <= self._timing.inventory_age:
            return held
        if failure and not refresh and self._age(failure[0]) <= self._timing.failure_age:
            return self._or_older(failure[1])
        return await self._inventories.share("inventory", self._renew)

    async def with_front_ends(self) -> tuple[Gateway, ...] | Refusal:
        """Return the gateways with their public DNS names, as far as Azure shows them."""
        inventory = await self.inventory()
        if isinstance(inventory, Refusal):
            return inventory
        named = await self._front_ends.look_up(inventory)
        if self._inventory is inventory:
            self._inventory = named
        return named.gateways

    async def _public_addresses(self, subscription: str) -> Addresses | Refusal:
        return await self._requests.ask(
            lambda line: line.public_addresses(subscription),
            "the public addresses",
            subscription,
            self._timing.read_budget,
        )

    def refuse_scope(self, wanted: GatewayRef) -> Refusal | None:
        """Why nothing about this gateway may be read: its subscription is not configured."""
        subscription = wanted.subscription
        outside = subscription and not self._requests.in_scope(subscription)
        return refusals.out_of_scope() if outside else None

    async def find(self, wanted: GatewayRef) -> Gateway | Refusal:
        """Find a gateway by the name that a user typed.

        A name that is not in the cached list causes one new read of the list.
        """
        subscription, group = wanted.subscription, wanted.group
        if refusal := self.refuse_scope(wanted):
            return refusal
        inventory = await self.inventory()
        found = self._look_up(inventory, wanted)
        if (
            _is(found, RefusalKind.NOT_FOUND)
            and isinstance(inventory, Inventory)
            and self._age(inventory.read_at) > self._timing.failure_age
        ):
            found = self._look_up(await self.inventory(refresh=True), wanted)
        if (
            isinstance(found, Refusal)
            and found.kind is not RefusalKind.AMBIGUOUS
            and group
            and subscription
        ):
            return await self.get(
                GatewayId(subscription=subscription, group=group, name=wanted.name)
            )
        return found

    async def get(self, gateway: GatewayId) -> Gateway | Refusal:
        """Read one gateway from ARM now."""
        what = f"the settings of {gateway.name}"
        return await self._requests.ask(
            lambda line: _read_gateway(line, gateway),
            what,
            gateway.subscription,
            self._timing.read_budget,
            gateway,
        )

    async def health(self, gateway: GatewayId, *, max_age: float = 10.0) -> GatewayHealth | Refusal:
        """Return the backend health of a gateway.

        The answer is at most `max_age` seconds old. Callers that wait at the same time share one
        request.
        """
        if not self._requests.in_scope(gateway.subscription):
            return refusals.out_of_scope()
        held = self._health.get(gateway.key)
        if held and self._age(held.read_at) <= max_age:
            return held
        return await self._healths.share(gateway.key, lambda: self._read_health(gateway))

    async def close(self) -> None:
        """Cancel running requests and close the connection; later calls are refused."""
        self._requests.refuse_more()
        await self._inventories.close()
        await self._healths.close()
        await self._requests.close()

    async def __aenter__(self) -> Self:
        """Return the client; the connection opens with the first request."""
        return self

    async def __aexit__(self, *_details: object) -> None:
        """Close."""
        await self.close()

    async def _renew(self) -> Inventory | Refusal:
        answer = await self._read_inventory()
        if isinstance(answer, Inventory):
            self._inventory, self._failure = self._front_ends.named(answer), None
            return self._inventory
        self._failure = (self._clock(), answer)
        return self._or_older(answer)

    def _or_older(self, refusal: Refusal) -> Inventory | Refusal:
        held = self._inventory
        return (
            replace(held, refusals=(refusal,))
            if held is not None and self.remembered() is not None
            else refusal
        )

    async def _read_inventory(self) -> Inventory | Refusal:
        subscriptions = await self._subscriptions()
        if isinstance(subscriptions, Refusal):
            return subscriptions
        gate = asyncio.Semaphore(MAX_PARALLEL_READS)
        answers = await asyncio.gather(
            *(self._read_subscription(one, gate) for one in subscriptions)
        )
        refusals = tuple(answer for answer in answers if isinstance(answer, Refusal))
        if len(refusals) == len(subscriptions):
            return refusals[0]
        gateways = tuple(
            gateway for answer in answers if not isinstance(answer, Refusal) for gateway in answer
        )
        return Inventory(gateways=gateways, refusals=refusals, read_at=self._clock())

    async def _subscriptions(self) -> tuple[str, ...] | Refusal:
        if self._settings.subscriptions:
            return tuple(dict.fromkeys(map(str.lower, self._settings.subscriptions)))
        found = await self._requests.ask(
            Connection.subscriptions, "the list of subscriptions", "", self._timing.read_budget
        )
        return found or refusals.no_subscription()

    async def _read_subscription(
        self, subscription: str, gate: asyncio.Semaphore
    ) -> tuple[Gateway, ...] | Refusal:
        async with gate:
            answer = await self._requests.ask(
                lambda line: _read_gateways(line, subscription),
                "the list of gateways",
                subscription,
                self._timing.read_budget,
            )
        missing = isinstance(answer, Refusal) and answer.kind is RefusalKind.NOT_FOUND
        return refusals.no_such_subscription() if missing else answer

    async def _read_health(self, gateway: GatewayId) -> GatewayHealth | Refusal:
        async with self._one_at_a_time[gateway.key]:
            known = self._known(gateway)
            not_running = (
                await self._not_running(gateway)
                if known and known.state.lower() in _AT_REST
                else None
            )
            if not_running:
                return not_running
            what = f"the backend health of {gateway.name}"
            budget = self._timing.health_budget
            answer = await self._requests.ask(
                lambda line: self._asked(line, gateway),
                what,
                gateway.subscription,
                budget,
                gateway,
                bucket=WRITES,
            )
        if isinstance(answer, GatewayHealth):
            self._health[gateway.key] = answer
        elif answer.kind in _MAYBE_AT_REST:
            return await self._not_running(gateway) or answer
        return answer

    async def _not_running(self, gateway: GatewayId) -> Refusal | None:
        """Why a gateway that is not running has no backend health, from a new read of it.

        `None` when it runs or cannot be read.
        """
        fresh = await self.get(gateway)
        if isinstance(fresh, Gateway) and fresh.state.lower() in _AT_REST:
            return refusals.stopped(fresh)
        return None

    async def _asked(self, line: Connection, gateway: GatewayId) -> GatewayHealth:
        return await self._answered(line.backend_health(gateway), gateway)

    async def _answered(self, answering: Awaitable[object], gateway: GatewayId) -> GatewayHealth:
        with noted_request_ids() as ids:
            document = await answering
        # With 1,000 servers it takes 25 ms or more, in which the event loop would do nothing else.
        health = await asyncio.to_thread(self._translated, document, gateway)
        return replace(health, request_ids=tuple(dict.fromkeys(ids)))

    def _translated(self, document: object, gateway: GatewayId) -> GatewayHealth:
        health = translate_health(document, gateway, read_at=self._clock())
        if health is None:
            raise UnexpectedAnswer("no backend health")
        known = self._known(gateway)
        return with_known_names(health, known) if known else health

    def _look_up(
        self,
        inventory: Inventory | Refusal,
        wanted: GatewayRef,
    ) -> Gateway | Refusal:
        return inventory if isinstance(inventory, Refusal) else look_up(inventory, wanted)

    def _known(self, gateway: GatewayId) -> Gateway | None:
        listed = self._inventory.gateways if self._inventory else ()
        return next((one for one in listed if one.id.key == gateway.key), None)

    def _age(self, instant: datetime) -> float:
        return (self._clock() - instant).total_seconds()


async def _read_gateway(line: Connection, identity: GatewayId) -> Gateway:
    gateway = translate_gateway(await line.gateway(identity), fallback=identity)
    if gateway is None:
        raise UnexpectedAnswer("no gateway")
    return gateway


async def _read_gateways(line: Connection, subscription: str) -> tuple[Gateway, ...]:
    documents = await line.gateways(subscription)
    found = await asyncio.to_thread(
        lambda: list(map(translate_gateway, documents))
    )  # a hundred roots each take too long for the event loop
    if None in found:
        raise UnexpectedAnswer("a list of something else")
    return tuple(gateway for gateway in found if gateway is not None)


def _is(answer: Gateway | Refusal, trouble: RefusalKind) -> bool:
    return isinstance(answer, Refusal) and answer.kind is trouble
