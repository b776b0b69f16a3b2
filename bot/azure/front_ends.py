"""Reads the DNS names of public front ends, which ARM's answer about a gateway usually omits.

Used by `client`. Reading public IP addresses needs the right
`Microsoft.Network/publicIPAddresses/read`. Without it everything else works, but those names are
unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.azure.arm_json import text
from bot.azure.sites import public_names, unnamed_addresses, with_public_names
from bot.domain.azure import Inventory
from bot.domain.refusal import Refusal

Addresses = list[Mapping[str, Any]]


class FrontEnds:
    """The public IP addresses that were read, by subscription.

    Args:
        read: reads the public addresses of one subscription from ARM.
        clock: returns the present instant, time zone aware.
        age: seconds after which a subscription is read again, also when it was refused.
    """

    def __init__(
        self,
        read: Callable[[str], Awaitable[Addresses | Refusal]],
        *,
        clock: Callable[[], datetime],
        age: float,
    ) -> None:
        self._read, self._clock, self._age = read, clock, age
        self._names: dict[str, tuple[datetime, Mapping[str, tuple[str, ...]]]] = {}

    async def look_up(self, inventory: Inventory) -> Inventory:
        """Read missing addresses and return the gateways with the names of their front ends."""
        wanted = {
            one.id.subscription.lower() for one in inventory.gateways if unnamed_addresses(one)
        }
        await asyncio.gather(*map(self._read_one, wanted))
        return self.named(inventory)

    def named(self, inventory: Inventory) -> Inventory:
        """Return the gateways with the names that were read before; makes no request."""
        names = {key: found for _, held in self._names.values() for key, found in held.items()}
        if not names:
            return inventory
        gateways = tuple(with_public_names(one, names) for one in inventory.gateways)
        return replace(inventory, gateways=gateways)

    async def _read_one(self, subscription: str) -> None:
        held = self._names.get(subscription)
        if held and (self._clock() - held[0]).total_seconds() <= self._age:
            return
        answer = await self._read(subscription)
        found = () if isinstance(answer, Refusal) else answer
        names = {text(one.get("id")).lower(): public_names(one) for one in found}
        self._names[subscription] = (self._clock(), names)
