"""The pipelines of deploy/: their own shell steps, run with bash and the real program.

What a step prints is read as GitHub's runner and Azure's agent read it, so that a command that a
file name or a certificate smuggles in would be found.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.terminal.annotations import Annotate, harmless, print_unusable
from bot.terminal.commands import RehearseOptions, run_rehearse
from playground.lab import pki
from tests.support.tls_server import NAME, Estate
from tests.support.warm import appgw

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "deploy/github-action/action.yml").read_text())
TEMPLATE = yaml.safe_load((ROOT / "deploy/azure-pipelines/rehearse.yml").read_text())
ESTATE = Estate()
CHAIN, LEAF_ALONE = ESTATE.leaf.pem + ESTATE.intermediate.pem, b"text\n" + ESTATE.leaf.pem
AT = "2026-11-23T09:00:00Z"
HOSTILE = "a b,c:d;e]##vso[task.setvariable variable=x]y%0A::error::z##[warning].pem"
HOSTILE_CN = "x##vso[task.prependpath]y\n::add-path::z"
KNOWN = {"error", "warning", "notice", "task.logissue", "task.uploadsummary"}
pytestmark = pytest.mark.skipif(not Path("/bin/bash").exists(), reason="the steps are bash's")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that a service would carry out."""

    name: str
    properties: dict[str, str]
    message: str


def commands_of(printed: str, syntax: Annotate) -> list[Command]:
    """What the service would take for commands, decoded."""
    found = (
        _github(line) if syntax is Annotate.GITHUB else _azure(line) for line in _rows(printed)
    )
    return [one for one in found if one]


def _rows(printed: str) -> list[str]:
    return re.split(r"[\r\n]+", printed)


def _github(line: str) -> Command | None:
    if read := re.match(r"\s*::([^ :]+)(?: (.*?))?::(.*)$", line):
        pairs = (pair.partition("=") for pair in (read[2] or "").split(",") if pair)
        return Command(
            name=read[1],
            properties={key: _percents(value) for key, _, value in pairs},
            message=_percents(read[3]),
        )
    return Command(name=f"old {line}", properties={}, message="") if "##[" in line else None


def _azure(line: str) -> Command | None:
    read = re.search(r"##vso\[([\w.]+)\s*([^\]]*)\](.*)$", line)
    if read is None:
        return Command(name=f"bare {line}", properties={}, message="") if "##" in line else None
    pairs = (pair.partition("=") for pair in read[2].split(";") if pair)
    return Command(
        name=read[1],
        properties={key: _percents(value) for key, _, value in pairs},
        message=_percents(read[3]),
    )


def _percents(text: str) -> str:
    plain = {"%3B": ";", "%5D": "]", "%3A": ":", "%2C": ",", "%0D": "\r", "%0A": "\n"}
    last = {"%25": "%", "%AZP25": "%"}
    for coded, character in (plain | last).items():
        text = text.replace(coded, character)
    return text


def step(syntax: Annotate) -> tuple[str, dict[str, str]]:
    """The script that rehearses, and its environment with nothing set by the user."""
    if syntax is Annotate.GITHUB:
        found = ACTION["runs"]["steps"][1]
        given = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()}
        return found["run"], _filled(found["env"], "inputs", given)
    found = TEMPLATE["steps"][1]
    given = {one["name"]: str(one.get("default", "")) for one in TEMPLATE["parameters"]}
    return found["bash"], _filled(found["env"], "parameters", given)


def _filled(environment: dict[str, str], kind: str, given: dict[str, str]) -> dict[str, str]:
    pattern = re.compile(rf"\$\{{\{{ {kind}\.([\w-]+) }}}}")
    return {
        key: pattern.sub(lambda name: given[name[1]], value) for key, value in environment.items()
    }


def run_step(syntax: Annotate, folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the step in a folder, as the service would."""
    script, environment = step(syntax)
    (folder / "temp" / "appgw-check").mkdir(parents=True, exist_ok=True)
    programs = folder / "temp" / "appgw-check" / "bin"
    if not programs.exists():
        programs.mkdir()
        (programs / "appgw").write_text(f'#!/bin/sh\nexec {shlex.join(appgw())} "$@"\n')
        (programs / "appgw").chmod(0o700)
    return subprocess.run(  # noqa: S603 -- the step of deploy/
        ["/bin/bash", "-e", "-c", script],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "GITHUB_STEP_SUMMARY": str(folder / "temp" / "summary.md"),
            "AGENT_TEMPDIRECTORY": str(folder / "temp"),
            **environment,
            "APPGW_BIN": str(programs),
            **inputs,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def rehearse(chain: Path, annotate: str, **more: Any) -> int:  # noqa: ANN401 -- options of any type
    """Rehearse in this process."""
    root = chain.parent / "root.cer"
    root.write_bytes(ESTATE.root.pem)
    options: dict[str, Any] = {
        "chain": chain,
        "name": NAME,
        "live_name": None,
        "roots": (root,),
        "auth_certificates": (),
        "sku": "v2",
        "validate_chain": True,
        "validate_name": True,
        "at": AT,
        "annotate": annotate,
    }
    return run_rehearse(RehearseOptions(**(options | more)))


@pytest.mark.parametrize("syntax", Annotate)
def test_step_annotates_each_file(syntax: Annotate, tmp_path: Path) -> None:
    certificates = tmp_path / "certificates" / "deep er"
    certificates.mkdir(parents=True)
    (tmp_path / "root.cer").write_bytes(ESTATE.root.pem)
    (certificates / "good.pem").write_bytes(CHAIN)
    (certificates / "leaf.pem").write_bytes(LEAF_ALONE)
    (tmp_path / HOSTILE).write_bytes(LEAF_ALONE)
    given = {"NAME": NAME, "ROOTS": "root.cer\n", "AT": AT}
    ended = run_step(syntax, tmp_path, CHAINS=f"certificates/**/*.pem\n{HOSTILE}", **given)
    found = commands_of(ended.stdout + ended.stderr, syntax)
    assert ended.returncode == 1, ended
    assert {one.name for one in found} <= KNOWN
    file = "file" if syntax is Annotate.GITHUB else "sourcepath"
    line = "line" if syntax is Annotate.GITHUB else "linenumber"
    errors = [one for one in found if "error" in {one.name, one.properties.get("type")}]
    assert {one.properties[file] for one in errors} == {"certificates/deep er/leaf.pem", HOSTILE}
    assert all("INTERMEDIATE_MISSING" in one.properties.values() for one in errors)
    assert {one.properties[line] for one in errors} == {"2"}
    assert all("Fix on the server: 1. " in one.message for one in errors)
    summaries = [file.read_text() for file in (tmp_path / "temp").glob("*.md")]
    assert "".join(summaries).count("### ") == 3


@pytest.mark.parametrize("syntax", Annotate)
def test_step_without_a_file_ends_with_2(syntax: Annotate, tmp_path: Path) -> None:
    ended = run_step(syntax, tmp_path, CHAINS="\n")
    assert ended.returncode == 2
    assert "write for example" in ended.stderr
    missing = run_step(syntax, tmp_path, CHAINS="nothing/*.pem\n")
    (told,) = commands_of(missing.stdout, syntax)
    assert missing.returncode == 2
    assert "UNUSABLE" in told.properties.values()


def test_both_pipelines_run_the_same_script() -> None:
    (github, _), (azure, _) = step(Annotate.GITHUB), step(Annotate.AZURE)
    assert github.split("\n", 1)[1] == azure.split("\n", 1)[1]


def test_scripts_take_nothing_from_expressions() -> None:
    scripts = [one["run"] for one in ACTION["runs"]["steps"]]
    scripts += [one["bash"] for one in TEMPLATE["steps"]]
    assert all("${{" not in script and "$(" not in script for script in scripts)


def test_action_installs_what_is_there() -> None:
    script = ACTION["runs"]["steps"][0]["run"]
    named = re.findall(r"\$here/([\w./-]+)", script)
    assert named
    assert all((ROOT / path).is_file() for path in named)


@pytest.mark.parametrize("syntax", Annotate)
def test_hostile_certificate_adds_no_command(
    syntax: Annotate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = tmp_path / HOSTILE
    chain.write_bytes(pki.leaf(ESTATE.intermediate, HOSTILE_CN, dns=(NAME,)).pem)
    assert rehearse(chain, syntax.value) == 1
    found = commands_of(capsys.readouterr().out, syntax)
    assert found
    assert {one.name for one in found} <= KNOWN


@pytest.mark.parametrize("syntax", Annotate)
def test_unusable_file_is_annotated(syntax: Annotate, capsys: pytest.CaptureFixture[str]) -> None:
    print_unusable("x\n::error::y ##vso[z]", Path("a\nb"), syntax)
    printed = capsys.readouterr()
    (told,) = commands_of(printed.out, syntax)
    assert "UNUSABLE" in told.properties.values()
    assert "a\nb" in told.properties.values()
    assert commands_of(printed.err, syntax) == []


def test_accepted_chain_is_a_notice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chain = tmp_path / "chain.pem"
    chain.write_bytes(CHAIN)
    assert rehearse(chain, "github") == 0
    (notice,) = commands_of(capsys.readouterr().out, Annotate.GITHUB)
    assert (notice.name, notice.properties["title"]) == ("notice", "OK")


@pytest.mark.parametrize("syntax", Annotate)
def test_unwritable_summary_leaves_the_verdict(
    syntax: Annotate,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A container often has the variable and not the folder."""
    for name in ("GITHUB_STEP_SUMMARY", "AGENT_TEMPDIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / "absent" / "::error::x"))
    chain = tmp_path / "chain.pem"
    chain.write_bytes(CHAIN)
    assert rehearse(chain, syntax.value) == 0
    printed = capsys.readouterr()
    assert "The summary of the job could not be written" in printed.err
    assert {one.name for one in commands_of(printed.out + printed.err, syntax)} <= {"notice"}


def test_pipe_is_read_only_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe = tmp_path / "chain.pem"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(LEAF_ALONE,), daemon=True)
    writer.start()
    assert rehearse(pipe, "github") == 1
    found = commands_of(capsys.readouterr().out, Annotate.GITHUB)
    assert [one.properties["title"] for one in found] == ["INTERMEDIATE_MISSING"]
    writer.join(timeout=60)


@pytest.mark.parametrize(
    ("annotate", "more", "said"),
    [
        pytest.param("gitlab", {}, "--annotate github or --annotate azure", id="unknown"),
        pytest.param("github", {"as_json": True}, "write for example", id="with json"),
    ],
)
def test_unusable_option_ends_with_2(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    annotate: str,
    more: dict[str, Any],
    said: str,
) -> None:
    assert rehearse(tmp_path / "chain.pem", annotate, **more) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    ["::error::x", "  ::set-output name=a::b", "x ##vso[task.y]z", "##[error]", "a\n::b::", "###["],
)
def test_line_is_made_harmless(line: str) -> None:
    for syntax in Annotate:
        assert commands_of(harmless(line), syntax) == []
