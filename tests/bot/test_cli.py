"""The `appgw` program.

Exit statuses and streams through the real process, files and options through the same functions in
process.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)

from bot.terminal.commands import CheckOptions, RehearseOptions, run_check, run_rehearse
from playground.lab import peers, pki
from playground.lab.peers import ScriptedPeer
from playground.lab.servers import TlsBackend
from tests.support.tls_server import NAME, Estate
from tests.support.waiting import LIMIT_S, within_limit
from tests.support.warm import appgw

ESTATE = Estate()
AT = "2026-11-23T09:00:00Z"
APPGW = Path(sys.executable).with_name("appgw")
CHAIN_PEM = ESTATE.leaf.pem + ESTATE.intermediate.pem
KEY_PEM = ESTATE.leaf.key_pem
HOSTILE_CN = "\x1b[31mred\x1b[0m\u202elive\n<!channel> " + "A" * 30


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The estate's root in a file."""
    path = tmp_path / "root.pem"
    path.write_bytes(ESTATE.root.pem)
    return path


@pytest.fixture
def rehearsal(tmp_path: Path, root: Path) -> Callable[..., int]:
    """Rehearse these bytes; options as given."""

    def run(data: bytes, **options: object) -> int:
        path = tmp_path / "chain.pem"
        path.write_bytes(data)
        return run_rehearse(replace(_rehearse_options(path, root), **options))  # type: ignore[arg-type]

    return run


def _rehearse_options(chain: Path, root: Path) -> RehearseOptions:
    return RehearseOptions(
        chain=chain,
        name=NAME,
        live_name=None,
        roots=(root,),
        auth_certificates=(),
        sku="v2",
        validate_chain=True,
        validate_name=True,
        at=AT,
        as_json=True,
    )


def _check_options(target: str, root: Path) -> CheckOptions:
    return CheckOptions(
        target=target,
        sni=None,
        host_name=NAME,
        path=None,
        live_name=None,
        roots=(root,),
        auth_certificates=(),
        sku="v2",
        validate_chain=True,
        validate_name=True,
        at=AT,
        timeout=LIMIT_S,
        as_json=True,
    )


async def _appgw(
    *words: str, given: bytes = b"", installed: bool = False
) -> tuple[int | None, str, str]:
    """What the program answers; `installed` starts the script that users start."""
    process = await asyncio.create_subprocess_exec(
        *((str(APPGW), *words) if installed else appgw(*words)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(given)
    return process.returncode, out.decode(), err.decode()


def _arguments(port: int, root: Path) -> list[str]:
    return ["check", f"127.0.0.1:{port}", "--host-name", NAME, "--root", str(root), "--at", AT]


@pytest.mark.may_block
async def test_process_accepts_with_0(root: Path) -> None:
    async with ESTATE.backend() as server:
        status, out, err = await _appgw(*_arguments(server.port, root), "--json")
    assert (status, json.loads(out)["headline"], err) == (0, "OK", "")


@pytest.mark.smoke
@pytest.mark.may_block
async def test_process_refuses_with_1_and_json(root: Path) -> None:
    async with TlsBackend(chain=ESTATE.chain[:1], key=ESTATE.leaf.key) as server:
        status, out, err = await _appgw(*_arguments(server.port, root), "--json")
    assert (status, json.loads(out)["headline"], err) == (1, "INTERMEDIATE_MISSING", "")


@pytest.mark.may_block
async def test_process_without_a_list_exits_3_with_json(root: Path) -> None:
    async with ScriptedPeer(peers.plain_http) as server:
        status, out, err = await _appgw(*_arguments(server.port, root), "--json")
    assert (status, json.loads(out)["headline"], err) == (3, "NOT_TLS", "")


@pytest.mark.may_block
@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("check", "a", "b"),
        ("check", "127.0.0.1", "--bogus"),
        ("check", "127.0.0.1", "--timeout", "soon"),
        ("nosuch",),
    ],
    ids=" ".join,
)
async def test_process_says_one_sentence_for_a_wrong_line(words: tuple[str, ...]) -> None:
    status, out, err = await _appgw(*words)
    assert (status, out, err.count("\n"), err.startswith("appgw: ")) == (2, "", 1, True)
    assert "for example" in err


@pytest.mark.may_block
@pytest.mark.parametrize(
    ("words", "example"),
    [
        (("rehearse",), "appgw rehearse fullchain.pem"),
        (("health", "--x"), "appgw health gw:prod-gw"),
    ],
)
async def test_process_shows_an_example_of_the_intended_command(
    words: tuple[str, ...], example: str
) -> None:
    assert f"write for example: {example}, " in (await _appgw(*words))[2]


@pytest.mark.may_block
async def test_process_without_words_shows_help_as_error() -> None:
    status, out, err = await _appgw()
    assert (status, out) == (2, "")
    assert "rehearse" in err


@pytest.mark.may_block
async def test_process_prints_no_control_characters_of_a_certificate(root: Path) -> None:
    hostile = pki.leaf(ESTATE.intermediate, HOSTILE_CN, dns=(NAME, "\x1b]0;title\x07.contoso.com"))
    async with TlsBackend(
        chain=(hostile.certificate, ESTATE.intermediate.certificate), key=hostile.key
    ) as server:
        status, out, _ = await _appgw(
            *_arguments(server.port, root), "--host-name", "shop.contoso.com"
        )
    assert status == 1
    assert all(c.isprintable() or c == "\n" for c in out)


@pytest.mark.may_block
async def test_process_writes_to_an_ascii_terminal(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    async with ESTATE.backend() as server:
        status, out, err = await _appgw(*_arguments(server.port, root), installed=True)
    assert (status, out[:4], err) == (0, "? OK", "")


@pytest.mark.may_block
async def test_process_keeps_the_verdict_when_nobody_reads(root: Path) -> None:
    async with TlsBackend(chain=ESTATE.chain[:1], key=ESTATE.leaf.key) as server:
        assert await _unread(*appgw(*_arguments(server.port, root))) == (1, b"")


async def _unread(
    *program: str, given: bytes = b"", cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> tuple[int | None, bytes]:
    """Exit status and standard error of a program whose output nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    process = await asyncio.create_subprocess_exec(
        *program,
        stdin=asyncio.subprocess.PIPE,
        stdout=writer,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env=env,
    )
    os.close(writer)
    _, err = await process.communicate(given)
    return process.returncode, err


@pytest.mark.parametrize(
    ("installed", "line", "status"),
    [
        pytest.param(True, "--help", 0, id="help"),
        pytest.param(False, "rehearse chain.pem --annotate github", 1, id="annotations"),
        pytest.param(False, "health gw:x", 2, id="refusal drawn by Rich"),
        pytest.param(True, "parse --json", 0, id="rows"),
    ],
)
async def test_output_that_nobody_reads_is_no_error(
    installed: bool,  # noqa: FBT001 -- a table column
    line: str,
    status: int,
    tmp_path: Path,
) -> None:
    (tmp_path / "chain.pem").write_bytes(ESTATE.leaf.pem)
    environment = {"APPGW_AZURE_CREDENTIAL": "workload-identity"}
    given = b'{"text": "list"}\n' * 5000
    program = (str(APPGW), *line.split()) if installed else appgw(*line.split())
    ended = await _unread(*program, given=given, cwd=tmp_path, env=environment)
    assert ended == (status, b"")


@pytest.mark.may_block
@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="the device that is always full is Linux's"
)
async def test_process_says_that_the_disk_is_full(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "chain.pem"
    path.write_bytes(CHAIN_PEM)
    full = os.open("/dev/full", os.O_WRONLY)
    words = ["rehearse", str(path), "--root", str(root), "--json"]
    process = await asyncio.create_subprocess_exec(
        *appgw(*words), stdout=full, stderr=asyncio.subprocess.PIPE
    )
    os.close(full)
    _, err = await process.communicate()
    assert (process.returncode, err.count(b"\n")) == (2, 1)


@pytest.mark.may_block
async def test_process_ends_with_130_when_interrupted(root: Path) -> None:
    reached = asyncio.Event()

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await peers.tarpit(reader, writer)

    async with ScriptedPeer(silence) as server:
        process = await asyncio.create_subprocess_exec(
            *appgw(*_arguments(server.port, root), "--timeout", "300"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await reached.wait()
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert (process.returncode, b"Traceback" in err) == (130, False)


@pytest.mark.may_block
async def test_parse_answers_line_by_line() -> None:
    lines = b'{"text": "backend.contoso.com"}\n\n{"text": "chekc backend.contoso.com"}\n'
    status, out, err = await _appgw("parse", "--json", given=lines)
    first, second = map(json.loads, out.splitlines())
    assert (status, err, first["verb"], second["did_you_mean"]) == (0, "", "check", "check")


@pytest.mark.may_block
@pytest.mark.parametrize("line", [b"{", b"[]", b'{"text": 1}', b"\xff\xfe", b"[" * 5000])
async def test_parse_refuses_what_is_no_line(line: bytes) -> None:
    status, _, err = await _appgw("parse", "--json", given=line)
    assert (status, err.count("\n")) == (2, 1)


@pytest.mark.may_block
async def test_parse_of_closed_standard_input_is_no_line() -> None:
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", f"exec {APPGW} parse --json <&-", stderr=asyncio.subprocess.PIPE
    )
    _, err = await within_limit(process.communicate())
    assert (process.returncode, err) == (0, b"")


@pytest.mark.may_block
@pytest.mark.parametrize("seconds", ["nan", "-1", "1e309", "0"])
async def test_health_refuses_an_endless_time(seconds: str) -> None:
    status, out, err = await _appgw("health", "gw:x", "--timeout", seconds)
    assert (status, out, err.count("\n"), "--timeout" in err) == (2, "", 1, True)


FORMS: dict[str, bytes] = {
    "PEM": CHAIN_PEM,
    "with a byte order mark": b"\xef\xbb\xbf" + CHAIN_PEM,
    "CRLF": CHAIN_PEM.replace(b"\n", b"\r\n"),
    "text around": b"subject=x\n"
    + ESTATE.leaf.pem
    + b"\nissuer=y\n"
    + ESTATE.intermediate.pem
    + b"end",
    "exactly 1 MiB": CHAIN_PEM + b"#" * (1024 * 1024 - len(CHAIN_PEM)),
}
_PARSED = [ESTATE.intermediate.certificate.parsed, ESTATE.leaf.certificate.parsed]
BAGS = {
    "PKCS #7 in DER": pkcs7.serialize_certificates(_PARSED, Encoding.DER),
    "PKCS #7 in PEM": pkcs7.serialize_certificates(_PARSED, Encoding.PEM),
}
_KEY = ESTATE.leaf.key
KEYS: dict[str, bytes] = {
    "key first": KEY_PEM + CHAIN_PEM,
    "key last": CHAIN_PEM + KEY_PEM,
    "key with CRLF and a byte order mark": b"\xef\xbb\xbf"
    + (CHAIN_PEM + KEY_PEM).replace(b"\n", b"\r\n"),
    "key in UTF-16": (CHAIN_PEM + KEY_PEM).decode().encode("utf-16"),
    "PKCS #8 in DER": _KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    "SEC 1 in DER": _KEY.private_bytes(
        Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    ),
    "encrypted": CHAIN_PEM
    + _KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")),
    "PFX": pkcs12.serialize_key_and_certificates(
        b"x", _KEY, _PARSED[1], None, BestAvailableEncryption(b"secret")
    ),
}
UNUSABLE: dict[str, bytes] = {
    "empty": b"",
    "white space": b" \r\n\t\n",
    "text": b"hello",
    "binary": bytes(range(256)),
    "over 1 MiB": CHAIN_PEM + b"#" * 1024 * 1024,
    "101 certificates": ESTATE.leaf.pem * 101,
    "one bad block among good ones": CHAIN_PEM
    + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "cut short": ESTATE.leaf.pem[:-60],
    "escape sequences": b"\x1b[31mhello\x1b[0m",
}


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_file_of_every_form_is_read(form: str, rehearsal: Callable[..., int]) -> None:
    assert rehearsal(FORMS[form]) == 0


@pytest.mark.parametrize("form", BAGS, ids=str)
def test_file_without_order_is_not_judged_for_it(
    form: str, rehearsal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearsal(BAGS[form]) == 0
    assert any("order" in phrase for phrase in json.loads(capsys.readouterr().out)["not_checked"])


def test_file_in_der_is_one_certificate(
    rehearsal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearsal(ESTATE.leaf.certificate.der) == 1
    assert json.loads(capsys.readouterr().out)["headline"] == "INTERMEDIATE_MISSING"


def test_repair_says_which_file_holds_it(
    rehearsal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    rehearsal(CHAIN_PEM + ESTATE.root.pem, roots=(), as_json=False)
    shown = capsys.readouterr().out
    assert (
        "Repair: the chain that is sent can stay as it is; --json holds the certificate to upload "
        "(repair.root_pem); "
    ) in shown
    assert "re-checked with it the verdict is OK." in shown


def test_unknown_ca_names_the_option_root(
    rehearsal: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Who forgot the option must not take the verdict for the gateway's."""
    assert rehearsal(CHAIN_PEM, roots=(), as_json=False) == 1
    assert "no --root was given" in capsys.readouterr().out
    other = tmp_path / "other.cer"
    other.write_bytes(pki.root("Other Root").pem)
    assert rehearsal(CHAIN_PEM, roots=(other,), as_json=False) == 1
    assert "no --root was given" not in capsys.readouterr().out


@pytest.mark.parametrize("form", KEYS, ids=str)
def test_private_key_is_refused_and_never_repeated(
    form: str, rehearsal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearsal(KEYS[form]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), "private key" in err) == ("", 1, True)
    assert not [line for line in KEY_PEM.decode().splitlines()[1:-1] if line[:16] in err]


@pytest.mark.parametrize("form", UNUSABLE, ids=str)
def test_unusable_file_is_one_sentence(
    form: str, rehearsal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearsal(UNUSABLE[form]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert all(c.isprintable() for c in err.rstrip("\n"))


@pytest.mark.parametrize("option", ["chain", "roots"])
@pytest.mark.parametrize(
    "name", ["missing\x1b[31m\n.pem", "."], ids=["missing, hostile name", "directory"]
)
def test_unreadable_path_is_one_sentence(
    option: str, name: str, tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = tmp_path / "chain.pem"
    chain.write_bytes(CHAIN_PEM)
    bad = tmp_path / name
    changed = {"chain": bad} if option == "chain" else {"roots": (root, bad)}
    assert run_rehearse(replace(_rehearse_options(chain, root), **changed)) == 2
    err = capsys.readouterr().err
    assert (err.count("\n"), "\x1b" in err) == (1, False)


def test_pipe_is_read_to_its_end(root: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, CHAIN_PEM)
    os.close(writer)
    assert run_rehearse(_rehearse_options(Path(f"/dev/fd/{reader}"), root)) == 0
    os.close(reader)


BAD_OPTIONS: dict[str, dict[str, Any]] = {
    "timeout of nothing": {"timeout": 0.0},
    "timeout that is no number": {"timeout": float("nan")},
    "timeout without end": {"timeout": float("inf")},
    "empty instant": {"at": ""},
    "instant in words": {"at": "tomorrow"},
    "instant outside the calendar": {"at": "0001-01-01T00:00:00+14:00"},
    "empty server name": {"sni": ""},
    "server name that is an address": {"sni": "127.0.0.1"},
    "empty host name": {"host_name": ""},
    "host name with a port": {"host_name": f"{NAME}:8443"},
    "host name with a path": {"host_name": f"https://{NAME}/health"},
    "empty live name": {"live_name": ""},
    "empty path": {"path": ""},
    "path without a slash": {"path": "health"},
    "path with a second line": {"path": "/\r\nX: y"},
    "unknown generation": {"sku": "v3"},
    "root on v1": {"sku": "v1"},
    "gateway": {"target": "gw:prod-gw"},
    "plain http": {"target": "http://127.0.0.1"},
    "user info": {"target": "https://me:secret@127.0.0.1"},
    "short address": {"target": "127.1"},
    "port 0": {"target": "127.0.0.1:0"},
    "path twice": {"target": "https://127.0.0.1/a", "path": "/b"},
    "target without end": {"target": "a" * 5000},
    "target that holds a key": {"target": "-----BEGIN PRIVATE KEY-----secret"},
    "target that lies": {"target": "<https://evil.example|good.example>"},
    "host name without end": {"host_name": "a" * 5000},
    "live name that holds a key": {"live_name": "-----BEGIN PRIVATE KEY-----secret"},
}


@pytest.mark.parametrize("named", BAD_OPTIONS, ids=str)
def test_unusable_option_is_one_sentence(
    named: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_check(replace(_check_options("127.0.0.1:1", root), **BAD_OPTIONS[named])) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), "secret" in err) == ("", 1, False)


CheckHandler = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def checking(root: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[CheckHandler]:
    """Check a good backend with these options; the JSON that is printed."""

    async def run(**options: object) -> dict[str, Any]:
        async with ESTATE.backend() as server:
            changed = replace(_check_options(f"127.0.0.1:{server.port}", root), **options)  # type: ignore[arg-type]
            await asyncio.to_thread(run_check, changed)
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        return answer

    return run  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-12-01", "2026-12-01T00:00:00Z"),
        ("2026-12-01T09:00:00", "2026-12-01T09:00:00Z"),
        ("2026-12-01t09:00:00z", "2026-12-01T09:00:00Z"),
        ("2026-12-01T09:00:00+02:00", "2026-12-01T07:00:00Z"),
        ("0001-01-01", "0001-01-01T00:00:00Z"),
    ],
)
async def test_instant_is_utc_unless_it_carries_an_offset(
    typed: str, meant: str, checking: CheckHandler
) -> None:
    assert (await checking(at=typed))["at"] == meant


async def test_names_lose_their_trailing_dot(checking: CheckHandler) -> None:
    report = await checking(host_name=f"{NAME}.")
    assert (report["headline"], report["policy"]["name"], report["target"]["sni"]) == (
        "OK",
        NAME,
        NAME,
    )


async def test_names_of_other_alphabets_are_a_labels(checking: CheckHandler) -> None:
    assert (await checking(sni="bäckend.contoso.com"))["target"][
        "sni"
    ] == "xn--bckend-bua.contoso.com"


async def test_target_is_the_name_by_default(checking: CheckHandler) -> None:
    report = await checking(host_name=None)
    assert (report["policy"]["name"], report["target"]["sni"], report["headline"]) == (
        "127.0.0.1",
        None,
        "NAME_MISMATCH",
    )


async def test_live_name_may_be_an_address(checking: CheckHandler) -> None:
    assert (await checking(live_name="10.0.0.5"))["headline"] == "LIVE_NAME_MISMATCH"


async def test_report_is_written_beside_the_json(checking: CheckHandler, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert (await checking(report=page))["accepted"]
    assert page.read_text().startswith("<!doctype html>")
    assert NAME in page.read_text()


@pytest.mark.parametrize(
    "place", [".", "nowhere/report.html", "x" * 5000], ids=["folder", "no folder", "long name"]
)
def test_report_that_cannot_be_written_is_one_sentence(
    place: str, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = replace(_check_options("192.0.2.1", root), report=tmp_path / place)
    assert run_check(options) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), "--report report.html" in err) == ("", 1, True)
    assert len(err) < 1000


async def test_no_root_is_the_well_known_mode(checking: CheckHandler) -> None:
    report = await checking(roots=())
    assert (report["policy"]["trust"], report["headline"]) == (
        "well-known",
        "INTERMEDIATE_UNKNOWN_CA",
    )


async def test_validation_off_is_the_headline(checking: CheckHandler) -> None:
    report = await checking(host_name="shop.contoso.com", validate_name=False)
    assert (report["accepted"], report["headline"]) == (True, "VALIDATION_OFF")


def test_text_claims_no_gateway_request(
    rehearsal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearsal(ESTATE.leaf.pem, as_json=False) == 1
    text_shown = capsys.readouterr().out
    assert "Azure's message for this: The Intermediate certificate is missing" in text_shown
    assert "gateway says" not in text_shown


def test_rehearsal_speaks_of_no_probe(
    rehearsal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearsal(CHAIN_PEM, as_json=False) == 0
    assert "the dates and the name fit." in (said := capsys.readouterr().out)
    assert "health probe" not in said


def test_root_alone_is_no_file_for_a_server(
    rehearsal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearsal(ESTATE.root.pem, name=None) == 1
    report = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in report["findings"]] == ["LEAF_MISSING"]


@pytest.mark.parametrize(("pem", "status"), [(ESTATE.leaf.pem, 0), (ESTATE.root.pem, 1)])
def test_v1_and_browser_do_not_contradict(
    pem: bytes,
    status: int,
    tmp_path: Path,
    rehearsal: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = tmp_path / "given.cer"
    given.write_bytes(pem)
    options = {"roots": (), "auth_certificates": (given,), "sku": "v1", "as_json": False}
    assert rehearsal(ESTATE.leaf.pem, **options) == status
    said = capsys.readouterr().out
    assert "A v1 gateway looks at this certificate alone" in said
    assert "complete" not in said
    assert "repair.chain_pem" not in said
