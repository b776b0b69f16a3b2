"""Numbers and their nouns agree, whatever kind of number it is."""

from __future__ import annotations

import pytest

from chainlib import and_more, counted, few, listed
from chainlib.wording import visible


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 servers"),
        (1, "1 server"),
        (2, "2 servers"),
        (1.0, "1 server"),
        (0.9996, "1 server"),
        (1.5, "1.5 servers"),
        (86400.0, "86,400 servers"),
    ],
)
def test_noun_goes_with_its_number(number: float, said: str) -> None:
    assert counted(number, "server") == said


def test_noun_with_an_irregular_plural_uses_it() -> None:
    assert (counted(1, "is", "are"), counted(3, "is", "are")) == ("1 is", "3 are")


@pytest.mark.parametrize(
    ("names", "in_words", "briefly"),
    [
        ("", "none", ""),
        ("a", "a", "a"),
        ("ab", "a, b", "a, b"),
        ("abcd", "a, b and 2 more", "a, b +2"),
    ],
    ids=["none", "one", "all", "more"],
)
def test_long_lists_say_how_many_more(names: str, in_words: str, briefly: str) -> None:
    assert listed(tuple(names), shown=2) == in_words
    assert few(tuple(names), shown=2) == briefly


@pytest.mark.parametrize(
    ("number", "said"), [(3, ""), (4, "and 1 more cause"), (1203, "and 1,200 more causes")]
)
def test_what_is_left_of_a_list_is_counted(number: int, said: str) -> None:
    assert and_more(number, 3, "cause") == said
    assert and_more(number, 3) == said.rpartition(" ")[0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("app.test", "app.test"),
        (" app.test", "<U+0020>app.test"),
        ("app.test\u00a0", "app.test<U+00A0>"),
        ("my app", "my app"),
        ("a\x00b", "a<U+0000>b"),
        ("  ", "<U+0020><U+0020>"),
        ("", "<empty>"),
    ],
    ids=repr,
)
def test_what_nobody_would_see_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown
