"""Formats numbers with nouns, foreign bytes and system errors as text for users."""

from __future__ import annotations

import os
from collections.abc import Sequence

_ROUNDED_FROM = 100
_SHOWN_TEXT, _SHOWN_HEX = 200, 16


def counted(number: float, one: str, many: str = "") -> str:
    """`1 server`, `2 servers`, `2.5 seconds`, `86,400 seconds`.

    Args:
        number: what was counted or measured; a fraction is rounded to three digits.
        one: the noun in the singular.
        many: the plural if it is not the singular with an s.
    """
    whole = number >= _ROUNDED_FROM or float(number).is_integer()
    shown = f"{number:,.0f}" if whole else f"{number:.3g}"
    return f"{shown} {one if shown == '1' else many or f'{one}s'}"


def shown_bytes(data: bytes) -> str:
    """What a peer sent: its first line if that is printable ASCII, else its first bytes in hex.

    Use it for all foreign bytes in sentences and evidence, so that no text contains Python's
    notation of a value. The result is hostile text.
    """
    text = data[:_SHOWN_TEXT].split(b"\n", 1)[0].strip()
    if text and all(0x20 <= byte < 0x7F for byte in text):  # noqa: PLR2004 -- printable ASCII
        return text.decode("ascii")
    return f"bytes {data[:_SHOWN_HEX].hex()}" if data else "nothing"


def system_words(error: OSError) -> str:
    """The system's words for a failed call, such as `connection refused`.

    asyncio replaces them by a sentence with Python's notation of the address.
    """
    known = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
    return (known or "the system gave no reason").lower()


def visible(text: str) -> str:
    """Text from a certificate, with invisible characters shown as `<U+0000>`.

    These are characters that are not printable, blanks at either end, and an empty text.
    """
    if not text:
        return "<empty>"
    blank = len(text) - len(text.lstrip()), len(text.rstrip())
    return "".join(
        one if one.isprintable() and blank[0] <= place < blank[1] else f"<U+{ord(one):04X}>"
        for place, one in enumerate(text)
    )


def listed(names: Sequence[str], *, shown: int = 3, none: str = "none") -> str:
    """`a, b, c and 4 more`: the first few of a list in one line."""
    more = and_more(len(names), shown)
    return " ".join(filter(None, (", ".join(names[:shown]), more))) if names else none


def few(names: Sequence[str], *, shown: int) -> str:
    """`a, b +4`: the first few of a list where there is little room."""
    more = f" +{len(names) - shown}" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def and_more(number: int, shown: int, what: str = "") -> str:
    """`and 4 more` or `and 1 more cause`: what is left of a list; empty where all is shown."""
    left = number - shown
    if left <= 0:
        return ""
    return f"and {counted(left, f'more {what}')}" if what else f"and {left:,} more"
