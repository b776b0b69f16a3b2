"""Catalogue entries about trust: private roots, roots that do not fit, uploads, switches."""

from __future__ import annotations

from chainlib.explain import pages
from chainlib.explain.values import CatalogueEntry, Where
from chainlib.findings import Basis, Code

SERVER_UNKNOWN_CA = (
    "The backend Server certificate isn't signed by a well-known Certificate Authority (CA). "
    "To use unknown CA certificates, "
    "its Root certificate must be uploaded to the Backend Setting of the application gateway."
)
NO_UPLOADED_ROOT = (
    "The Intermediate certificate not signed by any Root certificates uploaded to the "
    "application gateway. "
    "Ensure the certificate chain is complete and correctly ordered on the backend server."
)

ENTRIES: tuple[CatalogueEntry, ...] = (
    CatalogueEntry(
        code=Code.AUTH_CERTIFICATE_MISMATCH,
        title="The v1 gateway was given another server certificate",
        cause=(
            "A v1 gateway trusts only the exact server certificates that were uploaded to it, and "
            "the one sent is not among them."
        ),
        gateway_message="Backend server certificate is not whitelisted with Application Gateway.",
        where=Where.GATEWAY,
        steps=(
            (
                "Upload the server's own certificate (a .cer file without its key) to the gateway "
                "as an authentication certificate."
            ),
            (
                "Attach it to the backend setting, and keep the old one attached until all "
                "servers changed."
            ),
            "Repeat this at every renewal, or move to a v2 gateway, which trusts the root instead.",
            "Check again.",
        ),
        reference=pages.TLS_OF_V1,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.SERVER_UNKNOWN_CA,
        title="The chain ends in a private root that the gateway lacks",
        cause=(
            "The chain is complete but ends in a root that is no public CA, and the backend "
            "setting was given no root of its own."
        ),
        gateway_message=SERVER_UNKNOWN_CA,
        where=Where.GATEWAY,
        steps=(
            (
                "Export the root, the last certificate of the chain, as a .cer file; its key is "
                "not needed."
            ),
            "Upload it to the gateway as a trusted root certificate.",
            "Attach it to the backend setting; uploading alone changes nothing.",
            "Check again; the update takes some minutes.",
        ),
        reference=pages.ERROR_SERVER_UNKNOWN,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.INTERMEDIATE_UNKNOWN_CA,
        title="The last CA sent is not signed by a well-known CA",
        cause=(
            "The chain ends in a CA whose issuer is no public root that is known here, and the "
            "backend setting was given no root."
        ),
        gateway_message=(
            "The Intermediate certificate isn't signed by a well-known Certificate Authority (CA). "
            "Ensure the certificate chain is complete and correctly ordered on the backend server."
        ),
        where=Where.GATEWAY,
        steps=(
            (
                "Find the issuer of the last certificate sent: ask the CA's owner whether it is a "
                "root or one more intermediate."
            ),
            (
                "If it is a private root, upload it to the gateway and attach it to the backend "
                "setting."
            ),
            (
                "If it is an intermediate, add it to the server's certificate file and reload the "
                "server."
            ),
            "Check again.",
        ),
        reference=pages.ERROR_INTERMEDIATE_UNKNOWN,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.UPLOADED_ROOT_UNUSABLE,
        title="An uploaded root cannot serve as a root",
        cause=(
            "What was uploaded as a trusted root is no usable root: an intermediate, a server "
            "certificate, no CA, or out of date."
        ),
        gateway_message=NO_UPLOADED_ROOT,
        where=Where.GATEWAY,
        steps=(
            "Get the root certificate, the one whose issuer is itself, from the CA's owner.",
            "Upload it in place of the unusable one and attach it to the backend setting.",
            "Check again; the update takes some minutes.",
        ),
        reference=pages.UPLOADED_ROOT,
        basis=Basis.REPORTED,
    ),
    CatalogueEntry(
        code=Code.ROOT_NOT_ATTACHED,
        title="The right root is on the gateway but not attached",
        cause=(
            "The root that the chain needs is on the gateway already, only this backend setting "
            "does not use it."
        ),
        gateway_message=SERVER_UNKNOWN_CA,
        where=Where.GATEWAY,
        steps=(
            "Attach the root to the backend setting; nothing needs to be uploaded.",
            "Name the roots that are attached now as well: the list is replaced as a whole.",
            "Check again; the update takes some minutes.",
        ),
        reference=pages.SETTING_ROOTS,
        basis=Basis.REPORTED,
    ),
    CatalogueEntry(
        code=Code.ROOT_MISMATCH,
        title="The gateway trusts another root",
        cause=(
            "The server sends its chain up to a root, and that root is none of those attached to "
            "the backend setting."
        ),
        gateway_message=(
            "The root certificate of the server certificate used by the backend doesn't match "
            "the trusted root certificate added to the "
            "application gateway. Ensure that you add the correct root certificate to the "
            "allowlist for the backend."
        ),
        where=Where.GATEWAY,
        steps=(
            (
                "Compare the root that the server sends with the ones on the gateway, by SHA-256 "
                "rather than by name."
            ),
            (
                "If the server's root is the right one, upload it and attach it to the backend "
                "setting."
            ),
            (
                "If the gateway's root is the right one, install the chain that leads to it on "
                "the server."
            ),
            "Check again.",
        ),
        reference=pages.ERROR_ROOT_SENT,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
        title="No uploaded root signed this chain",
        cause=(
            "The server sends no root, and none of the roots attached to the backend setting "
            "signed the last certificate it sends."
        ),
        gateway_message=NO_UPLOADED_ROOT,
        where=Where.GATEWAY,
        steps=(
            (
                "Find the issuer of the last certificate sent: ask the CA's owner whether it is a "
                "root or one more intermediate."
            ),
            "If it is a root, upload it to the gateway and attach it to the backend setting.",
            (
                "If it is an intermediate, add it to the server's certificate file and reload the "
                "server."
            ),
            "Check again.",
        ),
        reference=pages.ERROR_NO_ROOT_SENT,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.VALIDATION_OFF,
        title="Validation is switched off on the backend setting",
        cause=(
            "The backend setting does not check the chain and dates or the name, so a broken "
            "certificate shows as healthy."
        ),
        gateway_message=None,
        where=Where.GATEWAY,
        steps=(
            "Switch the validation on again, as soon as what it hides is corrected.",
            (
                "The faults that it hides are listed with the other findings, each with who must "
                "correct it."
            ),
            (
                "Check again; until then anyone between gateway and server can pretend to be the "
                "server."
            ),
        ),
        reference=pages.SETTING_VALIDATION,
        basis=Basis.DOCUMENTED,
    ),
)
