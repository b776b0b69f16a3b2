"""Text from outside stays text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.escaping import clean, fit, inert, short_name, shorten, shorten_middle, width
from bot.cards.parts import (
    Button,
    Buttons,
    ContextBlock,
    Drawing,
    Heading,
    Listing,
    Part,
    Steps,
    bold,
    compose,
    say,
)

ALIVE = {
    "broadcast": "<!channel>",
    "user": "<@U123>",
    "link": "<http://evil.example|bank.example>",
    "bare link": "https://evil.example",
    "mail": "mailto:a@evil.example",
    "bold": "*bold*",
    "wildcard": "*.contoso.com *.corp.example",
    "italic": "_it_",
    "strike": "~no~",
    "code": "`code`",
    "fence": "```fence```",
    "emoji": ":skull:",
    "two emoji": ":a::b:",
    "entity": "&lt;!channel&gt;",
    "here": "@here and @channel and @EVERYONE",
}
MARKUP = re.compile(
    r"[<>&`*~]|://|(?i:mailto:)|:[\w+'-]+:|@(?i:channel|here|everyone)|(?<![^\W_])_|_(?![^\W_])"
)


@pytest.mark.parametrize("text", ALIVE.values(), ids=ALIVE.keys())
def test_inert_text_holds_no_markup(text: str) -> None:
    assert not MARKUP.search(inert(text))
    assert len(inert(text)) == len(text)


@given(st.text())
def test_inert_never_leaves_markup(text: str) -> None:
    assert not MARKUP.search(inert(text))
    assert inert(inert(text)) == inert(text)


@given(st.text(), st.integers(min_value=2, max_value=60))
def test_clean_is_one_short_visible_line(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert len(cleaned) <= limit
    assert cleaned.isprintable()
    assert clean(cleaned, limit) == cleaned


@given(st.text(alphabet="ab漢字 .", max_size=80), st.integers(min_value=3, max_value=40))
def test_fit_keeps_to_the_columns(text: str, columns: int) -> None:
    assert width(fit(text, columns)) <= columns


def test_ordinary_names_are_left_alone() -> None:
    assert (
        inert("my_app.contoso.com port 8443: intermediate missing.")
        == "my_app.contoso.com port 8443: intermediate missing."
    )


def test_marks_that_paint_over_neighbours_are_cut() -> None:
    assert clean("a" + "\u0301" * 50) == "a\u0301\u0301"


def test_invisible_characters_are_shown() -> None:
    assert clean("ab\u202ecd\u200b\u0000\x1b[31m") == "ab<U+202E>cd<U+200B><U+0000><U+001B>[31m"


NAME = "web\u202egolb\u2066"
PARTS: dict[str, Part] = {
    "heading": Heading(text=NAME),
    "paragraph": say(NAME, bold(NAME)),
    "drawing": Drawing(lines=(NAME, NAME)),
    "steps": Steps(items=(NAME,)),
    "listing": Listing(rows=((NAME, NAME),)),
    "buttons": Buttons(elements=(Button(label=NAME, action="a", value="{}"),), instead=NAME),
    "context": ContextBlock(text=NAME),
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS.keys())
def test_invisible_characters_leave_no_part(part: Part) -> None:
    message = compose(NAME, [part])
    for shown in (message.text, message.plain, str(message.blocks)):
        assert "U+202E" in shown
        assert "\\u202e" not in ascii(shown)


def test_shorten_cuts_between_words() -> None:
    assert shorten("one two three", 9) == "one two…"
    assert shorten_middle("backend.contoso.com", 11) == "backe…o.com"


@pytest.mark.parametrize(
    ("distinguished", "name"),
    [
        ("CN=Contoso Root G2,O=Contoso", "Contoso Root G2"),
        ("O=Contoso\\, Inc.,C=DE", "Contoso, Inc."),
        ("C=DE+CN=a\\+b", "a+b"),
        ("", "(no name)"),
    ],
)
def test_short_name_is_what_people_call_it(distinguished: str, name: str) -> None:
    assert short_name(distinguished) == name
