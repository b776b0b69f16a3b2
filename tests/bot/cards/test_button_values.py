"""What buttons carry: read back as written, as the last version wrote it, and never trusted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.cards.button_values import (
    RepeatCommand,
    Restore,
    read_repeat_command,
    read_restore,
    repeat_command,
    restore,
)
from bot.cards.fix_value import read_value, switched
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
    "no-version": '{"n":"ask","q":"x"}',
    "no-name": '{"v":2,"q":"x"}',
    "neither": '{"q":"x"}',
    "number-for-text": '{"v":2,"n":"ask","q":7}',
    "deep": '{"q":' * 5_000,
    "long": json.dumps({"v": 2, "n": "ask", "q": "x" * 3_000}),
    "megabytes": json.dumps({"v": 2, "n": "ask", "q": "x", "more": "y" * 5_000_000}),
}


def test_values_come_back_as_they_were_written() -> None:
    assert read_repeat_command(repeat_command(COMMAND)) == RepeatCommand(v=2, n="ask", q=COMMAND)
    assert read_restore(restore((COMMAND, "b"))) == Restore(v=2, n="restore", q=(COMMAND, "b"))


def test_written_values_name_their_version_and_type() -> None:
    assert json.loads(repeat_command(COMMAND)) == {"v": 2, "n": "ask", "q": COMMAND}
    assert json.loads(restore((COMMAND,))) == {"v": 2, "n": "restore", "q": [COMMAND]}


@pytest.mark.parametrize(
    "noted",
    [
        pytest.param({}, id="neither"),
        pytest.param({"v": 1, "n": "fix-steps"}, id="another-version"),
        pytest.param({"v": 2, "n": "ask"}, id="another-name"),
        pytest.param({"v": 2, "n": "fix-steps", "more": "y" * 5_000_000}, id="megabytes"),
    ],
)
def test_fix_steps_of_another_form_are_not_read(noted: dict[str, Any]) -> None:
    fix = {"c": "INTERMEDIATE_MISSING", "w": "server", "s": ["a"]}
    value = json.dumps({**noted, "q": COMMAND, "f": [fix]})
    found = read_value(value)
    assert (found.command, found.fixes) == ("", ())
    assert len(switched(value, kind="iis")) < 3_000


def test_menu_entry_is_plain_or_names_its_version() -> None:
    assert read_entry("watch") == MenuEntry(v=1, do="watch")
    assert read_entry('{"v":1,"do":"watch","q":"x"}') == MenuEntry(v=1, do="watch", q="x")
    assert read_entry('{"do":"watch"}').do != "watch"
    assert len(read_entry("watch" * 1_000_000).do) <= 150


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_such_value_asks_nothing(value: object) -> None:
    assert read_repeat_command(value) is None
    assert read_restore(value) is None or value == HOSTILE["another-name"]


def test_one_unknown_fix_leaves_the_others() -> None:
    fixes = [{"c": "NEVER_HEARD", "w": "server"}, 7, {"c": "INTERMEDIATE_MISSING", "w": "server"}]
    found = read_value(json.dumps({"v": 2, "n": "fix-steps", "q": 7, "m": "x", "f": fixes}))
    assert (found.command, found.left_out) == ("", 0)
    assert [one.code for one in found.fixes] == [Code.INTERMEDIATE_MISSING]
