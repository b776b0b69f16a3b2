"""Catalogue entries about the gateway itself.

Backend health, its disagreement with the probe, and the gateway's configuration and state.
"""

from __future__ import annotations

from chainlib.explain import pages
from chainlib.explain.values import CatalogueEntry, Where
from chainlib.findings import Basis, Code

ENTRIES: tuple[CatalogueEntry, ...] = (
    CatalogueEntry(
        code=Code.HEALTH_UNKNOWN,
        title="The gateway does not know the backend's health",
        cause=(
            "Azure could not read the backend's health from the gateway; requests may still pass."
        ),
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
            (
                "Check that the names in the backend pool resolve inside the gateway's virtual "
                "network."
            ),
            "Check again.",
        ),
        reference=pages.ERROR_UNKNOWN,
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
            "Check the gateway itself (gw: and its name), so that its own names are used.",
            "Wait until the unhealthy threshold is reached (3 failed probes unless set otherwise).",
            "Correct the finding below in any case: the next probe may fail on it.",
        ),
        reference=pages.PROBE_THRESHOLD,
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
        reference=pages.ERROR_PROXY,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.POOL_EMPTY,
        title="The backend pool has no servers",
        cause=(
            "A routing rule of the gateway leads to a backend pool without any server, so its "
            "requests are answered with 502."
        ),
        gateway_message=None,
        where=Where.GATEWAY,
        steps=(
            (
                "Add the servers to the backend pool, or let the routing rule lead to the pool "
                "that holds them."
            ),
            (
                "If a scale set, a virtual machine or an ingress controller fills the pool, check "
                "that it runs and is still joined to it."
            ),
            "Check again; the update takes some minutes.",
        ),
        reference=pages.EMPTY_POOL,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.TRUST_NOT_VISIBLE,
        title="A trusted root of the gateway cannot be seen",
        cause=(
            "A root that is attached to the backend setting lies in Key Vault, and Azure does not "
            "show its content, or the gateway's settings were not read: whether the root fits "
            "cannot be judged here."
        ),
        gateway_message=None,
        where=Where.GATEWAY,
        steps=(
            (
                "Trust the backend health of the gateway about the root: it knows the "
                "certificate that is in use."
            ),
            (
                "To have it judged here, download the root from Key Vault and check the backend "
                "with that file: appgw check with --root."
            ),
        ),
        reference=pages.KEY_VAULT_ROOT,
        basis=Basis.INFERRED,
    ),
    CatalogueEntry(
        code=Code.GATEWAY_PROVISIONING_FAILED,
        title="The gateway's last change failed",
        cause=(
            "Azure reports that the last change of the gateway failed: the latest change may "
            "not be in effect."
        ),
        gateway_message=None,
        where=Where.GATEWAY,
        steps=(
            (
                "Read in the gateway's activity log which operation failed and why; a root, a Key "
                "Vault secret or a subnet that is gone is a usual reason."
            ),
            (
                "Correct that, then save the gateway again: az network application-gateway update "
                "with its name and resource group."
            ),
            "Check again when the provisioning state is Succeeded.",
        ),
        reference=pages.FAILED_STATE,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.SKU_RETIRED,
        title="The gateway is a v1 gateway, which is retired",
        cause=(
            "The gateway is of the v1 generation (Standard or WAF), which Microsoft retired on "
            "28 April 2026."
        ),
        gateway_message=None,
        where=Where.GATEWAY,
        steps=(
            "Plan the move to Standard_v2 or WAF_v2: Microsoft's page has a migration script.",
            (
                "Before the move, upload the root of the servers' certificates: v2 trusts roots, "
                "not the servers' own certificates."
            ),
        ),
        reference=pages.V1_RETIREMENT,
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
        reference=pages.ERROR_MESSAGES,
        basis=Basis.INFERRED,
    ),
    CatalogueEntry(
        code=Code.OK,
        title="The gateway would accept this backend",
        cause=(
            "The chain is complete and trusted, the dates fit, and so does what else was checked."
        ),
        gateway_message="Success. Received 200 status code",
        where=Where.SERVER,
        steps=("Nothing to do.",),
        reference=pages.BACKEND_HEALTH,
        basis=Basis.DOCUMENTED,
    ),
)
