"""Splits the words of a line into options and other words, for one verb.

`options` says which options exist.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import field

from bot.commands import times
from bot.commands.options import KEYS, OPTIONS, TRUE_WORDS, known, value
from bot.commands.typed_text import Word
from bot.commands.usage import OptionValue, UnreadableLine
from bot.domain.request import Verb
from chainlib.frozen import dataclass

_KEY_VALUE = re.compile(r"-*([A-Za-z][A-Za-z_-]*)=(.*)", re.DOTALL)
_DASHED = re.compile(r"-+([A-Za-z][A-Za-z_-]*)")
_ALIASES = {"host-name": "host", "hostname": "host", "gateway": "gw", "server-name": "sni"}
_VALUE_QUOTES = "\"'`(<"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedLine:
    """The words of a line after its verb: checked options and other words, in the order typed."""

    options: dict[str, OptionValue] = field(default_factory=dict)
    loose: list[str] = field(default_factory=list)

    def put(self, key: str, text: str) -> None:
        """Add an option.

        Raises:
            UnreadableLine: it was given before, or its value is invalid.
        """
        if key in self.options:
            raise UnreadableLine(
                f"{key} is given twice; write it once, for example {OPTIONS[key].example}."
            )
        self.options[key] = value(key, text)


def scan(words: Iterable[Word], verb: Verb) -> ScannedLine:
    """Split the words of a line into options and the rest.

    Raises:
        UnreadableLine: an option is unknown, given twice or invalid.
    """
    line = ScannedLine()
    queue = deque(words)
    while queue:
        word = queue.popleft()
        option = take_option(word, queue, verb)
        if option:
            line.put(*option)
        elif word.bare.strip("-"):
            line.loose.append(word.bare)
    return line


def looks_like_option(text: str) -> bool:
    """Whether a word is `key=value` or `--key`."""
    return bool(_KEY_VALUE.fullmatch(text) or _DASHED.fullmatch(text))


def take_option(word: Word, rest: deque[Word], verb: Verb) -> tuple[str, str] | None:
    """The option that begins with this word; its value may be in the following words.

    Raises:
        UnreadableLine: the verb has no such option, or the word's link goes elsewhere than its
            label says.
    """
    text = word.bare
    pair = _KEY_VALUE.fullmatch(text)
    if pair:
        return known(_key(pair[1]), verb), pair[2].lstrip(_VALUE_QUOTES)
    dashed = _DASHED.fullmatch(text)
    key = _key(dashed[1]) if dashed else text.lower()
    if dashed:
        known(key, verb)
    elif not (key in KEYS.get(verb, ()) and OPTIONS[key].bare):
        return None
    return key, _following(key, rest)


def _key(text: str) -> str:
    folded = text.lower().strip("-")
    return _ALIASES.get(folded, folded)


def _following(key: str, rest: deque[Word]) -> str:
    """The value in the next word; after a key that may stand alone, it must not be a target."""
    if not rest or (OPTIONS[key].bare and not _is_value(key, rest[0].text.lower())):
        return ""
    if looks_like_option(rest[0].bare):
        return ""
    joined = Word(text=f"{key}={rest[0].text}", problem=rest[0].problem)
    rest.popleft()
    return joined.bare.partition("=")[2].lstrip(_VALUE_QUOTES)


def _is_value(key: str, text: str) -> bool:
    return (
        text in TRUE_WORDS
        or (key == "watch" and times.seconds(text) is not None)
        or (key == "heartbeat" and text == "off")
    )
