"""Recognises messages which say that the problem of an alert has ended. Pure.

Tools say so in their first words (`[RESOLVED]`, `Monitor is UP`), or in a field such as
`monitorCondition`. The words of an alert that stands can look alike (`could not be resolved`,
`connection closed by peer`), and an alert that is taken for an end is not answered, so everything
that is not clearly an end is an alert.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from bot.commands.alerts.text import Line, read_text

_FIRST_LINES, _LONGEST_LINE = 40, 400
"""How much of a message is searched for words that say that the problem has ended."""
# Possessive (`*+`, `++`), so that a long run of signs is read once and not from each of its places.
_HEAD = r"(?:[^\w]++(?<=:)\w+:|[^\w]*+(?:fwd?|re|aw|wg|tr|rv):)*[^\w]*+"
_OVER = (
    r"(?:(?:auto(?:matically)?[\s-]{0,2})?(?:resolved|closed|cleared)|recovered|recovery|deactivated"
    r"|back\s+(?:to|in)\s+normal|no\s+longer\s+firing|(?:clear|fixed|ended)(?=\s?[:\]|!])"
    r"|behoben|gel\u00f6st|entwarnung|r\u00e9solue?|r\u00e9tablie?|resuelt[oa]|risolt[oa]|resolvid[oa]|opgelost)"
    r"(?![\w-])"
)
_SUBJECT = r"\b(?:problem|alert|alarm|incident|issue|downtime)\s+(?:(?!not\b|is\b)[#\w-]{1,12}\s+)?"
_FIRST_WORDS = (
    re.compile(rf"{_HEAD}{_OVER}", re.IGNORECASE),
    re.compile(rf"{_HEAD}(?:OK|UP)\s?[\]:|]"),
    re.compile(
        rf"{_HEAD}(?:\u89e3\u6c7a|\u5fa9\u65e7|\u6062\u590d|\u5df2\u89e3\u51b3|\u5df2\u6062\u590d|\ubcf5\uad6c)"
    ),
)
_ENDED = re.compile(
    rf"{_SUBJECT}(?:is\s+|was\s+|has\s+|been\s+|now\s+){{0,2}}"
    r"(?:resolved|closed|cleared|ended|over|behoben)(?![\w-])"
    r"|[\"\u201d]\s(?:was\s+)?(?:closed|resolved)\s+by\s|\[\W{0,4}(?:ok|up)\]|\bup\s+\(was\s+down",
    re.IGNORECASE,
)
"""What a headline says of the alert; the alert's name, which follows, tells of the fault."""
_WORKS = re.compile(
    r"(?<!\bnot\s)\b(?:is|are|came)\s+[*_]{0,2}(?:now\s+|back\s+)*(?:up|ok|online|operational"
    r"|healthy|recovered|resolved)(?![\w-])|\bhas\s+recovered\b",
    re.IGNORECASE,
)
"""What a headline says of the host, if nothing behind it speaks of a fault."""
_DOUBT_AFTER = re.compile(r"(?i)\b(?:but|however|yet|again|still|only)\b|\?")
_FAULT_AFTER = re.compile(
    r"(?i)\b(?:not|fail\w*|unhealthy|critical|unreachable|5\d\ds?|to)\b"
    r"|(?<!was\s)(?<!were\s)\bdown\b(?!\s+for)"
)
_AFTER = 80
_FIELD = (
    r"\W{0,3}(?:alert |monitor |notification |event )?"
    r"(?:status|state|type|condition|monitorcondition)\W{1,6}"
)
_EARLIER = re.compile(r"(?i)\b(?:former|last|old|previous|prior)\b")
_STATE_FIELD = re.compile(rf"{_FIELD}(?:{_OVER}|(?:ok|up)\W{{0,3}}$)", re.IGNORECASE)
_FIRING = re.compile(
    rf"{_HEAD}(?:firing|fired|triggered)\b"
    rf"|{_FIELD}(?:firing|fired|triggered|problem|critical|down|alarm|warning|active)\b",
    re.IGNORECASE,
)


def is_resolved(message: Mapping[str, Any]) -> bool:
    """Whether a message says that an alert is resolved, and nothing that another one stands.

    Args:
        message: as Slack delivers it; hostile, so only a bounded part is read.
    """
    said = [line for line in map(_shown, islice(read_text(message).lines, _FIRST_LINES)) if line]
    fields = [f"{name}: {text}" for name, text in said if name]
    every = [text for _, text in said] + fields
    if any(map(_FIRING.match, every)):
        return False
    head = any(map(_says_over, (text for _, text in said[:2])))
    return head or any(map(_STATE_FIELD.match, every))


def _shown(line: Line) -> tuple[str, str] | None:
    """The last word of a line's label, but of no earlier state, and its text; or `None`."""
    text = line.text[:_LONGEST_LINE].strip()
    name = "" if _EARLIER.search(line.label) else line.label.rpartition(" ")[2][:_LONGEST_LINE]
    return (name, text) if text else None


def _says_over(text: str) -> bool:
    if any(pattern.match(text) for pattern in _FIRST_WORDS):
        return True
    works = _WORKS.search(text)
    found = _ENDED.search(text) or works
    after = text[found.end() :][:_AFTER] if found else ""
    return bool(found) and not (
        _DOUBT_AFTER.search(after) or (found is works and _FAULT_AFTER.search(after))
    )
