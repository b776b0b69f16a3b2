"""Escapes text from outside: shows invisible characters, shortens, disables markup.

Certificate subjects, HTTP reason phrases, ARM messages and users' input all pass through `clean`.
In blocks the result is only used in `plain_text` and `rich_text` text elements, which Slack never
parses. Where Slack parses text (`text`, and the plain version that is sent when blocks are refused)
it also passes through `inert`.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

ELLIPSIS = "…"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SPACES = frozenset({"Zs", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Me"})
_FIRST_MARK = "\u0300"
_MAX_MARKS = 2
_LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "&": "＆", "`": "'", "*": "∗", "~": "∼"})  # noqa: RUF001 -- lookalikes are the point
_PARSED = re.compile(r"[<>&`*~_:@]")
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_EMOJI = re.compile(r":(?=[\w+'-]+:)")
_SCHEME = re.compile(r":(?=//)|(?<=mailto):", re.IGNORECASE)
_MENTION = re.compile(r"@(?=channel|here|everyone)", re.IGNORECASE)


def clean(text: object, limit: int = 200) -> str:
    """One line of visible text of at most `limit` characters.

    Control, bidi, zero-width and private-use characters are shown as `<U+202E>`, as in the names
    of certificates, so that two names never look alike. White space is collapsed.
    """
    kept = str(text)[: limit * 8]
    # nearly every text is both, and the rest is slow
    if not (kept.isascii() and kept.isprintable()):
        kept = _limit_marks(
            kept if kept.isprintable() else "".join(_visible(character) for character in kept)
        )
    return shorten(" ".join(kept.split()), limit)


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in _SPACES or character in "\t\n\r":
        return " "
    return f"<U+{ord(character):04X}>" if category in _UNSEEN else character


def visible_text(text: str) -> str:
    """Text as it leaves: what nobody would see in it is shown as by `clean`; lines stay."""
    return "\n".join(
        line if line.isprintable() else "".join(_visible(character) for character in line)
        for line in text.split("\n")
    )


def _limit_marks(text: str) -> str:
    """At most two combining marks in a row: more of them overwrite neighbouring lines."""
    if not any(one >= _FIRST_MARK and unicodedata.category(one) in _MARKS for one in text):
        return text
    runs = groupby(text, key=lambda character: unicodedata.category(character) in _MARKS)
    return "".join(
        "".join(list(run)[:_MAX_MARKS]) if marks else "".join(run) for marks, run in runs
    )


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words if possible, with an ellipsis at the end."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    head, _, tail = cut.rpartition(" ")
    return (head if head and len(tail) < limit // 4 else cut).rstrip(" ,;:.(") + ELLIPSIS


def shorten_middle(text: str, limit: int) -> str:
    """At most `limit` characters, cut in the middle.

    The first label and the domain of a host name say most.
    """
    if len(text) <= limit:
        return text
    head = (limit - 1) // 2
    return text[:head] + ELLIPSIS + text[len(text) - (limit - 1 - head) :]


def width(text: str) -> int:
    """Columns in a fixed-width font: wide East Asian characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def fit(text: str, columns: int) -> str:
    """Shorten in the middle to this many columns of a fixed-width font."""
    limit = columns
    while width(shortened := shorten_middle(text, limit)) > columns:
        limit -= 1
    return shortened


def inert(text: str) -> str:
    """Text that Slack does not parse as markup.

    Similar characters replace those of mentions, links, formats and emoji. The length stays the
    same, so limits still hold.
    """
    if not _PARSED.search(text):  # most texts: five passes over each were 3 % of a check
        return text
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
    """Unescape by RFC 4514 section 2.4: a backslash before two hex digits or one character."""
    return chr(int(found[1], 16)) if found[1] else found[2]


def short_name(distinguished: str) -> str:
    """A short name of a certificate.

    The common name of an RFC 4514 text, else the first value in it, else a placeholder.
    """
    parts = re.split(r"(?<!\\)[,+]", distinguished)
    pairs = [part.partition("=")[::2] for part in parts if "=" in part]
    named = [value for key, value in pairs if key.strip().upper() in {"CN", "2.5.4.3"}] or [
        value for _, value in pairs
    ]
    found = _ESCAPED.sub(_unescaped, named[0]) if named else distinguished
    return clean(found, 120) or "(no name)"
