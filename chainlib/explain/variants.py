"""Steps that are more specific than the catalogue's, chosen by the evidence.

A table from code and evidence to steps with the real names. The first row is taken whose `when` is
fulfilled and whose placeholders the evidence fills; otherwise the catalogue's steps are used. `ANY`
only requires that the key exists. Placeholders are replaced once and the result is not scanned
again, so hostile names cannot insert placeholders.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chainlib.explain.values import Where
from chainlib.explain.variant import ANY, CHECK, MINUTES, Variant, of_kind
from chainlib.explain.variants_names import NAME_MISMATCH
from chainlib.explain.variants_transport import TRANSPORT
from chainlib.explain.variants_trust import TRUST
from chainlib.findings import Code

_ENDED = (
    "{subject} has ended and there is no newer edition of it: {successor} took its place.",
    (
        "If the server's certificate is from a public CA, detach the uploaded roots, so that the "
        "well-known CAs count."
    ),
    "Otherwise upload {successor}, attach it, and let the server send the chain that leads to it.",
    MINUTES,
)
_REPLACE_ROOT = (
    "Replace {label} on the gateway with the CA's current root and attach it.",
    MINUTES,
)
# A certificate of the path that was not sent is the trust anchor: renewing it is work on the
# gateway.
_ENDED_ROOT = Variant(
    when={"sent": "no", "subject": ANY, "successor": ANY}, steps=_ENDED, where=Where.GATEWAY
)
_OLD_ROOT = Variant(
    when={"sent": "no", "subject": ANY},
    steps=(
        "Get the current edition of the root {subject} from the CA's owner.",
        (
            "Upload it beside the old one, and attach both to the backend setting until all "
            "servers changed."
        ),
        MINUTES,
    ),
    where=Where.GATEWAY,
)

VARIANTS: Mapping[Code, tuple[Variant, ...]] = MappingProxyType(
    {
        **TRANSPORT,
        **TRUST,
        Code.CHAIN_OUT_OF_ORDER: (
            Variant(
                when={"order": ANY},
                steps=(
                    (
                        "Order the certificate file: the server's own certificate first, then its "
                        "issuer, then that one's issuer."
                    ),
                    "Here that is: {order}.",
                    "Leave the root out or put it last.",
                    CHECK,
                ),
            ),
        ),
        Code.NO_SNI: (
            Variant(
                when={"sku": "v1"},
                steps=(
                    "Put the server into the backend pool by its FQDN: a v1 gateway sends that.",
                    "Or let the server's default certificate be the one that v1 was given.",
                    "Move to a v2 gateway: there the backend setting has a host name to send.",
                ),
            ),
        ),
        Code.HEALTH_UNKNOWN: (
            of_kind(
                "odd-word",
                "Rely on the direct probe, and ask the gateway again in a minute.",
                "Compare with the page Backend health of the gateway in the portal.",
                "Check again.",
            ),
            of_kind(
                "private-only",
                (
                    "Rely on the direct probe: a gateway with a private frontend alone often "
                    "reports no health although requests pass."
                ),
                (
                    "Check that the names in the backend pool resolve inside the gateway's "
                    "virtual network."
                ),
                "Check again.",
            ),
        ),
        Code.UPLOADED_ROOT_UNUSABLE: (
            of_kind(
                "undecodable",
                "Upload {label} again as plain PEM or DER; what lies there is no certificate.",
                MINUTES,
            ),
            of_kind(
                "double-encoded",
                (
                    "Upload {label} again from the .cer file itself: what was uploaded is its "
                    "base64 text encoded once more (in Terraform, drop one of the two encodings)."
                ),
                MINUTES,
            ),
            of_kind(
                "bundle",
                (
                    "Upload each root of {label} as a trusted root of its own, attach them all, "
                    "and remove the bundle."
                ),
                "Let the server send the intermediates: the gateway takes only roots.",
                MINUTES,
            ),
            of_kind(
                "pkcs7",
                (
                    "Take the root out of {label} as one certificate (openssl pkcs7 -print_certs) "
                    "and upload that in its place."
                ),
                MINUTES,
            ),
            of_kind(
                "intermediate",
                (
                    "{label} is an intermediate, and the root above it, {root_above}, is uploaded "
                    "as well: let the server send the intermediate."
                ),
                "Then remove it from the backend setting; the root alone is enough.",
                MINUTES,
                root_above=ANY,
            ),
            of_kind(
                "intermediate",
                (
                    "{label} is an intermediate: upload the root above it instead, and let the "
                    "server send it."
                ),
                MINUTES,
            ),
            of_kind(
                "leaf",
                "{label} is a server's own certificate: upload the root of its chain instead.",
                MINUTES,
            ),
            of_kind(
                "expired",
                "Remove the expired edition of {label} from the gateway; the current one is used.",
                MINUTES,
                current_edition="uploaded",
            ),
            of_kind("expired", *_ENDED, successor=ANY),
            of_kind("expired", *_REPLACE_ROOT),
            of_kind("not-yet-valid", *_REPLACE_ROOT),
            of_kind(
                "not-ca",
                (
                    "Upload a root that has the mark CA:TRUE: make it again, and have the servers' "
                    "certificates signed by it."
                ),
                MINUTES,
            ),
            of_kind(
                "version-1",
                "Upload a root that was made again as X.509 version 3 with the mark CA:TRUE.",
                MINUTES,
            ),
        ),
        Code.SIGNATURE_INVALID: (
            of_kind(
                "same-name-other-key",
                (
                    "The uploaded {issuer} has the right name but another key, as after a CA was "
                    "re-keyed: get the one that signed {subject}."
                ),
                (
                    "Upload it and attach it in the place of the old one: side by side, only "
                    "their keys tell them apart."
                ),
                (
                    "If the uploaded one is right, have {subject} signed again and install it on "
                    "the server."
                ),
                MINUTES,
                where=Where.GATEWAY,
            ),
        ),
        Code.CA_CONSTRAINT_VIOLATED: (
            of_kind(
                "name-constraints",
                (
                    "{subject} is limited to certain names, and {refused_names} is none of them: "
                    "no setting of the gateway lifts that."
                ),
                "Have the certificate issued by a CA that may sign for {refused_names}.",
                (
                    "Or use a name that {subject} may sign for, on the server and in the backend "
                    "setting."
                ),
                CHECK,
                refused_names=ANY,
            ),
            of_kind(
                "path-length",
                (
                    "{subject} was issued for a shorter chain: ask its owner for a CA that may "
                    "stand here."
                ),
                "Or have the certificate issued by {subject} itself.",
                CHECK,
                subject=ANY,
            ),
        ),
        Code.VERIFY_FAILED: (
            Variant(  # Azure gives the number alone
                when={"error_code": ANY, "meaning": ANY},
                steps=(
                    "OpenSSL's number {error_code} means: {meaning}",
                    "Look for the certificate of which that is true, and have it replaced.",
                    (
                        "If it is true of none, the gateway's last probe is older or reached "
                        "another server: check again after one probe interval."
                    ),
                ),
            ),
            of_kind(
                "unsupported-algorithm",
                (
                    "Nothing is known to be wrong with {subject}: its signature is of a kind that "
                    "cannot be checked here."
                ),
                (
                    "The gateway rests on OpenSSL too: have the certificate issued with RSA "
                    "or ECDSA "
                    "keys to be safe."
                ),
                "Until then, backend health shows what the gateway itself says.",
                CHECK,
            ),
        ),
        Code.WEAK_CRYPTO: (
            Variant(
                when={"ca": "True", "subject": ANY},
                steps=(
                    (
                        "Ask the owner of {subject} for an edition with RSA 2048 or ECDSA P-256 "
                        "and SHA-256."
                    ),
                    "Or have the server's certificate issued by a CA that has such a key.",
                    CHECK,
                ),
            ),
        ),
        Code.CERTIFICATE_EXPIRING: (_ENDED_ROOT, _OLD_ROOT),
        Code.CERTIFICATE_EXPIRED: (
            _ENDED_ROOT,
            _OLD_ROOT,
            Variant(
                when={"root": "True", "subject": ANY, "successor": ANY},
                steps=_ENDED,
                where=Where.GATEWAY,
            ),
            Variant(
                when={"root": "True", "subject": ANY},
                steps=(
                    *_OLD_ROOT.steps[:2],
                    "Put it into the server's file in place of the old one, or leave the root out.",
                    MINUTES,
                ),
                where=Where.GATEWAY,
            ),
            Variant(
                when={"subject": ANY, "successor": ANY},
                steps=(
                    _ENDED[0],
                    (
                        "Take the chain that the CA publishes now, which leads to {successor}, and "
                        "install it on every server behind the name."
                    ),
                    CHECK,
                ),
            ),
            Variant(
                when={"subject": ANY},
                steps=(
                    "Renew {subject}; for an intermediate, take the CA's current one.",
                    "Install the new chain on every server behind the name.",
                    "Upload a root to the gateway only if the private root itself was renewed.",
                    CHECK,
                ),
            ),
        ),
        Code.TRUST_NOT_VISIBLE: (
            of_kind(
                "not-read",
                "Check again in a minute: once Azure lists the gateway, its own roots are used.",
                (
                    "Without Azure, check the backend with the root that the gateway should have: "
                    "appgw check with --root."
                ),
            ),
        ),
        Code.NAME_MISMATCH: NAME_MISMATCH,
        Code.CHAIN_EXTRA: (
            of_kind(
                "root",
                (
                    "Leave the root {subject} out of the server's file at the next renewal; the "
                    "gateway has its own copy."
                ),
            ),
            of_kind(
                "duplicate",
                "Remove the second copy of {subject} from the server's file at the next renewal.",
            ),
            of_kind(
                "unrelated",
                "Remove {subject} from the server's file at the next renewal; no path uses it.",
            ),
        ),
    }
)
