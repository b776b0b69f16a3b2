"""Catalogue entries about certificates: signatures, CA constraints, dates, weak cryptography."""

from __future__ import annotations

from chainlib.explain import pages
from chainlib.explain.values import CatalogueEntry, Where
from chainlib.findings import Basis, Code

OUT_OF_DATE = (
    'Backend certificate is invalid. Current date isn\'t within the "Valid from" and "Valid to" '
    "date range on the certificate."
)

ENTRIES: tuple[CatalogueEntry, ...] = (
    CatalogueEntry(
        code=Code.SIGNATURE_INVALID,
        title="A certificate was not signed by the CA that it names",
        cause=(
            "A certificate names an issuer whose key does not verify its signature: the file "
            "holds the wrong or an altered certificate."
        ),
        gateway_message=None,
        where=Where.SERVER,
        steps=(
            (
                "Download the intermediate again from the CA that issued the server's certificate; "
                "CAs reuse names with new keys."
            ),
            "Replace the one in the server's certificate file.",
            "Reload the server, then check again.",
        ),
        reference=pages.RFC_SIGNATURE,
        basis=Basis.OPENSSL,
    ),
    CatalogueEntry(
        code=Code.CA_CONSTRAINT_VIOLATED,
        title="A CA in the chain was not allowed to sign this",
        cause=(
            "An issuer in the chain is not marked as a CA, may not sign certificates, or is "
            "limited to other names or a shorter chain."
        ),
        gateway_message=None,
        where=Where.SERVER,
        steps=(
            (
                "Ask whoever runs this CA for a certificate from a CA that may issue it (CA:TRUE, "
                "keyCertSign)."
            ),
            "If the CA is limited to certain names, check that the server's name is among them.",
            "Install the new chain, reload the server, then check again.",
        ),
        reference=pages.RFC_ISSUERS,
        basis=Basis.OPENSSL,
    ),
    CatalogueEntry(
        code=Code.VERIFY_FAILED,
        title="OpenSSL refuses the chain for another reason",
        cause=(
            "OpenSSL, the library under the gateway, refuses the chain for a reason that no other "
            "code names."
        ),
        gateway_message=(
            "The validity of the backend certificate could not be verified. To find out the "
            "reason, "
            "check OpenSSL diagnostics for the message associated with error code {errorCode}"
        ),
        where=Where.SERVER,
        steps=(
            (
                "Read OpenSSL's words above: they name the certificate by its depth, 0 being the "
                "server's own."
            ),
            "Get that certificate reissued by its CA, for use as a TLS server.",
            "Reload the server, then check again.",
        ),
        reference=pages.OPENSSL_ERRORS,
        basis=Basis.OPENSSL,
    ),
    CatalogueEntry(
        code=Code.CERTIFICATE_EXPIRED,
        title="A certificate has expired",
        cause=(
            "A certificate that the chain needs (the server's own, an intermediate or the root) "
            "is past its last day."
        ),
        gateway_message=OUT_OF_DATE,
        where=Where.SERVER,
        steps=(
            "Renew the certificate that is named; for an intermediate, take the CA's current one.",
            "Install it with its chain on every server behind the name.",
            "Upload a root to the gateway only if the private root itself was renewed.",
            "Reload the server, then check again.",
        ),
        reference=pages.ERROR_EXPIRED,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.CERTIFICATE_NOT_YET_VALID,
        title="A certificate is not valid yet",
        cause="A certificate that the chain needs begins to be valid only later.",
        gateway_message=OUT_OF_DATE,
        where=Where.SERVER,
        steps=(
            (
                "Put the previous certificate back until the first valid day, or have this one "
                "reissued."
            ),
            "Check the clock of the machine that issued it.",
            "Reload the server, then check again.",
        ),
        reference=pages.ERROR_EXPIRED,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.CERTIFICATE_EXPIRING,
        title="A certificate expires soon",
        cause=(
            "A certificate that the chain needs is near its last day; the gateway accepts it "
            "until then."
        ),
        gateway_message=None,
        where=Where.SERVER,
        steps=(
            "Renew it now, and find out why the automatic renewal did not run.",
            "Judge the new chain before installing it: appgw rehearse fullchain.pem.",
            "Install it on every server behind the name, reload, then check again.",
        ),
        reference=pages.LETS_ENCRYPT_RENEWAL,
        basis=Basis.INFERRED,
    ),
    CatalogueEntry(
        code=Code.WEAK_CRYPTO,
        title="A key or signature is weaker than OpenSSL wants",
        cause=(
            "A certificate uses an RSA key below 2048 bits or an MD5 or SHA-1 signature, which "
            "newer OpenSSL versions refuse."
        ),
        gateway_message=None,
        where=Where.SERVER,
        steps=(
            "Have the certificate reissued with RSA 2048 or ECDSA P-256 and SHA-256.",
            "Install it with its chain, reload the server, then check again.",
        ),
        reference=pages.OPENSSL_LEVELS,
        basis=Basis.INFERRED,
    ),
    CatalogueEntry(
        code=Code.CERTIFICATE_INVALID,
        title="The gateway marked the certificate as invalid",
        cause=(
            "A v1 gateway says that the certificate is out of date, revoked or badly chained, and "
            "does not say which."
        ),
        gateway_message=(
            "Backend certificate has been marked invalid. Either the certificate is not "
            "within its validity period, "
            "or it has been revoked by the issuing authority, or there is a problem with the "
            "certificate chain."
        ),
        where=Where.SERVER,
        steps=(
            "Check the backend by its host name: the direct probe tells which of the three it is.",
            "Renew the certificate if it is out of date or revoked.",
            "Upload the new certificate to the v1 gateway's setting.",
        ),
        reference=pages.ERROR_EXPIRED,
        basis=Basis.REPORTED,
    ),
    CatalogueEntry(
        code=Code.ENCODING_UNUSUAL,
        title="A certificate is encoded in an unusual way",
        cause=(
            "A certificate breaks a rule of encoding that OpenSSL, the library under the gateway, "
            "does not insist on; stricter programs refuse it."
        ),
        gateway_message=None,
        where=Where.SERVER,
        steps=(
            "Nothing has to be done for the gateway.",
            (
                "If another program refuses the certificate, have it reissued by software that "
                "follows RFC 5280."
            ),
        ),
        reference=pages.RFC_CERTIFICATE,
        basis=Basis.INFERRED,
    ),
)
