"""A private key is known in every encoding of the field; nothing else is taken for one."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
import json
import lzma
import quopri
import string
import textwrap
import time
import zipfile
import zlib
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainlib import PrivateKeyFound, UnusableFile, holds_private_key, load_certificates
from playground.lab import pki
from playground.lab.pki import NOW
from tests.support.reports import LEAF
from tests.support.sampling import of_all

OPEN, LOCKED = NoEncryption(), BestAvailableEncryption(b"secret")
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
LONG_EC = ec.generate_private_key(ec.SECP521R1())
DSA = dsa.generate_private_key(1024)  # noqa: S505 -- made to be refused; a longer one takes seconds to make
ED = ed25519.Ed25519PrivateKey.generate()
BY_NAME: dict[str, PrivateKeyTypes] = {
    "rsa": RSA,
    "ec": EC,
    "long-ec": LONG_EC,
    "dsa": DSA,
    "ed25519": ED,
    "ed448": ed448.Ed448PrivateKey.generate(),
    "x25519": x25519.X25519PrivateKey.generate(),
}
ENCODINGS = {"pem": Encoding.PEM, "der": Encoding.DER}


def _keys() -> dict[str, bytes]:
    pkcs8 = {
        f"pkcs8-{name}-{encoding}-{lock}": key.private_bytes(
            ENCODINGS[encoding], PrivateFormat.PKCS8, LOCKED if lock == "locked" else OPEN
        )
        for name, key in BY_NAME.items()
        for encoding in ENCODINGS
        for lock in ("open", "locked")
    }
    traditional = {
        f"{name}-{encoding}": key.private_bytes(
            ENCODINGS[encoding], PrivateFormat.TraditionalOpenSSL, OPEN
        )
        for name, key in (("pkcs1", RSA), ("sec1", EC), ("dsa", DSA))
        for encoding in ENCODINGS
    }
    openssh = EC.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, OPEN)
    return pkcs8 | traditional | _stores() | _of_texts() | {"openssh": openssh}


def _stores() -> dict[str, bytes]:
    return {
        f"pkcs12-{name}": pkcs12.serialize_key_and_certificates(b"x", RSA, None, None, lock)
        for name, lock in (("open", OPEN), ("locked", LOCKED))
    }


def _of_texts() -> dict[str, bytes]:
    private = RSA.private_numbers()
    numbers = {"d": private.d, "n": private.public_numbers.n, "p": private.p, "q": private.q}
    octets = {name: number.to_bytes(256, "big") for name, number in numbers.items()}
    members = {name: base64.urlsafe_b64encode(one).decode() for name, one in octets.items()}
    secret = base64.urlsafe_b64encode(EC.private_numbers().private_value.to_bytes(32, "big"))
    return {
        "jwk-rsa": json.dumps({"kty": "RSA", "e": "AQAB", **members}).encode(),
        "jwk-ec": json.dumps({"kty": "EC", "crv": "P-256", "d": secret.decode()}).encode(),
        "putty": b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\n"
        b"Private-Lines: 1\nAAAAIBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB\n",
    }


def _public() -> dict[str, bytes]:
    """What stands beside keys in the field and opens nothing."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Contoso")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name)
    lists = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(NOW)
    lists = lists.next_update(NOW + timedelta(days=9))
    for number in range(1, 40):
        gone = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(NOW)
        lists = lists.add_revoked_certificate(gone.build())
    kinds: dict[str, bytes] = {"certificate": LEAF.certificate.der, "pem": LEAF.pem}
    kinds["ca"] = pki.root("Contoso Root").certificate.der
    kinds["request"] = request.sign(RSA, hashes.SHA256()).public_bytes(Encoding.DER)
    kinds["request-ed25519"] = request.sign(ED, None).public_bytes(Encoding.DER)
    kinds["list"] = lists.sign(RSA, hashes.SHA256()).public_bytes(Encoding.DER)
    kinds["list-ed25519"] = lists.sign(ED, None).public_bytes(Encoding.DER)
    form = PublicFormat.SubjectPublicKeyInfo
    for label, key in BY_NAME.items():
        kinds[f"public-{label}"] = key.public_key().public_bytes(Encoding.DER, form)
        kinds[f"public-pem-{label}"] = key.public_key().public_bytes(Encoding.PEM, form)
    kinds["pkcs1"] = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    kinds["ssh"] = RSA.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    kinds["pkcs7"] = pkcs7.serialize_certificates([LEAF.certificate.parsed], Encoding.DER)
    kinds["jwk"] = b'{"kty": "RSA", "n": "' + b"AbCd" * 80 + b'", "e": "AQAB"}'
    return kinds


KEYS, PUBLIC = _keys(), _public()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def rows(data: bytes, shown: Callable[[int, bytes], str]) -> str:
    return "\n".join(shown(at, data[at : at + 16]) for at in range(0, len(data), 16))


def seen(row: bytes) -> str:
    return "".join(chr(one) if 32 <= one < 127 else "." for one in row)


def lines(data: bytes) -> list[str]:
    return textwrap.wrap(b64(data), 64)


ENCODED: dict[str, Callable[[bytes], str]] = {
    "base64": b64,
    "base64-lines": lambda d: "\n".join(lines(d)),
    "base64-url": lambda d: base64.urlsafe_b64encode(d).decode().rstrip("="),
    "base64-narrow": lambda d: "\n".join(textwrap.wrap(b64(d), 7)),
    "base64-mail": lambda d: "\n".join(f"> {one}" for one in lines(d)),
    "base64-numbered": lambda d: "\n".join(f"{n:4} {one}" for n, one in enumerate(lines(d), 1)),
    "base64-joined": lambda d: "\n".join(f'  "{one}" +' for one in lines(d)),
    "base64-c": lambda d: "\n".join(f'"{one}\\n"' for one in lines(d)),
    "hex": lambda d: d.hex(),
    "hex-colons": lambda d: d.hex(":").upper(),
    "hex-c": lambda d: "{" + ", ".join(f"0x{one:02x}" for one in d) + "}",
    "hex-short": lambda d: "{" + ", ".join(f"0x{one:x}" for one in d) + "}",
    "hex-escapes": lambda d: "".join(f"\\x{one:02x}" for one in d),
    "octal-escapes": lambda d: "".join(f"\\{one:03o}" for one in d),
    "xxd": lambda d: rows(d, lambda at, row: f"{at:08x}: {row.hex(' ', 2):<40} {seen(row)}"),
    "hexdump": lambda d: rows(d, lambda at, row: f"{at:08x}  {row.hex(' '):<48}  |{seen(row)}|"),
    "od": lambda d: rows(d, lambda at, row: f"{at:07o} {row.hex(' ')}"),
    "decimal": lambda d: ", ".join(map(str, d)),
    "decimal-lines": lambda d: "\n".join(map(str, d)),
    "decimal-signed": lambda d: "[" + ",".join(str((one + 128) % 256 - 128) for one in d) + "]",
    "buffer": lambda d: json.dumps({"type": "Buffer", "data": list(d)}),
    "percent": quote,
    "percent-all": lambda d: "".join(f"%{one:02X}" for one in d),
    "json": lambda d: json.dumps({"key": d.decode("latin-1")}),
    "json-escapes": lambda d: "".join(f"\\u{one:04x}" for one in d),
    "python": repr,
    "html": lambda d: "".join(f"&#{one};" for one in d),
    "html-hex": lambda d: "".join(f"&#x{one:x};" for one in d),
    "quoted-printable": lambda d: quopri.encodestring(d).decode("latin-1"),
}
AROUND = {
    "alone": "{}",
    "words": "please look at this\n{}\nthanks",
    "behind-certificate": LEAF.pem.decode() + "{}",
    "before-certificate": "{}\n" + LEAF.pem.decode(),
    "secret": "data:\n  tls.crt: " + b64(LEAF.pem) + "\n  tls.key: {}\n",
}
kinds = st.sampled_from(sorted(KEYS))
chains = st.lists(st.sampled_from(sorted(ENCODED)), min_size=1, max_size=3)
# A fourth of the kinds meets each encoding, another fourth the next one.
STRIDE = of_all(1, 4)
often = settings(
    max_examples=of_all(400, 15),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)


def encoded(data: bytes, chain: list[str]) -> str:
    """The data in one encoding, and that in the next; a long one is cut as a paste is."""
    for name in chain:
        text = ENCODED[name](data)
        data = text.encode("utf-8")
    return text[:38_000]


@pytest.mark.parametrize("name", ENCODED)
def test_key_of_each_kind_is_known(name: str) -> None:
    tried = sorted(KEYS)[sorted(ENCODED).index(name) % STRIDE :: STRIDE]
    missed = [kind for kind in tried if not holds_private_key(ENCODED[name](KEYS[kind]))]
    assert missed == []


@often
@given(kind=kinds, chain=chains, around=st.sampled_from(sorted(AROUND)))
def test_key_inside_other_encodings_is_known(kind: str, chain: list[str], around: str) -> None:
    assert holds_private_key(AROUND[around].replace("{}", encoded(KEYS[kind], chain)))


@often
@given(kind=st.sampled_from(sorted(PUBLIC)), chain=chains, around=st.sampled_from(sorted(AROUND)))
def test_what_is_public_raises_no_alarm(kind: str, chain: list[str], around: str) -> None:
    assert not holds_private_key(AROUND[around].replace("{}", encoded(PUBLIC[kind], chain)))


@often
@given(kind=kinds, chain=chains)
def test_key_beside_certificates_of_a_file(kind: str, chain: list[str]) -> None:
    with pytest.raises(PrivateKeyFound):
        load_certificates(LEAF.pem + b"\n" + encoded(KEYS[kind], chain).encode())


@often
@given(data=st.binary(max_size=3000), chain=chains)
def test_random_bytes_are_no_key(data: bytes, chain: list[str]) -> None:
    assert not holds_private_key(encoded(data, chain) if data else "")


def _zipped(data: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tls.key", data)
    return held.getvalue()


def _z85(data: bytes) -> str:
    letters = string.ascii_uppercase, string.ascii_lowercase
    git = string.digits + "".join(letters) + "!#$%&()*+-;<=>?@^_`{|}~"
    zmq = string.digits + "".join(reversed(letters)) + ".-:+=^!/*?&<>()[]{}@%$#"
    whole = data + bytes(-len(data) % 4)
    return base64.b85encode(whole).decode().translate(str.maketrans(git, zmq))


RARE: dict[str, Callable[[bytes], str]] = {
    "base32": lambda d: base64.b32encode(d).decode(),
    "base32-small": lambda d: base64.b32encode(d).decode().lower(),
    "base32-lines": lambda d: "\n".join(textwrap.wrap(base64.b32encode(d).decode(), 76)),
    "base85": lambda d: base64.b85encode(d).decode(),
    "ascii85": lambda d: base64.a85encode(d, adobe=True, wrapcol=72).decode(),
    "z85": _z85,
    "base64-four-deep": lambda d: b64(b64(b64(b64(d).encode()).encode()).encode()),
    "gzip": lambda d: b64(gzip.compress(d)),
    "gzip-hex": lambda d: gzip.compress(d).hex(),
    "gzip-base85": lambda d: base64.b85encode(gzip.compress(d)).decode(),
    "base64-in-gzip": lambda d: b64(gzip.compress(base64.b64encode(d))),
    "zlib": lambda d: b64(zlib.compress(d, 1)),
    "bzip2": lambda d: b64(bz2.compress(d)),
    "xz": lambda d: b64(lzma.compress(d)),
    "zip": lambda d: b64(_zipped(d)),
}
WRAPPED = {"alone": "{}", "named": "tls.key={}", "quoted": 'use "{}" please', "code": "`{}`"}


@pytest.mark.parametrize("name", RARE)
def test_key_in_rare_wrapping_is_known(name: str) -> None:
    found = {kind: RARE[name](KEYS[kind]) for kind in ("pkcs8-ec-pem-open", "pkcs8-rsa-der-open")}
    texts = [around.replace("{}", one) for around in WRAPPED.values() for one in found.values()]
    assert [text for text in texts if not holds_private_key(text)] == []


@pytest.mark.parametrize("name", RARE)
def test_public_part_in_rare_wrapping_is_fine(name: str) -> None:
    kinds = ("pem", "public-pem-rsa", "request", "pkcs7")
    assert [kind for kind in kinds if holds_private_key(RARE[name](PUBLIC[kind]))] == []


def test_streams_that_unfold_are_read_to_a_bound() -> None:
    bombs = b"".join(gzip.compress(bytes(2_000_000)) for _ in range(5))
    begun = time.process_time()
    assert not holds_private_key(b64(bombs)[:40_000])
    assert not holds_private_key(base64.b85encode(hashlib.shake_256(b"1").digest(32_000)).decode())
    assert time.process_time() - begun < 8.0


def test_time_for_nested_values_is_bounded() -> None:
    text = "x" * 200
    while len(text) < 30_000:
        text = b64(text.encode()) + "\n" + text.encode().hex()
    begun = time.process_time()
    holds_private_key(text[:40_000])
    assert time.process_time() - begun < 2.0


def test_version_1_certificate_is_no_private_key() -> None:
    """It begins as PKCS #8 does: INTEGER 0, then the name of an algorithm."""
    tbs = bytes.fromhex("020100300d06092a864886f70d01010b0500") + bytes.fromhex("300b31093007")
    with pytest.raises(UnusableFile):
        load_certificates(b"\x30\x30" + tbs + bytes(60))
    assert not holds_private_key(b64(b"\x30\x70" + tbs + bytes(90)))
