"""Protocols of what the check service needs: ARM and the target policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.domain.azure import Gateway, GatewayHealth
from bot.domain.gateway_ref import GatewayId, GatewayRef
from bot.domain.refusal import Refusal, RefusalKind

SLOW_ARM = Refusal(
    kind=RefusalKind.TIMED_OUT,
    sentence=(
        "The list of gateways is still being read; check again in half a minute to use the "
        "gateway's own settings."
    ),
)
NOT_CONFIGURED = Refusal(
    kind=RefusalKind.NOT_CONFIGURED,
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
    """The part of the ARM client that the check service needs."""

    async def gateways(self) -> tuple[Gateway, ...] | Refusal:
        """Every gateway that can be read."""

    async def with_front_ends(self) -> tuple[Gateway, ...] | Refusal:
        """The same with the DNS names of public front ends, as far as Azure shows them."""

    async def find(self, wanted: GatewayRef) -> Gateway | Refusal:
        """Find one gateway by name."""

    async def health(self, gateway: GatewayId) -> GatewayHealth | Refusal:
        """Backend health of a gateway."""

    def refuse_scope(self, wanted: GatewayRef) -> Refusal | None:
        """Why nothing about this gateway may be read; `None` if it may."""

    def remembered(self) -> tuple[Gateway, ...] | None:
        """The cached gateways, if they are recent enough."""


class TargetPolicy(Protocol):
    """Which targets may be probed; in a terminal, any."""

    def refuse_spelling(self, host: str) -> Refusal | None:
        """Refuse a host that may not be resolved."""

    def refuse_unresolved(
        self, host: str, port: int, *, members: frozenset[str], ports: frozenset[int]
    ) -> Refusal | None:
        """Refuse a host that no rule allows; called before its name is resolved."""

    def admit(
        self,
        host: str,
        port: int,
        addresses: Sequence[str],
        *,
        members: frozenset[str],
        ports: frozenset[int],
    ) -> Refusal | None:
        """Refuse addresses that may not be connected to."""
