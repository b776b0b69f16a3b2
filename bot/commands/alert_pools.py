"""Finds the pool of a gateway that an alert names. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import unquote

from bot.commands.alert_gateway_names import ARM_ID
from bot.commands.alert_tables import NO_NAMES, OTHER_POOLS
from bot.commands.alert_text import AlertText, Line
from bot.commands.alert_words import label_words

_POOL = re.compile(
    r"(?P<before>\w{1,40}[\s_-]{1,8})?(?:backend[\s_]?(?:http)?(?:settings?)?[\s_]?(?:address)?[\s_]?pool|backendsettingspool|pool)"
    r"(?:[\s_]?name)?(?:_s)?(?P<sign>[\"'*`]*\s*(?:[:=]+|\s+(?:is|named|called)\s|\s)\s*)[\"'*`(]*(?P<pool>[A-Za-z0-9][\w.-]{0,79})(?P<pair>~[\w.-]{1,80})?",
    re.IGNORECASE,
)


def read_pool(text: AlertText) -> str | None:
    """The one pool that an alert names; `None` if there is none, or more than one."""
    found: Counter[str] = Counter()
    for line in text.lines:
        for one in ARM_ID.finditer(unquote(line.text)):
            if one["pool"]:
                found[one["pool"].rstrip(".").lower()] += 1
        found.update(_pools_of(line))
    return next(iter(found)) if len(found) == 1 else None


def _pools_of(line: Line) -> Iterator[str]:
    words = set(label_words(line.label))
    labelled = "pool" in words or "backendsettingspool" in words
    if labelled and not words & OTHER_POOLS:
        whole = re.fullmatch(
            r"[`\"'*]*([A-Za-z0-9][\w.-]{0,79})(?:~[\w.-]{1,80})?[`\"'*]*", line.text
        )
        if whole:
            yield whole[1].lower()
    for match in _POOL.finditer(ARM_ID.sub(" ", line.text)):
        before = (match["before"] or "").strip(" _-").lower()
        name = match["pool"].rstrip(".-_").lower()
        signed = any(sign in match["sign"] for sign in ":=")
        distinct = signed or bool(match["pair"]) or name not in NO_NAMES
        if distinct and name not in NO_NAMES and before not in OTHER_POOLS and name != "name":
            yield name
