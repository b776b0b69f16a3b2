"""How much of the largest tables a run takes: a part by default, all in `make test-every-case`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
EVERY_CASE = os.environ.get("TEST_EVERY_CASE") == "1"


def every(rows: Sequence[T], stride: int) -> Sequence[T]:
    """All rows, or every so many."""
    return rows if EVERY_CASE else rows[::stride]


def of_all(full: int, usual: int) -> int:
    """A number of examples, repetitions or bytes."""
    return full if EVERY_CASE else usual
