"""Odd certificates and pasted files through `appgw check` and `appgw rehearse`.

The command lines are parsed by the program itself; servers listen on loopback and send the bytes
as they are.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.cli import run as run_words
from chainlib import Certificate
from playground.lab import pki
from playground.lab.servers import TlsBackend
from tests.support import handmade_certificates as handmade
from tests.support import odd_certificates as odd

HOST = "app.contoso.test"
AT = "2026-11-23T09:00:00Z"
KEYS = tuple(ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
IMPOSSIBLE = re.compile(
    r"(?:host name|probe\)) to (?:one of: )?(?:\*|https?:)|see the thread|<class|b'|Traceback"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A chain and what is said about it.

    Attributes:
        chain: the odd chain; the root is uploaded.
        status, headline: exit status and code.
        asked: the host name.
        says: words in the text.
        sends_root: the root is sent as well.
    """

    chain: handmade.Chain
    status: int = 0
    headline: str = "OK"
    asked: str = HOST
    says: str = ""
    sends_root: bool = False


def changed(**changes: handmade.Change) -> handmade.Chain:
    """The usual chain with these changes by place."""
    return handmade.chain(HOST, "-".join(changes), keys=KEYS, **changes)


def kind(oddity: str, *places: str, **rest: Any) -> Row:  # noqa: ANN401 -- fields
    """A chain with this oddity at these places."""
    return Row(chain=changed(**dict.fromkeys(places, odd.ODDITIES[oddity])), **rest)


def named(*names: str, **rest: Any) -> Row:  # noqa: ANN401 -- fields
    """A leaf with these DNS names in its SAN."""
    return Row(chain=handmade.chain(HOST, "names", keys=KEYS, leaf=odd.with_names(*names)), **rest)


def refused(asked: str = HOST, says: str = "") -> dict[str, Any]:
    """The name does not fit."""
    return {"status": 1, "headline": "NAME_MISMATCH", "asked": asked, "says": says}


ROWS: dict[str, Row] = {
    "star in a printable string": kind("printable-star", "leaf"),
    "ampersand above the leaf": kind(
        "printable-ampersand", "issuing", "root", sends_root=True, says="more sent than needed"
    ),
    "empty rdn": kind("empty-rdn", "leaf"),
    "year 0": kind("year-0000", "leaf"),
    "year 9999": kind("year-9999", "leaf"),
    "version 4": kind("version-4", "leaf", "issuing"),
    "null in the signature": kind("ecdsa-null", "leaf", "issuing", "root"),
    "written default": kind("ca-false-written", "leaf"),
    "repeated attribute": kind("repeated-attribute", "issuing"),
    "unknown critical extension": kind(
        "unknown-critical", "leaf", status=1, headline="VERIFY_FAILED"
    ),
    "no date": kind("month-13", "leaf", status=1, headline="VERIFY_FAILED"),
    "underscore": named("my_app.contoso.test", asked="my_app.contoso.test"),
    "wildcard": named("*.contoso.test"),
    "wildcard, two labels": named(
        "*.contoso.test", **refused("a.app.contoso.test", says="one label")
    ),
    "part of a label": named("a*p.contoso.test", **refused()),
    "wildcard in an a-label": named("xn--*.contoso.test", **refused("xn--bcher-kva.contoso.test")),
    "dot at the end": named(f"{HOST}.", **refused(says="dot")),
    "url": named(f"https://{HOST}", **refused()),
}


def run(*words: str) -> int:
    """The exit status of the program with these words."""
    return run_words(words)


class Sends(TlsBackend):
    """Sends DER that `cryptography` may refuse; the key belongs to the first."""

    def __init__(self, *ders: bytes, key: ec.EllipticCurvePrivateKey) -> None:
        chain = [Certificate.from_der(der) for der in ders]
        super().__init__(chain=chain, key=key)


@pytest.mark.parametrize("name", ROWS, ids=str)
async def test_odd_certificate_over_the_wire(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = ROWS[name]
    root = tmp_path / "root.pem"
    root.write_text(ssl.DER_cert_to_PEM_cert(row.chain.root.der))
    sent = [row.chain.leaf.der, row.chain.issuing.der]
    sent += [row.chain.root.der] if row.sends_root else []
    async with Sends(*sent, key=KEYS[0]) as server:
        words = ["check", f"{server.host}:{server.port}", "--root", str(root), "--at", AT]
        words += ["--host-name", row.asked]
        in_json = await asyncio.to_thread(run, *words, "--json")
        report = json.loads(capsys.readouterr().out)
        in_text = await asyncio.to_thread(run, *words)
    text = capsys.readouterr().out
    assert (in_json, in_text, report["headline"]) == (row.status, row.status, row.headline)
    assert "CERTIFICATE_UNREADABLE" not in {one["code"] for one in report["findings"]}
    assert row.says in text
    assert not IMPOSSIBLE.search(text)


PLAIN = changed()
ODD = handmade.chain(HOST, "", keys=KEYS, leaf=odd.ODDITIES["empty-rdn"])
BLOCKS = "".join(ssl.DER_cert_to_PEM_cert(one.der) for one in (PLAIN.leaf, PLAIN.issuing))
SECRET = KEYS[0].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
FILES: dict[str, Callable[[], str | bytes]] = {
    "plain": lambda: BLOCKS,
    "crlf": lambda: BLOCKS.replace("\n", "\r\n"),
    "cr": lambda: BLOCKS.replace("\n", "\r"),
    "utf-16": lambda: BLOCKS.encode("utf-16"),
    "one line": lambda: BLOCKS.replace("\n", ""),
    "base64 of it": lambda: base64.b64encode(BLOCKS.encode()).decode(),
    "json": lambda: json.dumps({"chain": BLOCKS.replace("\n", "\r\n")}),
    "html": lambda: BLOCKS.replace("\n", "&#10;").replace("+", "&#43;"),
    "mail": lambda: "".join(f"> {line}\n" for line in BLOCKS.splitlines()),
    "backslashes": lambda: "".join(f"{line}\\\n" for line in BLOCKS.splitlines()),
    "fence": lambda: f"```pem\n{BLOCKS}```\n",
    "secret": lambda: f"data:\n  tls.crt: {base64.b64encode(BLOCKS.encode()).decode()}\n",
    "ldif": lambda: f"cACertificate:: {base64.b64encode(BLOCKS.encode()).decode()}\n",
    "log": lambda: "".join(json.dumps({"log": f"{one}\n"}) + "\n" for one in BLOCKS.splitlines()),
    "odd": lambda: "".join(ssl.DER_cert_to_PEM_cert(one.der) for one in (ODD.leaf, ODD.issuing)),
}


def rehearse(data: str | bytes, folder: Path) -> int:
    """Rehearse these bytes with the plain root."""
    chain, root = folder / "chain.pem", folder / "root.pem"
    chain.write_bytes(data if isinstance(data, bytes) else data.encode())
    root.write_text(ssl.DER_cert_to_PEM_cert(PLAIN.root.der))
    return run("rehearse", str(chain), "--root", str(root), "--name", HOST, "--at", AT, "--json")


@pytest.mark.parametrize("name", FILES, ids=str)
def test_pasted_file_is_rehearsed(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearse(FILES[name](), tmp_path) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["headline"], len(report["presented"])) == ("OK", 2)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(BLOCKS.replace("M", "*", 3), 'the character "*"', id="foreign sign"),
        pytest.param(BLOCKS[:700], "END line", id="cut short"),
        pytest.param("<!doctype html><html>sign in</html>", "web page", id="web page"),
        pytest.param(BLOCKS + SECRET, "private key", id="private key"),
        pytest.param(b"\x1f\x8b\x08\x00", "gzip", id="archive"),
        pytest.param("", "empty", id="empty"),
    ],
)
def test_unusable_file_is_one_sentence(
    data: str | bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearse(data, tmp_path) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert SECRET.splitlines()[1] not in said.err


def test_odd_authentication_certificate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chain, other = tmp_path / "chain.pem", tmp_path / "other.pem"
    chain.write_text(ssl.DER_cert_to_PEM_cert(ODD.leaf.der))
    other.write_bytes(pki.root().pem)
    words = ("rehearse", str(chain), "--sku", "v1", "--name", HOST, "--at", AT, "--json")
    assert run(*words, "--auth-cert", str(chain)) == 0
    assert json.loads(capsys.readouterr().out)["headline"] == "OK"
    assert run(*words, "--auth-cert", str(other)) == 1
    assert json.loads(capsys.readouterr().out)["headline"] == "AUTH_CERTIFICATE_MISMATCH"
