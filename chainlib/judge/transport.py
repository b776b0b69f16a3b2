"""Rules about the connection: no chain, a handshake that failed later, the probe's response."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from chainlib.causes import Cause
from chainlib.certificate import UnreadableCertificate
from chainlib.errors import (
    CaptureError,
    ClientCertificateRequired,
    ConnectFailed,
    NotTLS,
    ResolveFailed,
    ServerNameRequired,
    TLSVersionUnsupported,
)
from chainlib.findings import Basis, Code, Finding
from chainlib.judge.build import critical, warning
from chainlib.judge.case import Case
from chainlib.limits import USUAL_HEADER_BYTES
from chainlib.model import (
    HandshakeError,
    HandshakeErrorKind,
    HttpFailure,
    HttpFailureKind,
    HttpResponse,
    PresentedChain,
)
from chainlib.policy import HttpProbeRule
from chainlib.wording import counted, visible

_NO_LIST: tuple[tuple[type[CaptureError], Code, Basis], ...] = (
    (ResolveFailed, Code.DNS_FAILED, Basis.DOCUMENTED),
    (ConnectFailed, Code.TCP_FAILED, Basis.DOCUMENTED),
    (NotTLS, Code.NOT_TLS, Basis.INFERRED),
    (TLSVersionUnsupported, Code.TLS_VERSION_UNSUPPORTED, Basis.INFERRED),
    (ServerNameRequired, Code.SNI_REQUIRED, Basis.INFERRED),
    (ClientCertificateRequired, Code.CLIENT_CERTIFICATE_REQUIRED, Basis.REPORTED),
)
_SHOWN_BODY = 60
_CLOCK_S = 0.05  # a timer may fire this much early
# A server that requires a client certificate answers without one: nginx with 400 or 496, IIS with
# 403, others with 401.
_CLIENT_CERTIFICATE_STATUSES = frozenset({400, 401, 403, 495, 496})


def no_list(error: CaptureError) -> Iterator[Finding]:
    """The findings for a capture without a chain.

    If the server refused a handshake without SNI, a second finding says that none was sent.
    """
    evidence: dict[str, Any] = {"reason": error.reason} if error.reason else {}
    if error.candidates:
        evidence["candidates"] = [cause.value for cause in error.candidates]
    for kind, code, basis in _NO_LIST:
        if isinstance(error, kind):
            yield replace(critical(code, str(error), basis), evidence=evidence | error.evidence)
            break
    else:
        finding = critical(Code.TLS_FAILED, str(error), Basis.OPENSSL)
        yield replace(finding, evidence={"reason": "other"} | evidence | error.evidence)
    if isinstance(error, ServerNameRequired):
        yield warning(
            Code.NO_SNI,
            "The handshake names no server, since the gateway has no host name to send.",
            Basis.DOCUMENTED,
        )


def unreadable(case: Case) -> Iterator[Finding]:
    """Entries of the chain that cannot be parsed."""
    for position, sent in enumerate(case.certificates):
        if isinstance(sent, UnreadableCertificate):
            summary = f"Certificate {position + 1} of the list cannot be read as X.509."
            yield critical(
                Code.CERTIFICATE_UNREADABLE, summary, Basis.OPENSSL, position, reason=sent.reason
            )


def handshake(chain: PresentedChain) -> Iterator[Finding]:
    """A handshake that failed after the chain was received.

    Not if the chain is unreadable, which explains the failure.
    """
    error = chain.handshake_error
    if error is None:
        return
    if error.kind is HandshakeErrorKind.CLIENT_CERTIFICATE_REQUIRED:
        yield _client_certificate(error.detail)
    elif not any(isinstance(sent, UnreadableCertificate) for sent in chain.certificates):
        summary = f"The server sent its certificates, then the handshake broke: {_why(error)}."
        yield critical(
            Code.TLS_FAILED,
            summary,
            Basis.OPENSSL,
            reason=error.kind.value,
            candidates=[cause.value for cause in error.candidates],
            detail=error.detail,
        )


def _why(error: HandshakeError) -> str:
    """What ended it, in words; a reset and a close have no detail."""
    words = {
        HandshakeErrorKind.RESET: "the server reset the connection",
        HandshakeErrorKind.CLOSED: "the server closed the connection",
        HandshakeErrorKind.TIMEOUT: "the server said nothing more in time",
        HandshakeErrorKind.ALERT: f"the server refused it ({error.detail})",
    }
    return words.get(error.kind, error.detail)


def http(chain: PresentedChain, rule: HttpProbeRule | None) -> Iterator[Finding]:
    """The health probe's answer, by the probe's own rule."""
    answer = chain.http
    if rule is None or answer is None:
        return
    if isinstance(answer, HttpFailure):
        yield from _http_failure(chain, answer, rule)
    else:
        yield from _http_response(chain, answer, rule)


def _http_failure(
    chain: PresentedChain, failure: HttpFailure, rule: HttpProbeRule
) -> Iterator[Finding]:
    if failure.kind is HttpFailureKind.CLIENT_CERTIFICATE_REQUIRED:
        if chain.handshake_error is None:
            yield _client_certificate(failure.detail)
    elif failure.kind is HttpFailureKind.TIMEOUT:
        yield _too_late(failure.waited, rule)
    elif chain.handshake_error is None:
        yield critical(
            Code.HTTP_FAILED,
            f"The server did not answer GET {rule.path} with HTTP: {_unusable(failure)}.",
            Basis.INFERRED,
            reason=failure.kind.value,
            candidates=[cause.value for cause in _http_causes(chain, failure)],
            detail=failure.detail,
        )


def _unusable(failure: HttpFailure) -> str:
    words = {
        HttpFailureKind.CLOSED: f"it ended the connection ({failure.detail})",
        HttpFailureKind.HTTP2_ONLY: (
            f"it speaks HTTP/2 ({failure.detail}), and the gateway asks in HTTP/1.1"
        ),
        HttpFailureKind.NOT_HTTP: f"it answered {failure.detail}",
    }
    return words.get(failure.kind, failure.detail)


def _http_causes(chain: PresentedChain, failure: HttpFailure) -> Iterator[Cause]:
    """The likely causes, the likeliest first; a close says least."""
    if failure.kind is HttpFailureKind.HTTP2_ONLY:
        yield Cause.HTTP2_ONLY
    elif failure.kind is HttpFailureKind.HEADER_TOO_LARGE:
        yield Cause.HEADER_TOO_LARGE
    elif failure.kind is HttpFailureKind.CLOSED:
        if chain.tls is not None and chain.tls.client_certificate_requested:
            yield Cause.CLIENT_CERTIFICATE
        yield from (Cause.CLOSED, Cause.HTTP2_ONLY, Cause.NOT_HTTP)
    else:
        yield Cause.NOT_HTTP


def _large_header(response: HttpResponse) -> Iterator[Finding]:
    """A header that nginx, on which the gateway is believed to be based, refuses by default."""
    if response.header_bytes <= USUAL_HEADER_BYTES:
        return
    yield warning(
        Code.HTTP_FAILED,
        f"The header of the server's answer has {response.header_bytes:,} bytes; proxies such as "
        f"nginx take {USUAL_HEADER_BYTES // 1024} KiB unless set otherwise.",
        Basis.INFERRED,
        reason="header-too-large",
        candidates=[Cause.HEADER_TOO_LARGE.value],
        header_bytes=response.header_bytes,
    )


def _too_late(waited: float | None, rule: HttpProbeRule) -> Finding:
    """The finding for no response in time.

    The time is the probe's, or ours if that is shorter, which the finding then says.
    """
    if waited is None or waited >= rule.timeout - _CLOCK_S:
        summary = (
            f"The server did not answer GET {rule.path} within {counted(rule.timeout, 'second')}."
        )
        return critical(Code.PROBE_TIMEOUT, summary, Basis.DOCUMENTED, timeout=rule.timeout)
    summary = (
        f"The server did not answer GET {rule.path} within {counted(round(waited, 1), 'second')}; "
        f"the gateway waits {rule.timeout:g}."
    )
    return critical(
        Code.PROBE_TIMEOUT, summary, Basis.INFERRED, timeout=rule.timeout, waited=round(waited, 1)
    )


def _http_response(
    chain: PresentedChain, response: HttpResponse, rule: HttpProbeRule
) -> Iterator[Finding]:
    yield from _large_header(response)
    if not rule.accepts(response.status):
        asked = chain.tls is not None and chain.tls.client_certificate_requested
        if (
            asked
            and response.status in _CLIENT_CERTIFICATE_STATUSES
            and chain.handshake_error is None
        ):
            yield critical(
                Code.CLIENT_CERTIFICATE_REQUIRED,
                f"The server asked for a client certificate and answered {response.status} "
                "without one; the gateway has none to send.",
                Basis.REPORTED,
                detail=f"HTTP {response.status} after a CertificateRequest",
            )
        expected = ",".join(
            f"{low}-{high}" if low != high else str(low) for low, high in rule.statuses
        )
        summary = (
            f"GET {rule.path} was answered with status {response.status}; the probe accepts "
            f"{expected}."
        )
        yield critical(
            Code.HTTP_STATUS_MISMATCH,
            summary,
            Basis.DOCUMENTED,
            expected=expected,
            received=response.status,
        )
    elif response.body_matched is False:
        wanted = visible(rule.body[:_SHOWN_BODY])
        more = "…" if len(rule.body) > _SHOWN_BODY else ""
        summary = f'The answer to GET {rule.path} does not contain the text "{wanted}{more}".'
        yield critical(Code.HTTP_BODY_MISMATCH, summary, Basis.DOCUMENTED, expected=rule.body)


def _client_certificate(detail: str) -> Finding:
    summary = "The server demands a client certificate, and the gateway has none to send."
    return critical(Code.CLIENT_CERTIFICATE_REQUIRED, summary, Basis.REPORTED, detail=detail)
