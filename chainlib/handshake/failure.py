"""Turns OpenSSL's reasons into one failure in words, and names TLS alerts."""

from __future__ import annotations

from chainlib.causes import Breakage, Failure

PROTOCOL_VERSION = 70

_ALERTS = {
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
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
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
    121: "ech_required",
}
# OpenSSL's reasons (sslerr.h), what they mean for a client, and the words for them.
_REASONS: tuple[tuple[Breakage, str, frozenset[str]], ...] = (
    (
        Breakage.LEGACY_RENEGOTIATION,
        "the server does not support secure renegotiation (RFC 5746)",
        frozenset({"unsafe legacy renegotiation disabled"}),
    ),
    (
        Breakage.WEAK_DH,
        "the server's Diffie-Hellman group is too small",
        frozenset({"dh key too small", "modulus too small", "bad dh value"}),
    ),
    (
        Breakage.VERSION,
        "the server answers with another TLS version than those offered",
        frozenset({"unsupported protocol", "wrong ssl version", "version too low"}),
    ),
    (
        Breakage.LIST_TOO_LARGE,
        "the server sends a message that is too large",
        frozenset({"excessive message size"}),
    ),
    (
        Breakage.KEY_MISMATCH,
        "the server's private key does not belong to its certificate",
        frozenset(
            {"bad signature", "wrong signature length", "wrong certificate type", "invalid padding"}
        ),
    ),
    (
        Breakage.SIGNATURE_TYPE,
        "the server signed with an algorithm that was not offered or that is not its key's",
        frozenset(
            {"wrong signature type", "wrong signature algorithm", "no suitable signature algorithm"}
        ),
    ),
    (
        Breakage.CIPHER,
        "the server chose a cipher or a key exchange that was not offered",
        frozenset(
            {
                "unknown cipher returned",
                "wrong cipher returned",
                "no shared cipher",
                "wrong curve",
                "bad ecpoint",
                "bad ecc cert",
                "illegal point compression",
                "no suitable key share",
                "bad key share",
                "bad group",
                "unsupported elliptic curve",
                "unable to find ecdh parameters",
                "no suitable groups",
                "unknown key exchange type",
                "required cipher missing",
            }
        ),
    ),
    (
        Breakage.OTHER,
        "the server sends TLS records that are longer than allowed",
        frozenset({"packet length too long", "data length too long", "encrypted length too long"}),
    ),
    (
        Breakage.OTHER,
        "a TLS record of the server cannot be decrypted",
        frozenset({"decryption failed or bad record mac", "bad decrypt"}),
    ),
    (
        Breakage.OTHER,
        "the server sends its handshake messages out of order",
        frozenset({"unexpected message", "unexpected record"}),
    ),
    (
        Breakage.OTHER,
        "what the server sends in TLS records is no handshake",
        frozenset({"wrong version number", "bad record type", "unknown record type"}),
    ),
    (
        Breakage.OTHER,
        "the server sends an empty certificate list",
        frozenset({"peer did not return a certificate", "no certificate returned"}),
    ),
    (
        Breakage.OTHER,
        "the server sends warnings without end",
        frozenset({"too many warn alerts"}),
    ),
)


def alert_name(number: int) -> str:
    """The name of an alert in the IANA registry, or its number in words."""
    return _ALERTS.get(number, f"number {number}")


def from_openssl(reasons: list[str], alert: int | None) -> Failure:
    """The failure in OpenSSL's error queue.

    `alert` is the fatal alert that was received, which is then the cause.
    """
    if alert is not None:
        kind = Breakage.VERSION if alert == PROTOCOL_VERSION else Breakage.ALERT
        return Failure(kind=kind, detail=f"alert {alert_name(alert)}", alert=alert)
    for kind, words, known in _REASONS:
        if known.intersection(reasons):
            return Failure(kind=kind, detail=words)
    detail = "; ".join(reasons) or "OpenSSL gave no reason"
    return Failure(kind=Breakage.OTHER, detail=detail)
