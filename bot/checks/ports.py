"""What the check service is given: ARM and the target policy, by what it asks of them."""

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
    """What the check service needs of ARM; `bot.azure.client.ArmClient` is it."""

    async def gateways(self) -> tuple[Gateway, ...] | Refusal:
        """Every gateway that can be seen."""

    async def with_front_ends(self) -> tuple[Gateway, ...] | Refusal:
        """The same with the names of public front ends, as far as Azure shows them."""

    async def find(self, wanted: GatewayRef) -> Gateway | Refusal:
        """One gateway by name."""

    async def health(self, gateway: GatewayId) -> GatewayHealth | Refusal:
        """Backend health of a gateway."""

    def remembered(self) -> tuple[Gateway, ...] | None:
        """The gateways of an earlier answer, while one is not too old."""


class TargetPolicy(Protocol):
    """Which targets may be probed; a terminal's user may probe any."""

    def refuse_spelling(self, host: str) -> Refusal | None:
        """A refusal when the host may not even be resolved."""

    def refuse_unresolved(
        self, host: str, port: int, *, members: frozenset[str], ports: frozenset[int]
    ) -> Refusal | None:
        """A refusal when no rule admits the host, asked before its name is resolved."""

    def admit(
        self,
        host: str,
        port: int,
        addresses: Sequence[str],
        *,
        members: frozenset[str],
        ports: frozenset[int],
    ) -> Refusal | None:
        """A refusal when these addresses may not be connected to."""
