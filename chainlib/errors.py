"""The one exception tree of the library.

A bad chain is never an exception: it is a `Verdict`. What is raised is only the failure to *obtain*
or to *read* a chain, split by
who must act: the reader of a file, the owner of a name or a network, the owner of a server.
"""

from __future__ import annotations


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
    """

    def __init__(
        self, message: str, *, address: str | None = None, timings: dict[str, float] | None = None
    ) -> None:
        super().__init__(message)
        self.address = address
        self.timings = dict(timings or {})


class ResolveFailed(CaptureError):
    """The host name has no address here (DNS)."""


class ConnectFailed(CaptureError):
    """No TCP session: refused, unreachable, or reset before a byte came.

    Attributes:
        reason: `refused` where the address answered that nothing listens on the port, else empty.
    """

    reason = ""


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

    Attributes:
        reason: `timeout`, `reset`, `closed`, `alert`, `list-too-large` or `other`.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        address: str | None = None,
        timings: dict[str, float] | None = None,
    ) -> None:
        super().__init__(message, address=address, timings=timings)
        self.reason = reason


class FetchError(ChainlibError):
    """An issuer certificate could not be downloaded within the fetcher's rules."""
