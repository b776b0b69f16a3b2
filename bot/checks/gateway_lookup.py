"""Reads gateways from ARM, with limits on how long a check waits for them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.checks.protocols import NOT_CONFIGURED, SLOW_ARM, Arm
from bot.domain.azure import Gateway
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal
from bot.domain.request import ProbeOptions, Via

ARM_PATIENCE_S = 2.5


@dataclass(frozen=True, slots=True)
class GatewayLookup:
    """Reads gateways.

    Attributes:
        arm: the ARM client; `None` if no Azure setting is set.
    """

    arm: Arm | None

    async def soon(self, options: ProbeOptions) -> tuple[Gateway, ...] | Refusal:
        """The gateways, if ARM answers soon.

        The verdict about a backend does not wait long for Azure.
        """
        if self.arm is None or options.via is Via.PROBE:
            return ()
        listed = asyncio.ensure_future(self.arm.gateways())
        try:
            return await asyncio.wait_for(asyncio.shield(listed), ARM_PATIENCE_S)
        except TimeoutError:
            return self.arm.remembered() or SLOW_ARM

    def refuse_option(self, options: ProbeOptions) -> Refusal | None:
        """Why the gateway of `gw=` may not be read; `None` if it may, or none was typed."""
        return self.arm.refuse_scope(options.gw) if self.arm and options.gw else None

    def remembered(self) -> tuple[Gateway, ...]:
        """The cached gateways.

        `via=probe` makes no request to Azure, and its targets may be members of these.
        """
        return (self.arm.remembered() if self.arm else None) or ()

    async def with_others(self, gateway: Gateway) -> tuple[Gateway, ...]:
        """This gateway first, then the others that can be read.

        A gateway that was read by its ARM ID alone is in no list.
        """
        known = () if self.arm is None else await self.arm.gateways()
        others = () if isinstance(known, Refusal) else known
        return (gateway, *(one for one in others if one.id.key != gateway.id.key))

    async def find(self, target: GatewayRef) -> Gateway | Refusal:
        """Find the gateway that the user named."""
        if self.arm is None:
            return NOT_CONFIGURED
        return await self.arm.find(target)

    async def targets(self) -> tuple[GatewayRef, ...] | Refusal:
        """Every gateway that can be read."""
        if self.arm is None:
            return NOT_CONFIGURED
        known = await self.arm.gateways()
        if isinstance(known, Refusal):
            return known
        return tuple(gateway.id.ref for gateway in known)
