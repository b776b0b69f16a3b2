"""Certificates as mail, web pages, shells, source code and configuration carry them.

Each way of writing is a function of the plain text, so that certificates and private keys go
through the same ones, alone and two at a time.
"""

from __future__ import annotations

import base64
import contextlib
import html
import itertools
import json
import quopri
import re
import time
import urllib.parse
from collections.abc import Callable, Mapping

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from chainlib import PrivateKeyFound, UnusableFile, load_certificates
from playground.lab import pki
from tests.support.sampling import of_all

ROOT = pki.root()
ISSUING = pki.intermediate(ROOT)
LEAF = pki.leaf(ISSUING)
ALL = (LEAF.certificate, ISSUING.certificate)
TEXT = (LEAF.pem + ISSUING.pem).decode()
KEY = LEAF.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
Write = Callable[[str], str]


def lines(form: str) -> Write:
    """Each line in this form, with its number from 1."""
    return lambda text: "\n".join(
        form.format(number, line) for number, line in enumerate(text.splitlines(), start=1)
    )


def folded(text: str) -> str:
    """Base64 of the text in lines that are continued as LDIF does."""
    packed = base64.b64encode(text.encode()).decode()
    return "\n ".join(packed[start : start + 76] for start in range(0, len(packed), 76))


def without_markers(text: str) -> list[str]:
    """The base64 of each block."""
    bodies = re.findall(r"-----BEGIN [^-]+-----([^-]+)-----END", text)
    return ["".join(body.split()) for body in bodies]


WHOLE: Mapping[str, Write] = {
    "mail-quote": lines("> {1}"),
    "mail-quote-of-quote": lines(">> {1}"),
    "mail-quote-with-name": lines("bob> {1}"),
    "numbers": lines("{0:4d}  {1}"),
    "numbers-with-colon": lines("{0}: {1}"),
    "numbers-with-bar": lines("{0:>3} | {1}"),
    "grep": lines("/etc/ssl/chain.pem:{0}:{1}"),
    "diff": lines("+{1}"),
    "comment": lines("# {1}"),
    "slashes": lines("// {1}"),
    "log-of-compose": lines("web-1  | {1}"),
    "tabs": lines("\t{1}"),
    "backslashes": lines("{1}\\"),
    "c-strings": lines('"{1}\\n"'),
    "c-strings-continued": lines('    "{1}\\n" \\'),
    "java-strings": lines('    + "{1}\\n"'),
    "python-strings": lines("    '{1}\\n',"),
    "trailing-blanks": lines("{1}   "),
    "break-tags": lines("{1}<br>"),
    "break-tags-in-one-line": lambda text: text.replace("\n", "<br />"),
    "references": lambda text: text.replace("\n", "&#10;").replace("+", "&#43;"),
    "hex-references": lambda text: text.replace("\n", "&#xA;").replace("/", "&#x2F;"),
    "page": lambda text: f"<html><body><pre>{html.escape(text)}</pre></body></html>",
    "paragraphs": lines("<p>{1}</p>"),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
    "quoted-printable-all": lambda text: re.sub(
        r"[+/=-]", lambda found: f"={ord(found[0]):02X}", text
    ),
    "url": lambda text: urllib.parse.quote(text, safe=""),
    "url-of-nginx": urllib.parse.quote,
    "form-field": urllib.parse.quote_plus,
    "url-twice": lambda text: urllib.parse.quote(urllib.parse.quote(text)),
    "json": lambda text: json.dumps({"chain": text}),
    "json-of-php": lambda text: json.dumps({"chain": text}).replace("/", "\\/"),
    "json-of-dotnet": lambda text: json.dumps({"chain": text}).replace("+", "\\u002B"),
    "json-in-json": lambda text: json.dumps({"a": json.dumps({"chain": text})}),
    "yaml": lambda text: "chain: |\n" + lines("  {1}")(text),
    "fence": lambda text: f"```\n{text}```\n",
    "carriage-returns": lambda text: text.replace("\n", "\r"),
    "one-line": lambda text: text.replace("\n", " "),
    "glued": lambda text: text.replace("-----\n-----", "----------"),
    "lower-case": lambda text: text.replace("BEGIN", "begin").replace("END", "end"),
    "secret": lambda text: (
        "kind: Secret\ndata:\n  tls.crt: "
        + base64.b64encode(text.encode()).decode()
        + "\n  ca.crt: ''\ntype: kubernetes.io/tls\n"
    ),
    "secret-as-json": lambda text: json.dumps(
        {"data": {"tls.crt": base64.b64encode(text.encode()).decode()}}
    ),
    "secret-in-lines": lambda text: (
        "data:\n  tls.crt: >-\n    "
        + "\n    ".join(re.findall(".{1,64}", base64.b64encode(text.encode()).decode()))
        + "\ntype: Opaque\n"
    ),
    "ldif-of-pem": lambda text: f"dn: cn=x\ncACertificate:: {folded(text)}\nobjectClass: top\n",
    "base64-of-base64": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "url-alphabet": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "hex": lambda text: text.encode().hex(),
    "hex-with-colons": lambda text: text.encode().hex(":"),
    "jwks": lambda text: json.dumps({"x5c": without_markers(text)}),
    "saml": lambda text: (
        "<md>"
        + "".join(
            f"<ds:X509Certificate>\n{body}\n</ds:X509Certificate>" for body in without_markers(text)
        )
        + "</md>"
    ),
    "ldif-of-der": lambda text: "".join(
        f"userCertificate;binary:: {body[:60]}\n {body[60:]}\n" for body in without_markers(text)
    ),
    "bare-lines": lambda text: "\n\n".join(without_markers(text)),
    "bare-joined": lambda text: "\n".join(without_markers(text)),
    "assignment-in-one-line": lambda text: "CERT=" + text.replace("\n", ";"),
    "taken-away-in-a-diff": lines("-{1}"),
    "powershell-string": lambda text: '$c = "' + text.replace("\n", "`r`n") + '"',
    "log-in-json-lines": lambda text: "\n".join(
        json.dumps({"log": f"{line}\n", "stream": "stdout"}) for line in text.splitlines()
    ),
    "soft-hyphens": lambda text: text.replace("A", "A\u00ad"),
    "cells": lambda text: "".join(
        f"<tr><td>{number}</td><td>{line}</td></tr>"
        for number, line in enumerate(text.splitlines(), start=1)
    ),
    "headers-of-rfc-1421": lambda text: re.sub(
        "(-BEGIN [A-Z ]+-----\n)", r"\1X-Made-By: somebody\n\n", text
    ),
    "comment-inside": lambda text: re.sub("(-BEGIN [A-Z ]+-----\n)", r"\1# the first\n", text),
    "octal-escapes": lambda text: text.replace("\n", "\\012"),
    "visual-basic": lines('"{1}" & vbCrLf & _'),
    "javascript": lines("'{1}\\n' +"),
    "bytes-in-decimal": lambda text: json.dumps({"type": "Buffer", "data": [*text.encode()]}),
    "signed-bytes": lambda text: "\n".join(
        str([octet - 256 * (octet > 127) for octet in base64.b64decode(body)])
        for body in without_markers(text)
    ),
    "utf-32": lambda text: base64.b64encode(text.encode("utf-32")).decode(),
    "labels-alone-lost": lambda text: (
        text.replace("-----BEGIN CERTIFICATE-----\n", "crt: ")
        .replace("-----END CERTIFICATE-----", "")
        .replace("-----BEGIN PRIVATE KEY-----\n", "key: ")
        .replace("-----END PRIVATE KEY-----", "")
    ),
}


def parametrized(writers: Mapping[str, Write]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "write", [pytest.param(write, id=name) for name, write in writers.items()]
    )


@parametrized(WHOLE)
def test_chain_is_read_as_it_was_pasted(write: Write) -> None:
    assert load_certificates(write(TEXT).encode()) == ALL


@parametrized(WHOLE)
def test_key_is_found_as_it_was_pasted(write: Write) -> None:
    for text in (TEXT + KEY, KEY):
        with pytest.raises(PrivateKeyFound) as found:
            load_certificates(write(text).encode())
        assert found.value.__context__ is None


TWICE = ("mail-quote", "numbers", "c-strings", "break-tags", "quoted-printable", "url", "json")


@pytest.mark.parametrize(("inner", "outer"), list(itertools.permutations(TWICE, 2)))
def test_chain_pasted_twice_is_read_or_refused(inner: str, outer: str) -> None:
    pasted = WHOLE[outer](WHOLE[inner](TEXT)).encode()
    try:
        assert load_certificates(pasted) == ALL
    except PrivateKeyFound:
        raise
    except UnusableFile as refused:
        assert "line" in str(refused)  # noqa: PT017 -- read or refused, both are right
    with pytest.raises(PrivateKeyFound):
        load_certificates(WHOLE[outer](WHOLE[inner](KEY)).encode())


def xxd(data: bytes) -> str:
    rows = [data[start : start + 16] for start in range(0, len(data), 16)]
    return "\n".join(
        f"{16 * number:08x}: {row.hex(' ', 2):<39}  "
        + "".join(chr(octet) if 32 <= octet < 127 else "." for octet in row)
        for number, row in enumerate(rows)
    )


def hexdump(data: bytes) -> str:
    rows = [data[start : start + 16] for start in range(0, len(data), 16)]
    return "\n".join(
        f"{16 * number:08x}  {row[:8].hex(' ')}  {row[8:].hex(' ')}  |................|"
        for number, row in enumerate(rows)
    )


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda data: data.hex(), id="plain"),
        pytest.param(lambda data: data.hex(" ").upper(), id="blanks"),
        pytest.param(lambda data: "\n".join(re.findall(".{1,48}", data.hex(":"))), id="colons"),
        pytest.param(lambda data: "0x" + data.hex(), id="sql"),
        pytest.param(lambda data: "\\x" + data.hex(), id="bytea"),
        pytest.param(lambda data: "{" + ", ".join(f"0x{o:02x}" for o in data) + "};", id="c-array"),
        pytest.param(xxd, id="xxd"),
        pytest.param(hexdump, id="hexdump"),
    ],
)
def test_hex_of_der_is_read(write: Callable[[bytes], str]) -> None:
    assert load_certificates(write(LEAF.certificate.der).encode()) == (LEAF.certificate,)
    der = LEAF.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(PrivateKeyFound):
        load_certificates(write(der).encode())


def request() -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    made = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return made.public_bytes(Encoding.PEM).decode()


DH = "-----BEGIN DH PARAMETERS-----\nMAYCAQUCAQI=\n-----END DH PARAMETERS-----\n"
CURVE = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


@pytest.mark.parametrize(
    "beside", [pytest.param(DH, id="dh"), pytest.param(CURVE, id="curve"), "csr"]
)
def test_public_parts_beside_the_chain_are_passed_over(beside: str) -> None:
    more = request() if beside == "csr" else beside
    assert load_certificates((TEXT + more).encode()) == ALL
    assert load_certificates((more + TEXT).encode()) == ALL
    with pytest.raises(UnusableFile, match=r"block 1 is .* \(line 1\)"):
        load_certificates(more.encode())


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(
            lambda text: text.replace(text.splitlines()[3], "MII...abc"),
            "line 4 holds an ellipsis",
            id="ellipsis",
        ),
        pytest.param(
            lambda text: text.replace(text.splitlines()[3], "MIIB%abc"),
            'line 4 holds the character "%"',
            id="sign",
        ),
        pytest.param(
            lambda text: text.replace("-----END CERTIFICATE-----", "", 1),
            "no END line",
            id="no-end",
        ),
        pytest.param(
            lambda text: text.replace("-----BEGIN CERTIFICATE-----", "", 1),
            "block 1 is damaged: its END line has no BEGIN line",
            id="no-begin",
        ),
        pytest.param(
            lambda text: text + "-----BEGIN THING-----\nAAAA\n-----END THING-----\n",
            f"block 3 is no certificate (line {len(TEXT.splitlines()) + 1})",
            id="other-block",
        ),
    ],
)
def test_sentence_names_what_is_in_the_way(spoil: Write, words: str) -> None:
    with pytest.raises(UnusableFile) as refused:
        load_certificates(spoil(TEXT).encode())
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@given(st.data())
@settings(deadline=None, max_examples=of_all(80, 30))
def test_hostile_pastes_raise_nothing_but_unusable_file(data: st.DataObject) -> None:
    text = WHOLE[data.draw(st.sampled_from(sorted(WHOLE)))](TEXT)
    for _ in range(data.draw(st.integers(0, 4))):
        start = data.draw(st.integers(0, len(text)))
        more = data.draw(st.text(max_size=4) | st.sampled_from(["&#10;", "%0A", "=\n", "<br>"]))
        text = text[:start] + more + text[start + data.draw(st.integers(0, 5)) :]
    with contextlib.suppress(UnusableFile):
        assert load_certificates(text.encode("utf-8", "replace"))


BUSY = {
    "markers": "-----BEGIN A-----",
    "tags": "<a ",
    "references": "&#10",
    "percent": "%0A",
    "quotes": "> ",
    "tokens": "A" * 41 + " ",
    "lines": "A" * 40 + "\n",
    "hex": "30 80 ",
    "equals": "=\n",
    "escapes": "\\u00",
    "blanks": " ",
    "marks": "> '\" ",
    "starts": "MIAC" * 10 + "\n",
    "blocks": "-----BEGIN CERTIFICATE-----\n> 1: MIIB\n-----END CERTIFICATE-----\n",
}


@pytest.mark.parametrize("piece", [pytest.param(piece, id=name) for name, piece in BUSY.items()])
def test_text_made_to_keep_readers_busy_ends(piece: str) -> None:
    text = piece * (of_all(256, 64) * 1024 // len(piece))
    block = f"x-----BEGIN CERTIFICATE-----\n{text}x\n-----END CERTIFICATE-----\n"
    began = time.process_time()
    for busy in (text, block, block.replace("\n", " x\n")):
        with contextlib.suppress(UnusableFile):
            load_certificates(busy.encode())
    assert time.process_time() - began < of_all(20, 4)


def test_values_nested_in_values_end() -> None:
    """Each level of such a file multiplied the work by six: this one took hours."""
    data = b"hello " * 10
    for _ in range(9):
        inner = base64.b64encode(data).decode()
        data = f"-BEGIN x \\/ &amp;amp;amp;amp;amp;amp; \n{inner}\n".encode()
    began = time.process_time()
    with pytest.raises(UnusableFile):
        load_certificates(data)
    assert time.process_time() - began < of_all(20, 5)
