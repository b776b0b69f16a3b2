"""Finds the known word that was probably meant.

Swapped letters are a frequent typing error, so a word with the same letters comes first.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 40


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known word with the same letters, else the most similar one, else `None`."""
    choices = list(known)
    folded = word[:_LONGEST].lower()
    swapped = [choice for choice in choices if sorted(choice) == sorted(folded)]
    return next(
        iter(swapped or difflib.get_close_matches(folded, choices, n=1, cutoff=cutoff)), None
    )
