"""Server flights built by hand, for lists that no TLS library sends.

Entries that are no certificate, keys that do not fit.

What lives here is the least of a server that makes a client read its Certificate message (RFC 5246,
RFC 8446); it then cannot go on.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import struct
from collections.abc import Sequence

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from playground.lab.peers import Script

SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE, KEY_EXCHANGE, HELLO_DONE, VERIFY = (
    2,
    8,
    11,
    12,
    14,
    15,
)
_X25519 = 0x001D
_RANDOM = bytes(range(32))
_KEY = X25519PrivateKey.from_private_bytes(bytes(range(32)))


def tls12_list(
    entries: Sequence[bytes],
    *,
    version: int = 0x0303,
    ending: Script | None = None,
    secure: bool = True,
    scheme: bytes = b"\x04\x03",
) -> Script:
    """Answer a ClientHello in clear.

    The list, then a key exchange whose signature no key has made, or another ending. Without
    `secure` there is no renegotiation_info (RFC 5746). `scheme` is what the key exchange claims to
    be signed with.
    """
    hello = struct.pack(">H", version) + _RANDOM + b"\0" + b"\xc0\x2b\0"
    hello += _vector(b"\xff\x01\0\1\0", 2) if secure else b""
    signed = (
        b"\x03"
        + struct.pack(">H", _X25519)
        + _vector(_public(), 1)
        + scheme
        + _vector(b"\x30\x06\x02\x01\x01\x02\x01\x01", 2)
    )
    listed = _message(SERVER_HELLO, hello) + _message(
        CERTIFICATE, _vector(b"".join(_vector(entry, 3) for entry in entries), 3)
    )
    rest = _message(KEY_EXCHANGE, signed) + _message(HELLO_DONE, b"")

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(_records(22, listed if ending else listed + rest))
        await (ending(reader, writer) if ending else reader.read())

    return script


def tls13_list(entries: Sequence[bytes], *, context: bytes = b"") -> Script:
    """Answer a ClientHello with an encrypted flight.

    The list, then a CertificateVerify that no key has made.
    """
    listed = b"".join(_vector(entry, 3) + _vector(b"", 2) for entry in entries)
    encrypted = (
        _message(ENCRYPTED_EXTENSIONS, _vector(b"", 2))
        + _message(CERTIFICATE, _vector(context, 1) + _vector(listed, 3))
        + _message(VERIFY, b"\x04\x03" + _vector(b"\x30\x06\x02\x01\x01\x02\x01\x01", 2))
    )

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        header = await reader.readexactly(5)
        client_hello = await reader.readexactly(int.from_bytes(header[3:]))
        session_id, share = _read_client_hello(client_hello)
        extensions = b"\x00\x2b\0\2\3\4" + struct.pack(">HHHH", 0x33, 36, _X25519, 32) + _public()
        server_hello = _message(
            SERVER_HELLO,
            b"\3\3" + _RANDOM + _vector(session_id, 1) + b"\x13\x01\0" + _vector(extensions, 2),
        )
        secret = _handshake_secret(
            _KEY.exchange(X25519PublicKey.from_public_bytes(share)), client_hello + server_hello
        )
        writer.write(_records(22, server_hello) + _encrypted(secret, encrypted))
        await reader.read()

    return script


def _read_client_hello(message: bytes) -> tuple[bytes, bytes]:
    """The session id and the X25519 share."""
    session_id, at = _read(message, 4 + 34, 1)
    _, at = _read(message, at, 2)
    _, at = _read(message, at, 1)
    extensions, _ = _read(message, at, 2)
    at = 0
    while at < len(extensions):
        kind = extensions[at : at + 2]
        body, at = _read(extensions, at + 2, 2)
        if kind == b"\x00\x33":
            return session_id, _share(body[2:])
    raise ValueError("the ClientHello has no key_share")


def _share(shares: bytes) -> bytes:
    at = 0
    while at < len(shares):
        group = int.from_bytes(shares[at : at + 2])
        share, at = _read(shares, at + 2, 2)
        if group == _X25519:
            return share
    raise ValueError("the client offers no X25519 share")


def _handshake_secret(shared: bytes, transcript: bytes) -> bytes:
    """The server handshake traffic secret of TLS_AES_128_GCM_SHA256 (RFC 8446 section 7.1)."""
    early = _extract(bytes(32), bytes(32))
    handshake = _extract(_expand(early, b"derived", hashlib.sha256(b"").digest(), 32), shared)
    return _expand(handshake, b"s hs traffic", hashlib.sha256(transcript).digest(), 32)


def _encrypted(secret: bytes, messages: bytes) -> bytes:
    cipher, iv = AESGCM(_expand(secret, b"key", b"", 16)), _expand(secret, b"iv", b"", 12)
    sent = b""
    for number, start in enumerate(range(0, len(messages), 16000)):
        plain = messages[start : start + 16000] + b"\x16"
        header = b"\x17\3\3" + struct.pack(">H", len(plain) + 16)
        nonce = bytes(a ^ b for a, b in zip(iv, number.to_bytes(12), strict=True))
        sent += header + cipher.encrypt(nonce, plain, header)
    return sent


def _extract(salt: bytes, key: bytes) -> bytes:
    return hmac.digest(salt, key, "sha256")


def _expand(secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    info = struct.pack(">H", length) + _vector(b"tls13 " + label, 1) + _vector(context, 1)
    return HKDFExpand(hashes.SHA256(), length, info).derive(secret)


def _public() -> bytes:
    return _KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _vector(data: bytes, size: int) -> bytes:
    return len(data).to_bytes(size) + data


def _message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + _vector(body, 3)


def _records(kind: int, data: bytes) -> bytes:
    return b"".join(
        bytes([kind]) + b"\3\3" + _vector(data[start : start + 16000], 2)
        for start in range(0, len(data), 16000)
    )


def _read(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    length = int.from_bytes(data[at : at + size])
    return data[at + size : at + size + length], at + size + length
