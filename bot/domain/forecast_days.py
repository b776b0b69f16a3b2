"""How far a forecast looks, apart from its values: whoever reads a command needs no report."""

from __future__ import annotations

DEFAULT_DAYS, MOST_DAYS = 90, 3650
