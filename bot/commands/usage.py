"""The usage answer for a line that cannot be understood, and the exception behind it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.domain.secrets import without_secrets
from chainlib.frozen import dataclass

if TYPE_CHECKING:
    from bot.domain.request import Verb  # `appgw check` reads a host without the types of requests

SHOWN = 60
_BRIEF = 40
_USER_INFO = re.compile(r"[^\s<>|']+@")

OptionValue = str | int | bool
"""The value of an option during parsing; not used outside this package.

Text, a number (`number`, `days`, and seconds for `watch` and `for`), or true for a key without
value.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The answer to a line that cannot be understood.

    Attributes:
        error: what is wrong in one sentence; it repeats typed text, so it must be escaped where it
            is shown.
        did_you_mean: the verb that was probably meant.
        examples: three commands to copy.
    """

    error: str
    did_you_mean: Verb | None
    examples: tuple[str, str, str]


class UnreadableLine(Exception):
    """A line cannot be understood.

    `str()` is one sentence; `did_you_mean` is the verb that was probably meant.
    """

    def __init__(self, sentence: str, did_you_mean: Verb | None = None) -> None:
        super().__init__(sentence)
        self.did_you_mean = did_you_mean


class TargetError(UnreadableLine):
    """A word cannot be a target."""


def shown(text: str) -> str:
    """Typed text in a form for sentences: in quotes, short and without user info."""
    kept = repeatable(text)
    return f"'{kept if len(kept) <= SHOWN else kept[: SHOWN - 3] + '...'}'"


def brief(text: str) -> str:
    """The value of an option in a form for sentences."""
    return repeatable(text)[:_BRIEF]


def repeatable(text: str) -> str:
    """Typed text without secrets.

    User info and every other secret are removed; a text with a private key is removed as a whole.
    """
    return _USER_INFO.sub("…@", without_secrets(text))
