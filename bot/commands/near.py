"""Which known word was probably meant.

Fingers swap letters more often than they invent them, so a swap counts first.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 40


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known word with the same letters, else the most alike one, else `None`."""
    choices = list(known)
    folded = word[:_LONGEST].lower()
    swapped = [choice for choice in choices if sorted(choice) == sorted(folded)]
    return next(
        iter(swapped or difflib.get_close_matches(folded, choices, n=1, cutoff=cutoff)), None
    )
