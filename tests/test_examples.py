"""Every command that the documents show is run, and what they say that it prints is true."""

from __future__ import annotations

import gc
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli import COMMANDS as TYPED
from bot.commands.parse import parse
from bot.commands.usage import Usage
from bot.domain.request import Verb
from bot.terminal.command_line import read
from tests.support.example_world import ExampleWorld, example_world
from tests.support.examples import Example, examples, is_true, run

ROOT = Path(__file__).parents[1]
PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if examples(page)]
COMMANDS = examples(ROOT / "docs" / "commands.md")
TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_IN_SLACK = re.compile(r"(?:^ *|`)/appgw(?:-check)? ([^`\n]+)", flags=re.MULTILINE)
_IN_TERMINAL = re.compile(r"^ *(?:\$ )?appgw ([a-z-]+ [^`\n]+)", flags=re.MULTILINE)
NOT_HERE = {"mcp"}
"""Shown on a page of its own with tests of its own."""


@pytest.fixture(scope="module")
def world(
    module_may_block: None,  # noqa: ARG001 -- lowers the guard before the bot starts
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ExampleWorld]:
    """One network and one bot for all of them."""
    with example_world(tmp_path_factory.mktemp("world")) as running:
        yield running


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_do_what_the_page_says(
    page: Path,
    world: ExampleWorld,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the order of the page, since one may rest on what another did."""
    (tmp_path / "certificates").mkdir()
    for name, content in world.files.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for name, value in world.settings.items():
        monkeypatch.setenv(name, value)
    untrue = [
        f"{example.command}\n{printed}"
        for example in examples(page)
        if (printed := difference(example, page, world, capsys, monkeypatch)) is not None
    ]
    gc.enable()  # some commands switch it off, since their process ends soon
    assert not untrue, "\n\n".join(untrue)


def difference(
    example: Example,
    page: Path,
    world: ExampleWorld,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> str | None:
    """What came in place of what the page shows; `None` where it shows the truth."""
    if example.slack:
        answers = world.ask(example, channel=f"C0{page.stem.upper()}")
        return None if any(is_true(example.shown, one) for one in answers) else "\n\n".join(answers)
    with monkeypatch.context() as patch:
        status, printed = run(example.command, capsys, patch)
    if status == example.status and is_true(example.shown, printed):
        return None
    return f"{printed}\nexit status {status}"


def test_every_command_of_the_terminal_has_an_example() -> None:
    shown = [one.command.partition("| ")[2] or one.command for one in COMMANDS if not one.slack]
    for name in {*TYPED, "db"} - NOT_HERE:
        assert any(f"appgw {name}" in command for command in shown), name


def test_every_verb_of_slack_has_an_example() -> None:
    parsed = [parse(one.command.removeprefix("/appgw-check ")) for one in COMMANDS if one.slack]
    assert not [one for one in parsed if isinstance(one, Usage)]
    assert {one.verb for one in parsed} == set(Verb)  # type: ignore[union-attr]


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_line_is_understood(page: Path) -> None:
    """Those too that are not run: options and grammar exist as they are written."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in _IN_SLACK.findall(text):
        assert not isinstance(parse(line), Usage), line
    for line in _IN_TERMINAL.findall(text):
        name, *words = shlex.split(line.partition(" > ")[0], comments=True)
        if name in TYPED:
            read(name, TYPED[name], words)


def test_false_sample_is_noticed() -> None:
    assert is_true("OK a.contoso.com: ...\n...", "OK a.contoso.com: fine\nand more")
    assert not is_true("OK a.contoso.com", "FAIL a.contoso.com")
