"""Hand-built server flights for chains that no TLS library sends.

For example entries that are no certificate, and keys that do not match. It contains the minimum of
a server that makes a client read its Certificate message (RFC 5246, RFC 8446); it cannot continue
without the key.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import struct
from collections.abc import Sequence
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from playground.lab.peers import Script

FINISHED, KEY_UPDATE = 20, 24
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
    """Answer a ClientHello in clear text.

    It sends the chain, then a key exchange with an invalid signature, or another ending. Without
    `secure` there is no renegotiation_info (RFC 5746). `scheme` is the claimed signature scheme of
    the key exchange.
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

    It sends the chain, then an invalid CertificateVerify.
    """
    listed = b"".join(_vector(entry, 3) + _vector(b"", 2) for entry in entries)
    encrypted = (
        _message(ENCRYPTED_EXTENSIONS, _vector(b"", 2))
        + _message(CERTIFICATE, _vector(context, 1) + _vector(listed, 3))
        + _message(VERIFY, b"\x04\x03" + _vector(b"\x30\x06\x02\x01\x01\x02\x01\x01", 2))
    )

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client_hello, server_hello, shared = await _hellos(reader)
        secret = _handshake_secret(shared, client_hello + server_hello)
        writer.write(_records(22, server_hello) + _encrypted(secret, encrypted))
        await reader.read()

    return script


def tls13_key_updates(entries: Sequence[bytes], key: ec.EllipticCurvePrivateKey) -> Script:
    """Make a real handshake, then request key updates for ever (RFC 8446 section 4.6.3).

    Each request makes the client derive keys and answer.
    """
    listed = b"".join(_vector(entry, 3) + _vector(b"", 2) for entry in entries)
    flight = _message(ENCRYPTED_EXTENSIONS, _vector(b"", 2))
    flight += _message(CERTIFICATE, _vector(b"", 1) + _vector(listed, 3))

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client_hello, server_hello, shared = await _hellos(reader)
        said = client_hello + server_hello
        secret = _handshake_secret(shared, said)
        signed = key.sign(_to_sign(said + flight), ec.ECDSA(hashes.SHA256()))
        whole = flight + _message(VERIFY, b"\x04\x03" + _vector(signed, 2))
        finished = hmac.digest(_expand(secret, b"finished", b"", 32), _hash(said + whole), "sha256")
        whole += _message(FINISHED, finished)
        writer.write(_records(22, server_hello) + _encrypted(secret, whole))
        secret = _application_secret(shared, said + whole)
        while True:
            updates = b""
            for _ in range(100):
                updates += _encrypted(secret, _message(KEY_UPDATE, b"\x01"))
                secret = _expand(secret, b"traffic upd", b"", 32)
            writer.write(updates)
            await writer.drain()
            await asyncio.sleep(0)

    return script


async def _hellos(reader: asyncio.StreamReader) -> tuple[bytes, bytes, bytes]:
    """The ClientHello that came, the ServerHello for it, and the secret that they share."""
    header = await reader.readexactly(5)
    client_hello = await reader.readexactly(int.from_bytes(header[3:]))
    session_id, share = _read_client_hello(client_hello)
    extensions = b"\x00\x2b\0\2\3\4" + struct.pack(">HHHH", 0x33, 36, _X25519, 32) + _public()
    server_hello = _message(
        SERVER_HELLO,
        b"\3\3" + _RANDOM + _vector(session_id, 1) + b"\x13\x01\0" + _vector(extensions, 2),
    )
    shared = _KEY.exchange(X25519PublicKey.from_public_bytes(share))
    return client_hello, server_hello, shared


def _hash(transcript: bytes) -> bytes:
    return hashlib.sha256(transcript).digest()


def _to_sign(transcript: bytes) -> bytes:
    """What a CertificateVerify covers (RFC 8446 section 4.4.3)."""
    return b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + _hash(transcript)


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
    return _expand(_handshake(shared), b"s hs traffic", _hash(transcript), 32)


def _application_secret(shared: bytes, transcript: bytes) -> bytes:
    """The first server application traffic secret."""
    master = _extract(_expand(_handshake(shared), b"derived", _hash(b""), 32), bytes(32))
    return _expand(master, b"s ap traffic", _hash(transcript), 32)


def _handshake(shared: bytes) -> bytes:
    early = _extract(bytes(32), bytes(32))
    return _extract(_expand(early, b"derived", _hash(b""), 32), shared)


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
    """HKDF-Expand-Label of RFC 8446 section 7.1, for lengths of one SHA-256 at most."""
    return hmac.digest(secret, _info(label, context, length) + b"\x01", "sha256")[:length]


@cache
def _info(label: bytes, context: bytes, length: int) -> bytes:
    return struct.pack(">H", length) + _vector(b"tls13 " + label, 1) + _vector(context, 1)


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
