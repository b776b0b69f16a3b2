"""The one place where a broken connection gets its name.

An exception when no list came, a `HandshakeError` when one did.
"""

from __future__ import annotations

from chainlib.errors import (
    CaptureError,
    ClientCertificateRequired,
    ConnectFailed,
    ConnectRefused,
    ConnectTimedOut,
    HandshakeFailed,
    NotTLS,
    ServerNameRequired,
    TLSVersionUnsupported,
)
from chainlib.handshake import Breakage, ClientHandshake, Failure
from chainlib.handshake.failure import CERTIFICATE_REQUIRED, UNRECOGNIZED_NAME
from chainlib.model import HandshakeError, HandshakeErrorKind, Target
from chainlib.wording import counted, system_words

# How servers refuse a ClientHello without server_name: HAProxy 40, some proxies 49, Go servers 80,
# nginx and Java 112.
_NAMELESS_ALERTS = frozenset({40, 49, 80, UNRECOGNIZED_NAME})
_AFTER_LIST = {
    Breakage.KEY_MISMATCH: HandshakeErrorKind.KEY_MISMATCH,
    Breakage.TIMEOUT: HandshakeErrorKind.TIMEOUT,
    Breakage.RESET: HandshakeErrorKind.RESET,
    Breakage.CLOSED: HandshakeErrorKind.CLOSED,
    Breakage.ALERT: HandshakeErrorKind.ALERT,
}
_BANNERS = (
    ("HTTP/", "plain HTTP"),
    ("SSH-", "SSH"),
    ("220", "SMTP or FTP"),
    ("* OK", "IMAP"),
    ("+OK", "POP3"),
)
_REASONS = {
    Breakage.RESET: ("reset", "the peer reset the connection"),
    Breakage.CLOSED: ("closed", "the peer closed the connection"),
    Breakage.ALERT: ("alert", "the peer refused it"),
    Breakage.LIST_TOO_LARGE: (
        "list-too-large",
        "the certificate list is longer than the 100 certificates or 100 KB that are read",
    ),
    Breakage.VERSION: ("alert", "the peer refused the version"),
}


def connect_failed(error: OSError, target: Target, seconds: float) -> ConnectFailed:
    """No TCP session; a deadline of ours comes as a bare `TimeoutError`."""
    place = f"{target.address} port {target.port}"
    if isinstance(error, TimeoutError):
        return ConnectTimedOut(
            f"{place} did not accept a TCP connection within {counted(seconds, 'second')}."
        )
    kind = ConnectRefused if isinstance(error, ConnectionRefusedError) else ConnectFailed
    return kind(f"{place} did not accept a TCP connection: {system_words(error)}.")


def after_list(client: ClientHandshake) -> HandshakeError | None:
    """Why the handshake broke although the list came, `None` when it did not."""
    failure = client.failure
    if failure is None:
        return None
    if client.client_certificate_refused:
        return HandshakeError(
            kind=HandshakeErrorKind.CLIENT_CERTIFICATE_REQUIRED, detail=failure.detail
        )
    return HandshakeError(
        kind=_AFTER_LIST.get(failure.kind, HandshakeErrorKind.OTHER), detail=failure.detail
    )


def no_list(client: ClientHandshake, target: Target) -> CaptureError:
    """The exception for a handshake that ended without a certificate list."""
    failure = client.failure or Failure(
        kind=Breakage.OTHER, detail="the handshake ended without a certificate list"
    )
    place = f"{target.host} port {target.port}"
    if failure.kind is Breakage.NOT_TLS:
        return NotTLS(f"{place} does not speak TLS: it answered {_describe(failure.detail)}.")
    if failure.kind is Breakage.VERSION:
        return TLSVersionUnsupported(
            f"{place} speaks none of the TLS versions offered ({failure.detail})."
        )
    if failure.alert == CERTIFICATE_REQUIRED:
        return ClientCertificateRequired(
            f"{place} demands a client certificate and sent no list before it gave up."
        )
    if target.server_name is None and failure.alert in _NAMELESS_ALERTS:
        return ServerNameRequired(
            f"{place} refuses a handshake that carries no server_name ({failure.detail})."
        )
    return _handshake_failed(failure, client, place, target)


def _handshake_failed(
    failure: Failure, client: ClientHandshake, place: str, target: Target
) -> HandshakeFailed:
    if failure.kind is Breakage.TIMEOUT:
        heard = (
            f"only {counted(client.received, 'byte')} came"
            if client.received
            else "the peer accepted the connection and said nothing"
        )
        return HandshakeFailed(
            f"The TLS handshake with {place} was not done in time: {heard}.", reason="timeout"
        )
    reason, text = _REASONS.get(failure.kind, ("other", "the TLS library could not go on"))
    if failure.alert == UNRECOGNIZED_NAME:
        text = f"the peer knows no server_name {target.server_name}"
    return HandshakeFailed(
        f"The TLS handshake with {place} failed: {text} ({failure.detail}).", reason=reason
    )


def _describe(banner: str) -> str:
    spoken = next((name for start, name in _BANNERS if banner.startswith(start)), "")
    return f"with {spoken} ({banner})" if spoken else f"with {banner}"
