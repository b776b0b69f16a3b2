"""Weekly windows: in words and back, what they hide, and until when."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.digest.mutes import is_active, quiet_until, read_window, window_words
from bot.domain.digest import Mute, Window
from tests.support.following import NOW, gateway

SATURDAY_NIGHT = read_window("sat 22:00-02:00", "Europe/Berlin")


def muted(window: Window, ends: datetime = datetime(2027, 12, 1, tzinfo=UTC)) -> Mute:
    """A mute of the whole gateway inside a window."""
    return Mute(
        team="T1",
        channel="C1",
        target=gateway(),
        begins=NOW,
        ends=ends,
        reason="patch night",
        by="U2",
        window=window,
    )


def test_window_in_words_and_back() -> None:
    window = read_window("sat,sun 22:00-23:30", "Europe/Berlin")
    assert window == Window(days=(5, 6), start=22 * 60, end=23 * 60 + 30, zone="Europe/Berlin")
    assert window_words(window) == "sat,sun 22:00-23:30"


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-28T20:59", None),
        ("2026-11-28T21:00", "2026-11-29T01:00"),
        ("2026-11-29T00:59", "2026-11-29T01:00"),
        ("2026-11-29T01:00", None),
        ("2026-11-29T21:30", None),
        ("2027-10-30T21:00", "2027-10-31T00:00"),
        ("2027-03-27T22:00", "2027-03-28T01:00"),
    ],
    ids=[
        "before",
        "begins",
        "after midnight",
        "over",
        "another day",
        "night when the clocks go back",
        "night when they go forward",
    ],
)
def test_window_over_midnight_hides_until_it_closes(at: str, until: str | None) -> None:
    instant, mute = datetime.fromisoformat(at).replace(tzinfo=UTC), muted(SATURDAY_NIGHT)
    assert is_active(mute, instant) is (until is not None)
    if until:
        assert quiet_until(mute, instant) == datetime.fromisoformat(until).replace(tzinfo=UTC)


def test_mute_ending_inside_its_window_hides_until_then() -> None:
    ends = datetime(2026, 11, 28, 23, 0, tzinfo=UTC)
    assert (
        quiet_until(muted(SATURDAY_NIGHT, ends), datetime(2026, 11, 28, 22, 0, tzinfo=UTC)) == ends
    )
