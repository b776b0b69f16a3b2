"""The one exception tree of the library.

A bad chain is never an exception: it is a `Verdict`. What is raised is only the failure to *obtain*
or to *read* a chain, split by
who must act: the reader of a file, the owner of a name or a network, the owner of a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainlib.causes import Cause, Observation


class ChainlibError(Exception):
    """Root of every exception that this library raises; its text is one sentence for people."""


class MalformedCertificate(ChainlibError):
    """One certificate cannot be parsed as X.509 (RFC 5280 section 4.1)."""


class UnusableFile(ChainlibError):
    """A certificate file cannot be used.

    Unreadable, empty, over the limits, or not certificates.
    """


class PrivateKeyFound(UnusableFile):
    """The input holds a private key; no part of it may be repeated anywhere."""


class InvalidTarget(ChainlibError):
    """A host, port or server name cannot be the target of a TLS connection."""


class CaptureError(ChainlibError):
    """No certificate list could be obtained.

    Attributes:
        address: the address that was tried, where one was known.
        timings: milliseconds per stage reached, for example `{"resolve": 1.2, "connect": 0.8}`.
        reason: one word for what happened, such as `refused`, `reset` or `alert`; may be empty.
        candidates: the likely causes, the likeliest first.
        evidence: further facts, JSON-ready: the alert, OpenSSL's reason, what else was tried.
        observation: what the handshake sent and what came back; `None` where none began.
    """

    reason = ""

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        candidates: tuple[Cause, ...] = (),
        evidence: Mapping[str, Any] | None = None,
        observation: Observation | None = None,
        address: str | None = None,
        timings: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason or self.reason
        self.candidates = candidates
        self.evidence = dict(evidence or {})
        self.observation = observation
        self.address = address
        self.timings = dict(timings or {})


class ResolveFailed(CaptureError):
    """The host name has no address here (DNS)."""


class ConnectFailed(CaptureError):
    """No TCP session: refused, unreachable, or reset before a byte came.

    `reason` is `refused` where the address answered that nothing listens on the port, else empty.
    """


class ConnectRefused(ConnectFailed):
    """The address answered that nothing listens on the port, so the way to it is open."""

    reason = "refused"


class ConnectTimedOut(ConnectFailed):
    """No TCP session within the deadline."""


class NotTLS(CaptureError):
    """The peer answers, but what it says is not TLS."""


class TLSVersionUnsupported(CaptureError):
    """The peer speaks TLS, but no version that the gateway offers (1.2 and 1.3 on v2)."""


class ServerNameRequired(CaptureError):
    """The peer refuses a handshake that carries no server_name (RFC 6066 section 3)."""


class ClientCertificateRequired(CaptureError):
    """The peer demands a client certificate and sent no list before it gave up."""


class HandshakeFailed(CaptureError):
    """The handshake broke before a certificate list came, for a reason that no other class names.

    `reason` is `timeout`, `reset`, `closed`, `alert`, `list-too-large` or `other`.
    """

    reason = "other"


class FetchError(ChainlibError):
    """An issuer certificate could not be downloaded within the fetcher's rules."""
