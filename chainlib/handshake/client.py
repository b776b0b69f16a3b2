"""The TLS client: an OpenSSL connection on memory BIOs, and a record of what the server sent.

It verifies nothing, because it must also capture chains that no client would accept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from OpenSSL import SSL

from chainlib.causes import (
    CERTIFICATE_REQUIRED,
    CLIENT_CERTIFICATE_ALERTS,
    Breakage,
    Failure,
    Observation,
)
from chainlib.certificate import parse_entry
from chainlib.errors import InvalidTarget
from chainlib.handshake import messages
from chainlib.handshake.failure import from_openssl
from chainlib.handshake.offer import GATEWAY_OFFER, TlsOffer, TlsVersion, context_for
from chainlib.limits import (
    BANNER_BYTES,
    CERTIFICATES,
    CONNECTION_BYTES,
    CONNECTION_RECORDS,
    READ_BYTES,
    REMEMBERED_CERTIFICATE_BYTES,
    REMEMBERED_CERTIFICATES,
    SERVER_HELLOS,
)
from chainlib.model import PresentedCertificate, TlsSession
from chainlib.wording import counted, shown_bytes

_ALERT, _HANDSHAKE, _RECORD_HEADER = 21, 22, 256  # 256 is OpenSSL's SSL3_RT_HEADER
_FATAL = 2
_RECORD_TYPES = frozenset({20, 21, 22, 23})
_RECORD_MAJOR = 3
_CLOSING_ALERTS = {0: "close_notify", 90: "user_canceled"}  # no errors


Buffer: TypeAlias = bytes | bytearray | memoryview


class _Record:
    """The messages of one connection; OpenSSL calls it for each one, so it must not raise."""

    def __init__(self) -> None:
        self.entries: tuple[bytes, ...] = ()
        self.client_certificate_requested = False
        self.client_accepted = False
        self.server_hellos = 0
        self.alert: int | None = None
        self.closing_alert = ""
        self.records = 0
        self.empty_list = False
        self.weak_hash = ""

    def __call__(self, version: int, content_type: int, message: bytes) -> None:
        if content_type == _RECORD_HEADER:
            self.records += 1
        elif content_type == _ALERT and len(message) > 1 and self._is_fatal(message, version):
            self.alert = message[1]
        elif content_type == _ALERT and len(message) > 1:
            self.closing_alert = _CLOSING_ALERTS.get(message[1], "")
        elif content_type == _HANDSHAKE and message:
            self._handshake(message, version)

    def _is_fatal(self, message: bytes, version: int) -> bool:
        """Whether an alert is fatal: in TLS 1.3 all are (RFC 8446 section 6).

        Before TLS 1.3, old servers send a warning about an unknown name and continue.
        """
        by_version = self.server_hellos > 0 and version >= TlsVersion.TLS_1_3
        return message[1] not in _CLOSING_ALERTS and (message[0] == _FATAL or by_version)

    def _handshake(self, message: bytes, version: int) -> None:
        if message[0] == messages.SERVER_HELLO:
            self.server_hellos += 1
        elif message[0] == messages.CERTIFICATE and not self.entries:
            self.entries = messages.certificate_list(message, version)
            self.empty_list = not self.entries
        elif message[0] == messages.SERVER_KEY_EXCHANGE:
            self.weak_hash = messages.weak_signature_hash(message)
        elif message[0] == messages.CERTIFICATE_REQUEST:
            self.client_certificate_requested, self.client_accepted = True, False
        elif messages.accepts_client(message, version):
            self.client_accepted = True


class ClientHandshake:
    """One TLS connection without a socket.

    Send what `start` and `receive` return and pass in what is received, until `finished` or
    `failure`; then `encrypt` and `take` transfer application data. The chain remains available
    after a failure. Nothing is raised because of a peer.

    Args:
        offer: versions and authentication to offer.
        server_name: sent as SNI (RFC 6066 section 3); `None` sends none.

    Attributes:
        finished: the handshake is complete on this side.
        failure: why it failed, else `None`; it may still fail after `finished` (TLS 1.3 rejects a
            client late).
        closed: the peer sent close_notify.
        received: number of received bytes; more than `limits.CONNECTION_BYTES` end the connection.

    Raises:
        InvalidTarget: the server_name cannot be sent.
    """

    def __init__(self, offer: TlsOffer = GATEWAY_OFFER, server_name: str | None = None) -> None:
        self.finished = False
        self.failure: Failure | None = None
        self.closed = False
        self.received = 0
        self._plain = bytearray()
        self._unsent = b""
        self._record = _Record()
        self._server_name = server_name
        self._tls = SSL.Connection(context_for(offer), None)
        self._tls.set_app_data(self._record)
        self._tls.set_connect_state()
        if server_name is not None:
            self._tls.set_tlsext_host_name(_sendable(server_name))

    def start(self) -> bytes:
        """The ClientHello."""
        return self._advance()

    def receive(self, data: Buffer) -> bytes:
        """Process bytes from the peer and return the bytes to send, often none."""
        if self.failure is not None:
            return b""
        if not self.received and not _looks_like_tls(data):
            banner = bytes(memoryview(data)[:BANNER_BYTES])
            self.failure = Failure(kind=Breakage.NOT_TLS, detail=shown_bytes(banner), start=banner)
            return b""
        self.received += memoryview(data).nbytes
        self._tls.bio_write(data)
        return self._advance()

    def break_off(self, kind: Breakage, detail: str) -> None:
        """Record that the connection ended: by a deadline, a reset, or an end of stream."""
        if self.failure is None:
            self.failure = Failure(kind=kind, detail=detail)

    def encrypt(self, data: bytes) -> bytes:
        """Encrypt application data; returns nothing if the connection has failed.

        Call it only after `finished`.
        """
        if self.failure is not None:
            return b""
        self._unsent = data
        try:
            self._send()
        except SSL.Error as error:
            self.failure = from_openssl(_reasons(error), self._record.alert)
        return self._outgoing()

    def _send(self) -> None:
        """Send pending data; not while the server renegotiates."""
        if not self._unsent:
            return
        try:
            self._tls.send(self._unsent)
        except SSL.WantReadError:
            return
        self._unsent = b""

    def take(self) -> bytes:
        """The application data received since the last call."""
        data = bytes(self._plain)
        self._plain.clear()
        return data

    @property
    def certificates(self) -> tuple[PresentedCertificate, ...]:
        """The presented chain.

        Empty if there was none or it was longer than the limit.
        """
        if len(self._record.entries) > CERTIFICATES:
            return ()
        return tuple(_parsed(entry) for entry in self._record.entries)

    @property
    def has_certificates(self) -> bool:
        """Whether a chain was received, readable or not."""
        return bool(self._record.entries)

    def observed(self, *, proxy_header: bool = False) -> Observation:
        """What this handshake sent and received; `proxy_header` says that one was sent first."""
        nothing = Failure(
            kind=Breakage.OTHER, detail="the handshake ended without a certificate list"
        )
        return Observation(
            failure=self.failure or nothing,
            server_name=self._server_name,
            proxy_header=proxy_header,
            received=self.received,
            server_hello=self._record.server_hellos > 0,
            listed=self.has_certificates,
        )

    @property
    def client_certificate_refused(self) -> bool:
        """Whether the server requested a client certificate and rejected a client without one.

        A rejection after it had accepted the client has another reason.
        """
        if self.failure is None or not self._record.client_certificate_requested:
            return False
        if self._record.client_accepted:
            return self.failure.alert == CERTIFICATE_REQUIRED
        return (
            self.failure.kind in {Breakage.RESET, Breakage.CLOSED}
            or self.failure.alert in CLIENT_CERTIFICATE_ALERTS
        )

    @property
    def may_be_refused_late(self) -> bool:
        """Whether an alert about the missing client certificate may still arrive.

        In TLS 1.3 the client finishes before the server has checked its certificate.
        """
        late = self._tls.get_protocol_version() >= TlsVersion.TLS_1_3
        return self.finished and self._record.client_certificate_requested and late

    @property
    def session(self) -> TlsSession:
        """What was negotiated so far."""
        return TlsSession(
            version=self._tls.get_protocol_version_name() if self._record.server_hellos else "",
            cipher=self._tls.get_cipher_name() or "",
            client_certificate_requested=self._record.client_certificate_requested,
        )

    def _advance(self) -> bytes:
        try:
            if not self.finished:
                self._tls.do_handshake()
                self.finished = True
            self._send()
            while True:
                self._plain += self._tls.recv(READ_BYTES)
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.closed = True
        except SSL.Error as error:
            failure = from_openssl(_reasons(error), self._record.alert)
            self.failure = self._by_record(failure)
        self.failure = self._excess() or self.failure
        return self._outgoing()

    def _by_record(self, failure: Failure) -> Failure:
        """The failure, described by the received bytes if they say more than OpenSSL's reason."""
        record = self._record
        if record.empty_list:
            empty = "the server sends an empty certificate list"
            return Failure(kind=Breakage.EMPTY_LIST, detail=empty)
        if failure.kind is Breakage.OTHER and record.closing_alert:
            closed = f"alert {record.closing_alert}, which is no error"
            return Failure(kind=Breakage.CLOSED, detail=closed)
        if failure.kind is Breakage.SIGNATURE_TYPE and record.weak_hash:
            weak = f"the server signs its key exchange with {record.weak_hash}, which nobody offers"
            return Failure(kind=Breakage.CIPHER, detail=weak)
        return failure

    def _excess(self) -> Failure | None:
        """The failure if more was received than the limit."""
        if len(self._record.entries) > CERTIFICATES:
            came = counted(len(self._record.entries), "certificate")
            detail = f"{came} came, at most {CERTIFICATES} are read"
            return Failure(kind=Breakage.LIST_TOO_LARGE, detail=detail)
        if self.received > CONNECTION_BYTES or self._record.records > CONNECTION_RECORDS:
            came = f"{self.received:,} bytes in {counted(self._record.records, 'TLS record')}"
            detail = f"the peer sent {came}, more than is read from one connection"
            return Failure(kind=Breakage.TOO_MUCH, detail=detail)
        if self._record.server_hellos > SERVER_HELLOS:
            detail = "the peer asks for one handshake after another"
            return Failure(kind=Breakage.TOO_MUCH, detail=detail)
        return None

    def _outgoing(self) -> bytes:
        sent = b""
        try:
            while len(sent) % READ_BYTES == 0:  # a shorter read means that it is empty
                sent += self._tls.bio_read(READ_BYTES)
        except SSL.Error:
            pass
        return sent


def _parsed(entry: bytes) -> PresentedCertificate:
    """The certificate of an entry; entries of ordinary size are cached.

    Many servers send the same intermediates, and every probe of a server receives the same chain.
    """
    return _remembered(entry) if len(entry) <= REMEMBERED_CERTIFICATE_BYTES else parse_entry(entry)


_remembered = lru_cache(REMEMBERED_CERTIFICATES)(parse_entry)


def _sendable(server_name: str) -> bytes:
    try:
        encoded = server_name.encode("ascii")
    except UnicodeEncodeError:
        encoded = b""
    if not encoded or not all(0x20 < byte < 0x7F for byte in encoded):  # noqa: PLR2004 -- ASCII
        raise InvalidTarget(
            f"{server_name!r} cannot be sent as server_name; write a host name such as "
            "backend.contoso.com"
        )
    return encoded


def _reasons(error: SSL.Error) -> list[str]:
    queue = error.args[0] if error.args else ()
    return (
        [entry[-1] for entry in queue]
        if isinstance(queue, list)
        else [str(part) for part in error.args]
    )


def _looks_like_tls(data: Buffer) -> bool:
    """Whether the first bytes can open a TLS record (RFC 8446 section 5.1)."""
    first = bytes(memoryview(data)[:2])
    return first[0] in _RECORD_TYPES and (len(first) == 1 or first[1] == _RECORD_MAJOR)
