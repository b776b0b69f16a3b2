"""Names failed connections: an exception without a chain, a `HandshakeError` with one."""

from __future__ import annotations

from typing import Any

from chainlib.banners import banner_of
from chainlib.causes import (
    CERTIFICATE_REQUIRED,
    NAMELESS_ALERTS,
    UNRECOGNIZED_NAME,
    Breakage,
    Failure,
    Observation,
    Trials,
    likely_causes,
)
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
from chainlib.handshake import ClientHandshake
from chainlib.model import HandshakeError, HandshakeErrorKind, Target
from chainlib.wording import counted, system_words

_GONE = frozenset({Breakage.RESET, Breakage.CLOSED})
_AFTER_LIST = {
    Breakage.KEY_MISMATCH: HandshakeErrorKind.KEY_MISMATCH,
    Breakage.SIGNATURE_TYPE: HandshakeErrorKind.KEY_MISMATCH,
    Breakage.TIMEOUT: HandshakeErrorKind.TIMEOUT,
    Breakage.RESET: HandshakeErrorKind.RESET,
    Breakage.CLOSED: HandshakeErrorKind.CLOSED,
    Breakage.ALERT: HandshakeErrorKind.ALERT,
}
_REASONS = {
    Breakage.RESET: ("reset", "the peer reset the connection"),
    Breakage.CLOSED: ("closed", "the peer closed the connection"),
    Breakage.ALERT: ("alert", "the peer refused it"),
    Breakage.LIST_TOO_LARGE: (
        "list-too-large",
        "the certificate list is longer than the 100 certificates or 100 KB that are read",
    ),
    Breakage.VERSION: ("alert", "the peer refused the version"),
    Breakage.TIMEOUT: ("timeout", "it was not done in time"),
}


def connect_failed(error: OSError, target: Target, seconds: float) -> ConnectFailed:
    """The error for a failed TCP connection; our own deadline is a plain `TimeoutError`."""
    place = f"{target.address} port {target.port}"
    if isinstance(error, TimeoutError):
        return ConnectTimedOut(
            f"{place} did not accept a TCP connection within {_tenths(seconds)}."
        )
    message = f"{place} did not accept a TCP connection: {system_words(error)}."
    if isinstance(error, ConnectionRefusedError):
        return ConnectRefused(message, reason="refused")
    return ConnectFailed(message)


def _tenths(seconds: float) -> str:
    """The seconds of a deadline in words, rounded, because earlier stages used up a fraction."""
    return counted(round(seconds, 1) or seconds, "second")


def after_list(client: ClientHandshake) -> HandshakeError | None:
    """Why the handshake failed after the chain was received; `None` if it did not fail."""
    failure = client.failure
    if failure is None:
        return None
    if client.client_certificate_refused:
        kind = HandshakeErrorKind.CLIENT_CERTIFICATE_REQUIRED
    else:
        kind = _AFTER_LIST.get(failure.kind, HandshakeErrorKind.OTHER)
    causes = likely_causes(client.observed())
    return HandshakeError(kind=kind, detail=failure.detail, candidates=causes)


def no_list(
    seen: Observation,
    target: Target,
    trials: Trials = Trials(),  # noqa: B008 -- a frozen value
) -> CaptureError:
    """The exception for a handshake that ended without a chain.

    Args:
        seen: the gateway's handshake.
        target: where it connected.
        trials: what further handshakes showed.
    """
    failure = seen.failure
    place = f"{target.host} port {target.port}"
    facts: dict[str, Any] = {
        "reason": _REASONS.get(failure.kind, ("other", ""))[0],
        "candidates": likely_causes(seen, trials),
        "evidence": _evidence(seen),
        "observation": seen,
    }
    if failure.kind is Breakage.NOT_TLS:
        facts["reason"] = "not-tls"
        facts["evidence"] |= _protocol(failure.start)
        return NotTLS(f"{place} does not speak TLS: it answered {_describe(failure)}.", **facts)
    if failure.kind is Breakage.VERSION:
        facts["reason"] = "version"
        return TLSVersionUnsupported(
            f"{place} speaks none of the TLS versions offered ({failure.detail}).", **facts
        )
    if failure.alert == CERTIFICATE_REQUIRED:
        return ClientCertificateRequired(
            f"{place} demands a client certificate and sent no list before it gave up.", **facts
        )
    if _wants_a_name(seen, trials):
        facts["evidence"] |= {"without_server_name": facts["reason"]}
        return ServerNameRequired(_nameless(seen, place, trials), **facts)
    return HandshakeFailed(_sentence(seen, place), **facts)


def _wants_a_name(seen: Observation, trials: Trials) -> bool:
    """Whether the server probably needs SNI: none was sent or is known, and it refused.

    Not if another handshake showed that this is not the cause.
    """
    failure = seen.failure
    if seen.server_name is not None or trials.other_header or trials.lenient:
        return False
    if trials.other_name is False:
        return failure.alert == UNRECOGNIZED_NAME
    silent = failure.kind in _GONE and not seen.server_hello
    return bool(trials.other_name) or silent or failure.alert in NAMELESS_ALERTS


def _nameless(seen: Observation, place: str, trials: Trials) -> str:
    """The sentence that a handshake without SNI was refused, and how certain the cause is."""
    failure = seen.failure
    if failure.kind not in _GONE:
        return f"{place} refuses a handshake that carries no server_name ({failure.detail})."
    ended = "reset" if failure.kind is Breakage.RESET else "closed"
    sure = "" if trials.other_name else "; it probably needs one"
    return f"{place} {ended} the connection over a handshake without a server_name{sure}."


def _evidence(seen: Observation) -> dict[str, Any]:
    facts: dict[str, Any] = {"detail": seen.failure.detail, "server_name": seen.server_name}
    if seen.failure.alert is not None:
        facts["alert"] = seen.failure.alert
    if seen.proxy_header:
        facts["proxy_header"] = True
    return facts


def _sentence(seen: Observation, place: str) -> str:
    failure = seen.failure
    if failure.kind is Breakage.TIMEOUT:
        reason = (
            f"only {counted(seen.received, 'byte')} came"
            if seen.received
            else "the peer accepted the connection and said nothing"
        )
        return f"The TLS handshake with {place} was not done in time: {reason}."
    if failure.alert == UNRECOGNIZED_NAME:
        text = f"the peer knows no server_name {seen.server_name}"
    elif failure.kind in _REASONS:
        text = _REASONS[failure.kind][1]
    else:
        return f"The TLS handshake with {place} failed: {failure.detail}."
    return f"The TLS handshake with {place} failed: {text} ({failure.detail})."


def _protocol(start: bytes) -> dict[str, Any]:
    """What is known of the protocol of the answer, for the evidence."""
    banner = banner_of(start)
    if banner is None:
        return {}
    known = {"protocol": banner.protocol, "protocol_kind": banner.kind.value}
    return known | ({"starttls": True} if banner.starttls else {})


def _describe(failure: Failure) -> str:
    banner = banner_of(failure.start)
    return f"with {banner.protocol} ({failure.detail})" if banner else f"with {failure.detail}"
