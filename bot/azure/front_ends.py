"""The names of public front ends, which ARM's answer about a gateway mostly leaves out.

Reading public IP addresses needs a right of its own (`Microsoft.Network/publicIPAddresses/read`);
without it everything else works, and those names are not known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.azure.shapes import text
from bot.azure.sites import public_names, unnamed_addresses, with_public_names
from bot.domain.azure import Inventory
from bot.domain.refusal import Refusal

Addresses = list[Mapping[str, Any]]


class FrontEnds:
    """What was read of public addresses, by subscription.

    Args:
        read: asks ARM for the public addresses of one subscription.
        clock: the present instant, aware.
        age: seconds after which a subscription is asked anew, refused or not.
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
        """The gateways with the names of their front ends, as far as Azure shows them."""
        wanted = {
            one.id.subscription.lower() for one in inventory.gateways if unnamed_addresses(one)
        }
        await asyncio.gather(*map(self._read_one, wanted))
        return self.named(inventory)

    def named(self, inventory: Inventory) -> Inventory:
        """The gateways with the names that were read before; nothing is asked."""
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
