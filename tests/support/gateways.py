"""A gateway without pools and settings, and the checks of a gateway."""

from __future__ import annotations

from collections.abc import Sequence

from bot.azure.member_uses import checks_of, member_uses
from bot.domain.azure import Gateway
from bot.domain.gateway_ref import GatewayId
from bot.domain.report import MemberCheck
from chainlib import Sku, TrustAnchors

GATEWAY_ID = GatewayId(subscription="0000", group="rg", name="prod-gw")
GATEWAY = Gateway(
    id=GATEWAY_ID,
    location="westeurope",
    tier="Standard_v2",
    sku=Sku.V2,
    state="Running",
    provisioning="Succeeded",
    pools=(),
    settings=(),
    roots=(),
    undecodable=(),
    auth_certificates=(),
    uses=(),
)


def member_checks(
    gateway: Gateway, *, well_known: TrustAnchors, others: Sequence[Gateway] = ()
) -> tuple[MemberCheck, ...]:
    """What to probe on a gateway.

    Args:
        gateway: its configuration, with NIC addresses filled in where they are known
            (`translation.with_nic_addresses`).
        well_known: the stand-in for the platform's trusted CAs.
        others: other gateways whose roots are looked at when a root is missing here.
    """
    return checks_of(member_uses(gateway), well_known=well_known, others=others)
