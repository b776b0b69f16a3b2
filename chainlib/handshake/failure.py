"""Why a handshake broke, as one value, and the names of TLS alerts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PROTOCOL_VERSION, UNRECOGNIZED_NAME, CERTIFICATE_REQUIRED = 70, 112, 116
# What servers send to a client that answered a CertificateRequest with an empty Certificate (RFC
# 5246 7.4.6, RFC 8446 4.4.2.4).
CLIENT_CERTIFICATE_ALERTS = frozenset({40, 41, 42, 46, 48, 49, CERTIFICATE_REQUIRED})

_ALERTS = {
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}
_OLD_VERSION = frozenset({"unsupported protocol", "wrong ssl version", "version too low"})
_TOO_LARGE = frozenset({"excessive message size"})
_OTHER_KEY = frozenset(
    {
        "bad signature",
        "wrong signature type",
        "wrong signature length",
        "wrong certificate type",
        "invalid padding",
    }
)


class Breakage(StrEnum):
    """What broke the handshake."""

    NOT_TLS = "not-tls"
    VERSION = "version"
    LIST_TOO_LARGE = "list-too-large"
    KEY_MISMATCH = "key-mismatch"
    ALERT = "alert"
    TIMEOUT = "timeout"
    RESET = "reset"
    CLOSED = "closed"
    TOO_MUCH = "too-much"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A broken handshake.

    Attributes:
        kind: what broke it.
        detail: OpenSSL's or the kernel's own words, or a description of what came.
        alert: number of the alert that the peer sent, when that broke it.
    """

    kind: Breakage
    detail: str
    alert: int | None = None


def alert_name(number: int) -> str:
    """The name of an alert in the IANA registry, or its number in words."""
    return _ALERTS.get(number, f"number {number}")


def from_openssl(reasons: list[str], alert: int | None) -> Failure:
    """Name what OpenSSL's error queue says.

    `alert` is the fatal alert received, which is then the cause.
    """
    detail = "; ".join(reasons) or "OpenSSL gave no reason"
    if alert is not None:
        kind = Breakage.VERSION if alert == PROTOCOL_VERSION else Breakage.ALERT
        return Failure(kind=kind, detail=f"alert {alert_name(alert)}", alert=alert)
    for kind, known in (
        (Breakage.VERSION, _OLD_VERSION),
        (Breakage.LIST_TOO_LARGE, _TOO_LARGE),
        (Breakage.KEY_MISMATCH, _OTHER_KEY),
    ):
        if known.intersection(reasons):
            return Failure(kind=kind, detail=detail)
    return Failure(kind=Breakage.OTHER, detail=detail)
