"""Catalogue of the gateway's own word.

Health unknown, witnesses that disagree, messages without a certificate fault.
"""

from __future__ import annotations

from chainlib.explain import pages
from chainlib.explain.values import CatalogueEntry, Where
from chainlib.findings import Basis, Code

ENTRIES: tuple[CatalogueEntry, ...] = (
    CatalogueEntry(
        code=Code.HEALTH_UNKNOWN,
        title="The gateway cannot tell the backend's health",
        cause="Azure could not read the backend's health from the gateway; requests may still pass.",
        gateway_message=(
            "The backend health status could not be retrieved. This happens when an "
            "NSG/UDR/Firewall on the application gateway subnet "
            "is blocking traffic on ports 65503-65534 in case of v1 SKU, and ports "
            "65200-65535 in case of the v2 SKU or if the FQDN "
            "configured in the backend pool could not be resolved to an IP address. "
            "To learn more visit - https://aka.ms/UnknownBackendHealth."
        ),
        where=Where.NETWORK,
        steps=(
            (
                "Allow inbound 65200-65535 (v1: 65503-65534) from the service tag GatewayManager "
                "on the gateway's subnet."
            ),
            (
                "Check that the subnet's default route (0.0.0.0/0) leads to the Internet, not to "
                "a firewall."
            ),
            "Check that the names in the backend pool resolve inside the gateway's virtual network.",
            "Check again.",
        ),
        reference=pages.BACKEND_HEALTH_ERRORS,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.VANTAGE_DIFFERS,
        title="The gateway refuses what passes from here",
        cause=(
            "The gateway says unhealthy while the same check passes from here: it stands "
            "elsewhere, sends other names, or lags behind."
        ),
        gateway_message=None,
        where=Where.NETWORK,
        steps=(
            (
                "Compare the way from the gateway's subnet to the server with the way from here: "
                "firewall rules, routes, DNS answers."
            ),
            (
                "Check that the server answers both alike: the gateway's subnet may meet another "
                "server block or an inspecting proxy."
            ),
            (
                "Until then believe the gateway: users get what it sees. Check again after one "
                "probe interval (mostly 30 seconds)."
            ),
        ),
        reference=pages.BACKEND_HEALTH,
        basis=Basis.INFERRED,
    ),
    CatalogueEntry(
        code=Code.PROBE_DISAGREES,
        title="The gateway says healthy, a check from here fails",
        cause=(
            "The gateway still says healthy while the same check fails from here: too few probes "
            "failed so far, or it asks otherwise."
        ),
        gateway_message=None,
        where=Where.GATEWAY,
        steps=(
            "Check again with the gateway's own names: /appgw-check gw: and the gateway's name.",
            "Wait until the unhealthy threshold is reached (3 failed probes unless set otherwise).",
            "Mend the finding below in any case: the next probe may fail on it.",
        ),
        reference=pages.PROBES,
        basis=Basis.INFERRED,
    ),
    CatalogueEntry(
        code=Code.PROXY_PROTOCOL_EXPECTED,
        title="The server does not take the PROXY protocol header",
        cause=(
            "To keep the client's address, the gateway begins with a PROXY protocol header, which "
            "the server does not understand."
        ),
        gateway_message=(
            "Verify that the backend server is set up to accept the Proxy protocol header sent by "
            "the probes."
        ),
        where=Where.SERVER,
        steps=(
            "Enable the PROXY protocol on this port of the server.",
            "Or switch off client address preservation on the backend setting.",
            "Check again.",
        ),
        reference=pages.BACKEND_HEALTH_ERRORS,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.UNRECOGNISED,
        title="A message of Azure's that is not known here",
        cause="Azure reports a text that no rule knows; it is shown as it came.",
        gateway_message=None,
        where=Where.GATEWAY,
        steps=(
            "Read the gateway's own words in the details.",
            "Trust what the direct probe of the backend found.",
            "Search Microsoft's page for the text.",
        ),
        reference=pages.BACKEND_HEALTH_ERRORS,
        basis=Basis.INFERRED,
    ),
    CatalogueEntry(
        code=Code.OK,
        title="The gateway would accept this backend",
        cause=(
            "The chain is complete and trusted, the dates and names fit, and the health probe is "
            "answered as far as it was made."
        ),
        gateway_message="Success. Received 200 status code",
        where=Where.SERVER,
        steps=("Nothing to do.",),
        reference=pages.BACKEND_HEALTH,
        basis=Basis.DOCUMENTED,
    ),
)
