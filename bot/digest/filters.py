"""The filters of a subscription: least severity, and the exclusions of `not=`."""

from __future__ import annotations

from fnmatch import fnmatchcase

from bot.digest.mutes import covers
from bot.domain.digest import Observation, Subscription
from bot.domain.refusal import Refusal, RefusalKind
from chainlib import Severity

_ORDER = tuple(Severity)
_FIELDS = ("pool", "setting", "host", "gw")


def exclusion(text: str) -> str | Refusal:
    """A pattern of `not=` in lower case; a refusal for an unknown field or an empty pattern."""
    pattern = text.strip().lower()
    field, colon, value = pattern.partition(":")
    if not pattern or (colon and (field not in _FIELDS or not value)):
        sentence = (
            f"I do not understand not={text!r}; write it like `not=pool:test*` (pool, setting, "
            "host or gw)."
        )
        return Refusal(kind=RefusalKind.REQUEST, sentence=sentence)
    return pattern


def is_included(subscription: Subscription, seen: Observation) -> bool:
    """Whether the subscription includes a backend."""
    return covers(subscription.target, seen) and not any(
        _drops(pattern, seen) for pattern in subscription.exclude
    )


def severe_enough(severity: Severity, minimum: Severity) -> bool:
    """Whether a severity is at least the given one."""
    return _ORDER.index(severity) <= _ORDER.index(minimum)


def _drops(pattern: str, seen: Observation) -> bool:
    values = dict(zip(_FIELDS, (seen.pool, seen.setting, seen.label, seen.gateway), strict=True))
    field, colon, glob = pattern.partition(":")
    if colon:
        return fnmatchcase(values[field].lower(), glob)
    return any(fnmatchcase(value.lower(), pattern) for value in values.values())
