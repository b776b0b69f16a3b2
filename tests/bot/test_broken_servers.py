"""`appgw check` against servers that fail as servers in the field do: cause, steps, exit status."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.terminal.commands import CheckOptions, run_check
from playground.lab import peers, pki
from playground.lab.peers import LoopbackServer, Script, ScriptedPeer
from playground.lab.servers import (
    OLD,
    TLS_1_2,
    TLS_1_3,
    TlsBackend,
    TlsSettings,
    respond,
    respond_raw,
)
from tests.support import slow_peers
from tests.support.odd_servers import (
    Crumbles,
    ExpectsProxyHeader,
    KnowsNames,
    OneGroup,
    SpeaksFirst,
    WarnsFirst,
    WeakGroup,
    accept_and_close,
    alert,
    answer,
    closes_without,
    half_close,
    speaks_first,
    suites,
)
from tests.support.raw_tls import tls12_list, tls13_list
from tests.support.tls_server import NAME, Estate
from tests.support.waiting import LIMIT_S

ESTATE = Estate()
RSA_LEAF = pki.leaf(
    ESTATE.intermediate, NAME, key=rsa.generate_private_key(public_exponent=65537, key_size=2048)
)
RSA_CHAIN = (RSA_LEAF.certificate, ESTATE.intermediate.certificate)
OTHER_ROOT = pki.root("Other Root")
OTHER_CA = pki.intermediate(OTHER_ROOT, "Other Issuing CA")
FOREIGN = (ESTATE.leaf.certificate, OTHER_CA.certificate, OTHER_ROOT.certificate)
NO_CA = pki.intermediate(ESTATE.root, "No CA", ca=False)
NO_CA_LEAF = pki.leaf(NO_CA, NAME)
DERS = [certificate.der for certificate in ESTATE.chain]
SETTINGS_FRAME = b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18)
EMPTY_SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
GOAWAY_FRAME = b"\x00\x00\x08\x07\x00\x00\x00\x00\x00" + bytes(8)
PYTHON = re.compile(r"""(?<!\w)b['"]|<class|Error\(|errno|Traceback|Errno|<Cause|<Http""")
NAMED, NAMELESS = "named", "nameless"


def raw(script: Script) -> Callable[[], LoopbackServer]:
    """A peer that is no TLS server."""
    return lambda: ScriptedPeer(script)


def tls(**settings: Any) -> Callable[[], LoopbackServer]:  # noqa: ANN401 -- as given
    """A backend with the complete chain and these TLS settings."""
    return lambda: ESTATE.backend(tls=TlsSettings(**settings))


def http(answered: bytes, **settings: Any) -> Callable[[], LoopbackServer]:  # noqa: ANN401 -- as given
    """A backend that answers each request with these bytes."""
    return lambda: ESTATE.backend(http=respond_raw(answered), tls=TlsSettings(**settings))


def kind(cls: type[TlsBackend], **rest: Any) -> Callable[[], LoopbackServer]:  # noqa: ANN401 -- as given
    """A server of this class with an RSA leaf."""
    return lambda: cls(chain=RSA_CHAIN, key=RSA_LEAF.key, **rest)


def first(said: bytes, then: bytes = b"", *, reset: bool = False) -> Callable[[], LoopbackServer]:
    """A TLS server that speaks before it is asked, then answers with `then`."""
    return lambda: speaks_first(
        SpeaksFirst(chain=ESTATE.chain, key=ESTATE.leaf.key), said, then, reset=reset
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A server and what is said about it.

    Attributes:
        server: starts it.
        status: exit status.
        headline: the code.
        leads: the candidates that may come first; empty asks for none.
        listed: a candidate that must be among them.
        reason: of the evidence; empty is not looked at.
        says, silent_about: words in the text, and words that must not be there.
        asked: with a server name, without one, or without one while one is known.
    """

    server: Callable[[], LoopbackServer]
    status: int
    headline: str
    leads: tuple[str, ...] = ()
    listed: str = ""
    reason: str = ""
    says: str = ""
    silent_about: str = ""
    asked: str = NAMED


def failed(server: Callable[[], LoopbackServer], *leads: str, **rest: Any) -> Case:  # noqa: ANN401 -- fields
    """No list came, and the handshake's code is the general one."""
    return Case(server=server, leads=leads, **({"status": 3, "headline": "TLS_FAILED"} | rest))


def sni(server: Callable[[], LoopbackServer], **rest: Any) -> Case:  # noqa: ANN401 -- fields
    """The server wants a name and gets none."""
    facts = {"status": 3, "headline": "SNI_REQUIRED", "leads": ("sni-required",)}
    return Case(server=server, **(facts | {"asked": NAMELESS} | rest))  # type: ignore[arg-type]


def unanswered(server: Callable[[], LoopbackServer], *leads: str, **rest: Any) -> Case:  # noqa: ANN401 -- fields
    """TLS works, HTTP does not."""
    return Case(server=server, leads=leads, **({"status": 1, "headline": "HTTP_FAILED"} | rest))


def fine(server: Callable[[], LoopbackServer], **rest: Any) -> Case:  # noqa: ANN401 -- fields
    """Nothing is wrong."""
    return Case(server=server, status=0, headline="OK", **rest)


_SILENT = ("name-unknown", "proxy-protocol", "load-balancer-without-members")
_LARGE = b"HTTP/1.1 200 OK\r\nX-Large: %b\r\nContent-Length: 0\r\n\r\n"

CASES: dict[str, Case] = {
    # nothing is wrong
    "rsa key exchange": fine(kind(TlsBackend, tls=suites("AES128-SHA256"))),
    "one suite": fine(kind(TlsBackend, tls=suites("ECDHE-RSA-AES256-GCM-SHA384"))),
    "tls 1.3 only": fine(tls(versions=TLS_1_3)),
    "interim answers": fine(http(b"HTTP/1.1 103 X\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")),
    "no reason phrase": fine(http(b"HTTP/1.1 204\r\n\r\n")),
    "bare line feeds": fine(http(b"HTTP/1.1 200 OK\nX: y\n\n")),
    "http 1.0": fine(http(b"HTTP/1.0 200 OK\r\n\r\n")),
    "warning about the name first": fine(kind(WarnsFirst, tls=TlsSettings(versions=TLS_1_2))),
    "p-521 only": fine(kind(OneGroup)),
    "crumbs": fine(kind(Crumbles)),
    "client certificate optional": fine(tls(client_certificate=ssl.CERT_OPTIONAL)),
    # the name
    "no name, closed": sni(raw(peers.close)),
    "no name, reset": sni(raw(peers.reset)),
    "no name, alert 112": sni(raw(alert(112))),
    "no name, alert 80": sni(raw(alert(80))),
    "no name, alert 40": sni(raw(alert(40))),
    "no name, alert 49": sni(raw(alert(49))),
    "name known, reset": sni(
        kind(KnowsNames, refusal=peers.reset_at_once, named=NAME), asked="known", says=NAME
    ),
    "name known, closed": sni(
        kind(KnowsNames, refusal=accept_and_close, named=NAME), asked="known", says=NAME
    ),
    "name known, alert 112": sni(
        kind(KnowsNames, refusal=alert(112, after_read=False), named=NAME), asked="known", says=NAME
    ),
    "name known, closed all the same": failed(
        raw(peers.close),
        "load-balancer-without-members",
        "proxy-protocol",
        listed="sni-required",
        asked="known",
    ),
    "name unknown, alert 112": failed(raw(alert(112)), "name-unknown", says=NAME),
    "name unknown, alert 80": failed(raw(alert(80)), "name-unknown"),
    "name unknown, alert 49": failed(raw(alert(49)), "name-unknown"),
    "name unknown, reset, default answers": failed(
        kind(KnowsNames, refusal=peers.reset_at_once, unwanted=NAME), "name-unknown", reason="reset"
    ),
    "name unknown, alert 40, default answers": failed(
        kind(KnowsNames, refusal=alert(40, after_read=False), unwanted=NAME), "name-unknown"
    ),
    # what nobody can tell from outside
    "closes at once": failed(
        raw(accept_and_close), *_SILENT, listed="load-balancer-without-members"
    ),
    "closes after the hello": failed(raw(peers.close), *_SILENT, listed="proxy-protocol"),
    "half-closes": failed(raw(half_close), *_SILENT, reason="closed"),
    "resets": failed(raw(peers.reset), *_SILENT, listed="no-common-cipher", reason="reset"),
    "silent": failed(raw(slow_peers.silent), "not-https", reason="timeout"),
    "very slow": failed(
        raw(slow_peers.crawl(b"\x16\x03\x03\x40\x00" + bytes(900))), reason="timeout"
    ),
    # the PROXY protocol
    "expects a PROXY header": failed(
        kind(ExpectsProxyHeader), "proxy-protocol", says="PROXY", reason="closed"
    ),
    "expects a PROXY header, no name": failed(
        kind(ExpectsProxyHeader), "proxy-protocol", asked=NAMELESS
    ),
    "expects a PROXY header of version 2": failed(
        raw(closes_without(bytes.fromhex("0d0a0d0a000d0a515549540a"))),
        *_SILENT,
        listed="proxy-protocol",
        says="version 2 was not tried",
    ),
    # an end in good order
    "close_notify": failed(raw(alert(0, level=1)), *_SILENT, "no-common-cipher", reason="closed"),
    "close_notify, fatal": failed(raw(alert(0)), *_SILENT, "no-common-cipher", reason="closed"),
    "close_notify, no name": sni(raw(alert(0, level=1))),
    "user_canceled": failed(raw(alert(90)), *_SILENT, "no-common-cipher", reason="closed"),
    # algorithms and versions
    "alert 40": failed(raw(alert(40)), "no-common-cipher", "name-unknown", listed="name-unknown"),
    "alert 71": failed(raw(alert(71)), "no-common-cipher"),
    "alert 115": failed(raw(alert(115)), "no-common-cipher"),
    "alert 109": failed(raw(alert(109)), "no-common-cipher"),
    "alert 47": failed(raw(alert(47)), "no-common-cipher"),
    "alert 86": failed(raw(alert(86)), "no-common-cipher", listed="name-unknown"),
    "alert 120": failed(raw(alert(120)), "not-https"),
    "alert 116 before the list": Case(
        server=raw(alert(116)), status=3, headline="CLIENT_CERTIFICATE_REQUIRED"
    ),
    "alert 48 before the list": failed(raw(alert(48)), "client-certificate"),
    "aria only": failed(
        kind(TlsBackend, tls=suites("ECDHE-ARIA128-GCM-SHA256")), "no-common-cipher", says="ARIA"
    ),
    "aria only, no name": failed(
        kind(TlsBackend, tls=suites("ECDHE-ARIA128-GCM-SHA256")),
        "no-common-cipher",
        asked=NAMELESS,
    ),
    "camellia only": failed(
        kind(TlsBackend, tls=suites("CAMELLIA128-SHA256")), "no-common-cipher", "name-unknown"
    ),
    "psk only": failed(kind(TlsBackend, tls=suites("PSK-AES128-CBC-SHA256")), "no-common-cipher"),
    "tls 1.0 and 1.1": Case(server=tls(versions=OLD), status=3, headline="TLS_VERSION_UNSUPPORTED"),
    "alert 70": Case(server=raw(alert(70)), status=3, headline="TLS_VERSION_UNSUPPORTED"),
    "answers in tls 1.0": Case(
        server=raw(tls12_list(DERS, version=0x0301)), status=3, headline="TLS_VERSION_UNSUPPORTED"
    ),
    "no secure renegotiation": failed(
        raw(tls12_list(DERS, secure=False)), "legacy-renegotiation", says="secure renegotiation"
    ),
    "weak diffie-hellman": Case(
        server=kind(WeakGroup, tls=suites("DHE-RSA-AES128-GCM-SHA256")),
        status=1,
        headline="TLS_FAILED",
        leads=("weak-dh",),
        says="Diffie-Hellman group is too small",
    ),
    # the list came
    "other key, tls 1.2": Case(
        server=raw(tls12_list(DERS)), status=1, headline="TLS_FAILED", leads=("key-mismatch",)
    ),
    "signs with sha-1": Case(
        server=raw(tls12_list(DERS, scheme=b"\x02\x03")),
        status=1,
        headline="TLS_FAILED",
        leads=("no-common-cipher",),
        says="SHA-1",
    ),
    "signs with another key's algorithm": Case(
        server=raw(tls12_list(DERS, scheme=b"\x04\x01")),
        status=1,
        headline="TLS_FAILED",
        leads=("key-mismatch",),
        reason="key-mismatch",
    ),
    "other key, tls 1.3": Case(
        server=raw(tls13_list(DERS)),
        status=1,
        headline="TLS_FAILED",
        leads=("key-mismatch",),
        says="private key",
    ),
    "reset after the list": Case(
        server=raw(tls12_list(DERS, ending=peers.reset_at_once)),
        status=1,
        headline="TLS_FAILED",
        leads=("key-mismatch",),
        reason="reset",
    ),
    "alert 51 after the list": Case(
        server=raw(tls12_list(DERS, ending=alert(51, after_read=False))),
        status=1,
        headline="TLS_FAILED",
        leads=("key-mismatch",),
        reason="alert",
    ),
    "empty list": failed(raw(tls12_list([])), "name-unknown", says="empty certificate list"),
    "client certificate, tls 1.2": Case(
        server=tls(versions=TLS_1_2, client_certificate=ssl.CERT_REQUIRED),
        status=1,
        headline="CLIENT_CERTIFICATE_REQUIRED",
    ),
    "client certificate, tls 1.3": Case(
        server=tls(versions=TLS_1_3, client_certificate=ssl.CERT_REQUIRED),
        status=1,
        headline="CLIENT_CERTIFICATE_REQUIRED",
    ),
    "client certificate, 403": Case(
        server=lambda: ESTATE.backend(
            tls=TlsSettings(client_certificate=ssl.CERT_OPTIONAL), http=respond(403)
        ),
        status=1,
        headline="CLIENT_CERTIFICATE_REQUIRED",
    ),
    # not TLS
    "smtp": Case(
        server=raw(peers.say(b"220 mail.contoso.com ESMTP\r\n")),
        status=3,
        headline="NOT_TLS",
        leads=("not-https",),
        says="STARTTLS",
    ),
    "imap": Case(
        server=raw(peers.say(b"* OK ready\r\n")), status=3, headline="NOT_TLS", says="IMAP"
    ),
    "ssh": Case(server=raw(peers.say(b"SSH-2.0-x\r\n")), status=3, headline="NOT_TLS", says="SSH"),
    "xmpp": Case(
        server=raw(peers.say(b"<?xml version='1.0'?><stream:stream>")),
        status=3,
        headline="NOT_TLS",
        says="XMPP",
        silent_about="plain HTTP",
    ),
    "page without a status line": Case(
        server=raw(answer(b"<HTML><title>400")), status=3, headline="NOT_TLS", says="plain HTTP"
    ),
    "plain http": Case(
        server=raw(peers.plain_http), status=3, headline="NOT_TLS", says="plain HTTP"
    ),
    "mysql": Case(
        server=raw(peers.say(b"\x4a\x00\x00\x00\x0a8.0.36\x00")), status=3, headline="NOT_TLS"
    ),
    "ldap": Case(
        server=raw(answer(b"0\x0c\x02\x01\x00x")), status=3, headline="NOT_TLS", says="LDAP"
    ),
    "postgresql": Case(
        server=raw(answer(b"E\x00\x00\x00\x85SFATAL\x00VFATAL\x00C0A000\x00")),
        status=3,
        headline="NOT_TLS",
        says="PostgreSQL, which begins TLS within its own messages",
        silent_about="Enable HTTPS for this port",
    ),
    "http 2 without tls": Case(
        server=raw(answer(SETTINGS_FRAME)), status=3, headline="NOT_TLS", says="HTTP/2 without TLS"
    ),
    "alert 50": failed(raw(alert(50)), reason="alert", silent_about="common cipher, for"),
    "alert 113": failed(raw(alert(113)), reason="alert", says="bad_certificate_status_response"),
    "record that is too long": failed(
        raw(answer(b"\x16\x03\x03\xff\xff" + bytes(2000))), "not-https", says="longer than allowed"
    ),
    # not HTTP
    "http 2, settings": unanswered(
        first(SETTINGS_FRAME, GOAWAY_FRAME), "http2-only", says="HTTP/2"
    ),
    "http 2, empty settings": unanswered(first(EMPTY_SETTINGS), "http2-only", says="HTTP/2"),
    "http 2, goaway alone": unanswered(first(b"", GOAWAY_FRAME), "http2-only", says="HTTP/2"),
    "header of 70,000 bytes": unanswered(
        http(_LARGE % (b"a" * 70_000)), "header-too-large", silent_about="another protocol"
    ),
    "endless header": unanswered(
        http(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000), "header-too-large"
    ),
    "header of 12,000 bytes": Case(
        server=http(_LARGE % (b"a" * 12_000)),
        status=0,
        headline="HTTP_FAILED",
        leads=("header-too-large",),
        says="8 KiB",
    ),
    "header of 7,000 bytes": fine(http(_LARGE % (b"a" * 7_000))),
    "no status line": unanswered(http(b"<html>hello</html>"), "not-http"),
    "binary": unanswered(http(b"\x00\xff\x01\x02binary"), "not-http"),
    "status without number": unanswered(http(b"HTTP/1.1 fine\r\n\r\n"), "not-http"),
    "ssh over tls": unanswered(first(b"SSH-2.0-x\r\n"), "not-http"),
    "closes over the request": unanswered(http(b""), "closed", reason="closed"),
    "resets over the request": unanswered(first(b"", reset=True), "closed"),
    "closes after half a header": unanswered(http(b"HTTP/1.1 200 OK\r\nA"), "closed"),
    "asked for a client certificate, then closed": unanswered(
        http(b"", versions=TLS_1_2, client_certificate=ssl.CERT_OPTIONAL), "client-certificate"
    ),
    # another status
    "421": Case(
        server=lambda: ESTATE.backend(http=respond(421)),
        status=1,
        headline="HTTP_STATUS_MISMATCH",
        says="same name in the handshake",
    ),
    "403 without a request": Case(
        server=lambda: ESTATE.backend(http=respond(403)),
        status=1,
        headline="HTTP_STATUS_MISMATCH",
        silent_about="The server demands",
    ),
    "foreign root behind a gap": Case(
        server=lambda: TlsBackend(chain=FOREIGN, key=ESTATE.leaf.key),
        status=1,
        headline="INTERMEDIATE_MISSING",
        says="cannot be told while a certificate is missing",
    ),
    "issuer that is no CA": Case(
        server=lambda: TlsBackend(
            chain=(NO_CA_LEAF.certificate, NO_CA.certificate), key=NO_CA_LEAF.key
        ),
        status=1,
        headline="CA_CONSTRAINT_VIOLATED",
    ),
    "404": Case(
        server=lambda: ESTATE.backend(http=respond(404)), status=1, headline="HTTP_STATUS_MISMATCH"
    ),
    "405": Case(
        server=lambda: ESTATE.backend(http=respond(405)),
        status=1,
        headline="HTTP_STATUS_MISMATCH",
        says="answer GET",
    ),
    "503": Case(
        server=lambda: ESTATE.backend(http=respond(503)),
        status=1,
        headline="HTTP_STATUS_MISMATCH",
        says="application runs",
        silent_about="signing in",
    ),
    "496": Case(
        server=lambda: ESTATE.backend(http=respond(496)),
        status=1,
        headline="HTTP_STATUS_MISMATCH",
        says="ssl_verify_client",
    ),
    "imap over tls": unanswered(first(b"* OK ready\r\n"), "not-http", says="IMAP"),
}


def _options(case: Case, server: LoopbackServer, root: Path, *, as_json: bool) -> CheckOptions:
    nameless = case.asked == NAMELESS
    return CheckOptions(
        target=f"{server.host}:{server.port}",
        sni=None,
        host_name=NAME if case.asked == NAMED else None,
        path=None,
        live_name=NAME if case.asked == "known" else None,
        roots=(root,),
        auth_certificates=(),
        sku="v2",
        validate_chain=True,
        validate_name=not nameless,
        at="2026-11-23T09:00:00Z",
        timeout=LIMIT_S,
        as_json=as_json,
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The estate's root in a file."""
    path = tmp_path_factory.mktemp("root") / "root.pem"
    path.write_bytes(ESTATE.root.pem)
    return path


@pytest.mark.parametrize("named", CASES, ids=str)
async def test_check_names_the_cause(
    named: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = CASES[named]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # weak algorithms on purpose
        async with case.server() as server:
            status = await asyncio.to_thread(run_check, _options(case, server, root, as_json=True))
    text = capsys.readouterr().out
    report = json.loads(text)
    assert (status, report["headline"]) == (case.status, case.headline)
    _assert_evidence(case, report)
    _assert_words(case, text)


def _assert_evidence(case: Case, report: dict[str, Any]) -> None:
    if not report["findings"]:
        assert not case.leads
        return
    evidence = report["findings"][0]["evidence"]
    candidates = evidence.get("candidates", [])
    assert not case.leads or candidates[0] in case.leads
    assert not case.listed or case.listed in candidates
    assert evidence.get("reason", "") == (case.reason or evidence.get("reason", ""))
    if case.headline == "SNI_REQUIRED":
        assert "NO_SNI" in {finding["code"] for finding in report["findings"]}
        assert evidence["without_server_name"]
        known = case.asked == "known"
        assert ("with_server_name" in evidence) is known
        assert (NAME in report["findings"][0]["fix"]["steps"][0]) is known


def _assert_words(case: Case, text: str) -> None:
    assert case.says in text
    assert not case.silent_about or case.silent_about not in text
    assert not PYTHON.search(text)


async def test_repair_line_names_no_unfit_issuer(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = CASES["issuer that is no CA"]
    async with case.server() as server:
        await asyncio.to_thread(run_check, _options(case, server, root, as_json=False))
    assert "a CA that may do so has to issue it anew" in capsys.readouterr().out


@pytest.mark.parametrize(
    "named", ["closes at once", "http 2, settings", "binary", "name known, reset"], ids=str
)
async def test_text_holds_no_python_notation(
    named: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = CASES[named]
    async with case.server() as server:
        await asyncio.to_thread(run_check, _options(case, server, root, as_json=False))
    text = capsys.readouterr().out
    assert not PYTHON.search(text)
    _assert_words(Case(server=case.server, status=0, headline=""), text)
