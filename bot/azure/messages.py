"""Maps Azure's backend health messages and error names to finding codes.

Pure: text in, `GatewayMessage` out. A text that no rule matches is `UNRECOGNISED`.

Microsoft rewords these texts, so fragments of normalised text are matched instead of sentences. A
message can quote foreign text (what a response body lacks), always at its end, so the first
fragment decides. In a text about several servers a failure comes before a success. ARM's error
name decides only where the text contains no known fragment.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from bot.azure.english_messages import ENGLISH, FAMILIES, INCOMPLETE, NAMES, OLDER_MESSAGES
from bot.azure.foreign_messages import OTHER_LANGUAGES
from bot.domain.azure import GatewayMessage
from chainlib import CATALOGUE, Code

LONGEST = 4_000_000
"""Characters of a text that are read; the rest is ignored."""
WINDOW = 60_000
"""Size of the window that is normalised and matched at once, in characters."""
OVERLAP = 3_000
"""Overlap of two windows in characters; more than the longest message."""
MESSAGE = 800
"""Characters after the first matching fragment in which a message's numbers are searched."""
_PLAIN_SIGNS = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u2032\u00b4`\uff07", "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
)
_EMPHASIS = re.compile('[*_"\u201c\u201d\u00ab\u00bb]')
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,200}>")
_ESCAPED = re.compile(r"\\u([0-9A-Fa-f]{4})")
_BREAK = re.compile(r"[\r\n]+")
_MARGIN = re.compile(r"(?<=[\r\n])[ \t>|]{1,40}|\|[ \t]{0,8}(?=[\r\n])")
"""Marks of quoted lines, and borders of a table whose cells continue on the next line."""
_REWORDED = tuple(
    (words, re.compile(pattern), plain)
    for words, pattern, plain in (
        (("\\",), r"\\[rnt]", " "),
        (("\\",), r"\\(?=['{(\[])", ""),
        (("can", "couldn't"), r"\b(?:can't|can not|cannot|couldn't)", "could not"),
        (("n't", "nt"), r"n't|(?<=\bis)nt\b|(?<=\bdoes)nt\b|(?<=\bcould)nt\b", " not "),
        (("not",), r"\b(?:was|are|were) ?not", "is not"),
        (("not",), r"\b(?:did|do) ?not", "does not"),
        (("time",), r"\btime[- ]out\b", "timeout"),
        (("back",), r"\bback[- ]end", "backend"),
        (("top",), r"\btop[- ]most\b", "topmost"),
        (("well known",), r"\bwell known\b", "well-known"),
        (("proxy-",), r"\bproxy-protocol\b", "proxy protocol"),
        (("open ssl",), r"\bopen ssl\b", "openssl"),
        (("white",), r"\bwhite[- ]list", "whitelist"),
        (("allow",), r"\ballow[- ]list", "allowlist"),
    )
)
"""Words without one of which a text does not match, the pattern, and what replaces it."""


def _of_all_languages() -> Mapping[Code, str]:
    languages = (ENGLISH, *OTHER_LANGUAGES)
    codes = dict.fromkeys(code for language in languages for code in language)
    return MappingProxyType(
        {
            code: "|".join(f for language in languages for f in language.get(code, ()))
            for code in codes
        }
    )


FRAGMENTS: Mapping[Code, str] = _of_all_languages()
"""The fragments of each code, for normalised text.

No fragment matches the message of another code (tested pairwise).
"""
Found = tuple[int, Code]
Rule = tuple[Code, re.Pattern[str]]
_FAILURES = tuple(
    (code, re.compile(fragment)) for code, fragment in FRAGMENTS.items() if code is not Code.OK
)
_SUCCESS = re.compile(FRAGMENTS[Code.OK])
_STATUSES = r"([0-9]{3}(?: ?[-,] ?[0-9]{3})*)"
_EXPECTED = re.compile(
    rf"(?:expected|erwartet|attendu|previsto|esperaba|必要) ?: ?\{{?{_STATUSES}"
    rf"|{_STATUSES} (?:is|are) the acceptable status code"
)
_RECEIVED = re.compile(
    r"(?:received|empfangen|reçu|ricevuto|recibió|受信) ?: ?\{?([0-9]{1,3})\b"
    r"|invalid status code: ?([0-9]{3})\b"
    r"|received (?:status code )?([0-9]{3})\b"
    r"|(?:réponse|recibido|ricevuto) ([0-9]{3})\b"
    r"|\b([0-9]{3}) (?:empfangen|を受信)"
)
_ERROR_CODE = re.compile(
    r"error code:? ?[{(\[]?([0-9]{1,5})\b|verify error: ?(?:\(|num=)([0-9]{1,5})\b"
    r"|verify return code: ([0-9]{1,5})\b|\berror ([0-9]{1,5}) at [0-9]{1,2} depth\b"
    r"|(?:fehlercode|code derreur|código de error|codice di errore) \{?([0-9]{1,5})\b"
)
_REMEMBERED, _LONGEST_REMEMBERED = 64, 1000
_WITH_STATUS = (Code.HTTP_STATUS_MISMATCH, Code.OK)
_PREFIX = re.compile(r"^(?:ngxhttpupstreamcheck)?err(?=[a-z])")
_LABELLED_NAME = re.compile(r"healthprobeerrorname\W{1,8}([a-z0-9]{1,140})")
_LONG_WORD = re.compile(r"\b([a-z][a-z0-9]{11,140})\b")
_ONE_WORD = re.compile(r"\W{0,8}([a-z0-9]{1,140})\W{0,8}")
_HEAD, _TAIL = 24, 40
"""Characters that identify a message whose beginning or end is missing."""
_ELLIPSIS = re.compile(r"\.{3,}")


def recognise(text: str, name: str = "") -> GatewayMessage:
    """Find the code that a message stands for, and the numbers in it.

    Args:
        text: the message, or any text that contains it; at most `LONGEST` characters are read.
        name: ARM's `healthProbeErrorName`, empty when there is none; used only when the text
            contains no known fragment.
    """
    if len(text) + len(name) <= _LONGEST_REMEMBERED:
        return _remembered(text, name)
    return _recognised(text, name)


def _recognised(text: str, name: str) -> GatewayMessage:
    code, plain = _decided(text[:LONGEST], name)
    received = _number(_RECEIVED, plain) if code in _WITH_STATUS else None
    expected = _first(_EXPECTED, plain) if code in _WITH_STATUS else None
    return GatewayMessage(
        code=code,
        text=text,
        name=name.strip(),
        expected=expected.replace(" ", "") if expected else None,
        received=received,
        error_code=_number(_ERROR_CODE, plain) if code is Code.VERIFY_FAILED else None,
    )


_remembered = lru_cache(_REMEMBERED)(_recognised)  # backend health says the same of most servers


def code_of_name(name: str) -> Code | None:
    """The code of an error name, with or without the prefix of probe error names; ignores case."""
    return _of_word(normalised(name[:WINDOW]).replace(" ", ""))


def normalised(text: str) -> str:
    """Unify the spelling of all editions: lower case; no contractions, quotes, tags or breaks."""
    literal = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text)
    unescaped = html.unescape(html.unescape(literal))
    bare = _TAG.sub(" ", unescaped)
    if "\n" in bare or "\r" in bare:
        bare = _MARGIN.sub(" ", bare)
    folded = unicodedata.normalize("NFKC", bare.translate(_PLAIN_SIGNS)).lower()[: 2 * WINDOW]
    unseen = {ord(one) for one in set(folded) if unicodedata.category(one) in {"Cf", "Cs"}}
    visible = folded.translate(dict.fromkeys(unseen)) if unseen else folded
    spelt = " ".join(_EMPHASIS.sub("", visible).split())
    for words, pattern, plain in _REWORDED:
        if any(word in spelt for word in words):
            spelt = pattern.sub(plain, spelt)
    return " ".join(spelt.replace("'", "").split())


def explain_message_json(text: str, name: str = "") -> dict[str, Any]:
    """`recognise` as the object that `appgw explain-message --json` prints."""
    message = recognise(text, name)
    numbers = {key: getattr(message, key) for key in ("expected", "received", "error_code")}
    return {"code": message.code.value, "numbers": numbers}


def _decided(text: str, name: str) -> tuple[Code, str]:
    """The code, and the normalised text after the fragment that decided it.

    A failure anywhere comes before a success, and a message before an error name.
    """
    pieces = list(_pieces(text))
    for reader in (_failure, _failing_name, _cut_short, _success):
        for plain in pieces:
            if found := reader(plain):
                return found[1], plain[found[0] :][:MESSAGE]
    for plain in _pieces(_joined(text)) if _BREAK.search(text) else ():
        if found := _earliest(_unwrapped(), plain):
            return found[1], plain[found[0] :][:MESSAGE]
    return code_of_name(name) or Code.UNRECOGNISED, ""


def _joined(text: str) -> str:
    """Join the lines of a text.

    Done line by line: a pattern for the white space around a line break would take quadratic time.
    """
    return "".join(line.strip(" \t>|") for line in _BREAK.split(text))


def _pieces(text: str) -> Iterator[str]:
    """The normalised text in overlapping windows."""
    for start in range(0, max(len(text), 1), WINDOW - OVERLAP):
        yield normalised(text[start : start + WINDOW])
        if start + WINDOW >= len(text):
            return


@cache
def _unwrapped() -> tuple[Rule, ...]:
    """The failures for text in which a table broke words across lines.

    Compiled when such a text comes: the patterns take a twentieth of the start of `appgw health`.
    """
    return tuple(
        (code, re.compile(fragment.replace(" ", " ?")))
        for code, fragment in FRAGMENTS.items()
        if code is not Code.OK
    )


def _failure(plain: str) -> Found | None:
    return _earliest(_FAILURES, plain)


@cache
def _whole_messages() -> tuple[tuple[Code, str], ...]:
    """Azure's message of each code, normalised; a message of several codes goes to the first."""
    texts = {
        normalised(entry.gateway_message): code
        for code, entry in reversed(tuple(CATALOGUE.items()))
        if entry.gateway_message and code in FRAGMENTS
    }
    texts |= {normalised(text): code for code, text in OLDER_MESSAGES}
    return tuple((code, text) for text, code in texts.items())


def _cut_short(plain: str) -> Found | None:
    """The code of a message with an ellipsis for its end or beginning, if only one fits."""
    for mark in _ELLIPSIS.finditer(plain):
        before, after = plain[: mark.start()].rstrip()[-MESSAGE:], plain[mark.end() :].lstrip()
        part = after[:_TAIL]
        fitting = {
            code
            for code, whole in _whole_messages()
            if _ends_within(whole, before) or (len(part) == _TAIL and part in whole)
        }
        if len(fitting) == 1:
            return max(mark.start() - MESSAGE, 0), fitting.pop()
    return None


def _ends_within(whole: str, text: str) -> bool:
    """Whether the text stops somewhere inside a message that begins in it."""
    start = text.rfind(whole[:_HEAD])
    return start >= 0 and whole.startswith(text[start:])


def _success(plain: str) -> Found | None:
    if said := _SUCCESS.search(plain):
        return said.start(), Code.OK
    return next((found for found in _names(plain) if found[1] is Code.OK), None)


def _failing_name(plain: str) -> Found | None:
    return next((found for found in _names(plain) if found[1] is not Code.OK), None)


def _names(plain: str) -> Iterator[Found]:
    """The error names found in a text."""
    whole = _ONE_WORD.fullmatch(plain)
    words = (whole,) if whole else (*_LABELLED_NAME.finditer(plain), *_LONG_WORD.finditer(plain))
    for word in words:
        code = _of_word(word[1])
        if code is not None and code is not Code.UNRECOGNISED:
            yield word.start(), code


def _of_word(word: str) -> Code | None:
    bare = _PREFIX.sub("", word, count=1)
    known = NAMES.get(word) or NAMES.get(bare)
    if known is None and INCOMPLETE in bare and "certificate" in bare:
        return Code.INTERMEDIATE_MISSING
    return known or next((c for start, c in FAMILIES.items() if bare.startswith(start)), None)


def _earliest(rules: tuple[Rule, ...], plain: str) -> Found | None:
    found = [(match.start(), code) for code, pattern in rules if (match := pattern.search(plain))]
    return min(found, key=lambda pair: pair[0]) if found else None


def _first(pattern: re.Pattern[str], plain: str) -> str | None:
    match = pattern.search(plain)
    return next((group for group in match.groups() if group), None) if match else None


def _number(pattern: re.Pattern[str], plain: str) -> int | None:
    found = _first(pattern, plain)
    return int(found) if found else None
