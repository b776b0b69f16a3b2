"""Ranks the likely causes of a failed TLS handshake. Pure.

Its inputs are one handshake and what further handshakes showed. If the wire decides (a named alert,
OpenSSL's own reason, a further handshake that succeeds) one cause is left; otherwise every
plausible one is listed, the likeliest first. The names of the causes are part of the JSON output
and never change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from chainlib.frozen import dataclass


class Cause(StrEnum):
    """A likely cause of a failed handshake, or of a health probe without an HTTP answer."""

    SNI_REQUIRED = "sni-required"
    NAME_UNKNOWN = "name-unknown"
    PROXY_PROTOCOL = "proxy-protocol"
    CLIENT_CERTIFICATE = "client-certificate"
    LEGACY_RENEGOTIATION = "legacy-renegotiation"
    WEAK_DH = "weak-dh"
    NO_COMMON_CIPHER = "no-common-cipher"
    KEY_MISMATCH = "key-mismatch"
    NOT_HTTPS = "not-https"
    NO_MEMBERS = "load-balancer-without-members"
    HTTP2_ONLY = "http2-only"
    HEADER_TOO_LARGE = "header-too-large"
    NOT_HTTP = "not-http"
    CLOSED = "closed"


class Breakage(StrEnum):
    """What ended the handshake."""

    NOT_TLS = "not-tls"
    VERSION = "version"
    LIST_TOO_LARGE = "list-too-large"
    KEY_MISMATCH = "key-mismatch"
    LEGACY_RENEGOTIATION = "legacy-renegotiation"
    WEAK_DH = "weak-dh"
    CIPHER = "cipher"
    EMPTY_LIST = "empty-list"
    SIGNATURE_TYPE = "signature-type"
    ALERT = "alert"
    TIMEOUT = "timeout"
    RESET = "reset"
    CLOSED = "closed"
    TOO_MUCH = "too-much"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failed handshake.

    Attributes:
        kind: what ended it.
        detail: in words: the alert, OpenSSL's reason, the kernel's, or what was received.
        alert: number of the peer's alert, if that ended it.
        start: the first bytes of an answer that is not TLS.
    """

    kind: Breakage
    detail: str
    alert: int | None = None
    start: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What one handshake sent and received.

    Attributes:
        failure: how it ended.
        server_name: the SNI that was sent; `None` for none.
        proxy_header: whether a PROXY protocol header was sent first.
        received: number of received bytes.
        server_hello: whether a ServerHello was received.
        listed: whether the chain was received.
    """

    failure: Failure
    server_name: str | None = None
    proxy_header: bool = False
    received: int = 0
    server_hello: bool = False
    listed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """Whether further handshakes received a chain; `None` for one that was not made.

    Attributes:
        other_name: without SNI if one was sent, with a known name if none was.
        other_header: with a PROXY header if none was sent, without one if it was.
        lenient: with older versions, weak ciphers and legacy renegotiation allowed.
    """

    other_name: bool | None = None
    other_header: bool | None = None
    lenient: bool | None = None


UNRECOGNIZED_NAME, CERTIFICATE_REQUIRED, NO_PROTOCOL = 112, 116, 120
HANDSHAKE_FAILURE, INSUFFICIENT_SECURITY = 40, 71
# How servers refuse a ClientHello without SNI, or with an unknown one: HAProxy 40, some proxies 49,
# Go servers 80, nginx and Java 112; IIS resets or closes the connection.
NAMELESS_ALERTS = frozenset({HANDSHAKE_FAILURE, 49, 80, UNRECOGNIZED_NAME})
# What servers send to a client that answered a CertificateRequest with an empty Certificate (RFC
# 5246 7.4.6, RFC 8446 4.4.2.4).
CLIENT_CERTIFICATE_ALERTS = frozenset({40, 41, 42, 46, 48, 49, CERTIFICATE_REQUIRED})
# The same alerts before a chain was sent; 40 and 49 then have other meanings.
_ABOUT_CERTIFICATES = frozenset({41, 42, 43, 44, 45, 46, 48, CERTIFICATE_REQUIRED})
# Alerts that name the cause, so that no further handshake is useful.
PLAIN_ALERTS = _ABOUT_CERTIFICATES | {UNRECOGNIZED_NAME, INSUFFICIENT_SECURITY, NO_PROTOCOL}
# What a peer sends about algorithms, versions and extensions that it rejects.
_ABOUT_ALGORITHMS = frozenset({HANDSHAKE_FAILURE, 47, INSUFFICIENT_SECURITY, 86, 109, 110, 115})
_DECIDED = {
    Breakage.KEY_MISMATCH: (Cause.KEY_MISMATCH,),
    Breakage.LEGACY_RENEGOTIATION: (Cause.LEGACY_RENEGOTIATION,),
    Breakage.WEAK_DH: (Cause.WEAK_DH,),
    Breakage.CIPHER: (Cause.NO_COMMON_CIPHER,),
    Breakage.SIGNATURE_TYPE: (Cause.KEY_MISMATCH, Cause.NO_COMMON_CIPHER),
    Breakage.LIST_TOO_LARGE: (),
    Breakage.TOO_MUCH: (),
    Breakage.VERSION: (),
}
_ALERTS_DECIDED = {
    INSUFFICIENT_SECURITY: (Cause.NO_COMMON_CIPHER,),
    NO_PROTOCOL: (Cause.NOT_HTTPS, Cause.NO_COMMON_CIPHER),
}


def likely_causes(seen: Observation, trials: Trials = Trials()) -> tuple[Cause, ...]:  # noqa: B008 -- a frozen value
    """The likely causes of a failed handshake, the likeliest first; none if unknown."""
    kind = seen.failure.kind
    if kind in _DECIDED:
        return _DECIDED[kind]
    if trials.other_header:
        return (Cause.PROXY_PROTOCOL,)
    if trials.other_name:
        return (_about_the_name(seen),)
    if trials.lenient:
        return (Cause.NO_COMMON_CIPHER,)
    causes = _after_list(seen) if seen.listed else _before_list(seen, trials)
    first = (Cause.PROXY_PROTOCOL,) if seen.proxy_header else ()
    return tuple(dict.fromkeys((*first, *causes)))


def _before_list(seen: Observation, trials: Trials) -> Iterable[Cause]:
    kind, alert = seen.failure.kind, seen.failure.alert
    if alert is not None:
        return _of_alert(alert, seen, trials)
    if kind is Breakage.TIMEOUT:
        silent = (Cause.NOT_HTTPS, Cause.PROXY_PROTOCOL, Cause.NO_MEMBERS)
        return () if seen.received else silent
    if kind in {Breakage.OTHER, Breakage.NOT_TLS}:
        return (Cause.NO_COMMON_CIPHER,) if seen.server_hello else (Cause.NOT_HTTPS,)
    if not seen.received:
        return _of_silence(seen, trials)
    return (_about_the_name(seen), Cause.NO_COMMON_CIPHER)


def _of_alert(alert: int, seen: Observation, trials: Trials) -> Iterable[Cause]:
    name = _about_the_name(seen)
    if alert in _ALERTS_DECIDED:
        return _ALERTS_DECIDED[alert]
    if alert == UNRECOGNIZED_NAME:
        return (name,)
    if alert in _ABOUT_CERTIFICATES:
        return (Cause.CLIENT_CERTIFICATE, name)
    if alert not in NAMELESS_ALERTS | _ABOUT_ALGORITHMS:
        return ()  # the peer could not parse what was sent, or gives no reason
    about_algorithms = alert == HANDSHAKE_FAILURE and trials.other_name is False
    if about_algorithms or alert not in NAMELESS_ALERTS:
        return (Cause.NO_COMMON_CIPHER, name, Cause.CLIENT_CERTIFICATE)
    return (name, Cause.NO_COMMON_CIPHER, Cause.CLIENT_CERTIFICATE)


def _of_silence(seen: Observation, trials: Trials) -> Iterator[Cause]:
    """The causes for a connection closed or reset without a byte: all plausible ones are listed."""
    if trials.other_name is None:
        yield _about_the_name(seen)
    if trials.other_header is None:
        yield Cause.PROXY_PROTOCOL
    yield from (Cause.NO_MEMBERS, Cause.PROXY_PROTOCOL, _about_the_name(seen))
    yield from (Cause.NO_COMMON_CIPHER, Cause.NOT_HTTPS)


def _after_list(seen: Observation) -> Iterable[Cause]:
    """The causes if the server gave up after its chain without having requested a certificate.

    If its key does not belong to its certificate, it cannot decrypt what the client encrypted for
    it.
    """
    if seen.failure.kind is Breakage.TIMEOUT:
        return ()
    if seen.failure.kind is Breakage.OTHER:
        return ()
    return (Cause.KEY_MISMATCH, Cause.CLIENT_CERTIFICATE)


def _about_the_name(seen: Observation) -> Cause:
    return Cause.SNI_REQUIRED if seen.server_name is None else Cause.NAME_UNKNOWN
