"""The command line of `appgw`: what is wrong with it, and its help texts."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from bot.cli import COMMANDS, DATABASE_COMMANDS, run
from bot.terminal.command_line import CommandLineError, read


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("chek", "No such command: 'chek'. Did you mean 'check'?", id="near command"),
        pytest.param("xyz", "No such command: 'xyz'; write", id="unknown command"),
        pytest.param("db upgrad", "Did you mean 'upgrade'?", id="near database command"),
        pytest.param("--versio", "Did you mean --version?", id="option without command"),
        pytest.param("check", "Missing argument 'target'; write", id="nothing to check"),
        pytest.param("check --json", "Missing argument 'target'; write", id="options alone"),
        pytest.param("check a b", "Got unexpected extra argument (b)", id="two targets"),
        pytest.param("check a --snii b", "No such option: --snii. Did you mean --sni", id="near"),
        pytest.param("check a --tim 3", "No such option: --tim.", id="shortened option"),
        pytest.param("check --bad", "No such option: --bad", id="unknown before missing"),
        pytest.param("check a --sni", "--sni: expected one argument", id="no value"),
        pytest.param("check a --sni=--", "--sni: expected one argument", id="two dashes"),
        pytest.param("check a --timeout b", "--timeout: invalid float value: 'b'", id="no number"),
        pytest.param("check a --json=1", "--json: ignored explicit argument", id="switch"),
        pytest.param("health a b", "for example: appgw health gw:prod-gw", id="own example"),
    ],
)
def test_wrong_line_gives_one_sentence(line: str, said: str) -> None:
    with pytest.raises(CommandLineError) as refused:
        run(line.split())
    assert said in str(refused.value)
    assert str(refused.value).endswith("or see appgw --help")


@pytest.mark.parametrize(
    ("line", "values"),
    [
        pytest.param("a", {"sku": "v2", "timeout": 12.0, "root": None, "json": False}, id="plain"),
        pytest.param("--json a", {"target": "a", "json": True}, id="option first"),
        pytest.param("a --sni=b", {"sni": "b"}, id="with equals sign"),
        pytest.param(
            "--root x a --root y", {"root": [Path("x"), Path("y")], "target": "a"}, id="repeated"
        ),
        pytest.param("a --timeout -5", {"timeout": -5.0}, id="negative number"),
        pytest.param("a --sku v1 --sku v2", {"sku": "v2"}, id="last one holds"),
        pytest.param("-- -a", {"target": "-a"}, id="after two dashes"),
    ],
)
def test_line_of_check_is_read(line: str, values: dict[str, object]) -> None:
    given = read("check", COMMANDS["check"], line.split())
    assert isinstance(given, Namespace)
    assert {name: getattr(given, name) for name in values} == values


@pytest.mark.parametrize("name", [*COMMANDS, *(f"db {one}" for one in DATABASE_COMMANDS)])
def test_help_describes_every_option(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    assert run([*name.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    command = (COMMANDS | DATABASE_COMMANDS)[name.removeprefix("db ")]  # type: ignore[operator]
    assert shown.startswith(f"usage: appgw {name} [options]")
    assert command.summary.split()[0] in shown
    assert [one.name for one in command.takes if one.name not in shown] == []
    assert max(map(len, shown.splitlines())) <= 70


@pytest.mark.parametrize("line", ["--help", "db --help", "check --help"])
def test_narrowest_terminal_gets_its_help(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1")
    assert run(line.split()) == 0
    assert "--help" in capsys.readouterr().out


def test_overview_lists_commands_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert run([]) == 2
    assert capsys.readouterr().err == shown
    assert "\n  rehearse  Judge a chain" in shown
    assert "explain-message" not in shown
    assert run(["db"]) == 2
    assert "upgrade" in capsys.readouterr().err
