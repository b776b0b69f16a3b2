"""When a subscription's next digest is due.

After an outage there is one digest, however long it lasted, and never two digests on one day.
"""

from __future__ import annotations

from datetime import datetime

from bot.digest.schedule import next_runs, once_a_day
from bot.digest.zones import zone as zone_of
from bot.domain.digest import Schedule
from bot.domain.refusal import Refusal, RefusalKind


def first_run(plan: Schedule, now: datetime) -> datetime | Refusal:
    """The first run of a new or edited subscription.

    A refusal if there is none, as for 30 February only.
    """
    return next(next_runs(plan, now), None) or _never(f"{plan.text} never comes.")


def run_after(plan: Schedule, ran_at: datetime) -> datetime | Refusal:
    """The next run after one at `ran_at`, whether that was on time or late.

    All missed runs become one. A once-a-day schedule that ran late today does not run again today.
    A refusal if there is no next run.
    """
    if not once_a_day(plan):
        return first_run(plan, ran_at)
    zone = zone_of(plan.zone)
    today = ran_at.astimezone(zone).date()
    for run in next_runs(plan, ran_at):
        if run.astimezone(zone).date() > today:
            return run
    return _never(f"{plan.text} never comes again.")


def _never(sentence: str) -> Refusal:
    return Refusal(kind=RefusalKind.REQUEST, sentence=sentence)
