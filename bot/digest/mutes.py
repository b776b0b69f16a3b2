"""Which mutes are active at an instant and what they cover; weekly windows as text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from bot.digest.zones import zone as zone_of
from bot.domain.digest import FollowedTarget, Mute, Observation, Window

_MINUTES_PER_HOUR = 60
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def is_active(mute: Mute, at: datetime) -> bool:
    """Whether a mute is active.

    It has begun, has not ended, and the instant is in its window (if it has one).
    """
    if not mute.begins <= at < mute.ends:
        return False
    return mute.window is None or is_in_window(mute.window, at)


def is_in_window(window: Window, at: datetime) -> bool:
    """Whether an instant is in a weekly window, by the time zone of the window."""
    local = at.astimezone(zone_of(window.zone))
    minute = local.hour * _MINUTES_PER_HOUR + local.minute
    today, yesterday = local.weekday(), (local - timedelta(days=1)).weekday()
    if window.start < window.end:
        return today in window.days and window.start <= minute < window.end
    return (today in window.days and minute >= window.start) or (
        yesterday in window.days and minute < window.end
    )


def read_window(text: str, zone: str) -> Window:
    """Parse `sat,sun 22:00-23:30` in a time zone.

    The text is in the canonical form of `bot.commands`.
    """
    days, span = text.split(" ")
    start, end = (
        int(hour) * _MINUTES_PER_HOUR + int(minute)
        for hour, minute in (clock.split(":") for clock in span.split("-"))
    )
    return Window(
        days=tuple(_DAYS.index(day) for day in days.split(",")), start=start, end=end, zone=zone
    )


def window_words(window: Window) -> str:
    """A window as it is typed."""
    clocks = (
        f"{minute // _MINUTES_PER_HOUR:02}:{minute % _MINUTES_PER_HOUR:02}"
        for minute in (window.start, window.end)
    )
    return f"{','.join(_DAYS[day] for day in window.days)} {'-'.join(clocks)}"


def quiet_until(mute: Mute, at: datetime) -> datetime:
    """When a mute that is active at `at` stops hiding.

    This is its end, or the end of its window if that comes first.
    """
    if mute.window is None:
        return mute.ends
    local = at.astimezone(zone_of(mute.window.zone))
    end = local.replace(
        hour=mute.window.end // _MINUTES_PER_HOUR,
        minute=mute.window.end % _MINUTES_PER_HOUR,
        second=0,
        microsecond=0,
        fold=0,
    )
    closes = end if end > local else end + timedelta(days=1)
    return min(mute.ends, closes.astimezone(UTC))


def covers(target: FollowedTarget, seen: Observation) -> bool:
    """Whether a target includes a backend.

    It has the same gateway or host, and the target's pool and setting if there are any.
    """
    if target.key != seen.target_key:
        return False
    pool, setting = target.pool, target.setting
    return (pool is None or pool.lower() == seen.pool.lower()) and (
        setting is None or setting.lower() == seen.setting.lower()
    )


def mute_over(mutes: Iterable[Mute], seen: Observation, at: datetime) -> Mute | None:
    """The active mute of a backend that ends last; `None` if there is none."""
    holding = [mute for mute in mutes if is_active(mute, at) and covers(mute.target, seen)]
    return max(holding, key=lambda mute: mute.ends, default=None)
