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
from chainlib.explain.variants_transport import TRANSPORT
from chainlib.findings import Code

_CHECK, _MINUTES = CHECK, MINUTES


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
    _MINUTES,
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
    steps=(_ADD_IT, _CHECK, _NO_ROOT_NEEDED),
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
        _MINUTES,
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
    _MINUTES,
)
_OTHER_NAME = (
    "Or have the certificate issued anew with {name} among its subject alternative names (SAN)."
)
_REPLACE_ROOT = (
    "Replace {label} on the gateway with the CA's current root and attach it.",
    _MINUTES,
)
# A needed certificate that was not sent is the trust anchor: renewing it is work on the gateway.
_OLD_ROOT = Variant(
    when={"sent": "no", "subject": ANY},
    steps=(
        "Get the current edition of the root {subject} from the CA's owner.",
        (
            "Upload it beside the old one, and attach both to the backend setting until all "
            "servers changed."
        ),
        _MINUTES,
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
                    _CHECK,
                ),
            ),
        ),
        Code.INTERMEDIATE_MISSING: (
            _kind("same-name-other-key", *_NAMESAKE, where=Where.GATEWAY),
            _IS_INTERMEDIATE,
            _IS_ROOT,
            Variant(
                when={"possibilities": ANY, "aia": ANY},
                steps=(_ADD_IT, _FETCH_IT, _CHECK, _OR_ROOT),
            ),
            Variant(when={"possibilities": ANY}, steps=(_ADD_IT, _CHECK, _OR_ROOT)),
            Variant(when={"aia": ANY}, steps=(_ADD_IT, _FETCH_IT, _CHECK, _NO_ROOT_NEEDED)),
            Variant(when={"missing_subject": ANY}, steps=(_ADD_IT, _CHECK, _NO_ROOT_NEEDED)),
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
                _MINUTES,
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
                    _MINUTES,
                ),
            ),
        ),
        Code.ROOT_NOT_ATTACHED: (
            Variant(
                when={"root_name": ANY},
                steps=(
                    "Attach {root_name}, which lies on the gateway already, to the backend setting.",
                    "Name the roots that are attached now as well: the list is replaced as a whole.",
                    _MINUTES,
                ),
            ),
        ),
        Code.UPLOADED_ROOT_UNUSABLE: (
            _kind(
                "undecodable",
                "Upload {label} anew as plain PEM or DER; what lies there is no certificate.",
                _MINUTES,
            ),
            _kind(
                "intermediate",
                (
                    "{label} is an intermediate: upload the root above it instead, and let the "
                    "server send it."
                ),
                _MINUTES,
            ),
            _kind(
                "leaf",
                "{label} is a server's own certificate: upload the root of its chain instead.",
                _MINUTES,
            ),
            _kind("expired", *_REPLACE_ROOT),
            _kind("not-yet-valid", *_REPLACE_ROOT),
            _kind(
                "not-ca",
                (
                    "Upload a root that has the mark CA:TRUE: made anew, and the servers' "
                    "certificates signed by it."
                ),
                _MINUTES,
            ),
            _kind(
                "version-1",
                "Upload a root that was made anew as X.509 version 3 with the mark CA:TRUE.",
                _MINUTES,
            ),
        ),
        Code.SIGNATURE_INVALID: (
            _kind(
                "same-name-other-key",
                (
                    "The uploaded {issuer} has the right name but another key, as after a CA was "
                    "made anew: get the one that signed {subject}."
                ),
                (
                    "Upload it and attach it in the place of the old one: side by side, only "
                    "their keys tell them apart."
                ),
                (
                    "If the uploaded one is right, have {subject} signed anew and install it on "
                    "the server."
                ),
                _MINUTES,
                where=Where.GATEWAY,
            ),
        ),
        Code.CERTIFICATE_EXPIRING: (_OLD_ROOT,),
        Code.CERTIFICATE_EXPIRED: (
            _OLD_ROOT,
            Variant(
                when={"subject": ANY},
                steps=(
                    "Renew {subject}; for an intermediate, take the CA's current one.",
                    "Install the new chain on every server behind the name.",
                    "Upload a root to the gateway only if the private root itself was renewed.",
                    _CHECK,
                ),
            ),
        ),
        Code.NAME_MISMATCH: (
            Variant(
                when={"name": ANY, "presented_names": ANY},
                steps=(
                    (
                        "Set the host name of the backend setting (and of the custom probe) to "
                        "one of: {presented_names}."
                    ),
                    _OTHER_NAME,
                    "Check again.",
                ),
            ),
            Variant(
                when={"name": ANY},
                steps=(
                    (
                        "Have the certificate issued anew with {name} as its subject alternative "
                        "name (SAN); it carries no name."
                    ),
                    _CHECK,
                ),
                where=Where.SERVER,
            ),
        ),
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
