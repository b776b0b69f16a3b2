"""Why a typed line means nothing (`Usage`), and the exception that readers raise for it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain.request import Verb
from bot.domain.secrets import without_secrets

SHOWN = 60
_BRIEF = 40
_USER_INFO = re.compile(r"[^\s<>|']+@")

OptionValue = str | int | bool
"""What an option holds while a line is read; nothing outside this room sees it.

Text, a number (`number`, `days`, and seconds for `watch` and `for`), or true for a bare word.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A line that runs nothing.

    Attributes:
        error: what is wrong in one sentence; it repeats typed text, so it is hostile input for
            whoever shows it.
        did_you_mean: the verb that was probably meant.
        examples: three lines to copy.
    """

    error: str
    did_you_mean: Verb | None
    examples: tuple[str, str, str]


class Misread(Exception):
    """A line cannot be understood.

    `str()` is one sentence, `did_you_mean` the verb that was probably meant.
    """

    def __init__(self, sentence: str, did_you_mean: Verb | None = None) -> None:
        super().__init__(sentence)
        self.did_you_mean = did_you_mean


class TargetError(Misread):
    """A word cannot be a target."""


def shown(text: str) -> str:
    """Typed text as a sentence repeats it: in quotes, short and without user info."""
    kept = repeatable(text)
    return f"'{kept if len(kept) <= SHOWN else kept[: SHOWN - 3] + '...'}'"


def brief(text: str) -> str:
    """The value of an option as a sentence repeats it."""
    return repeatable(text)[:_BRIEF]


def repeatable(text: str) -> str:
    """Typed text without what must not be repeated.

    User info, every other secret, and all of it where it holds a private key.
    """
    return _USER_INFO.sub("…@", without_secrets(text))
