"""What the desk is given: ARM and the guard, by what it asks of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.domain.azure import ArmRefusal, ArmTrouble, Gateway, GatewayHealth
from bot.domain.gateway_ref import GatewayId, GatewayRef

SLOW_ARM = ArmRefusal(
    trouble=ArmTrouble.TIMED_OUT,
    sentence=(
        "The list of gateways is still being read; check again in half a minute to use the "
        "gateway's own settings."
    ),
)
NOT_CONFIGURED = ArmRefusal(
    trouble=ArmTrouble.NOT_CONFIGURED,
    sentence=(
        "Azure is not set up for this bot, so it cannot read gateways; checks of a host still work."
    ),
    remedy=(
        (
            "Set APPGW_AZURE_CREDENTIAL and, where needed, APPGW_SUBSCRIPTIONS, and give the "
            "identity the role of deploy/role.json."
        ),
    ),
)


class Arm(Protocol):
    """What the desk needs of ARM; `bot.azure.client.ArmClient` is it."""

    async def gateways(self) -> tuple[Gateway, ...] | ArmRefusal:
        """Every gateway that can be seen."""

    async def with_front_ends(self) -> tuple[Gateway, ...] | ArmRefusal:
        """The same with the names of public front ends, as far as Azure shows them."""

    async def find(self, wanted: GatewayRef) -> Gateway | ArmRefusal:
        """One gateway by name."""

    async def health(self, gateway: GatewayId) -> GatewayHealth | ArmRefusal:
        """Backend health of a gateway."""

    def remembered(self) -> tuple[Gateway, ...] | None:
        """The gateways of an earlier answer, while one is not too old."""


class TargetPolicy(Protocol):
    """What the desk needs of the guard."""

    def refuse_spelling(self, host: str) -> str | None:
        """A sentence when the host may not even be resolved."""

    def refuse_unresolved(
        self, host: str, port: int, *, members: frozenset[str], ports: frozenset[int]
    ) -> str | None:
        """A sentence when no rule admits the host, asked before its name is resolved."""

    def admit(
        self,
        host: str,
        port: int,
        addresses: Sequence[str],
        *,
        members: frozenset[str],
        ports: frozenset[int],
    ) -> str | None:
        """A sentence when these addresses may not be connected to."""
