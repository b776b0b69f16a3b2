"""Certificate files.

What is read, what is refused with which words, and that a private key never comes out again.
"""

from __future__ import annotations

import base64
import contextlib
import json
import time
import traceback
from itertools import product

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from chainlib import (
    Certificate,
    CertificateBag,
    PrivateKeyFound,
    UnusableFile,
    dump_bundle,
    holds_private_key,
    load_certificates,
    load_uploaded,
)
from chainlib.aio import load_well_known
from playground.lab import pki
from playground.lab.pki import NOW
from tests.support.sampling import of_all

ROOT = pki.root()
LOWER = pki.intermediate(ROOT, "Contoso Issuing CA 3")
LEAF = pki.leaf(LOWER)
ONE = (LEAF.certificate,)
ALL = (LEAF.certificate, LOWER.certificate, ROOT.certificate)
PEM = LEAF.pem + LOWER.pem + ROOT.pem
TEXT = PEM.decode()
DER = LEAF.certificate.der
P7 = [c.parsed for c in ALL]
P7_DER, P7_PEM = (
    pkcs7.serialize_certificates(P7, encoding) for encoding in (Encoding.DER, Encoding.PEM)
)
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
DSA = dsa.generate_private_key(1024)  # noqa: S505 -- made to be refused; a longer one takes seconds to make
NOT_LOCKED, PASSWORD = NoEncryption(), BestAvailableEncryption(b"secret")


def relabelled(pem: bytes, label: str) -> bytes:
    return pem.replace(b"BEGIN CERTIFICATE", b"BEGIN " + label.encode()).replace(
        b"END CERTIFICATE", b"END " + label.encode()
    )


def trusted(der: bytes) -> bytes:
    """What `openssl x509 -trustout` writes: the certificate, then an X509_CERT_AUX."""
    body = base64.encodebytes(der + bytes.fromhex("300c300a06082b06010505070301"))
    return b"-----BEGIN TRUSTED CERTIFICATE-----\n" + body + b"-----END TRUSTED CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(PEM, ALL, id="pem"),
        pytest.param(
            b"Certificate chain\n 0 s:CN=x\n"
            + PEM.replace(b"-----BEGIN", b"bla\n-----BEGIN")
            + b"\nserver hello",
            ALL,
            id="text-around",
        ),
        pytest.param(PEM.replace(b"\n", b"\r\n"), ALL, id="crlf"),
        pytest.param(PEM.replace(b"\n", b"\r"), ALL, id="lone-cr"),
        pytest.param(PEM.replace(b"\n", b"\n    "), ALL, id="indented"),
        pytest.param(PEM.replace(b"-----\n-----", b"----------"), ALL, id="glued-lines"),
        pytest.param(
            b"\xef\xbb\xbf" + LEAF.pem + b"\xef\xbb\xbf" + LOWER.pem + ROOT.pem,
            ALL,
            id="utf8-marks",
        ),
        pytest.param(TEXT.encode("utf-16"), ALL, id="utf16-with-mark"),
        pytest.param(b"\xfe\xff" + TEXT.encode("utf-16-be"), ALL, id="utf16-be-with-mark"),
        pytest.param(TEXT.encode("utf-16-le"), ALL, id="utf16-without-mark"),
        pytest.param(TEXT.replace("-----", "\u2014-").encode(), ALL, id="long-dashes-of-a-phone"),
        pytest.param(json.dumps({"chain": TEXT}).encode(), ALL, id="inside-json"),
        pytest.param(relabelled(PEM, "X509 CERTIFICATE"), ALL, id="x509-label"),
        pytest.param(trusted(DER), ONE, id="trusted-label"),
        pytest.param(DER, ONE, id="der"),
        pytest.param(b"\xef\xbb\xbf" + DER, ONE, id="der-with-mark"),
        pytest.param(DER + b"\r\n", ONE, id="der-with-line-end"),
        pytest.param(base64.b64encode(b"\xef\xbb\xbf" + DER), ONE, id="base64-of-der-with-mark"),
        pytest.param(base64.b64encode(DER), ONE, id="bare-base64"),
        pytest.param(base64.b64encode(PEM), ALL, id="base64-of-pem"),
    ],
)
def test_reads_in_the_order_of_the_file(data: bytes, expected: tuple[object, ...]) -> None:
    bag = load_certificates(data)
    assert bag == expected
    assert bag.ordered


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(P7_DER, id="der"),
        pytest.param(b"\xef\xbb\xbf" + P7_DER, id="der-with-mark"),
        pytest.param(P7_PEM, id="pem"),
        pytest.param(P7_PEM.replace(b"PKCS7", b"PKCS #7 SIGNED DATA"), id="long-label"),
        pytest.param(P7_PEM.replace(b"PKCS7", b"CERTIFICATE"), id="windows-label"),
        pytest.param(P7_PEM.replace(b"\n", b"\r\n"), id="crlf"),
    ],
)
def test_pkcs7_has_no_order(data: bytes) -> None:
    bag = load_certificates(data)
    assert set(bag) == set(ALL)
    assert not bag.ordered


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(
            base64.b64encode(PEM.replace(b"\n", b"\r\n")).decode(),
            ALL,
            id="base64-of-pem-with-crlf",
        ),
        pytest.param(
            base64.b64encode(b"\xef\xbb\xbf" + PEM).decode(), ALL, id="base64-of-pem-with-mark"
        ),
        pytest.param("\ufeff" + base64.encodebytes(PEM).decode(), ALL, id="mark-and-line-breaks"),
        pytest.param(base64.b64encode(TEXT.encode("utf-16")).decode(), ALL, id="base64-of-utf16"),
        pytest.param(base64.b64encode(DER).decode(), ONE, id="base64-of-der"),
        pytest.param(
            base64.b64encode(
                pkcs7.serialize_certificates([LEAF.certificate.parsed], Encoding.DER)
            ).decode(),
            ONE,
            id="pkcs7",
        ),
    ],
)
def test_uploaded_data_is_base64_of_any_file(data: str, expected: tuple[object, ...]) -> None:
    assert load_uploaded(data) == expected


def request() -> x509.CertificateSigningRequest:
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(LEAF.certificate.parsed.subject)
        .sign(EC, hashes.SHA256())
    )


def revocations() -> x509.CertificateRevocationList:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ROOT.certificate.parsed.subject)
        .last_update(NOW)
        .next_update(NOW)
    )
    return builder.sign(ROOT.key, hashes.SHA256())


def public(encoding: Encoding) -> bytes:
    return EC.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


def damaged(pem: bytes) -> bytes:
    lines = pem.splitlines(keepends=True)
    return b"".join([*lines[:2], b"!!!!\n", *lines[3:]])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf \r\n\0", "the file is empty", id="blank"),
        pytest.param(bytes(2048), "holds 2,048 bytes, all of them zero", id="zeros"),
        pytest.param(bytes(1), "holds 1 byte, all of them zero", id="one-zero"),
        pytest.param(
            bytes(1024 * 1024 + 1), "the file holds more than 1 MiB", id="more-zeros-than-are-read"
        ),
        pytest.param(b"x" * (1024 * 1024 + 1), "the file holds more than 1 MiB", id="over-1-mib"),
        pytest.param(LEAF.pem * 101, "101 certificates, at most 100", id="over-100"),
        pytest.param(
            pkcs7.serialize_certificates(
                [pki.root(str(i)).certificate.parsed for i in range(101)], Encoding.DER
            ),
            "101 certificates",
            id="over-100-pkcs7",
        ),
        pytest.param(
            request().public_bytes(Encoding.PEM), "block 1 is a certificate request (CSR)", id="csr"
        ),
        pytest.param(
            request().public_bytes(Encoding.DER), "a certificate request (CSR)", id="csr-der"
        ),
        pytest.param(public(Encoding.PEM), "block 1 is a public key", id="public-key"),
        pytest.param(public(Encoding.DER), "a public key", id="public-key-der"),
        pytest.param(revocations().public_bytes(Encoding.PEM), "a revocation list (CRL)", id="crl"),
        pytest.param(
            revocations().public_bytes(Encoding.DER), "a revocation list (CRL)", id="crl-der"
        ),
        pytest.param(b"\n<!DOCTYPE html><html>Sign in</html>", "a web page (HTML)", id="html"),
        pytest.param(b"<?xml version='1.0'?><x/>", "an XML file", id="xml"),
        pytest.param(
            b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me@host", "an SSH public key", id="ssh"
        ),
        pytest.param(b'{"a": 1}', "a JSON file", id="json"),
        pytest.param(
            b"backend.contoso.com", "plain text without a BEGIN CERTIFICATE line", id="text"
        ),
        pytest.param("Überraschung".encode(), "plain text", id="text-in-utf8"),
        pytest.param(b"a" * 400, "plain text", id="letters-only"),
        pytest.param(b"\xfe\xed\xfe\xed\0\0\0\2", "a Java key store", id="jks"),
        pytest.param(b"\xce\xce\xce\xce\0\0\0\2", "a Java key store", id="jceks"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0", "binary data that is no certificate", id="png"),
        pytest.param(DER[:200], f"cut short: 200 of {len(DER)} bytes", id="der-cut-short"),
        pytest.param(DER + b"x", "followed by 1 more byte", id="der-and-more"),
        pytest.param(
            DER + LOWER.certificate.der,
            f"followed by {len(LOWER.certificate.der)} more bytes",
            id="der-twice",
        ),
        pytest.param(P7_DER[:-9] + bytes(9), "a damaged PKCS #7 bag", id="pkcs7-damaged"),
        pytest.param(
            LEAF.pem + damaged(LOWER.pem) + ROOT.pem,
            "block 2 is damaged: its text is not base64",
            id="bad-base64",
        ),
        pytest.param(
            LEAF.pem + LOWER.pem.replace(b"-----END CERTIFICATE-----", b"") + ROOT.pem,
            "block 2 is damaged: its BEGIN",
            id="no-end",
        ),
        pytest.param(
            LEAF.pem + b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
            "block 2 cannot be read",
            id="no-certificate",
        ),
        pytest.param(
            relabelled(LEAF.pem, "SOMETHING"), "block 1 is no certificate", id="unknown-label"
        ),
        pytest.param(
            pkcs12.serialize_key_and_certificates(b"x", EC, None, None, PASSWORD),
            "-nokeys -out chain.pem",
            id="pfx",
        ),
        pytest.param(
            pkcs12.serialize_key_and_certificates(
                b"x", None, LEAF.certificate.parsed, None, NoEncryption()
            ),
            "PKCS #12",
            id="pfx-open",
        ),
    ],
)
def test_refusal_says_what_was_found(data: bytes, words: str) -> None:
    with pytest.raises(UnusableFile) as refused:
        load_certificates(data)
    assert words in str(refused.value)
    assert refused.value.__context__ is None
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "data", ["", "\ufeff\r\n", "not base64 at all", base64.b64encode(b"<html>").decode(), "\ud800"]
)
def test_uploaded_data_that_is_no_certificate(data: str) -> None:
    with pytest.raises(UnusableFile):
        load_uploaded(data)


FORMS = {"pkcs8": PrivateFormat.PKCS8, "traditional": PrivateFormat.TraditionalOpenSSL}
ENCODINGS = {"pem": Encoding.PEM, "der": Encoding.DER}
LOCKS = {"open": NOT_LOCKED, "locked": PASSWORD}


def keys() -> dict[str, bytes]:
    """Every form of private key that there is a writer for."""
    forms = {
        f"{kind}-{form}-{encoding}-{lock}": key.private_bytes(
            ENCODINGS[encoding], FORMS[form], LOCKS[lock]
        )
        for kind, key in (("rsa", RSA), ("ec", EC), ("dsa", DSA))
        for form, encoding, lock in product(FORMS, ENCODINGS, LOCKS)
        if (form, encoding, lock) != ("traditional", "der", "locked")
    }
    ed = ed25519.Ed25519PrivateKey.generate()
    forms |= {
        f"ed25519-{name}": ed.private_bytes(encoding, PrivateFormat.PKCS8, NOT_LOCKED)
        for name, encoding in ENCODINGS.items()
    }
    forms["openssh"] = ed.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NOT_LOCKED)
    return forms


KEYS = keys()
OPEN_PEM = KEYS["rsa-pkcs8-pem-open"]
OPEN_TEXT = OPEN_PEM.decode()
BODY = "".join(OPEN_TEXT.splitlines()[1:-1])
HIDDEN = {
    "among-certificates": LEAF.pem + OPEN_PEM + LOWER.pem,
    "after-garbage": b"\x00\x01\x02garbage" + OPEN_PEM,
    "lower-case": LEAF.pem + OPEN_PEM.replace(b"BEGIN PRIVATE KEY", b"begin private key"),
    "spaces": OPEN_PEM.replace(b"BEGIN PRIVATE KEY", b"BEGIN   PRIVATE\tKEY"),
    "long-dashes": OPEN_TEXT.replace("-----", "\u2014\u2014-").encode(),
    "no-dashes": OPEN_PEM.replace(b"-", b""),
    "begin-line-lost": LEAF.pem + OPEN_PEM.split(b"\n", 1)[1],
    "cut-short": OPEN_PEM[:100],
    "other-label": OPEN_PEM.replace(b"PRIVATE KEY", b"MYSTERY PRIVATE KEY"),
    "pgp-label": OPEN_PEM.replace(b"PRIVATE KEY", b"PGP PRIVATE KEY BLOCK"),
    "labelled-certificate": OPEN_PEM.replace(b"PRIVATE KEY", b"CERTIFICATE"),
    "bare-base64": BODY.encode(),
    "base64-of-pem": base64.b64encode(OPEN_PEM),
    "utf8-mark": b"\xef\xbb\xbf" + OPEN_PEM,
    "utf16": OPEN_TEXT.encode("utf-16"),
    "utf16-no-mark": OPEN_TEXT.encode("utf-16-be"),
    "escaped-json": json.dumps({"key": OPEN_TEXT, "crt": TEXT}).encode(),
    "lone-cr": OPEN_PEM.replace(b"\n", b"\r"),
    "zero-width": OPEN_TEXT.replace("PRIVATE", "PRI\u200bVATE").encode(),
    "der-after-certificate": DER + KEYS["rsa-pkcs8-der-open"],
    "der-cut-short": KEYS["rsa-traditional-der-open"][:300],
    "putty": b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\nAAAA\n",
    "jwk": b'{"kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": "c2VjcmV0"}',
    "dotnet-xml": b"<RSAKeyValue><Modulus>x</Modulus><DP>y</DP></RSAKeyValue>",
}


@pytest.mark.parametrize(
    "data", [pytest.param(data, id=name) for name, data in (KEYS | HIDDEN).items()]
)
def test_private_key_is_found_and_never_repeated(data: bytes) -> None:
    with pytest.raises(PrivateKeyFound) as found:
        load_certificates(data)
    shown = "".join(traceback.format_exception(found.value))
    assert found.value.__cause__ is None
    assert found.value.__context__ is None
    for start in range(0, len(BODY) - 20, 20):
        assert BODY[start : start + 20] not in shown


@pytest.mark.parametrize(
    "name", ["rsa-pkcs8-der-open", "among-certificates", "utf16", "ec-traditional-der-open"]
)
def test_private_key_in_uploaded_data(name: str) -> None:
    with pytest.raises(PrivateKeyFound):
        load_uploaded(base64.b64encode((KEYS | HIDDEN)[name]).decode())


def test_well_known_roots_hold_no_private_key() -> None:
    """The search for keys is blunt; a hundred real certificates of every age must pass it."""
    roots = load_well_known().certificates
    assert len(roots) > 100
    for start in range(0, len(roots), 50):
        batch = roots[start : start + 50]
        assert load_certificates(dump_bundle(batch).encode()) == batch


def packed(data: bytes, width: int = 64) -> str:
    """Base64 in lines."""
    text = base64.b64encode(data).decode()
    return "\n".join(text[start : start + width] for start in range(0, len(text), width))


SHOWN = {
    "turned dashes": "\u2014\u2013BEGIN RSA PRIVATE KEY\u2014\u2013",
    "no dashes": "BEGIN PRIVATE KEY",
    "label in two lines": "-----BEGIN RSA PRI\nVATE KEY-----",
    "label with a hyphen": "-----BEGIN ENCRYPTED PRIV-\nATE KEY-----",
    "quoted mail": "> -----BEGIN EC PRIVATE\n> KEY-----",
    "wide letters": "BEGIN PRIVATE KEY".translate({n: n + 0xFEE0 for n in range(65, 91)}),
    "zero-width": "-----BEGIN PRI\u200bVATE KEY-----",
    "html": "&#45;&#45;BEGIN&nbsp;PRIVATE&nbsp;KEY--",
    "url": "%2D%2D%2DBEGIN%20PRIVATE%20KEY",
    "json escapes": "\\u002d\\u002dBEGIN PRIVATE\\u0020KEY",
    "putty": "PuTTY\u2011User\u2011Key\u2011File\u20113: ssh-rsa",
    "putty below": "Private\u2013Lines: 14",
    "jwk in curly quotes": "{\u201ckty\u201d:\u201cRSA\u201d, \u201cd\u201d:\u201cAbCdEf\u201d}",
    "jwk in escaped quotes": '{\\"kty\\":\\"oct\\",\\"k\\":\\"AbCdEf\\"}',
    "jwk in yaml": "kty: EC\ncrv: P-256\nd: AbCdEfGhIjKlMnOpQrSt",
    "openssl text": "priv:\n    1a:2b:3c:4d:5e:6f:70:81:92",
    "pkcs8": packed(KEYS["rsa-pkcs8-der-open"]),
    "pkcs8 narrow": packed(KEYS["rsa-pkcs8-der-open"], 12),
    "pkcs8 cut": packed(KEYS["rsa-pkcs8-der-open"])[:90],
    "pkcs8 sealed": packed(KEYS["rsa-pkcs8-der-locked"]),
    "pkcs1": "key: " + packed(KEYS["rsa-traditional-der-open"], 4000),
    "sec1 hex": KEYS["ec-traditional-der-open"].hex(":"),
    "pem again in base64": packed(b"-----BEGIN PRIVATE KEY-----\nMIIE", 400),
    "pkcs12": packed(pkcs12.serialize_key_and_certificates(b"x", EC, None, None, PASSWORD)),
    "pkcs12 in quotes": '"'
    + packed(pkcs12.serialize_key_and_certificates(b"x", EC, None, None, NoEncryption())).replace(
        "\n", '"\n"'
    )
    + '"',
    "openssh": packed(b"openssh-key-v1\0" + bytes(60)),
    "java key store": packed(b"\xfe\xed\xfe\xed" + bytes(60)),
}
NOT_SHOWN = {
    "certificate": LEAF.pem.decode(),
    "certificate in hex": LEAF.certificate.der.hex(),
    "certificate twice packed": packed(LEAF.pem),
    "public jwk": '{"kty": "RSA", "n": "' + "AbCd" * 80 + '", "e": "AQAB"}',
    "prose": "The key is private; begin again with a new one.",
    "command": "/appgw-check backend.contoso.com:8443 sni=shop.contoso.com",
}


@pytest.mark.parametrize("text", SHOWN.values(), ids=SHOWN)
def test_text_that_shows_a_private_key_is_known(text: str) -> None:
    assert holds_private_key(text)
    assert holds_private_key(f"please look at this\n{text}\nthanks")


@pytest.mark.parametrize("text", NOT_SHOWN.values(), ids=NOT_SHOWN)
def test_text_without_a_private_key_is_let_pass(text: str) -> None:
    assert not holds_private_key(text)


@pytest.mark.parametrize(
    "unit", ["MIIE", "MIIEvQIBADAN", "-BEGIN-", "kty:d:", "3082", "\ufdfa", "LS0tLS1CRUdJTi", "%2D"]
)
def test_search_for_keys_takes_time_with_the_length(unit: str) -> None:
    begun = time.process_time()
    holds_private_key((unit * 40_000)[:40_000])
    assert time.process_time() - begun < 2.0


def test_public_jwk_is_no_private_key() -> None:
    with pytest.raises(UnusableFile, match="a JSON file"):
        load_certificates(b'{"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}')


def test_file_that_slows_key_search_is_refused_soon() -> None:
    with pytest.raises(UnusableFile):
        load_certificates(b"\x30\x80\x02\x01\x00" * 200_000)


@pytest.mark.parametrize(
    "data", [bytes(range(256)), b"-----BEGIN CERTIFICATE-----\nMANhYmM=\n-----END CERTIFICATE-----"]
)
def test_refusal_shows_nothing_of_the_parser(data: bytes) -> None:
    with pytest.raises(UnusableFile, match="its bytes are damaged or are no DER") as found:
        load_certificates(data)
    assert "ParseError" not in str(found.value)


def test_certificate_of_version_ten_is_read() -> None:
    odd = DER.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09", 1)
    assert load_certificates(odd)[0].version == 10


def test_bag_knows_whether_it_is_ordered() -> None:
    assert CertificateBag(ALL) == ALL
    assert CertificateBag().ordered
    assert not CertificateBag(ALL, ordered=False).ordered


def test_dump_is_what_openssl_writes() -> None:
    assert dump_bundle(ALL).encode() == PEM
    assert dump_bundle(()) == ""


@given(st.lists(st.sampled_from(ALL), min_size=1, max_size=100))
@settings(deadline=None, max_examples=30)
def test_load_of_dump_is_the_same(certificates: list[Certificate]) -> None:
    assert load_certificates(dump_bundle(certificates).encode()) == tuple(certificates)


SEEDS = [
    DER,
    P7_DER,
    PEM,
    TEXT.encode("utf-16"),
    base64.b64encode(DER),
    KEYS["ec-pkcs8-der-open"],
    b"-----BEGIN CERTIFICATE-----\n",
]


@given(st.data())
@settings(deadline=None, max_examples=of_all(400, 80))
def test_hostile_bytes_raise_nothing_but_unusable_file(data: st.DataObject) -> None:
    content = bytearray(
        data.draw(st.sampled_from(SEEDS))
        if data.draw(st.booleans())
        else data.draw(st.binary(max_size=300))
    )
    for _ in range(data.draw(st.integers(0, 4))):
        start = data.draw(st.integers(0, len(content)))
        content[start : start + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(UnusableFile):
        assert load_certificates(bytes(content))


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: base64.b64encode(b).decode()))
@settings(deadline=None)
def test_hostile_uploads_raise_nothing_but_unusable_file(text: str) -> None:
    with pytest.raises(UnusableFile):
        load_uploaded(text)


@pytest.mark.parametrize(
    "data", [PEM, LEAF.pem, PEM.replace(b"\n", b"\r\n")], ids=["three", "one", "crlf"]
)
def test_ordinary_pem_reads_as_among_text(data: bytes) -> None:
    read = load_certificates(data)
    assert read == load_certificates(b"# a chain\n" + data)
    assert read.ordered


@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS)
def test_key_inside_an_ordinary_certificate_is_found(encoding: Encoding) -> None:
    secret = EC.private_bytes(encoding, PrivateFormat.PKCS8, NOT_LOCKED)
    hidden = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.1"), secret)
    certificate = pki.leaf(LOWER, extensions=((hidden, False),)).certificate
    with pytest.raises(PrivateKeyFound):
        load_certificates(LEAF.pem + dump_bundle([certificate]).encode())
