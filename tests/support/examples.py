"""The documents' examples, read out of a page, and a terminal to run them in."""

from __future__ import annotations

import doctest
import gc
import io
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.cli import main

_FENCE = re.compile(r"^```(console|slack)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
_CHECKER = doctest.OutputChecker()
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One command with what the page says that it prints.

    Attributes:
        command: as it is typed.
        shown: the printed sample; `...` stands for anything, empty for no sample.
        status: the exit status that the page shows, 0 where it shows none.
        slack: typed in Slack, not in a terminal.
    """

    command: str
    shown: str
    status: int = 0
    slack: bool = False


def examples(page: Path) -> list[Example]:
    """The examples of a page, in order."""
    found: list[Example] = []
    for language, body in _FENCE.findall(page.read_text(encoding="utf-8")):
        found += _in_slack(body) if language == "slack" else _in_terminal(body)
    return found


def _in_slack(body: str) -> list[Example]:
    command, _, shown = body.partition("\n")
    return [Example(command=command, shown=shown.strip("\n"), slack=True)]


def _in_terminal(body: str) -> list[Example]:
    found: list[Example] = []
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, shown = part.replace("\\\n", " ").partition("\n")
        if command == "echo $?":
            before = found.pop()
            found.append(
                Example(command=before.command, shown=before.shown, status=int(shown.strip()))
            )
        else:
            found.append(Example(command=" ".join(command.split()), shown=shown.strip("\n")))
    return found


def is_true(shown: str, printed: str) -> bool:
    """Whether what was printed is what the page shows."""
    return not shown or _CHECKER.check_output(f"{shown}\n", f"{printed.strip()}\n", _FLAGS)


def run(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str]:
    """Run `[echo TEXT |] [NAME=VALUE] appgw ... [> FILE]` here: exit status, what was printed."""
    given, _, line = command.rpartition(" | ")
    line, _, file = line.partition(" > ")
    words = shlex.split(line)
    while "=" in words[0]:
        monkeypatch.setenv(*words.pop(0).split("=", maxsplit=1))
    assert words[0] == "appgw", command
    typed = " ".join(shlex.split(given)[1:]) + "\n" if given else ""
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
    with pytest.raises(SystemExit) as ended:
        main()
    gc.unfreeze()  # here the process does not end
    out, err = capsys.readouterr()
    if file:
        Path(file).write_text(out, encoding="utf-8")
        out = ""
    return int(ended.value.code or 0), out + err
