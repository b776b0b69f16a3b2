"""`appgw mcp` through the protocol library's own client, against the lab.

One server process answers every call of this file; each test looks at one answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import ssl
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pytest
from mcp import Client, StdioServerParameters, stdio_client, types

from bot.mcp.inputs import LONGEST_MESSAGE, MAX_FILES
from bot.terminal.commands import CheckOptions, RehearseOptions, run_check, run_rehearse
from bot.terminal.forecast import run_forecast
from bot.terminal.health import run_health
from chainlib import Certificate
from playground.lab.backends import LabBackend
from playground.lab.catalogue import CATALOGUE
from playground.stage import Stage
from tests.support.waiting import LIMIT_S
from tests.support.warm import appgw

pytestmark = pytest.mark.smoke
ROOT = Path(__file__).parents[3]
RECIPES = tuple(recipe for recipe in CATALOGUE if recipe.name in {"good", "leaf-only"})
AT = "2030-01-01T00:00:00Z"
KEY = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0LWtleQ==\n-----END PRIVATE KEY-----"
AZURE_SAYS = "The Intermediate certificate is missing from the certificate chain presented"
# Arguments that are refused, and what the sentence names.
REFUSED: Mapping[str, tuple[str, dict[str, Any], str]] = {
    "nothing given": ("check", {}, "the argument target is missing"),
    "unknown argument": ("check", {"target": "a.example", "port": 1}, "no argument port"),
    "two targets": ("check", {"target": "a.example b.example"}, "a.example"),
    "plain http": ("check", {"target": "http://a.example"}, "https"),
    "a gateway": ("check", {"target": "gw:lab-gw"}, "appgw health gw:lab-gw"),
    "address as sni": ("check", {"target": "a.example", "sni": "10.0.0.1"}, "sni 10.0.0.1"),
    "endless": ("check", {"target": "a.example", "timeout": 1e9}, "timeout should be"),
    "no number": ("check", {"target": "a.example", "timeout": "soon"}, "timeout should be"),
    "not a number": ("check", {"target": "a.example", "timeout": "nan"}, "timeout should be"),
    "no time": ("check", {"target": "127.0.0.1", "at": "noon"}, "at 'noon'"),
    "root of v2 on v1": ("check", {"target": "a.example", "sku": "v1", "root": KEY}, "auth_cert"),
    "too many roots": ("check", {"target": "a.example", "root": ["x"] * 21}, f"{MAX_FILES}"),
    "a private key": ("rehearse", {"chain": KEY}, "private key"),
    "no such file": ("rehearse", {"chain": "/does/not/exist.pem"}, "cannot be read"),
    "a folder": ("rehearse", {"chain": "/"}, "cannot be read"),
    "no path": ("rehearse", {"chain": "a\x00b"}, "neither PEM text nor the path"),
    "no certificate": ("rehearse", {"chain": "-----BEGIN nothing"}, "chain: "),
    "too long": (
        "explain-message",
        {"text": "x" * (LONGEST_MESSAGE + 1)},
        "text should have at most",
    ),
    "a host": ("health", {"target": "a.example"}, "health is for gateways"),
    "unknown gateway": ("forecast", {"target": "gw:lab-gv"}, "lab-gw"),
    "too far": ("forecast", {"target": "gw:lab-gw", "days": 9999}, "days should be"),
    "unknown root": ("rehearse", {"chain": "gw:lab-gw", "without_root": "no-such"}, "no-such"),
    "no such tool": ("delete", {}, "the tools are check, health"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What one conversation with the server brought.

    Attributes:
        tools: as the server lists them.
        answers: by the name of the call.
        printed: what the commands print with `--json`, by the same name.
        logged: the server's standard error.
    """

    server: types.Implementation
    tools: Mapping[str, types.Tool]
    answers: Mapping[str, types.CallToolResult]
    printed: Mapping[str, dict[str, Any]]
    logged: str


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Every call of this file, made once."""
    return asyncio.run(_session(tmp_path_factory.mktemp("mcp")))


async def _session(folder: Path) -> Session:
    async with Stage(folder, recipes=RECIPES) as stage:
        (bad,) = (one for one in stage.lab.backends if one.name == "leaf-only")
        calls = {**_answered(bad), **{name: row[:2] for name, row in REFUSED.items()}}
        with (folder / "stderr").open("w+") as log:
            program, *words = await asyncio.to_thread(appgw, "mcp")
            parameters = StdioServerParameters(
                command=program,
                args=words,
                env={**stage.environment(), "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
                cwd=folder,
            )
            server, tools, answers = await _talk(parameters, calls, log)
            log.seek(0)
            logged = log.read()
        printed = await asyncio.to_thread(_printed, stage, bad, folder)
    return Session(server=server, tools=tools, answers=answers, printed=printed, logged=logged)


async def _talk(
    parameters: StdioServerParameters, calls: Mapping[str, tuple[str, dict[str, Any]]], log: TextIO
) -> tuple[types.Implementation, dict[str, types.Tool], dict[str, types.CallToolResult]]:
    async with Client(stdio_client(parameters, errlog=log)) as client:
        listed = await client.list_tools()
        answers = {
            name: await client.call_tool(tool, arguments)
            for name, (tool, arguments) in calls.items()
        }
        assert client.server_info is not None
        return client.server_info, {tool.name: tool for tool in listed.tools}, answers


def _pem(*certificates: Certificate) -> str:
    return "".join(ssl.DER_cert_to_PEM_cert(one.der) for one in certificates)


def _answered(bad: LabBackend) -> dict[str, tuple[str, dict[str, Any]]]:
    """Calls that are answered."""
    chain = _pem(*bad.first_chain)
    roots = [_pem(root) for _, root in bad.roots]
    return {
        "check": (
            "check",
            {
                "target": f"{bad.address}:{bad.port}",
                "host_name": bad.host_name,
                "root": roots,
                "at": AT,
            },
        ),
        "rehearse": (
            "rehearse",
            {"chain": chain, "name": bad.host_name, "root": roots[0], "at": AT},
        ),
        "health": ("health", {"target": "gw:lab-gw"}),
        "forecast": ("forecast", {"target": "gw:lab-gw", "days": 30}),
        "explain-message": ("explain-message", {"text": AZURE_SAYS}),
        "removal": ("rehearse", {"chain": "gw:lab-gw", "without_root": bad.roots[0][0]}),
        "nothing known": ("explain-message", {"text": "lunch is ready"}),
    }


def _printed(stage: Stage, bad: LabBackend, folder: Path) -> dict[str, dict[str, Any]]:
    """The same questions on the command line, in this process."""
    chain, root = folder / "chain.pem", folder / "root.pem"
    chain.write_text(_pem(*bad.first_chain))
    root.write_text(_pem(bad.roots[0][1]))
    trust = {
        "roots": (root,),
        "auth_certificates": (),
        "sku": "v2",
        "validate_chain": True,
        "validate_name": True,
        "live_name": None,
        "at": AT,
        "as_json": True,
    }
    check = CheckOptions(
        target=f"{bad.address}:{bad.port}",
        sni=None,
        host_name=bad.host_name,
        path=None,
        timeout=LIMIT_S,
        **trust,
    )
    rehearse = RehearseOptions(chain=chain, name=bad.host_name, **trust)
    commands: dict[str, Callable[[], int]] = {
        "check": lambda: run_check(check),
        "rehearse": lambda: run_rehearse(rehearse),
        "health": lambda: run_health("gw:lab-gw", json_wanted=True, timeout=LIMIT_S),
        "forecast": lambda: run_forecast("gw:lab-gw", 30, json_wanted=True),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stage.environment().items():
            patch.setenv(name, value)
        return {name: _json_of(command) for name, command in commands.items()}


def _json_of(command: Callable[[], int]) -> dict[str, Any]:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        command()
    return dict(json.loads(out.getvalue()))


def _lasting(value: object) -> object:
    """Without what differs from call to call: instants and times."""
    if isinstance(value, dict):
        passing = {"timings_ms", "at", "asked_at", "until"}
        return {key: _lasting(item) for key, item in value.items() if key not in passing}
    return [_lasting(item) for item in value] if isinstance(value, list) else value


def _text(answer: types.CallToolResult) -> str:
    (block,) = answer.content
    assert isinstance(block, types.TextContent)
    return block.text


@pytest.mark.parametrize("name", ["check", "rehearse", "health", "forecast"])
def test_tool_answers_as_the_command_prints(session: Session, name: str) -> None:
    answer = session.answers[name]
    assert not answer.is_error, answer
    assert _lasting(answer.structured_content) == _lasting(session.printed[name])
    assert json.loads(_text(answer)) == answer.structured_content


def test_check_finds_what_is_wrong(session: Session) -> None:
    document = session.answers["check"].structured_content
    codes = {finding["code"] for finding in document["findings"]}
    assert "INTERMEDIATE_MISSING" in codes
    assert document["at"] == AT


def test_removal_names_the_root(session: Session) -> None:
    document = session.answers["removal"].structured_content
    assert document["breaks"] is True
    assert document["gateway"]["name"] == "lab-gw"


def test_message_is_explained_with_its_meaning(session: Session) -> None:
    answer = session.answers["explain-message"]
    assert answer.structured_content["code"] == "INTERMEDIATE_MISSING"
    _, meaning = answer.content
    assert isinstance(meaning, types.TextContent)
    assert meaning.text.startswith("INTERMEDIATE_MISSING: ")
    assert "https://" in meaning.text


def test_text_without_a_message_is_unrecognised(session: Session) -> None:
    assert session.answers["nothing known"].structured_content["code"] == "UNRECOGNISED"


@pytest.mark.parametrize("row", REFUSED)
def test_unusable_arguments_get_one_sentence(session: Session, row: str) -> None:
    answer = session.answers[row]
    sentence = _text(answer)
    assert answer.is_error
    assert REFUSED[row][2] in sentence
    assert "\n" not in sentence
    assert "--" not in sentence.partition("appgw ")[0].replace("-----BEGIN CERTIFICATE-----", "")
    assert "Traceback" not in sentence


@pytest.mark.parametrize("row", [row for row in REFUSED if row != "no such tool"])
def test_refusal_says_what_works(session: Session, row: str) -> None:
    sentence = _text(session.answers[row])
    assert any(word in sentence for word in ("for example", "write", "Did you mean", "end ", "has"))


def test_refused_key_is_not_repeated(session: Session) -> None:
    assert "c2VjcmV0" not in _text(session.answers["a private key"]) + session.logged


def test_standard_error_holds_no_traceback(session: Session) -> None:
    assert "Traceback" not in session.logged


def test_tools_are_typed_described_and_read_only(session: Session) -> None:
    assert list(session.tools) == ["check", "health", "rehearse", "explain-message", "forecast"]
    for tool in session.tools.values():
        properties = tool.input_schema["properties"]
        assert all(
            one["description"] and len(one["description"]) > 5 for one in properties.values()
        )
        assert all("type" in one or "anyOf" in one for one in properties.values())
        assert tool.input_schema["additionalProperties"] is False
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is True


def test_server_names_itself(session: Session) -> None:
    assert session.server.name == "appgw-check"


def test_unreadable_messages_are_answered() -> None:
    """Half a surrogate pair, JSON that is cut short, and JSON that is too deep."""
    sent = ('{"jsonrpc": "2.0", "id": 7, "method": "\\ud800"}', "{", "[" * 50_000)
    ended = subprocess.run(  # noqa: S603 -- our own program
        appgw("mcp"),
        input="".join(f"{line}\n" for line in sent),
        capture_output=True,
        cwd=ROOT,
        text=True,
        timeout=120,
        check=True,
    )
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [one["id"] for one in answers] == [7, None, None]
    assert {one["error"]["code"] for one in answers} == {types.PARSE_ERROR}
    assert "Traceback" not in ended.stderr


def test_assistant_that_is_gone_leaves_no_traceback(tmp_path: Path) -> None:
    """As an interpreter of its own, whose end flushes its streams; the others are forked."""
    log = tmp_path / "stderr"
    with log.open("w") as stderr:
        server = subprocess.Popen(
            [sys.executable, "-c", "from bot.cli import main; main()", "mcp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=ROOT,
        )
        assert server.stdout is not None
        server.stdout.close()
        server.communicate(b"{\n{\n", timeout=120)
    assert "the assistant closed its end" in log.read_text()
    assert "Traceback" not in log.read_text()


@pytest.fixture
def without_the_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installation without the extra."""
    monkeypatch.setitem(sys.modules, "mcp", None)
    monkeypatch.delitem(sys.modules, "bot.mcp.server", raising=False)
    yield
    sys.modules.pop("bot.mcp.server", None)


@pytest.mark.usefixtures("without_the_library")
def test_missing_library_names_the_extra(capsys: pytest.CaptureFixture[str]) -> None:
    from bot.cli import mcp  # noqa: PLC0415 -- the program is imported late in other tests too

    assert mcp(Namespace()) == 2
    assert "pip install '.[mcp]'" in capsys.readouterr().err
