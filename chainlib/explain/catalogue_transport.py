"""Catalogue entries about the connection: DNS, TCP, TLS handshake, unreadable certificates."""

from __future__ import annotations

from chainlib.explain import pages
from chainlib.explain.values import CatalogueEntry, Where
from chainlib.findings import Basis, Code

ENTRIES: tuple[CatalogueEntry, ...] = (
    CatalogueEntry(
        code=Code.DNS_FAILED,
        title="The backend's name does not resolve",
        cause=(
            "The DNS servers that were asked know no address for the backend's name, so nothing "
            "can connect to it."
        ),
        gateway_message=(
            "Application Gateway could not create a probe for this backend. "
            "This usually happens when the FQDN of the backend is not entered correctly."
        ),
        where=Where.DNS,
        steps=(
            (
                "Look for the name in DNS, and compare it with the one in the backend pool, "
                "letter by letter."
            ),
            "For a private name, link its private DNS zone to the gateway's virtual network.",
            (
                "If the virtual network's DNS servers were changed, stop and start the gateway so "
                "that it learns them."
            ),
            "Check again.",
        ),
        reference=pages.ERROR_DNS,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.TCP_FAILED,
        title="Nothing answers on the backend's port",
        cause=(
            "No TCP connection to the backend's address and port could be opened: it was refused, "
            "blocked or not answered in time."
        ),
        gateway_message=(
            "Application Gateway could not connect to the backend. Check that the backend "
            "responds on the port used for the probe. "
            "Also check whether any NSG/UDR/Firewall is blocking access to the Ip and port of "
            "this backend."
        ),
        where=Where.NETWORK,
        steps=(
            (
                "Allow the gateway's subnet to this port in the network security groups (NSG) on "
                "the way to the server."
            ),
            "Check that no route table (UDR) sends the traffic to a firewall that drops it.",
            (
                "If the way is open, check on the server that the service listens on this port "
                "and that its own firewall lets the subnet in."
            ),
            "Check again.",
        ),
        reference=pages.ERROR_TCP,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.NOT_TLS,
        title="The port answers, but not with TLS",
        cause=(
            "Something answers on this port, but it does not speak TLS, so an HTTPS backend "
            "setting cannot use it."
        ),
        gateway_message=None,
        where=Where.SERVER,
        steps=(
            (
                "Enable HTTPS for this port on the server; 80 and 8080 usually speak plain HTTP, "
                "443 and 8443 HTTPS."
            ),
            "If another port of the server has HTTPS, give that one to the backend setting.",
            (
                "If plain HTTP is meant, set the protocol of the backend setting and of its probe "
                "to HTTP."
            ),
            "Check again.",
        ),
        reference=pages.SETTING_PROTOCOL,
        basis=Basis.INFERRED,
    ),
    CatalogueEntry(
        code=Code.TLS_VERSION_UNSUPPORTED,
        title="Server and gateway share no TLS version",
        cause=(
            "The server and the gateway share no TLS version: the gateway offers TLS 1.2 (v2 also "
            "TLS 1.3), the server neither."
        ),
        gateway_message=None,
        where=Where.SERVER,
        steps=(
            "Enable TLS 1.2 on the server, and TLS 1.3 where it can.",
            "Update the server software where it knows no TLS 1.2.",
            "Reload the server, then check again.",
        ),
        reference=pages.TLS_VERSIONS,
        basis=Basis.INFERRED,
    ),
    CatalogueEntry(
        code=Code.SNI_REQUIRED,
        title="The server needs a server name; the gateway sends none",
        cause=(
            "The server does not answer a TLS handshake that names no host (no SNI), and the "
            "gateway has no host name to send."
        ),
        gateway_message=None,
        where=Where.GATEWAY,
        steps=(
            "Set a host name on the backend setting: one that the server's certificate carries.",
            "Let the custom probe pick its host name from the backend setting.",
            "Check again.",
        ),
        reference=pages.SNI_OF_PROBE,
        basis=Basis.INFERRED,
    ),
    CatalogueEntry(
        code=Code.CLIENT_CERTIFICATE_REQUIRED,
        title="The server demands a client certificate",
        cause=(
            "The server demands a client certificate (mutual TLS), and the gateway has none to "
            "send to a backend."
        ),
        gateway_message=None,
        where=Where.SERVER,
        steps=(
            (
                "Make the client certificate optional on the server, at least for the gateway's "
                "subnet and the probe's path."
            ),
            (
                "If callers must prove who they are, check that at the gateway's listener and "
                "hand the result on in a header."
            ),
            "Reload the server, then check again.",
        ),
        reference=pages.RFC_CLIENT_CERTIFICATE,
        basis=Basis.REPORTED,
    ),
    CatalogueEntry(
        code=Code.TLS_FAILED,
        title="The TLS handshake failed",
        cause=(
            "The TLS handshake broke for a reason that no other code names: time-out, reset, "
            "close or an alert."
        ),
        gateway_message=None,
        where=Where.SERVER,
        steps=(
            (
                "Read the server's own error log at this minute: it names the reason that the "
                "network does not show."
            ),
            "Check that the certificate and the private key on the server belong together.",
            "Check that the server offers a common cipher, such as ECDHE-RSA-AES128-GCM-SHA256.",
            "Check again.",
        ),
        reference=pages.RFC_TLS_ALERTS,
        basis=Basis.OPENSSL,
    ),
    CatalogueEntry(
        code=Code.CERTIFICATE_UNREADABLE,
        title="A certificate in the list cannot be read",
        cause=(
            "One entry of the certificate list that the server sends is no readable X.509 "
            "certificate, so the whole list is refused."
        ),
        gateway_message=None,
        where=Where.SERVER,
        steps=(
            "Open the certificate file on the server and find the damaged block.",
            (
                "Replace it with a fresh copy from the certificate authority, or leave it out if "
                "it is not needed."
            ),
            "Reload the server, then check again.",
        ),
        reference=pages.RFC_CERTIFICATE,
        basis=Basis.OPENSSL,
    ),
)
