"""One word per thing: words that a stranger would have to learn stay out of identifiers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BANNED = frozenset(
    [
        "desk",
        "door",
        "ear",
        "hear",
        "heard",
        "told",
        "tell",
        "whisper",
        "hush",
        "hushing",
        "notebook",
        "courier",
        "fate",
        "rung",
        "sister",
        "mend",
        "seat",
        "face",
        "greens",
        "glance",
        "keeper",
        "keeping",
        "surroundings",
        "circumstances",
        "manners",
        "cheer",
        "ill",
        "fitness",
        "vantage",
        "presser",
        "click",
        "hears",
        "hearing",
        "looker",
        "mended",
        "seats",
        "cheers",
        "hollow",
        "impatience",
        "impatient",
        "impatiently",
        "lie",
        "lies",
        "misunderstood",
        "resting",
        "speaks",
        "spoken",
        "stood",
        "stray",
        "struck",
        "twin",
        "vouched",
        "carrier",
        "carriers",
        "filing",
        "hushed",
        "ladder",
        "reception",
        "tells",
    ]
)
# A code of the public list (contract): it is never renamed.
PUBLIC = frozenset({"VANTAGE_DIFFERS"})


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.arg(arg=name) | ast.Attribute(attr=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name


def _named(text: str) -> Iterator[str]:
    """The names that a source defines or uses as attributes, if a banned word is in its text."""
    if any(_banned(word) for word in set(re.findall(r"\w+", text))):
        yield from _names(ast.parse(text))


@cache
def _banned(name: str) -> frozenset[str]:
    words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
    return frozenset() if name in PUBLIC else words & BANNED


@pytest.mark.parametrize("room", ["bot", "chainlib"])
def test_identifiers_use_the_vocabulary(room: str) -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / room).rglob("*.py")
        for name in _named(path.read_text(encoding="utf-8"))
        if _banned(name)
    }
    assert found == set()


def test_a_banned_word_is_found_in_an_identifier() -> None:
    assert _banned("_second_ear") == {"ear"}
    assert _banned("clear_text") == set()
    assert list(_named('"""Says more."""\nsecond_ear = 1')) == ["second_ear"]
    assert list(_named('"""Tells it."""\nclear_text = 1')) == ["clear_text"]
