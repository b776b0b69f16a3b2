"""Whether an alert says that its problem is over (pure).

Tools say so in the first words of what they send: `[RESOLVED]`, `Resolved:`, `Recovered`, and Azure
Monitor as `monitorCondition`. What merely holds such a word further on (`could not be resolved`) is
an alert like any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from bot.commands.alert_text import read_text

_LINES, _LONGEST_LINE = 40, 400
_OVER = r"(?:resolved|recovered|recovery|deactivated|closed|back to normal)"
_FIRST_WORDS = re.compile(rf"[^\w]*(?::\w+:[^\w]*)*{_OVER}(?![\w-])", re.IGNORECASE)
_STATE = re.compile(
    r"\W{0,3}(?:alert |monitor )?(?:status|state|condition|monitorcondition)\W{1,6}"
    rf"{_OVER}(?![\w-])",
    re.IGNORECASE,
)
_FIRING = re.compile(r"[^\w]*(?::\w+:[^\w]*)*(?:firing|fired|triggered)\b", re.IGNORECASE)


def is_resolved(message: Mapping[str, Any]) -> bool:
    """Whether a message tells that an alert is over.

    Args:
        message: as Slack delivers it; hostile, and read only so far.
    """
    lines = [line.text[:_LONGEST_LINE] for line in islice(read_text(message).lines, _LINES)]
    said = [line for line in lines if line.strip()]
    if any(_FIRING.match(line) for line in said):
        return False
    first = any(_FIRST_WORDS.match(line) for line in said[:2])
    return first or any(_STATE.match(line) for line in said)
