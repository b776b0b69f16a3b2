"""What buttons carry: read back as written, as the last version wrote it, and never trusted."""

from __future__ import annotations

import json

import pytest

from bot.cards.button_values import (
    AskAgain,
    Restore,
    ask_again,
    read_ask_again,
    read_restore,
    restore,
)
from bot.cards.fix_value import read_value
from bot.cards.menu import MenuEntry, read_entry
from chainlib import Code

COMMAND = "backend.contoso.com:8443 sni=api.contoso.com"
HOSTILE = {
    "nothing": None,
    "number": 7,
    "no-json": "{",
    "a-list": "[]",
    "another-name": '{"v":2,"n":"restore","q":"x"}',
    "later-version": '{"v":3,"n":"ask","q":"x"}',
    "no-command": '{"v":2,"n":"ask"}',
    "number-for-text": '{"q":7}',
    "deep": '{"q":' * 5_000,
    "long": json.dumps({"q": "x" * 4_000}),
}


def test_values_come_back_as_they_were_written() -> None:
    assert read_ask_again(ask_again(COMMAND)) == AskAgain(q=COMMAND)
    assert read_restore(restore((COMMAND, "b"))) == Restore(q=(COMMAND, "b"))


def test_written_values_name_their_version_and_type() -> None:
    assert json.loads(ask_again(COMMAND)) == {"v": 2, "n": "ask", "q": COMMAND}
    assert json.loads(restore((COMMAND,))) == {"v": 2, "n": "restore", "q": [COMMAND]}


def test_values_of_the_last_version_still_work() -> None:
    assert read_ask_again(json.dumps({"q": COMMAND})) == AskAgain(q=COMMAND)
    assert read_restore(json.dumps({"q": [COMMAND, "b"]})) == Restore(q=(COMMAND, "b"))
    assert read_entry("watch") == MenuEntry(do="watch")
    steps = read_value(
        json.dumps(
            {"q": COMMAND, "m": 1, "f": [{"c": "INTERMEDIATE_MISSING", "w": "server", "s": ["a"]}]}
        )
    )
    assert (steps.command, steps.left_out) == (COMMAND, 1)
    assert [(one.code, one.steps) for one in steps.fixes] == [(Code.INTERMEDIATE_MISSING, ("a",))]


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_such_value_asks_nothing(value: object) -> None:
    assert read_ask_again(value) is None
    assert read_restore(value) is None or value == HOSTILE["another-name"]


def test_one_unknown_fix_leaves_the_others() -> None:
    fixes = [{"c": "NEVER_HEARD", "w": "server"}, 7, {"c": "INTERMEDIATE_MISSING", "w": "server"}]
    found = read_value(json.dumps({"v": 9, "n": "fix-steps", "q": 7, "m": "x", "f": fixes}))
    assert (found.command, found.left_out) == ("", 0)
    assert [one.code for one in found.fixes] == [Code.INTERMEDIATE_MISSING]
