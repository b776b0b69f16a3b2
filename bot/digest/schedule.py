"""Turns schedule words into cron fields and into the next runs.

Cronsim follows Debian's cron for daylight saving; zoneinfo has the rules of a zone. `due` decides
what is due now and what happens to missed runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from itertools import islice, pairwise

from cronsim import CronSim, CronSimError

from bot.digest.zones import zone as zone_of
from bot.digest.zones import zone_names
from bot.domain.digest import Schedule
from bot.domain.refusal import Refusal, RefusalKind

MIN_GAP = timedelta(minutes=15)
DEFAULT_EVERY = "weekdays"
DEFAULT_AT = "09:00"

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_ALIASES = {
    "@hourly": "hourly",
    "@daily": "daily 00:00",
    "@midnight": "daily 00:00",
    "@weekly": "weekly sun 00:00",
}
_CRON_ALIASES = {"@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *"}
_TIME = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?")
_STEP = re.compile(r"(\d+)\s*(m|min|minutes?|h|hours?)")
_MINUTES_PER_HOUR, _HOURS_PER_DAY, _NOON, _FIELDS = 60, 24, 12, 5
_HOURLY = ("0 * * * *", "hourly")
_PROOF_RUNS, _PROOF_FROM = 300, datetime(2026, 1, 1, tzinfo=UTC)


def schedule(every: str = "", *, day: str = "", at: str = "", zone: str) -> Schedule | Refusal:
    """The schedule for the words, or a refusal.

    Args:
        every: `daily`, `weekdays`, `weekly`, `hourly`, `15m`, `4h`, five cron fields, or an alias
            such as `@daily`.
        day: a weekday (or several with commas), with `weekly`.
        at: a time of day.
        zone: IANA name.
    """
    known = known_zone(zone)
    if isinstance(known, Refusal):
        return known
    words = every.strip().lower() or ("weekly" if day else DEFAULT_EVERY)
    if words in _ALIASES:
        words, _, rest = _ALIASES[words].partition(" ")
        day, at = (
            (day or rest.split()[0], at or rest.split()[-1]) if " " in rest else (day, at or rest)
        )
    if words in _CRON_ALIASES or len(words.split()) > 1:
        return _from_cron(_CRON_ALIASES.get(words, words), day, at, known)
    read = _from_words(words, day.strip().lower(), at.strip().lower())
    if isinstance(read, Refusal):
        return read
    cron, text = read
    return Schedule(cron=cron, zone=known, text=text)


def known_zone(name: str) -> str | Refusal:
    """The zone's IANA name in its usual case; a refusal names the most similar one."""
    zones = zone_names()
    found = zones.get(name.strip().lower().replace(" ", "_"))
    if found:
        return found
    places = [zone for zone in zones if "/" in zone]
    near = get_close_matches(name.strip().lower(), places, n=1, cutoff=0.6)
    hint = f"did you mean {zones[near[0]]}?" if near else "write it like Europe/Berlin."
    return _unusable(f"I do not know the time zone {name!r}: {hint}")


def next_runs(plan: Schedule, after: datetime) -> Iterator[datetime]:
    """Every run after an instant, time zone aware, UTC, strictly increasing.

    A once-a-day schedule never has two on one local date.
    """
    zone = zone_of(plan.zone)
    last, last_date = after.astimezone(UTC), None
    daily = once_a_day(plan)
    for local in CronSim(plan.cron, after.astimezone(zone)):
        run = local.astimezone(UTC)
        date = run.astimezone(zone).date()
        if run <= last or (daily and date == last_date):
            continue
        last, last_date = run, date
        yield run


def once_a_day(plan: Schedule) -> bool:
    """Whether the schedule has one time of day, so that it runs at most once per date."""
    minute, hour = plan.cron.split()[:2]
    return minute.isdigit() and hour.isdigit()


def schedule_in_words(plan: Schedule, after: datetime, count: int = 3) -> str:
    """The schedule in words for the confirmation: frequency, zone, next runs.

    The UTC offset is shown where it changes.
    """
    zone = zone_of(plan.zone)
    local = [run.astimezone(zone) for run in islice(next_runs(plan, after), count)]
    offsets = [_offset(run) for run in local]
    shown = [
        "" if now == before else f" {now}"
        for before, now in zip(["", *offsets], offsets, strict=False)
    ]
    runs = ", ".join(
        f"{run:%a} {run.day} {run:%b %H:%M}{offset}"
        for run, offset in zip(local, shown, strict=True)
    )
    return f"{plan.text} ({plan.zone}). Next: {runs}."


def _offset(local: datetime) -> str:
    text = local.strftime("%z")
    return f"UTC{text[:3]}:{text[3:]}"


def _unusable(sentence: str) -> Refusal:
    return Refusal(kind=RefusalKind.REQUEST, sentence=sentence)


def _from_words(words: str, day: str, at: str) -> tuple[str, str] | Refusal:
    step = _STEP.fullmatch(words)
    if (step or words == "hourly") and (day or at):
        return _unusable(
            "A time or a day goes with daily, weekdays or weekly, for example `daily at=08:30`."
        )
    if step:
        return _repeated(int(step[1]), step[2][0])
    if words == "hourly":
        return _HOURLY
    if day and words != "weekly":
        return _unusable("A day goes with weekly, for example `every=weekly day=mon at=08:30`.")
    return _once_a_day(words, day, at)


def _once_a_day(words: str, day: str, at: str) -> tuple[str, str] | Refusal:
    time, days = _time(at or DEFAULT_AT), _weekdays(day or "mon")
    known = {"daily": "*", "weekdays": "1-5", "weekly": ""}
    if words not in known:
        return _unusable(
            f"I do not know {words!r}; say daily, weekdays, weekly, hourly or 15m, for example "
            "`every=daily at=08:30`."
        )
    if isinstance(time, Refusal):
        return time
    if isinstance(days, Refusal):
        return days
    hour, minute = time
    numbers = known[words] or ",".join(str(_DAYS.index(name)) for name in days)
    named = f"{words} {','.join(days)}" if words == "weekly" else words
    return f"{minute} {hour} * * {numbers}", f"{named} {hour:02}:{minute:02}"


def _repeated(number: int, unit: str) -> tuple[str, str] | Refusal:
    """An interval that divides the hour or the day, so that it runs at the same times every day."""
    minutes = number * (_MINUTES_PER_HOUR if unit == "h" else 1)
    if minutes < MIN_GAP.total_seconds() / 60:
        return _unusable("Digests come at least 15 minutes apart, for example `every=15m`.")
    if minutes < _MINUTES_PER_HOUR and _MINUTES_PER_HOUR % minutes == 0:
        return f"*/{minutes} * * * *", f"every {minutes} minutes"
    hours, rest = divmod(minutes, _MINUTES_PER_HOUR)
    if rest == 0 and 1 <= hours < _HOURS_PER_DAY and _HOURS_PER_DAY % hours == 0:
        return _HOURLY if hours == 1 else (f"0 */{hours} * * *", f"every {hours} hours")
    return _unusable(
        "An interval must divide the hour or the day: 15m, 20m, 30m, 1h, 2h, 3h, 4h, 6h, 8h or 12h."
    )


def _time(text: str) -> tuple[int, int] | Refusal:
    found = _TIME.fullmatch(text)
    hour, minute = (int(found[1]), int(found[2] or 0)) if found else (-1, 0)
    if found and found[3]:
        hour = hour % _NOON + (_NOON if found[3] == "pm" else 0) if 1 <= hour <= _NOON else -1
    if not (0 <= hour < _HOURS_PER_DAY and minute < _MINUTES_PER_HOUR):
        return _unusable(f"I do not understand the time {text!r}; write it like `at=08:30`.")
    return hour, minute


def _weekdays(text: str) -> list[str] | Refusal:
    days = [name[:3] for name in re.split(r"[,\s]+", text) if name]
    wrong = [name for name in days if name not in _DAYS]
    if wrong or not days:
        return _unusable(
            f"I do not know the day {text!r}; write it like `day=mon` or `day=mon,thu`."
        )
    return sorted(set(days), key=lambda name: _DAYS.index(name) or 7)


def _from_cron(fields: str, day: str, at: str, zone: str) -> Schedule | Refusal:
    if day or at:
        return _unusable("Cron fields name the day and the time already; leave out day= and at=.")
    if len(fields.split()) != _FIELDS:
        return _unusable(
            "Cron has five fields here, without seconds, for example `every='0 9 * * 1-5'`."
        )
    plan = Schedule(cron=fields, zone=zone, text=f"cron {fields}")
    try:
        proof = list(
            islice(next_runs(Schedule(cron=fields, zone="UTC", text=""), _PROOF_FROM), _PROOF_RUNS)
        )
    except CronSimError as error:
        return _unusable(
            f"I cannot read the cron fields {fields!r} ({error}); an example is `0 9 * * 1-5`."
        )
    if not proof:
        return _unusable(f"The cron fields {fields!r} never come; an example is `0 9 * * 1-5`.")
    if any(later - earlier < MIN_GAP for earlier, later in pairwise(proof)):
        return _unusable(
            "Digests come at least 15 minutes apart, for example `every='*/15 8-18 * * 1-5'`."
        )
    return plan
