"""Which page states the rule, if the evidence decides it and not the code alone.

A code is one row of the catalogue, but its kinds, causes and reasons follow from different rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chainlib.causes import Cause
from chainlib.explain import pages
from chainlib.findings import Code

_CAUSES = {
    Cause.SNI_REQUIRED: pages.SNI_OF_PROBE,
    Cause.NAME_UNKNOWN: pages.RFC_SERVER_NAME,
    Cause.PROXY_PROTOCOL: pages.PROXY_PROTOCOL,
    Cause.CLIENT_CERTIFICATE: pages.RFC_CLIENT_CERTIFICATE,
    Cause.LEGACY_RENEGOTIATION: pages.RFC_RENEGOTIATION,
    Cause.WEAK_DH: pages.OPENSSL_LEVELS,
    Cause.NO_COMMON_CIPHER: pages.RFC_TLS_CIPHERS,
    Cause.KEY_MISMATCH: pages.RFC_CERTIFICATE_KEY,
    Cause.NOT_HTTPS: pages.SETTING_PROTOCOL,
    Cause.HTTP2_ONLY: pages.RFC_HTTP2_PREFACE,
    Cause.HEADER_TOO_LARGE: pages.NGINX_HEADER_BUFFER,
    Cause.NOT_HTTP: pages.RFC_HTTP_MESSAGE,
}
_NAMES = {
    "wildcard-one-label": pages.RFC_WILDCARD,
    "wildcard-bare-domain": pages.RFC_WILDCARD,
    "pattern": pages.OPENSSL_NAMES,
    "underscore": pages.OPENSSL_NAMES,
    "trailing-dot": pages.OPENSSL_NAMES,
    "url": pages.RFC_ADDED_NAMES,
    "email": pages.RFC_ADDED_NAMES,
    "odd-character": pages.RFC_ADDED_NAMES,
    "unicode": pages.RFC_INTERNATIONAL_NAMES,
    "common-name-ignored": pages.RFC_COMMON_NAME,
}
_KINDS = {
    (Code.CA_CONSTRAINT_VIOLATED, "name-constraints"): pages.RFC_NAME_CONSTRAINTS,
    (Code.CA_CONSTRAINT_VIOLATED, "path-length"): pages.RFC_BASIC_CONSTRAINTS,
    (Code.NO_UPLOADED_ROOT_SIGNS_CHAIN, "public-ca-with-uploaded-roots"): pages.TLS_OF_V2,
    (Code.ROOT_MISMATCH, "public-ca-with-uploaded-roots"): pages.TLS_OF_V2,
    (Code.UPLOADED_ROOT_UNUSABLE, "expired"): pages.ERROR_EXPIRED,
    (Code.UPLOADED_ROOT_UNUSABLE, "not-yet-valid"): pages.ERROR_EXPIRED,
    (Code.UPLOADED_ROOT_UNUSABLE, "intermediate"): pages.OPENSSL_ANCHORS,
    (Code.UPLOADED_ROOT_UNUSABLE, "leaf"): pages.OPENSSL_ANCHORS,
    (Code.UPLOADED_ROOT_UNUSABLE, "not-ca"): pages.RFC_BASIC_CONSTRAINTS,
    (Code.UPLOADED_ROOT_UNUSABLE, "version-1"): pages.RFC_BASIC_CONSTRAINTS,
}
SOURCES: Mapping[tuple[Code, str, str], str] = MappingProxyType(
    {
        **{
            (code, "cause", cause.value): page
            for code in (Code.TLS_FAILED, Code.HTTP_FAILED)
            for cause, page in _CAUSES.items()
        },
        **{(Code.NAME_MISMATCH, "reason", reason): page for reason, page in _NAMES.items()},
        **{(code, "kind", kind): page for (code, kind), page in _KINDS.items()},
        (Code.NOT_TLS, "protocol_kind", "mail"): pages.RFC_STARTTLS,
        (Code.HTTP_STATUS_MISMATCH, "received", "421"): pages.RFC_MISDIRECTED,
    }
)
"""Code, key and value of the evidence -> the page; without a row, the catalogue's page is used."""

_KEYS = tuple(dict.fromkeys(key for _, key, _ in SOURCES))


def source_of(code: Code, facts: Mapping[str, str], otherwise: str) -> str:
    """The page that states the rule behind a finding with this evidence."""
    rows = (SOURCES.get((code, key, facts[key])) for key in _KEYS if facts.get(key))
    return next(filter(None, rows), otherwise)
