"""Finds out whether an alert says that its problem has ended. Pure.

Tools say so in their first words: `[RESOLVED]`, `Resolved:`, `Recovered`, and Azure Monitor in
`monitorCondition`. A message with such a word further on (`could not be resolved`) is an ordinary
alert.
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
    """Whether a message says that an alert is resolved.

    Args:
        message: as Slack delivers it; hostile, so only a bounded part is read.
    """
    lines = [line.text[:_LONGEST_LINE] for line in islice(read_text(message).lines, _LINES)]
    said = [line for line in lines if line.strip()]
    if any(_FIRING.match(line) for line in said):
        return False
    first = any(_FIRST_WORDS.match(line) for line in said[:2])
    return first or any(_STATE.match(line) for line in said)
