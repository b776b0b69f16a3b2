"""Catalogue entries about the presented chain: leaf, order, missing or extra certificates."""

from __future__ import annotations

from chainlib.explain import pages
from chainlib.explain.values import CatalogueEntry, Where
from chainlib.findings import Basis, Code

_INTERMEDIATE_MISSING = (
    "The Intermediate certificate is missing from the certificate chain presented by the "
    "backend server. "
    "Ensure the certificate chain is complete and correctly ordered on the backend server."
)

ENTRIES: tuple[CatalogueEntry, ...] = (
    CatalogueEntry(
        code=Code.LEAF_MISSING,
        title="The server sends no certificate of its own",
        cause=(
            "The server sends CA certificates only; its own certificate (the leaf), which carries "
            "its name, is not among them."
        ),
        gateway_message=(
            "The Leaf certificate is missing from the certificate chain presented by the "
            "backend server. "
            "Ensure the chain is complete and correctly ordered on the backend server."
        ),
        where=Where.SERVER,
        steps=(
            "Find the certificate that was issued for this server's name.",
            "Put it first in the certificate file, the intermediates after it.",
            "Check that the private key belongs to that first certificate.",
            "Reload the server, then check again.",
        ),
        reference=pages.ERROR_LEAF_MISSING,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.LEAF_NOT_FIRST,
        title="The server's own certificate is not the first one sent",
        cause=(
            "The server sends its own certificate (the leaf), but another certificate stands "
            "before it."
        ),
        gateway_message=(
            "The Leaf certificate isn't the topmost certificate in the chain presented by the "
            "backend server. "
            "Ensure the certificate chain is correctly ordered on the backend server."
        ),
        where=Where.SERVER,
        steps=(
            (
                "Order the certificate file: the server's own certificate first, then its issuer, "
                "then that one's issuer."
            ),
            "Reload the server, then check again.",
        ),
        reference=pages.ERROR_ORDER,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.SELF_SIGNED_NOT_CA,
        title="A self-signed certificate that is no CA",
        cause=(
            "The server's certificate is signed by itself and is not marked as a CA; the gateway "
            "refuses that even when it was uploaded."
        ),
        gateway_message=_INTERMEDIATE_MISSING,
        where=Where.SERVER,
        steps=(
            (
                "Get a certificate from a CA, or create a private CA that signs the server's "
                "certificate."
            ),
            (
                "If it must stay self-signed, create it again with CA:TRUE and upload exactly "
                "that one to the gateway."
            ),
            "Reload the server, then check again.",
        ),
        reference=pages.ERROR_INTERMEDIATE_MISSING,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.CHAIN_OUT_OF_ORDER,
        title="The certificates are sent in the wrong order",
        cause=(
            "Every certificate that is needed is sent, but not each one right before the one that "
            "signed it."
        ),
        gateway_message=_INTERMEDIATE_MISSING,
        where=Where.SERVER,
        steps=(
            (
                "Order the certificate file: the server's own certificate first, then its issuer, "
                "then that one's issuer."
            ),
            "Leave the root out or put it last.",
            "Reload the server, then check again.",
        ),
        reference=pages.ERROR_ORDER,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.INTERMEDIATE_MISSING,
        title="An intermediate certificate is missing",
        cause=(
            "The server does not send the intermediate CA that signed its certificate; the "
            "gateway, unlike a browser, never fetches it."
        ),
        gateway_message=_INTERMEDIATE_MISSING,
        where=Where.SERVER,
        steps=(
            (
                "Put the missing intermediate into the server's certificate file, right after the "
                "server's own certificate."
            ),
            "Reload the server, then check again.",
            "Upload no new root for this: the gap is on the server.",
        ),
        reference=pages.ERROR_INTERMEDIATE_MISSING,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.SERVERS_DIFFER,
        title="Servers behind one name send different chains",
        cause=(
            "The addresses behind this name do not send the same certificates, so the result "
            "depends on which one answers."
        ),
        gateway_message=None,
        where=Where.SERVER,
        steps=(
            "Compare the addresses in the details: correct the one with a fault.",
            "Install the same certificate file on every server behind the name.",
            "Reload each of them, then check again.",
        ),
        reference=pages.PROBE_EACH_SERVER,
        basis=Basis.INFERRED,
    ),
    CatalogueEntry(
        code=Code.CHAIN_EXTRA,
        title="The server sends more certificates than are needed",
        cause=(
            "The list holds a certificate that nobody needs: the root, one that is sent twice, or "
            "one that belongs to no path."
        ),
        gateway_message=None,
        where=Where.SERVER,
        steps=(
            (
                "Leave it out at the next renewal: the server's own certificate and its "
                "intermediates are enough."
            ),
        ),
        reference=pages.RFC_TLS_CERTIFICATES,
        basis=Basis.INFERRED,
    ),
)
