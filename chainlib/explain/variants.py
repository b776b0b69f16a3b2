"""Steps that fit the evidence better than the catalogue's.

A table of (code, what the evidence says) -> steps with the real names.

The first row whose `when` holds and whose placeholders the evidence fills is taken; without one the
catalogue's steps stand.
A `when` value of `ANY` asks only that the evidence names something. Placeholders are filled once
and never read again, so that
hostile names cannot smuggle in a placeholder of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chainlib.explain.values import Where
from chainlib.explain.variant import ANY, CHECK, MINUTES, Variant
from chainlib.explain.variants_names import NAME_MISMATCH
from chainlib.explain.variants_transport import TRANSPORT
from chainlib.findings import Code


def _kind(kind: str, *steps: str, where: Where | None = None, **also: str) -> Variant:
    return Variant(when={"kind": kind, **also}, steps=steps, where=where)


_ADD_IT = (
    "Put {missing_subject} into the server's certificate file, right after certificate {place}."
)
_FETCH_IT = "Its CA publishes it at {aia}."
_OR_ROOT = (
    "If {missing_subject} turns out to be a root, upload it to the gateway and attach it to the "
    "backend setting instead."
)
_NO_ROOT_NEEDED = "Upload no new root for this: the gap is on the server."
_PUBLIC_CA = (
    (
        "This is a public CA: detach the uploaded roots from the backend setting, so that the "
        "well-known CAs count again."
    ),
    (
        "Keep the roots attached where other servers behind the same setting have private "
        "certificates; give those a setting of their own."
    ),
    MINUTES,
)
_FIND_ISSUER = (
    "Find {missing_subject}: ask the CA's owner whether it is a root or one more intermediate.",
    "If it is a root, upload it to the gateway and attach it to the backend setting.",
    (
        "If it is an intermediate, add it to the server's certificate file, right after "
        "certificate {place}, and reload the server."
    ),
    "Check again.",
)
# Once the issuer is known, only one of the two explanations is left.
_IS_INTERMEDIATE = Variant(
    when={"possibilities": "an intermediate is not sent", "missing_subject": ANY},
    steps=(_ADD_IT, CHECK, _NO_ROOT_NEEDED),
    where=Where.SERVER,
)
_IS_ROOT = Variant(
    when={
        "possibilities": "its issuer is a root that the gateway was not given",
        "missing_subject": ANY,
    },
    steps=(
        (
            "Upload {missing_subject} to the gateway, and attach it to the backend setting; "
            "uploading alone changes nothing."
        ),
        MINUTES,
    ),
    where=Where.GATEWAY,
)
_NAMESAKE = (
    (
        "The uploaded root has the right name but another key: get the current edition of "
        "{missing_subject} from the CA's owner."
    ),
    (
        "Upload it beside the old one, and attach both to the backend setting until all servers "
        "changed."
    ),
    MINUTES,
)
_OTHER_EDITION = (
    (
        "Replace the {missing_subject} in the server's certificate file (number {sent_place} "
        "of the "
        "list sent) by the edition that signed certificate {place}."
    ),
    (
        "Tell them apart by key: that edition has the key id {missing_key_id}, the one sent "
        "{sent_key_id}."
    ),
)
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
# A needed certificate that was not sent is the trust anchor: renewing it is work on the gateway.
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
        Code.INTERMEDIATE_MISSING: (
            _kind(
                "same-name-other-key",
                *_OTHER_EDITION,
                _FETCH_IT,
                CHECK,
                sent_key_id=ANY,
                missing_key_id=ANY,
                aia=ANY,
            ),
            _kind(
                "same-name-other-key",
                *_OTHER_EDITION,
                CHECK,
                _NO_ROOT_NEEDED,
                sent_key_id=ANY,
                missing_key_id=ANY,
            ),
            _kind("same-name-other-key", _OTHER_EDITION[0], CHECK, _NO_ROOT_NEEDED, sent_place=ANY),
            _kind(
                "same-key-other-edition", _OTHER_EDITION[0], CHECK, _NO_ROOT_NEEDED, sent_place=ANY
            ),
            _kind("same-name-other-key", *_NAMESAKE, where=Where.GATEWAY),
            _IS_INTERMEDIATE,
            _IS_ROOT,
            Variant(
                when={"possibilities": ANY, "aia": ANY},
                steps=(_ADD_IT, _FETCH_IT, CHECK, _OR_ROOT),
            ),
            Variant(when={"possibilities": ANY}, steps=(_ADD_IT, CHECK, _OR_ROOT)),
            Variant(when={"aia": ANY}, steps=(_ADD_IT, _FETCH_IT, CHECK, _NO_ROOT_NEEDED)),
            Variant(when={"missing_subject": ANY}, steps=(_ADD_IT, CHECK, _NO_ROOT_NEEDED)),
        ),
        Code.INTERMEDIATE_UNKNOWN_CA: (
            _IS_INTERMEDIATE,
            _IS_ROOT,
            Variant(when={"missing_subject": ANY}, steps=_FIND_ISSUER),
        ),
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN: (
            _kind("public-ca-with-uploaded-roots", *_PUBLIC_CA),
            _kind("same-name-other-key", *_NAMESAKE),
            _IS_INTERMEDIATE,
            _IS_ROOT,
            Variant(when={"missing_subject": ANY}, steps=_FIND_ISSUER),
        ),
        Code.ROOT_MISMATCH: (
            _kind("public-ca-with-uploaded-roots", *_PUBLIC_CA),
            _kind(
                "same-key-other-certificate",
                (
                    "The gateway takes another edition of its root for another root: upload the "
                    "one that the server sends and attach it."
                ),
                (
                    "Its SHA-256 is {sha256}; the one attached now has {uploaded_sha256}. Keep "
                    "both while servers send either."
                ),
                MINUTES,
                gateway_code=ANY,
            ),
            _kind(
                "same-key-other-certificate",
                "Nothing breaks as far as is known: both editions of the root have the same key.",
                (
                    "If the gateway refuses it, leave the root out of the server's file or upload "
                    "the edition that the server sends."
                ),
                "Check again.",
            ),
            Variant(
                when={"uploaded": ANY},
                steps=(
                    (
                        "If {subject} is the right root, upload it to the gateway and attach it "
                        "to the backend setting."
                    ),
                    (
                        "If {uploaded} is the right one, install the chain that leads to it on "
                        "the server."
                    ),
                    "Compare roots by SHA-256 rather than by name; the one sent has {sha256}.",
                    "Check again.",
                ),
            ),
        ),
        Code.SERVER_UNKNOWN_CA: (
            Variant(
                when={"root": ANY},
                steps=(
                    "Export {root} as a .cer file; its key is not needed.",
                    "Upload it to the gateway as a trusted root certificate.",
                    "Attach it to the backend setting; uploading alone changes nothing.",
                    MINUTES,
                ),
            ),
        ),
        Code.ROOT_NOT_ATTACHED: (
            Variant(
                when={"root_name": ANY},
                steps=(
                    (
                        "Attach {root_name}, which lies on the gateway already, to the backend "
                        "setting."
                    ),
                    (
                        "Name the roots that are attached now as well: the list is replaced as a "
                        "whole."
                    ),
                    MINUTES,
                ),
            ),
        ),
        Code.HEALTH_UNKNOWN: (
            _kind(
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
            _kind(
                "undecodable",
                "Upload {label} again as plain PEM or DER; what lies there is no certificate.",
                MINUTES,
            ),
            _kind(
                "double-encoded",
                (
                    "Upload {label} again from the .cer file itself: what was uploaded is its "
                    "base64 text encoded once more (in Terraform, drop one of the two encodings)."
                ),
                MINUTES,
            ),
            _kind(
                "bundle",
                (
                    "Upload each root of {label} as a trusted root of its own, attach them all, "
                    "and remove the bundle."
                ),
                "Let the server send the intermediates: the gateway takes only roots.",
                MINUTES,
            ),
            _kind(
                "pkcs7",
                (
                    "Take the root out of {label} as one certificate (openssl pkcs7 -print_certs) "
                    "and upload that in its place."
                ),
                MINUTES,
            ),
            _kind(
                "intermediate",
                (
                    "{label} is an intermediate: upload the root above it instead, and let the "
                    "server send it."
                ),
                MINUTES,
            ),
            _kind(
                "leaf",
                "{label} is a server's own certificate: upload the root of its chain instead.",
                MINUTES,
            ),
            _kind("expired", *_ENDED, successor=ANY),
            _kind("expired", *_REPLACE_ROOT),
            _kind("not-yet-valid", *_REPLACE_ROOT),
            _kind(
                "not-ca",
                (
                    "Upload a root that has the mark CA:TRUE: make it again, and have the servers' "
                    "certificates signed by it."
                ),
                MINUTES,
            ),
            _kind(
                "version-1",
                "Upload a root that was made again as X.509 version 3 with the mark CA:TRUE.",
                MINUTES,
            ),
        ),
        Code.SIGNATURE_INVALID: (
            _kind(
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
            _kind(
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
            _kind(
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
            _kind(
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
        Code.CERTIFICATE_EXPIRING: (_ENDED_ROOT, _OLD_ROOT),
        Code.CERTIFICATE_EXPIRED: (
            _ENDED_ROOT,
            _OLD_ROOT,
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
        Code.NAME_MISMATCH: NAME_MISMATCH,
        Code.CHAIN_EXTRA: (
            _kind(
                "root",
                (
                    "Leave the root {subject} out of the server's file at the next renewal; the "
                    "gateway has its own copy."
                ),
            ),
            _kind(
                "duplicate",
                "Remove the second copy of {subject} from the server's file at the next renewal.",
            ),
            _kind(
                "unrelated",
                "Remove {subject} from the server's file at the next renewal; no path uses it.",
            ),
        ),
    }
)
