"""Escaping of text from outside: invisible characters removed, shortened, markup neutralised.

Certificate subjects, HTTP reason phrases, ARM messages and what people type all pass through
`clean`. Inside blocks the result goes into
`plain_text` and `rich_text` text elements only, which Slack never parses. Where Slack does parse
(`text`, and the plain rendering that goes
out when blocks are refused), it passes through `inert` as well.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

ELLIPSIS = "…"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SPACES = frozenset({"Zs", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Me"})
_MAX_MARKS = 2
_LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "&": "＆", "`": "'", "*": "∗", "~": "∼"})  # noqa: RUF001 -- lookalikes are the point
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_EMOJI = re.compile(r":(?=[\w+'-]+:)")
_SCHEME = re.compile(r":(?=//)|(?<=mailto):", re.IGNORECASE)
_MENTION = re.compile(r"@(?=channel|here|everyone)", re.IGNORECASE)


def clean(text: object, limit: int = 200) -> str:
    """One line of visible text.

    Control, bidi, zero-width and private characters dropped, white space folded, cut at `limit`.
    """
    kept = str(text)[: limit * 8]
    if not (kept.isascii() and kept.isprintable()):  # nearly every text is both
        kept = _calm_marks("".join(_visible(character) for character in kept))
    return shorten(" ".join(kept.split()), limit)


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in _SPACES or character in "\t\n\r":
        return " "
    return "" if category in _UNSEEN else character


def _calm_marks(text: str) -> str:
    """At most two combining marks in a row: more of them paint over the neighbouring lines."""
    runs = groupby(text, key=lambda character: unicodedata.category(character) in _MARKS)
    return "".join(
        "".join(list(run)[:_MAX_MARKS]) if marks else "".join(run) for marks, run in runs
    )


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words where possible, ending in an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    head, _, tail = cut.rpartition(" ")
    return (head if head and len(tail) < limit // 4 else cut).rstrip(" ,;:.(") + ELLIPSIS


def shorten_middle(text: str, limit: int) -> str:
    """At most `limit` characters with both ends kept.

    Of a host name the label and the domain tell most.
    """
    if len(text) <= limit:
        return text
    head = (limit - 1) // 2
    return text[:head] + ELLIPSIS + text[len(text) - (limit - 1 - head) :]


def width(text: str) -> int:
    """Columns in a fixed-width font: wide East Asian characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def fit(text: str, columns: int) -> str:
    """Cut to so many columns of a fixed-width font, both ends kept."""
    limit = columns
    while width(shortened := shorten_middle(text, limit)) > columns:
        limit -= 1
    return shortened


def inert(text: str) -> str:
    """Text that Slack does not parse as markup.

    Lookalikes replace the characters of mentions, links, formats and emoji.

    The length is kept, so that budgets still hold.
    """
    swapped = text.translate(_LOOKALIKES)
    swapped = _EDGE_UNDERSCORE.sub("ˍ", swapped)
    swapped = _MENTION.sub("＠", swapped)  # noqa: RUF001 -- lookalikes are the point
    swapped = _SCHEME.sub("∶", swapped)  # noqa: RUF001 -- lookalikes are the point
    return _EMOJI.sub("∶", swapped)  # noqa: RUF001 -- lookalikes are the point


def capital(text: str) -> str:
    """The first letter in upper case, the others unchanged."""
    return f"{text[:1].upper()}{text[1:]}"


_ESCAPED = re.compile(r"\\(?:([0-9A-Fa-f]{2})|(.))")


def _unescaped(found: re.Match[str]) -> str:
    """Unescape RFC 4514 section 2.4: a backslash before two hex digits or before one sign."""
    return chr(int(found[1], 16)) if found[1] else found[2]


def short_name(distinguished: str) -> str:
    """A short name of a certificate.

    The common name of an RFC 4514 text, else its first value, else a placeholder.
    """
    parts = re.split(r"(?<!\\)[,+]", distinguished)
    pairs = [part.partition("=")[::2] for part in parts if "=" in part]
    named = [value for key, value in pairs if key.strip().upper() in {"CN", "2.5.4.3"}] or [
        value for _, value in pairs
    ]
    found = _ESCAPED.sub(_unescaped, named[0]) if named else distinguished
    return clean(found, 120) or "(no name)"
