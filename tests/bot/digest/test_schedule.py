"""Schedule words become runs; daylight saving never doubles nor drops a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from bot.digest.schedule import next_runs, schedule, schedule_in_words
from bot.domain.digest import Schedule
from bot.domain.refusal import Refusal
from tests.support.following import answered
from tests.support.sampling import EVERY_CASE

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

WORDS = [
    ({}, "0 9 * * 1-5", "weekdays 09:00"),
    ({"every": "daily", "at": "8:30"}, "30 8 * * *", "daily 08:30"),
    ({"every": "Daily", "at": "08.30"}, "30 8 * * *", "daily 08:30"),
    ({"every": "daily", "at": "12am"}, "0 0 * * *", "daily 00:00"),
    ({"every": "daily", "at": "1 pm"}, "0 13 * * *", "daily 13:00"),
    ({"every": "weekly"}, "0 9 * * 1", "weekly mon 09:00"),
    ({"day": "friday"}, "0 9 * * 5", "weekly fri 09:00"),
    ({"every": "weekly", "day": "sun,wed", "at": "7"}, "0 7 * * 3,0", "weekly wed,sun 07:00"),
    ({"every": "hourly"}, "0 * * * *", "hourly"),
    ({"every": "1h"}, "0 * * * *", "hourly"),
    ({"every": "15m"}, "*/15 * * * *", "every 15 minutes"),
    ({"every": "60min"}, "0 * * * *", "hourly"),
    ({"every": "6h"}, "0 */6 * * *", "every 6 hours"),
    ({"every": "@daily"}, "0 0 * * *", "daily 00:00"),
    ({"every": "@daily", "at": "7:15"}, "15 7 * * *", "daily 07:15"),
    ({"every": "@weekly"}, "0 0 * * 0", "weekly sun 00:00"),
    ({"every": "@monthly"}, "0 0 1 * *", "cron 0 0 1 * *"),
    ({"every": "*/15 8-18 * * mon-fri"}, "*/15 8-18 * * mon-fri", "cron */15 8-18 * * mon-fri"),
]


@pytest.mark.parametrize(("words", "cron", "text"), WORDS, ids=[text for _, _, text in WORDS])
def test_words_mean_cron(words: dict[str, str], cron: str, text: str) -> None:
    assert schedule(zone="UTC", **words) == Schedule(cron=cron, zone="UTC", text=text)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"every": "5m"}, "15 minutes apart"),
        ({"every": "50m"}, "divide"),
        ({"every": "fortnightly"}, "every=daily"),
        ({"every": "daily", "day": "mon"}, "every=weekly"),
        ({"every": "hourly", "at": "09:00"}, "daily at=08:30"),
        ({"every": "weekly", "day": "moonday"}, "day=mon"),
        ({"every": "daily", "at": "25:00"}, "at=08:30"),
        ({"every": "daily", "at": "13pm"}, "at=08:30"),
        ({"every": "daily", "at": "noonish"}, "at=08:30"),
        ({"every": "0 0 9 * * 1"}, "five fields"),
        ({"every": "*/5 * * * *"}, "15 minutes apart"),
        ({"every": "0,10 9 1 1 *"}, "15 minutes apart"),
        ({"every": "0 0 30 2 *"}, "cannot read"),
        ({"every": "0 0 */29 2 1#5"}, "never come"),
        ({"every": "61 * * * *"}, "cannot read"),
        ({"every": "0 9 * * *", "at": "08:00"}, "leave out"),
        ({"zone": "Europe/Berln"}, "Europe/Berlin"),
        ({"zone": "CEST!"}, "Europe/Berlin"),
    ],
)
def test_unusable_words_are_refused_with_an_example(words: dict[str, str], says: str) -> None:
    refused = schedule(**({"zone": "UTC"} | words))
    assert isinstance(refused, Refusal)
    assert says in refused.sentence


def test_zone_is_found_however_it_is_capitalised() -> None:
    assert answered(schedule(zone="europe/berlin")).zone == "Europe/Berlin"


def test_echo_names_the_zone_and_the_next_runs() -> None:
    plan = answered(schedule("daily", at="09:00", zone="Europe/Berlin"))
    assert schedule_in_words(plan, datetime(2026, 10, 24, 6, 0, tzinfo=UTC)) == (
        "daily 09:00 (Europe/Berlin). Next: Sat 24 Oct 09:00 UTC+02:00, Sun 25 Oct 09:00 "
        "UTC+01:00, Mon 26 Oct 09:00."
    )


DST = [
    (
        "gap",
        "30 2 * * *",
        "Europe/Warsaw",
        datetime(2027, 3, 27, 12, tzinfo=UTC),
        ["03-28 03:00", "03-29 02:30"],
    ),
    (
        "fold",
        "30 2 * * *",
        "Europe/Warsaw",
        datetime(2027, 10, 30, 12, tzinfo=UTC),
        ["10-31 02:30", "11-01 02:30"],
    ),
    (
        "midnight fold",
        "30 0 * * *",
        "America/Havana",
        datetime(2026, 10, 31, 12, tzinfo=UTC),
        ["11-01 00:30", "11-02 00:30"],
    ),
    (
        "half an hour",
        "15 2 * * *",
        "Australia/Lord_Howe",
        datetime(2027, 4, 3, 12, tzinfo=UTC),
        ["04-04 02:15", "04-05 02:15"],
    ),
]


@pytest.mark.parametrize(
    ("cron", "zone", "after", "runs"), [case[1:] for case in DST], ids=[case[0] for case in DST]
)
def test_daily_run_at_a_transition_comes_once(
    cron: str, zone: str, after: datetime, runs: list[str]
) -> None:
    plan = Schedule(cron=cron, zone=zone, text="")
    assert [
        f"{run.astimezone(ZoneInfo(zone)):%m-%d %H:%M}" for run in islice(next_runs(plan, after), 2)
    ] == runs


def test_hourly_run_in_the_fold_comes_twice() -> None:
    plan = answered(schedule("hourly", zone="Europe/Berlin"))
    runs = list(islice(next_runs(plan, datetime(2027, 10, 30, 23, 30, tzinfo=UTC)), 3))
    assert [later - earlier for earlier, later in pairwise(runs)] == [timedelta(hours=1)] * 2


def test_no_zone_ever_doubles_or_drops_a_day(figure: Callable[[str], None]) -> None:
    """Every zone's transitions of two years, daily schedules on both sides of each.

    Strictly increasing, one run on each local date.
    """
    crossings = [(zone, at) for zone in sorted(available_timezones()) for at in _transitions(zone)]
    assert len(crossings) > 300
    if not EVERY_CASE:  # runs depend on the offsets alone, so one zone of each change will do
        crossings = list({_change(zone, at): (zone, at) for zone, at in crossings}.values())
    proved = 0
    for zone, at in crossings:
        for minute in _minutes_around(zone, at):
            plan = Schedule(cron=f"{minute % 60} {minute // 60} * * *", zone=zone, text="")
            runs = list(islice(next_runs(plan, at - timedelta(days=2)), 4))
            dates = [run.astimezone(ZoneInfo(zone)).date() for run in runs]
            assert all(
                later - earlier == timedelta(days=1) for earlier, later in pairwise(dates)
            ), (zone, at, plan.cron, runs)
            assert all(earlier < later for earlier, later in pairwise(runs))
            proved += 1
    zones = len({zone for zone, _ in crossings})
    figure(
        f"{len(crossings)} transitions of {zones} zones in two years, {proved} daily "
        "schedules: 0 days doubled or dropped"
    )


def _transitions(zone: str) -> list[datetime]:
    """The instants (to the hour) at which the zone's offset changes, within two years."""
    week, day = timedelta(days=7), timedelta(days=1)
    weeks = _crossed(zone, [MONDAY + week * n for n in range(2 * 53)])
    days = [at for end in weeks for at in _crossed(zone, [end - week + day * n for n in range(8)])]
    return [
        at for end in days for at in _crossed(zone, [end - day + day / 4 * n for n in range(5)])
    ]


def _crossed(zone: str, steps: Sequence[datetime]) -> list[datetime]:
    """The steps at which the zone's offset is another than at the step before."""
    info = ZoneInfo(zone)
    offsets = [step.astimezone(info).utcoffset() for step in steps]
    return [
        later
        for later, (before, after) in zip(steps[1:], pairwise(offsets), strict=True)
        if before != after
    ]


def _change(zone: str, at: datetime) -> tuple[datetime, timedelta | None, timedelta | None]:
    """When the offset changes, from what and to what."""
    info = ZoneInfo(zone)
    return (
        at,
        (at - timedelta(hours=6)).astimezone(info).utcoffset(),
        at.astimezone(info).utcoffset(),
    )


def _minutes_around(zone: str, at: datetime) -> set[int]:
    """Times of day before, inside and after the transition, on the zone's wall clock."""
    info = ZoneInfo(zone)
    clocks = [
        (at - timedelta(hours=6) + timedelta(minutes=30 * n)).astimezone(info) for n in range(13)
    ]
    return {clock.hour * 60 + clock.minute for clock in clocks}
