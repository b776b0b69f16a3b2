"""A gateway without pools or settings, for tests that are about what is said of it."""

from __future__ import annotations

from bot.domain.azure import Gateway, GatewayId
from chainlib import Sku

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
