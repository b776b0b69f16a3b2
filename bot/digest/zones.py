"""Time zones, read once.

A zone's rules are read from a file, which must not happen while the event loop runs.
"""

from __future__ import annotations

from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

_NOT_PLACES = {"localtime", "Factory", "posixrules"}


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name, cached.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: no such zone.
    """
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def zone_names() -> dict[str, str]:
    """Every IANA name by its lower-case form."""
    return {name.lower(): name for name in sorted(available_timezones()) if name not in _NOT_PLACES}


def warm() -> None:
    """Read every zone; blocks for some 50 ms, so it belongs before the loop."""
    for name in zone_names().values():
        zone(name)
