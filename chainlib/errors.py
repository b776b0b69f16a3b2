"""The exceptions of the library, in one tree.

A bad chain is a `Verdict`, not an exception. Exceptions only say that a chain could not be obtained
or read. They are divided by who must act: the user with the file, the owner of a name or a network,
or the owner of a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainlib.causes import Cause, Observation


class ChainlibError(Exception):
    """Base of all exceptions of this library; the text is one sentence for users."""


class MalformedCertificate(ChainlibError):
    """One certificate cannot be parsed as X.509 (RFC 5280 section 4.1)."""


class UnusableFile(ChainlibError):
    """A certificate file cannot be used: unreadable, empty, too large, or no certificates."""


class PrivateKeyFound(UnusableFile):
    """The input contains a private key; no part of it may be repeated anywhere."""


class InvalidTarget(ChainlibError):
    """A host, port or server name cannot be the target of a TLS connection."""


class CaptureError(ChainlibError):
    """No chain could be captured.

    Attributes:
        address: the address that was tried, if known.
        timings: milliseconds per stage, for example `{"resolve": 1.2, "connect": 0.8}`.
        reason: one word for what happened, such as `refused`, `reset` or `alert`; may be empty.
        candidates: the likely causes, the likeliest first.
        evidence: further JSON-compatible facts: the alert, OpenSSL's reason, what else was tried.
        observation: what the handshake sent and received; `None` if none began.
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
    """The host name has no address, as far as our DNS knows.

    `reason` is `not-a-name` if no host name can be so written, else empty.
    """


class ConnectFailed(CaptureError):
    """No TCP connection: refused, unreachable, or reset before a byte was received.

    `reason` is `refused` if the address answered that the port is closed, else empty.
    """


class ConnectRefused(ConnectFailed):
    """The address answered that the port is closed, so the network path works."""

    reason = "refused"


class ConnectTimedOut(ConnectFailed):
    """No TCP connection within the deadline."""


class NotTLS(CaptureError):
    """The peer answers, but not with TLS."""


class TLSVersionUnsupported(CaptureError):
    """The peer supports TLS, but no version that the gateway offers (1.2 and 1.3 on v2)."""


class ServerNameRequired(CaptureError):
    """The peer refuses a handshake without server_name (RFC 6066 section 3)."""


class ClientCertificateRequired(CaptureError):
    """The peer requires a client certificate and ended before it presented a chain."""


class HandshakeFailed(CaptureError):
    """The handshake failed before a chain was presented, for a reason without its own class.

    `reason` is `timeout`, `reset`, `closed`, `alert`, `list-too-large` or `other`.
    """

    reason = "other"


class FetchError(ChainlibError):
    """An issuer certificate could not be downloaded within the fetcher's rules."""
