"""Rules about the connection.

No list came, the handshake broke after it came, the health probe's answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chainlib.certificate import UnreadableCertificate
from chainlib.errors import (
    CaptureError,
    ClientCertificateRequired,
    ConnectFailed,
    HandshakeFailed,
    NotTLS,
    ResolveFailed,
    ServerNameRequired,
    TLSVersionUnsupported,
)
from chainlib.findings import Basis, Code, Finding
from chainlib.judge.build import critical
from chainlib.judge.case import Case
from chainlib.model import HandshakeErrorKind, HttpFailure, HttpFailureKind, HttpResponse
from chainlib.policy import HttpProbeRule
from chainlib.wording import counted

_NO_LIST: tuple[tuple[type[CaptureError], Code, Basis], ...] = (
    (ResolveFailed, Code.DNS_FAILED, Basis.DOCUMENTED),
    (ConnectFailed, Code.TCP_FAILED, Basis.DOCUMENTED),
    (NotTLS, Code.NOT_TLS, Basis.INFERRED),
    (TLSVersionUnsupported, Code.TLS_VERSION_UNSUPPORTED, Basis.INFERRED),
    (ServerNameRequired, Code.SNI_REQUIRED, Basis.INFERRED),
    (ClientCertificateRequired, Code.CLIENT_CERTIFICATE_REQUIRED, Basis.REPORTED),
)
_CLOCK_S = 0.05  # how much earlier than asked a timer may ring
# nginx answers 400 or 496, IIS 403, others 401 to a client that came without the certificate they
# asked for.
_CLIENT_CERTIFICATE_STATUSES = frozenset({400, 401, 403, 495, 496})


def no_list(error: CaptureError) -> Finding:
    """The finding for a capture that yielded no certificate list."""
    for kind, code, basis in _NO_LIST:
        if isinstance(error, kind):
            return replace(critical(code, str(error), basis), evidence=_how(error))
    reason = error.reason if isinstance(error, HandshakeFailed) else "other"
    return critical(Code.TLS_FAILED, str(error), Basis.OPENSSL, reason=reason)


def _how(error: CaptureError) -> dict[str, str]:
    """Where the connection was turned away by somebody, who must act is another than where nothing came back."""
    return {"reason": error.reason} if isinstance(error, ConnectFailed) and error.reason else {}


def unreadable(case: Case) -> Iterator[Finding]:
    """Entries of the list that no parser accepts."""
    for position, sent in enumerate(case.chain.certificates):
        if isinstance(sent, UnreadableCertificate):
            summary = f"Certificate {position + 1} of the list cannot be read as X.509."
            yield critical(
                Code.CERTIFICATE_UNREADABLE, summary, Basis.OPENSSL, position, reason=sent.reason
            )


def handshake(case: Case) -> Iterator[Finding]:
    """A handshake that broke after the list had come.

    An unreadable list explains the break by itself.
    """
    error = case.chain.handshake_error
    if error is None:
        return
    if error.kind is HandshakeErrorKind.CLIENT_CERTIFICATE_REQUIRED:
        yield _client_certificate(error.detail)
    elif not any(isinstance(sent, UnreadableCertificate) for sent in case.chain.certificates):
        summary = (
            f"The server sent its certificates, then the handshake broke ({error.kind.value})."
        )
        yield critical(
            Code.TLS_FAILED, summary, Basis.OPENSSL, reason=error.kind.value, detail=error.detail
        )


def http(case: Case) -> Iterator[Finding]:
    """The health probe's answer, by the probe's own rule."""
    rule, answer = case.policy.http, case.chain.http
    if rule is None or answer is None:
        return
    if isinstance(answer, HttpFailure):
        yield from _http_failure(case, answer, rule)
    else:
        yield from _http_response(case, answer, rule)


def _http_failure(case: Case, failure: HttpFailure, rule: HttpProbeRule) -> Iterator[Finding]:
    if failure.kind is HttpFailureKind.CLIENT_CERTIFICATE_REQUIRED:
        if case.chain.handshake_error is None:
            yield _client_certificate(failure.detail)
    elif failure.kind is HttpFailureKind.TIMEOUT:
        yield _too_late(failure.waited, rule)
    elif case.chain.handshake_error is None:
        summary = f"The server did not answer GET {rule.path} with HTTP ({failure.kind.value})."
        yield critical(
            Code.HTTP_FAILED,
            summary,
            Basis.INFERRED,
            reason=failure.kind.value,
            detail=failure.detail,
        )


def _too_late(waited: float | None, rule: HttpProbeRule) -> Finding:
    """No answer in the probe's own time; or in ours, where that is shorter, and then it says so."""
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


def _http_response(case: Case, response: HttpResponse, rule: HttpProbeRule) -> Iterator[Finding]:
    if not rule.accepts(response.status):
        asked = case.chain.tls is not None and case.chain.tls.client_certificate_requested
        if (
            asked
            and response.status in _CLIENT_CERTIFICATE_STATUSES
            and case.chain.handshake_error is None
        ):
            yield _client_certificate(f"HTTP {response.status} after a CertificateRequest")
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
        summary = f"The answer to GET {rule.path} does not contain the text that the probe expects."
        yield critical(Code.HTTP_BODY_MISMATCH, summary, Basis.DOCUMENTED, expected=rule.body)


def _client_certificate(detail: str) -> Finding:
    summary = "The server demands a client certificate, and the gateway has none to send."
    return critical(Code.CLIENT_CERTIFICATE_REQUIRED, summary, Basis.REPORTED, detail=detail)
