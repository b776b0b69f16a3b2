"""Parses durations, times of day, weekdays, intervals and time zones. Pure.

The result has one canonical spelling; no clock is read.
"""

from __future__ import annotations

import difflib
import re
from importlib.resources import files

from bot.commands.usage import UnreadableLine, brief, shown

MINUTE, HOUR, DAY = 60, 3600, 86400
SHORTEST_INTERVAL = 15 * MINUTE
LONGEST_WATCH = DAY
LONGEST_MUTE = 90 * DAY
EVERY_WORDS = ("daily", "weekdays", "weekly", "hourly")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = {
    zone.lower(): zone
    for zone in files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
}
_UNIT_SECONDS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_UNIT = r"(?:s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?|w(?:eeks?)?)"
_DURATION = re.compile(rf"(?:[0-9]{{1,5}}{_UNIT}){{1,3}}")
_PART = re.compile(r"([0-9]+)([a-z])")
_CLOCK = re.compile(r"([0-9]{1,2})[:.]([0-9]{2})")
_LONG_DAY = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)(?:s?day|sday|nesday|rsday|urday|s|rs|nes)?")
_LAST_HOUR, _LAST_MINUTE = 23, 59
_SPAN = re.compile(r"([0-9]{1,2}[:.][0-9]{2})-{1,2}([0-9]{1,2}[:.][0-9]{2})")
_DAY_SETS = {"daily": DAYS, "weekdays": DAYS[:5], "weekends": DAYS[5:]}


def seconds(text: str) -> int | None:
    """A duration such as `15m`, `2h` or `1h30m` in seconds; `None` if the text is none."""
    folded = text.lower()
    if not _DURATION.fullmatch(folded):
        return None
    return sum(int(number) * _UNIT_SECONDS[unit] for number, unit in _PART.findall(folded))


def duration(text: str, key: str, longest: int) -> int:
    """A duration in seconds within its bounds.

    Raises:
        UnreadableLine: it is no duration, or too long.
    """
    length = seconds(text)
    if length is None:
        raise UnreadableLine(
            f"{key}={brief(text)} is not a duration; write minutes, hours or days, for "
            f"example {key}=15m or {key}=2h."
        )
    if not 0 < length <= longest:
        raise UnreadableLine(
            f"{key}={brief(text)} is outside 1 second to {longest // HOUR} hours; write for "
            f"example {key}=15m."
        )
    return length


def is_clock(text: str) -> bool:
    """Whether the text has the form of a time of day; it may still be invalid, such as 25:00."""
    return _CLOCK.fullmatch(text) is not None


def clock(text: str) -> str:
    """A time of day as HH:MM.

    Raises:
        UnreadableLine: it is no time of day.
    """
    found = _CLOCK.fullmatch(text)
    if found is None or int(found[1]) > _LAST_HOUR or int(found[2]) > _LAST_MINUTE:
        raise UnreadableLine(
            f"{shown(text)} is not a time of day from 00:00 to 23:59; write for example at=08:30."
        )
    return f"{int(found[1]):02}:{found[2]}"


def is_day(text: str) -> bool:
    """Whether the text is a weekday, abbreviated or in full."""
    return _LONG_DAY.fullmatch(text.lower()) is not None


def day(text: str) -> str:
    """A weekday as its first three letters.

    Raises:
        UnreadableLine: it is no weekday.
    """
    if not is_day(text):
        raise UnreadableLine(
            f"{shown(text)} is not a day of the week; write one of {', '.join(DAYS)}, for "
            "example day=mon."
        )
    return text.lower()[:3]


def days(text: str) -> tuple[str, ...]:
    """The weekdays of `sat`, `sat,sun`, `weekdays`, `weekends` or `daily`.

    Empty if the text is none of these.
    """
    folded = text.lower().strip(",")
    if folded in _DAY_SETS:
        return _DAY_SETS[folded]
    names = folded.split(",")
    return tuple(name[:3] for name in names) if all(map(is_day, names)) else ()


def is_span(text: str) -> bool:
    """Whether the text has the form of a time span, such as 22:00-23:30."""
    return _SPAN.fullmatch(text) is not None


def window(text: str) -> str:
    """A weekly window as `sat,sun 22:00-23:30`, its weekdays in the week's order.

    An end before the start is on the next day.

    Raises:
        UnreadableLine: weekdays or times are missing or invalid, or the window has no length.
    """
    *names, span = text.replace(", ", ",").split() or [""]
    named = {name for word in names for name in days(word)}
    found = _SPAN.fullmatch(span)
    if found is None or not names or not all(map(days, names)):
        raise UnreadableLine(
            f"{shown(text)} is not a window; write its days and times, for example sat "
            "22:00-23:30 or daily 02:00-04:00."
        )
    start, end = clock(found[1]), clock(found[2])
    if start == end:
        raise UnreadableLine(
            f"{shown(text)} begins when it ends; write for example sat 22:00-23:30."
        )
    return f"{','.join(name for name in DAYS if name in named)} {start}-{end}"


def is_every(text: str) -> bool:
    """Whether the text is a schedule word or a duration."""
    return text.lower() in EVERY_WORDS or seconds(text) is not None


def every(text: str) -> str:
    """A schedule word, or an interval between 15 minutes and a day, as typed.

    Raises:
        UnreadableLine: it is neither.
    """
    folded = text.lower()
    length = seconds(folded)
    if length is None and folded not in EVERY_WORDS:
        raise UnreadableLine(
            f"every={brief(text)} is not a schedule; write one of {', '.join(EVERY_WORDS)} or an "
            "interval, for example every=30m."
        )
    if length is not None and length < SHORTEST_INTERVAL:
        raise UnreadableLine(
            f"every={brief(text)} is too often; digests are at least 15 minutes apart, for "
            "example every=15m."
        )
    if length is not None and length > DAY:
        raise UnreadableLine(
            f"every={brief(text)} is more than a day; write every=daily or every=weekly, for "
            "example every=weekly day=mon."
        )
    return folded


def zone(text: str) -> str:
    """A time zone as spelt in the tz database; case is ignored.

    Raises:
        UnreadableLine: it does not exist; names the most similar.
    """
    found = ZONES.get(text.lower())
    if found is None:
        near = [key for folded, key in ZONES.items() if folded.endswith(f"/{text.lower()}")]
        near += [ZONES[key] for key in difflib.get_close_matches(text.lower(), ZONES, n=1)]
        hint = f"did you mean tz={near[0]}?" if near else "write for example tz=Europe/Berlin."
        raise UnreadableLine(f"{shown(text)} is not a time zone; {hint}")
    return found
