"""The default and the limits of a forecast's days.

Separate from `bot.domain.forecast`, so that the parser imports no report.
"""

from __future__ import annotations

DEFAULT_DAYS, MAX_DAYS = 90, 3650
