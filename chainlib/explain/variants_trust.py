"""Steps for gaps in the path and for roots that do not fit it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chainlib.explain.values import Where
from chainlib.explain.variant import ANY, CHECK, MINUTES, Variant, of_kind
from chainlib.findings import Code

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
# Once the issuer is known, only one of the two explanations remains.
_IN_VAULT = Variant(
    when={"root_in_vault": ANY},
    steps=(
        "Compare the certificate in Key Vault behind {root_in_vault} with the root of this chain.",
        "Put the right root there: one certificate without a key, as a new version of the secret.",
        "Check that the gateway's managed identity may get secrets of that vault.",
        MINUTES,
    ),
)
"""The gateway refuses a root that only it can see."""
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
_IS_ROOT_ELSEWHERE = Variant(
    when={**_IS_ROOT.when, "elsewhere": ANY},
    steps=(
        (
            "Upload {missing_subject} to the gateway: it is the root {elsewhere}. Then attach it "
            "to the backend setting; uploading alone changes nothing."
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

TRUST: Mapping[Code, tuple[Variant, ...]] = MappingProxyType(
    {
        Code.AUTH_CERTIFICATE_MISMATCH: (
            Variant(  # Azure's text for v1, of a v2 gateway
                when={"sku": "v2"},
                steps=(
                    "A v2 gateway takes no authentication certificates: it trusts roots.",
                    (
                        "Upload the root of the server's chain as a trusted root certificate, and "
                        "attach it to the backend setting."
                    ),
                    MINUTES,
                ),
            ),
        ),
        Code.INTERMEDIATE_MISSING: (
            of_kind(
                "names-itself-as-issuer",
                "Ask the CA's owner which CA signed {missing_subject}: it bears the same name.",
                "Where there is such a CA certificate, add it after the server's own.",
                "Otherwise have the certificate issued again, with the CA's name as its issuer.",
                CHECK,
            ),
            of_kind(
                "same-name-other-key",
                *_OTHER_EDITION,
                _FETCH_IT,
                CHECK,
                sent_key_id=ANY,
                missing_key_id=ANY,
                aia=ANY,
            ),
            of_kind(
                "same-name-other-key",
                *_OTHER_EDITION,
                CHECK,
                _NO_ROOT_NEEDED,
                sent_key_id=ANY,
                missing_key_id=ANY,
            ),
            of_kind(
                "same-name-other-key", _OTHER_EDITION[0], CHECK, _NO_ROOT_NEEDED, sent_place=ANY
            ),
            of_kind(
                "same-key-other-edition", _OTHER_EDITION[0], CHECK, _NO_ROOT_NEEDED, sent_place=ANY
            ),
            of_kind("same-name-other-key", *_NAMESAKE, where=Where.GATEWAY),
            _IS_INTERMEDIATE,
            _IS_ROOT_ELSEWHERE,
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
            _IN_VAULT,
            _IS_INTERMEDIATE,
            _IS_ROOT_ELSEWHERE,
            _IS_ROOT,
            Variant(when={"missing_subject": ANY}, steps=_FIND_ISSUER),
        ),
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN: (
            _IN_VAULT,
            of_kind("public-ca-with-uploaded-roots", *_PUBLIC_CA),
            of_kind("same-name-other-key", *_NAMESAKE),
            _IS_INTERMEDIATE,
            _IS_ROOT_ELSEWHERE,
            _IS_ROOT,
            Variant(when={"missing_subject": ANY}, steps=_FIND_ISSUER),
        ),
        Code.ROOT_MISMATCH: (
            _IN_VAULT,
            Variant(
                when={"behind_gap": "True", "subject": ANY},
                steps=(
                    "Put the missing certificate into the server's file first, then check again.",
                    "If the chain then ends in {subject}, upload that root and attach it.",
                    MINUTES,
                ),
            ),
            of_kind("public-ca-with-uploaded-roots", *_PUBLIC_CA),
            of_kind(
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
            of_kind(
                "same-key-other-certificate",
                (
                    "Upload the edition that the server sends (SHA-256 {sha256}) in place of the "
                    "one attached, which ended on {uploaded_ended}."
                ),
                MINUTES,
                uploaded_ended=ANY,
            ),
            of_kind(
                "same-key-other-certificate",
                "Nothing breaks as far as is known: both editions of the root have the same key.",
                (
                    "If the gateway refuses it, leave the root out of the server's file or upload "
                    "the edition that the server sends."
                ),
                "Check again.",
            ),
            Variant(
                when={"namesake_sha256": ANY},
                steps=(
                    (
                        "The uploaded root has the name of the one sent but another key, as after "
                        "a CA was re-keyed: ask its owner which edition is current."
                    ),
                    (
                        "Is it the one sent (SHA-256 {sha256}), upload that and attach it beside "
                        "the old one."
                    ),
                    (
                        "Is it the uploaded one ({namesake_sha256}), install a certificate that it "
                        "signed, with its chain."
                    ),
                    MINUTES,
                ),
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
            _IN_VAULT,
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
                        "Attach {root_name}, which is on the gateway already, to the backend "
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
    }
)
