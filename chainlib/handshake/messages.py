"""Parses the handshake messages that the client records, mainly Certificate in all TLS versions."""

from __future__ import annotations

from collections.abc import Iterator

from chainlib.handshake.offer import TlsVersion

SERVER_HELLO, NEW_SESSION_TICKET, CERTIFICATE = 2, 4, 11
SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, FINISHED = 12, 13, 20
_NAMED_CURVE = 3
# Hash algorithms of RFC 5246 section 7.4.1.4.1 that no client offers any more.
_WEAK_HASHES = {1: "MD5", 2: "SHA-1", 3: "SHA-224"}
_HEADER = 4  # msg_type and length, RFC 8446 section 4
_EXTENSIONS_LENGTH = 2


def certificate_list(message: bytes, version: int) -> tuple[bytes, ...]:
    """The entries of a Certificate message as raw bytes, in order.

    RFC 5246 section 7.4.2, RFC 8446 section 4.4.2. A truncated or inconsistent message gives the
    entries before the fault; OpenSSL then aborts the handshake.
    """
    start = _HEADER
    if version >= TlsVersion.TLS_1_3:
        start += 1 + int.from_bytes(message[_HEADER : _HEADER + 1])  # certificate_request_context
    length, start = _read_length(message, start)
    body = message[start : start + length]
    return tuple(_entries(body, with_extensions=version >= TlsVersion.TLS_1_3))


def weak_signature_hash(message: bytes) -> str:
    """The hash that signs a TLS 1.2 ServerKeyExchange, if clients no longer offer it.

    Empty for every other hash and for an unreadable message (RFC 5246 section 7.4.3, RFC 8422
    section 5.4).
    """
    if message[_HEADER : _HEADER + 1] == bytes([_NAMED_CURVE]):
        position = _HEADER + 3
        position += 1 + int.from_bytes(message[position : position + 1])
    else:
        position = _HEADER
        for _ in ("p", "g", "Ys"):
            position += 2 + int.from_bytes(message[position : position + 2])
    return _WEAK_HASHES.get(int.from_bytes(message[position : position + 1]), "")


def accepts_client(message: bytes, version: int) -> bool:
    """Whether this message shows that the server accepted the client's last flight.

    It is a session ticket, or before TLS 1.3 the server's Finished.
    """
    return message[0] == NEW_SESSION_TICKET or (
        message[0] == FINISHED and version < TlsVersion.TLS_1_3
    )


def _entries(body: bytes, *, with_extensions: bool) -> Iterator[bytes]:
    position = 0
    while position < len(body):
        length, position = _read_length(body, position)
        entry = body[position : position + length]
        if len(entry) < length or not entry:
            return
        yield entry
        position += length
        if with_extensions:
            position += _EXTENSIONS_LENGTH + int.from_bytes(
                body[position : position + _EXTENSIONS_LENGTH]
            )


def _read_length(data: bytes, position: int) -> tuple[int, int]:
    return int.from_bytes(data[position : position + 3]), position + 3
