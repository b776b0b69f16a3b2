"""Zones and durations as typed.

Every key of the tz database is taken whatever its case, and every interval keeps its bound.
"""

from __future__ import annotations

import zoneinfo

import pytest

from bot.commands.near import nearest
from bot.commands.times import SHORTEST_INTERVAL, ZONES, every, seconds, zone
from bot.commands.usage import UnreadableLine


def test_loadable_time_zone_is_accepted_in_any_case() -> None:
    assert [key for key in ZONES.values() if zone(key.upper()) != key] == []
    assert len(ZONES) > 400
    assert zoneinfo.ZoneInfo(zone("europe/berlin")).key == "Europe/Berlin"


@pytest.mark.parametrize("minutes", range(1, 16))
def test_interval_is_at_least_fifteen_minutes(minutes: int) -> None:
    if minutes * 60 >= SHORTEST_INTERVAL:
        assert every(f"{minutes}m") == f"{minutes}m"
    else:
        with pytest.raises(UnreadableLine, match="at least 15 minutes apart"):
            every(f"{minutes}m")


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", 90),
        ("15m", 900),
        ("15min", 900),
        ("2h", 7200),
        ("2hours", 7200),
        ("1h30m", 5400),
        ("1d", 86400),
        ("1w", 604800),
        ("2H", 7200),
    ],
)
def test_duration_in_seconds(text: str, length: int) -> None:
    assert seconds(text) == length


@pytest.mark.parametrize(
    "text", ["", "15", "m", "2 h", "-2h", "2y", "2h!", "\u0662h", "1e3s", "999999s"]
)
def test_no_duration(text: str) -> None:
    assert seconds(text) is None


@pytest.mark.parametrize(
    ("typed", "meant"), [("prot", "port"), ("tset", "test"), ("snl", "sni"), ("zzz", None)]
)
def test_nearest_takes_a_swap_first(typed: str, meant: str | None) -> None:
    assert nearest(typed, ["root", "port", "sni", "test"]) == meant
