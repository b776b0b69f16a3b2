"""The values of the library: target, presented chain, trust anchors, certification path.

All frozen, without behaviour. The words are those of the RFCs: the *presented chain* is the
certificate_list as sent (RFC 8446 section 4.4.2), the *certification path* is what was built from
it (RFC 5280 section 6), a *trust anchor* is what the gateway was configured to trust, server_name
is RFC 6066 section 3.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from chainlib.causes import Cause
from chainlib.certificate import Certificate, UnreadableCertificate
from chainlib.distinguished import CanonicalName
from chainlib.errors import InvalidTarget
from chainlib.frozen import dataclass
from chainlib.once import once

PresentedCertificate = Certificate | UnreadableCertificate
MAX_PORT = 65535
DEFAULT_PORT = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to connect and which server_name to send.

    Attributes:
        host: A-label in lower case or IP address without brackets.
        port: 1 to 65535.
        server_name: sent as SNI; `None` sends none (an IP address is never sent).
        address: the checked address to connect to; `None` lets `capture` resolve the host.
        proxy_header: send a PROXY protocol header before the handshake, as the gateway does for a
            layer 4 setting with client IP preservation.

    Raises:
        InvalidTarget: empty host, port out of range, or an IP address as server_name.
    """

    host: str
    port: int = DEFAULT_PORT
    server_name: str | None = None
    address: str | None = None
    proxy_header: bool = False

    def __post_init__(self) -> None:
        """Validate the fields."""
        if not self.host:
            message = "the target has no host; write for example backend.contoso.com"
            raise InvalidTarget(message)
        if not 1 <= self.port <= MAX_PORT:
            message = (
                f"port {self.port} is outside 1-65535; write for example backend.contoso.com:443"
            )
            raise InvalidTarget(message)
        if self.server_name is not None and is_ip_literal(self.server_name):
            message = (
                f"{self.server_name} is an IP literal; server_name takes host names only (RFC "
                "6066 section 3)"
            )
            raise InvalidTarget(message)


def is_ip_literal(host: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address rather than a name."""
    if ":" not in host and not host[-1:].isdigit():
        return False
    return _is_address(host)


# Cached: a report of a gateway asks several times about the address of each member.
@lru_cache(maxsize=4096)
def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class HandshakeErrorKind(StrEnum):
    """Why a handshake failed after the chain was received."""

    CLIENT_CERTIFICATE_REQUIRED = "client-certificate-required"
    KEY_MISMATCH = "key-mismatch"
    TIMEOUT = "timeout"
    RESET = "reset"
    CLOSED = "closed"
    ALERT = "alert"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeError:
    """A handshake that failed after the server had sent its chain, which is still judged.

    Attributes:
        kind: the reason, one word.
        detail: the reason in words.
        candidates: the likely causes, the likeliest first.
    """

    kind: HandshakeErrorKind
    detail: str
    candidates: tuple[Cause, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSession:
    """What was negotiated.

    Attributes:
        version: `TLSv1.2` or `TLSv1.3`.
        cipher: OpenSSL's name of the suite; empty if the handshake failed before.
        client_certificate_requested: whether there was a CertificateRequest (RFC 8446 section
            4.3.2).
    """

    version: str
    cipher: str
    client_certificate_requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """The backend's response to the health probe.

    Attributes:
        status: the three-digit status code.
        reason: the reason phrase, hostile text.
        body_matched: whether the rule's text is in the first 64 KiB of the body; `None` if the rule
            has none.
        server: the Server header, hostile text, empty if absent.
        header_bytes: size of status line and headers; 0 if unknown.
    """

    status: int
    reason: str = ""
    body_matched: bool | None = None
    server: str = ""
    header_bytes: int = field(default=0, compare=False)


class HttpFailureKind(StrEnum):
    """Why the health probe got no HTTP response."""

    TIMEOUT = "timeout"
    CLOSED = "closed"
    NOT_HTTP = "not-http"
    HTTP2_ONLY = "http2-only"
    HEADER_TOO_LARGE = "header-too-large"
    CLIENT_CERTIFICATE_REQUIRED = "client-certificate-required"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFailure:
    """The health probe sent its GET and got no HTTP response.

    Attributes:
        kind: why.
        detail: what was observed, for users.
        waited: seconds until a timeout; `None` for everything else.
    """

    kind: HttpFailureKind
    detail: str
    waited: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveChain:
    """What the same backend presents for the name that live traffic sends.

    Attributes:
        name: SNI and required name of live traffic.
        certificates: the chain presented for that name; empty if there was none.
        error: one sentence if there was none, else `None`.
    """

    name: str
    certificates: tuple[PresentedCertificate, ...]
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedChain:
    """The certificate_list exactly as sent, with other facts of the connection.

    Attributes:
        target: where it was captured, with the address used.
        certificates: as sent; an entry that cannot be parsed is an `UnreadableCertificate`.
        ordered: `False` for a PKCS #7 bag, which has no order; then the order is not judged.
        tls: what was negotiated; `None` for a rehearsed file.
        handshake_error: set if the handshake failed after the chain was received.
        http: the health probe's result; `None` if no request was sent.
        without_server_name: the chain presented without SNI; `None` if that was not tried.
        live: the chains presented for live traffic's names.
        timings: milliseconds by stage: `resolve`, `connect`, `handshake`, `http`.
    """

    target: Target
    certificates: tuple[PresentedCertificate, ...]
    ordered: bool = True
    tls: TlsSession | None = None
    handshake_error: HandshakeError | None = None
    http: HttpResponse | HttpFailure | None = None
    without_server_name: tuple[PresentedCertificate, ...] | None = None
    live: tuple[LiveChain, ...] = ()
    timings: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({}), compare=False
    )


class TrustMode(StrEnum):
    """How the gateway decides what to trust (azure-rules sections 2.1 and 2.2)."""

    UPLOADED_ROOTS = "uploaded-roots"
    WELL_KNOWN = "well-known"
    AUTH_CERTIFICATES = "auth-certificates"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedRoot:
    """A trusted root that was uploaded to a gateway, attached to the setting or not.

    Attributes:
        name: its name on the gateway, for example `corp-root-2024`.
        certificate: the parsed certificate.
        gateway: display name of that gateway.
        on_other_gateway: it is on another gateway, so it must be uploaded before it can be
            attached.
    """

    name: str
    certificate: Certificate
    gateway: str = ""
    on_other_gateway: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UndecodableRoot:
    """An uploaded trusted root whose data is no certificate; ARM does not validate uploads.

    Attributes:
        name: its name on the gateway.
        reason: what it is instead, in words.
        kind: `undecodable`, or `double-encoded` for base64 of a text that is base64 itself.
    """

    name: str
    reason: str
    kind: str = "undecodable"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedRoot:
    """An upload that contains several certificates, or one in a container.

    Whether the gateway reads all of them, or any, is not documented.

    Attributes:
        name: its name on the gateway.
        kind: `bundle` for several certificates after each other, `pkcs7` for a PKCS #7 bag.
        count: how many certificates it contains.
    """

    name: str
    kind: str
    count: int


@dataclass(frozen=True, kw_only=True)  # no slots: the indexes are cached in the instance
class TrustAnchors:
    """What the gateway was configured to trust.

    Attributes:
        mode: uploaded roots, the platform's well-known CAs, or v1 authentication certificates.
        certificates: the anchors of that mode; for `WELL_KNOWN` Mozilla's list, because Azure
            publishes none.
        names: SHA-256 hex -> the anchor's name on the gateway, if known.
        undecodable: uploads that are no certificate.
        hidden: names of attached roots whose content ARM does not show, as for those in Key Vault.
        packed: uploads that are a bundle or a PKCS #7 bag; their certificates are anchors.
        unread: the gateway's own roots were not obtained, so these anchors are only an assumption
            and cannot refuse a chain.
    """

    mode: TrustMode
    certificates: tuple[Certificate, ...]
    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    undecodable: tuple[UndecodableRoot, ...] = ()
    hidden: tuple[str, ...] = ()
    packed: tuple[PackedRoot, ...] = ()
    unread: bool = False

    @once
    def by_subject(self) -> Mapping[CanonicalName, tuple[Certificate, ...]]:
        """The anchors by subject, in the order given."""
        index: dict[CanonicalName, tuple[Certificate, ...]] = {}
        for certificate in self.certificates:
            index[certificate.subject_key] = (*index.get(certificate.subject_key, ()), certificate)
        return index

    def __hash__(self) -> int:
        """A cheap hash: judgements are cached by their anchors, and well-known CAs are many."""
        return self._hash

    @once
    def _hash(self) -> int:
        some = self.certificates[:1]
        return hash((self.mode, len(self.certificates), some, self.hidden, self.unread))

    def __contains__(self, certificate: Certificate) -> bool:
        """Whether this certificate itself is an anchor."""
        return certificate in self._members

    @once
    def _members(self) -> frozenset[Certificate]:
        return frozenset(self.certificates)


class Source(StrEnum):
    """Where an element of a certification path came from."""

    PRESENTED = "presented"
    UPLOADED = "uploaded"
    WELL_KNOWN = "well-known"
    FETCHED = "fetched"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathElement:
    """One step of a certification path.

    Attributes:
        source: where it came from; `MISSING` marks the gap.
        subject: RFC 4514 text; for a gap, the issuer name in the child.
        certificate: the certificate; `None` for a gap.
        position: position in the presented chain; `None` if it was not presented.
    """

    source: Source
    subject: str
    certificate: Certificate | None = None
    position: int | None = None

    @property
    def sha256(self) -> str | None:
        """Fingerprint in lower-case hex, `None` for a gap."""
        return self.certificate.sha256 if self.certificate else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificationPath:
    """The path from the leaf towards a trust anchor, as far as it was built (RFC 5280 section 6).

    Attributes:
        elements: leaf first; a gap is an element whose source is `MISSING`.
        complete: whether it ends in a trust anchor and has no gap.
    """

    elements: tuple[PathElement, ...]
    complete: bool

    @property
    def leaf(self) -> Certificate | None:
        """The leaf (end-entity certificate); `None` if there is none."""
        return self.elements[0].certificate if self.elements else None

    @property
    def trust_anchor(self) -> Certificate | None:
        """The trust anchor at the end of the path; `None` for an incomplete path."""
        return self.elements[-1].certificate if self.complete and self.elements else None

    @property
    def intermediates(self) -> tuple[Certificate, ...]:
        """The certificates between leaf and anchor, without gaps."""
        inner = self.elements[1:-1] if self.complete else self.elements[1:]
        return tuple(e.certificate for e in inner if e.certificate)
