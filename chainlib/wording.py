"""Numbers with their nouns, for every sentence that people read."""

from __future__ import annotations

_ROUNDED_FROM = 100


def counted(number: float, one: str, many: str = "") -> str:
    """`1 server`, `2 servers`, `2.5 seconds`, `86,400 seconds`.

    A number, rounded to three digits where it is no whole one, and its noun.

    Args:
        number: what was counted or measured.
        one: the noun in the singular.
        many: the plural where it is not the singular with an s.
    """
    whole = number >= _ROUNDED_FROM or float(number).is_integer()
    shown = f"{number:,.0f}" if whole else f"{number:.3g}"
    return f"{shown} {one if shown == '1' else many or f'{one}s'}"
