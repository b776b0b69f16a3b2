"""A sweep shakes hands without a server name once a day with each backend."""

from __future__ import annotations

from datetime import timedelta

from bot.checks.default_looks import DailyLooks
from chainlib import Target
from tests.support.following import NOW

ONE = Target(host="backend.contoso.com", server_name="backend.contoso.com")
OTHER = Target(host="backend.contoso.com", server_name="other.contoso.com")
HOUR = timedelta(hours=1)


def test_look_is_due_once_a_day() -> None:
    looks = DailyLooks()
    answers = [looks.due(ONE, NOW + hours * HOUR) for hours in (0, 1, 23, 24, 25, 48)]
    assert answers == [True, False, False, True, False, True]


def test_look_is_due_for_each_name() -> None:
    looks = DailyLooks()
    assert [looks.due(one, NOW) for one in (ONE, OTHER, ONE)] == [True, True, False]


def test_look_is_due_when_the_clock_went_back() -> None:
    looks = DailyLooks()
    assert looks.due(ONE, NOW + 48 * HOUR)
    assert looks.due(ONE, NOW)


def test_oldest_look_is_forgotten_first() -> None:
    looks = DailyLooks(most=1)
    assert [looks.due(one, NOW) for one in (ONE, OTHER, OTHER, ONE)] == [True, True, False, True]
