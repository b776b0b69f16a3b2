"""A sweep shakes hands without a server name once a day with each backend."""

from __future__ import annotations

from datetime import timedelta

from bot.checks.without_sni import DailyHandshakes
from chainlib import Target
from tests.support.following import NOW

ONE = Target(host="backend.contoso.com", server_name="backend.contoso.com")
OTHER = Target(host="backend.contoso.com", server_name="other.contoso.com")
HOUR = timedelta(hours=1)


def test_probe_is_due_once_a_day() -> None:
    daily = DailyHandshakes()
    answers = [daily.due(ONE, NOW + hours * HOUR) for hours in (0, 1, 23, 24, 25, 48)]
    assert answers == [True, False, False, True, False, True]


def test_probe_is_due_for_each_name() -> None:
    daily = DailyHandshakes()
    assert [daily.due(one, NOW) for one in (ONE, OTHER, ONE)] == [True, True, False]


def test_probe_is_due_when_the_clock_went_back() -> None:
    daily = DailyHandshakes()
    assert daily.due(ONE, NOW + 48 * HOUR)
    assert daily.due(ONE, NOW)


def test_oldest_probe_is_forgotten_first() -> None:
    daily = DailyHandshakes(most=1)
    assert [daily.due(one, NOW) for one in (ONE, OTHER, OTHER, ONE)] == [True, True, False, True]
