"""Time zones, loaded once.

Loading a zone reads a file, which must not happen while the event loop runs.
"""

from __future__ import annotations

from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

_NOT_PLACES = {"localtime", "Factory", "posixrules"}


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name, cached.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: there is no such zone.
    """
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def zone_names() -> dict[str, str]:
    """Every IANA name by its lower-case form."""
    return {name.lower(): name for name in sorted(available_timezones()) if name not in _NOT_PLACES}


def preload() -> None:
    """Load every zone; blocks for some 50 ms, so call it before the event loop starts."""
    for name in zone_names().values():
        zone(name)
