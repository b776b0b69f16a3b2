"""When a renewal is overdue, from the certificate's lifetime, and the reminder thresholds.

The rule is that of the finding `CERTIFICATE_EXPIRING`: less than 30 days (a CA: 90) or a third of
the lifetime is left, whichever is shorter.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

LEAF_LIMIT = timedelta(days=30)
CA_LIMIT = timedelta(days=90)
REMINDER_DAYS = (30, 14, 7, 1)
_DAY = timedelta(days=1)


def renewal_limit(not_before: datetime, not_after: datetime, *, is_ca: bool) -> timedelta:
    """How long before its end a certificate with this lifetime should have been renewed."""
    return min(CA_LIMIT if is_ca else LEAF_LIMIT, (not_after - not_before) / 3)


def reminder_threshold(
    not_before: datetime, not_after: datetime, at: datetime, *, is_ca: bool
) -> int | None:
    """The reminder threshold that a certificate has reached, in days.

    The limit itself, then 30, 14, 7, 1; `None` before the limit. A smaller number than last time is
    news, so each threshold is reported once.
    """
    left = not_after - at
    limit = renewal_limit(not_before, not_after, is_ca=is_ca)
    if left >= limit:
        return None
    rungs = [days for days in REMINDER_DAYS if days * _DAY < limit and left <= days * _DAY]
    return min(rungs, default=ceil(limit / _DAY))
