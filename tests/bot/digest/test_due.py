"""One catch-up however long the bot was away, never two digests on one day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.digest.due import first_run, run_after
from bot.digest.schedule import schedule
from bot.domain.digest import Schedule
from bot.domain.refusal import Refusal
from tests.support.following import NOW, answered

DAILY = answered(schedule("daily", at="09:00", zone="Europe/Berlin"))
DUE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ran_at", "expected"),
    [
        (DUE + timedelta(seconds=7), DUE + timedelta(days=1)),
        (DUE + timedelta(days=3, hours=-1), DUE + timedelta(days=4)),
        (DUE + timedelta(days=3, hours=5), DUE + timedelta(days=4)),
    ],
    ids=["on time", "caught up before today's run", "caught up after today's run"],
)
def test_following_daily_run_is_on_another_day(ran_at: datetime, expected: datetime) -> None:
    assert run_after(DAILY, ran_at) == expected


def test_following_hourly_run_is_the_next_hour() -> None:
    assert run_after(
        answered(schedule("hourly", zone="UTC")), DUE + timedelta(minutes=20)
    ) == DUE + timedelta(hours=1)


def test_weekday_run_skips_the_weekend() -> None:
    friday = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
    assert run_after(answered(schedule(zone="UTC")), friday) == friday + timedelta(days=3)


def test_schedule_without_a_run_is_never_due() -> None:
    plan = Schedule(cron="0 0 */29 2 1#5", zone="UTC", text="fifth Monday on 1 February")
    refused = first_run(plan, NOW)
    assert isinstance(refused, Refusal)
    assert refused.sentence == "fifth Monday on 1 February never comes."
