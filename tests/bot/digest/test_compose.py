"""What a digest says against the last one that was sent, and when it says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.digest.compose import compose, should_send
from bot.digest.filters import exclusion
from bot.digest.wording import plain_lines
from bot.domain.digest import (
    BackendState,
    DigestContent,
    FollowedTarget,
    Mute,
    News,
    NextBreak,
    Observation,
    Problem,
    ProblemState,
    Schedule,
    Window,
)
from bot.domain.refusal import Refusal
from chainlib import Code, Severity
from tests.support.following import NOW, backend, gateway, problem, subscription

DAY = timedelta(days=1)
SINCE = NOW - timedelta(hours=3)


def state(
    number: int = 1,
    problems: Sequence[Problem] = (),
    *,
    is_open: bool = True,
    since: datetime = SINCE,
    **fields: Any,  # noqa: ANN401 -- overrides of any field
) -> BackendState:
    """A backend with settled problems."""
    seen = replace(backend(number, problems), **fields)
    states = tuple(
        ProblemState(problem=found, open=is_open, since=since, recent="xxx") for found in problems
    )
    return BackendState(seen=seen, problems=states, first_seen=SINCE, last_seen=NOW)


def said(
    states: Sequence[BackendState],
    last: DigestContent | None = None,
    at: datetime = NOW,
    **fields: Any,  # noqa: ANN401 -- overrides of any field
) -> DigestContent:
    """What a subscription's digest says."""
    mutes: Sequence[Mute] = fields.pop("mutes", ())
    return compose(subscription(**fields), states, mutes, last, at)


def mute(**fields: Any) -> Mute:  # noqa: ANN401 -- overrides of any field
    """A mute of the whole gateway for the next two hours."""
    base = Mute(
        id=1,
        team="T1",
        channel="C1",
        target=gateway(),
        begins=NOW - DAY,
        ends=NOW + timedelta(hours=2),
        reason="swap",
        by="U2",
    )
    return replace(base, **fields)


def renewal(days_left: int, lifetime: int = 90) -> Problem:
    """A certificate that expires."""
    end = NOW + timedelta(days=days_left)
    return problem(
        Code.CERTIFICATE_EXPIRING,
        "api.contoso.com",
        severity=Severity.WARNING,
        not_before=end - timedelta(days=lifetime),
        not_after=end,
    )


def test_shared_missing_intermediate_is_one_line() -> None:
    other = (
        "/subscriptions/s/resourcegroups/rg/providers/microsoft.network/applicationgateways/prod-gw"
    )
    states = [state(n, [problem()], gateway=f"gw{n % 2}", target_key=other) for n in range(14)] + [
        state(20)
    ]
    content = said(states)
    assert [(len(line.members), line.gateways) for line in content.lines] == [(14, ("gw0", "gw1"))]
    assert plain_lines(content)[0] == "gw:prod-gw, Mon 09:00 (UTC): 1 problem, 1 fine"
    assert (
        plain_lines(content)[1]
        == "! Intermediate missing: CN=Contoso Issuing CA 3 · 14 backends, 2 gateways · since 06:00"
    )


def test_lines_are_grouped_by_severity_kind_and_extent() -> None:
    off = problem(Code.VALIDATION_OFF, "https-be", severity=Severity.WARNING)
    weak = problem(Code.WEAK_CRYPTO, "SHA-1", severity=Severity.WARNING)
    states = [
        state(1, [renewal(9), off]),
        state(2, [problem(about="one")]),
        *[state(n, [problem(), weak]) for n in (3, 4)],
    ]
    assert [line.subject for line in said(states).lines] == [
        "CN=Contoso Issuing CA 3",
        "one",
        "SHA-1",
        "https-be",
        "api.contoso.com",
    ]


def test_switched_off_checks_say_since_when() -> None:
    off = problem(Code.VALIDATION_OFF, "https-be", severity=Severity.WARNING)
    content = said([state(1, [off], since=NOW - 3 * DAY)])
    assert (
        plain_lines(content)[1]
        == "~ Checks switched off on https-be · b1.contoso.com · off since Fri 20 Nov"
    )


@pytest.mark.parametrize(
    ("before", "now", "news"),
    [
        ((), (1,), News.NEW),
        ((1,), (1,), News.NONE),
        ((1,), (1, 2), News.GROWN),
        ((1, 2), (1,), News.NONE),
    ],
    ids=["new", "as before", "grown", "shrunk"],
)
def test_news_is_measured_against_the_last_sent_digest(
    before: tuple[int, ...], now: tuple[int, ...], news: News
) -> None:
    last = said([state(n, [problem()]) for n in before], at=NOW - DAY)
    assert [line.news for line in said([state(n, [problem()]) for n in now], last).lines] == [news]


@pytest.mark.parametrize(
    ("lifetime", "steps"),
    [
        (90, {31: None, 29: 30, 20: 30, 14: 14, 8: 14, 7: 7, 1: 1, 0: 1}),
        (47, {16: None, 15: 16, 14: 14, 7: 7}),
        (398, {30: None, 29: 30}),
    ],
    ids=["90 days", "47 days", "a year"],
)
def test_rungs_of_the_renewal_ladder(lifetime: int, steps: dict[int, int | None]) -> None:
    assert {
        days: said([state(1, [renewal(days, lifetime)])]).lines[0].step for days in steps
    } == steps


def test_each_rung_is_said_once() -> None:
    phrased, last = [], None
    for days_left in range(29, -1, -1):
        content = said([state(1, [renewal(days_left)])], last)
        if should_send(subscription(), content):
            phrased.append(days_left)
            last = content
    assert phrased == [29, 14, 7, 1]


def test_fixed_causes_are_counted_once() -> None:
    first = said([state(1, [problem()])], at=NOW - DAY)
    second = said([state(1, [problem()], is_open=False)], first)
    assert [line.subject for line in second.fixed] == ["CN=Contoso Issuing CA 3"]
    assert plain_lines(second) == ("gw:prod-gw, Mon 09:00 (UTC): 1 fine", "Fixed: 1")
    assert said([state(1)], second).fixed == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"minimum": Severity.CRITICAL},
        {"exclude": ("pool:shop",)},
        {"target": gateway(pool="other")},
    ],
)
def test_backend_left_out_by_edit_is_not_fixed(fields: dict[str, Any]) -> None:
    weak = problem(Code.WEAK_CRYPTO, "SHA-1", severity=Severity.WARNING)
    first = said([state(1, [weak])], at=NOW - DAY)
    assert said([state(1, [weak])], first, **fields).fixed == ()


def test_problem_in_an_unfollowed_pool_is_not_fixed() -> None:
    fields = {"exclude": ("pool:test*",)}
    test = state(2, [problem()], pool="test1", key="other")
    first = said([state(1, [problem()]), test], at=NOW - DAY, **fields)
    assert len(said([state(1, [problem()], is_open=False), test], first, **fields).fixed) == 1


def test_cause_moved_to_another_backend_is_not_fixed() -> None:
    first = said([state(1, [problem()]), state(2)], at=NOW - DAY)
    second = said([state(1, [problem()], is_open=False), state(2, [problem()])], first)
    assert (second.fixed, [line.news for line in second.lines]) == ((), [News.GROWN])


SPEAKING = [
    ("nothing wrong, first", {}, [], False, False),
    ("something wrong, first", {}, [1], False, True),
    ("as before", {}, [1], True, False),
    ("heartbeat", {"heartbeat": True}, [], True, True),
    ("changes only, first", {"only_changes": True}, [], False, True),
    ("changes only, as before", {"only_changes": True}, [1], True, False),
]


@pytest.mark.parametrize(
    ("fields", "broken", "again", "expected"),
    [case[1:] for case in SPEAKING],
    ids=[case[0] for case in SPEAKING],
)
def test_digest_speaks(
    fields: dict[str, Any],
    broken: list[int],
    again: bool,  # noqa: FBT001 -- the columns of a table
    expected: bool,  # noqa: FBT001 -- the table's columns
) -> None:
    states = [state(n, [problem()]) for n in broken] + [state(9)]
    last = said(states, at=NOW - DAY, **fields) if again else None
    assert should_send(subscription(**fields), said(states, last, **fields)) is expected


def test_only_changes_lists_news_and_counts_the_rest() -> None:
    last = said([state(1, [problem()])], at=NOW - DAY, only_changes=True)
    content = said(
        [state(1, [problem()]), state(2, [problem(about="new")])], last, only_changes=True
    )
    assert [line.subject for line in content.lines] == ["new"]
    assert plain_lines(content)[0].endswith("1 problem, 0 fine, 1 as before")
    assert said([state(1, [problem()])], content, only_changes=True).news == ()


def test_quiet_heartbeat_is_one_line() -> None:
    last = said([state(1)], at=NOW - DAY, heartbeat=True)
    assert plain_lines(said([state(1)], last, heartbeat=True)) == (
        "gw:prod-gw, Mon 09:00 (UTC): 1 fine, nothing changed",
    )


@pytest.mark.parametrize(
    ("fields", "listed"),
    [
        ({}, 2),
        ({"minimum": Severity.CRITICAL}, 1),
        ({"minimum": Severity.INFO}, 3),
        ({"exclude": ("pool:sh*",)}, 0),
        ({"exclude": ("host:b1.*",)}, 0),
        ({"exclude": ("gw:other", "setting:x")}, 2),
        ({"exclude": ("b1*",)}, 0),
        ({"target": gateway(pool="SHOP")}, 2),
        ({"target": gateway(pool="other")}, 0),
        ({"target": gateway(setting="https-be")}, 2),
        ({"target": gateway("other")}, 0),
    ],
)
def test_filters_narrow_what_is_listed(fields: dict[str, Any], listed: int) -> None:
    extra = problem(Code.CHAIN_EXTRA, "root", severity=Severity.INFO)
    weak = problem(Code.WEAK_CRYPTO, "SHA-1", severity=Severity.WARNING)
    assert len(said([state(1, [problem(), weak, extra])], **fields).lines) == listed


@pytest.mark.parametrize("text", ["", "colour:red", "pool:"])
def test_unreadable_exclusion_is_refused_with_an_example(text: str) -> None:
    refused = exclusion(text)
    assert isinstance(refused, Refusal)
    assert "not=pool:test*" in refused.sentence


def test_exclusion_is_folded() -> None:
    assert exclusion(" Pool:Test* ") == "pool:test*"


MUTED = [
    ("everything", mute(), True),
    ("ended", mute(ends=NOW), False),
    ("not begun", mute(begins=NOW + DAY, ends=NOW + 2 * DAY), False),
    ("another pool", mute(target=gateway(pool="other")), False),
    ("this pool", mute(target=gateway(pool="shop")), True),
    ("window open", mute(window=Window(days=(0,), start=8 * 60, end=10 * 60, zone="UTC")), True),
    (
        "window of another day",
        mute(window=Window(days=(1,), start=8 * 60, end=10 * 60, zone="UTC")),
        False,
    ),
    (
        "window over midnight",
        mute(window=Window(days=(6,), start=22 * 60, end=10 * 60, zone="UTC")),
        True,
    ),
    (
        "window in another zone",
        mute(window=Window(days=(0,), start=18 * 60, end=19 * 60, zone="Asia/Tokyo")),
        True,
    ),
]


@pytest.mark.parametrize(
    ("hush", "hidden"), [case[1:] for case in MUTED], ids=[case[0] for case in MUTED]
)
def test_mute_hides_what_it_covers(hush: Mute, hidden: bool) -> None:  # noqa: FBT001 -- the table's expectation
    content = said([state(1, [problem()])], mutes=(hush,))
    assert (len(content.lines), len(content.muted)) == ((0, 1) if hidden else (1, 0))


def test_mute_is_announced_with_end_reason_and_person() -> None:
    content = said(
        [state(1, [problem()]), state(2, [problem(about="x")], pool="p2")],
        mutes=(mute(target=gateway(pool="shop")),),
    )
    assert plain_lines(content)[-1] == "New: 1 · Muted: 1 until 11:00 by U2 (swap)"


def test_problem_known_before_a_mute_is_not_new() -> None:
    first = said([state(1, [problem()])], at=NOW - 2 * DAY)
    during = said(
        [state(1, [problem()])],
        first,
        at=NOW - DAY,
        mutes=(mute(begins=NOW - 2 * DAY, ends=NOW - DAY / 2),),
        heartbeat=True,
    )
    assert said([state(1, [problem()])], during).news == ()


def test_problem_that_outlives_a_mute_is_reported() -> None:
    hush = mute(begins=NOW - DAY, ends=NOW - timedelta(hours=1))
    assert [line.news for line in said([state(1, [problem()])], mutes=(hush,)).lines] == [News.NEW]


@pytest.mark.parametrize("days", [1, 2])
def test_problem_begun_inside_a_mute_is_new_afterwards(
    days: int,
) -> None:
    hush, last = (
        mute(begins=NOW - 5 * DAY, ends=NOW - DAY / 2),
        said([state(2)], at=NOW - 4 * DAY, heartbeat=True),
    )
    for day in range(days, 0, -1):
        last = said(
            [state(1, [problem()])], last, at=NOW - day * DAY, mutes=(hush,), heartbeat=True
        )
    after = said([state(1, [problem()])], last, mutes=(hush,))
    assert [line.news for line in after.lines] == [News.NEW]
    assert should_send(subscription(), after)


def test_problem_grown_inside_a_mute_is_reported_grown() -> None:
    first = said([state(1, [problem()])], at=NOW - 2 * DAY)
    hush, both = (
        mute(begins=NOW - 2 * DAY, ends=NOW - DAY / 2),
        [state(n, [problem()]) for n in (1, 2)],
    )
    during = said(both, first, at=NOW - DAY, mutes=(hush,), heartbeat=True)
    assert [line.news for line in said(both, during).lines] == [News.GROWN]


def test_recovery_inside_a_mute_is_not_reported_after() -> None:
    first = said([state(1, [problem()])], at=NOW - DAY)
    hush = mute(begins=NOW - timedelta(hours=12), ends=NOW - timedelta(hours=1))
    closed = state(1, [problem()], is_open=False, since=NOW - timedelta(hours=6))
    assert said([closed], first, mutes=(hush,)).fixed == ()


def test_recovery_after_a_mute_is_reported() -> None:
    first = said([state(1, [problem()])], at=NOW - 2 * DAY)
    hush = mute(begins=NOW - 2 * DAY, ends=NOW - DAY / 2)
    during = said([state(1, [problem()])], first, at=NOW - DAY, mutes=(hush,), heartbeat=True)
    closed = state(1, [problem()], is_open=False, since=NOW - timedelta(hours=6))
    assert [line.subject for line in said([closed], during, mutes=(hush,)).fixed] == [
        "CN=Contoso Issuing CA 3"
    ]


def test_digest_has_twelve_lines_at_most() -> None:
    content = said([state(n, [problem(about=f"cause {n}")]) for n in range(40)], mutes=())
    lines = plain_lines(content)
    assert (len(lines), lines[-2], lines[-1]) == (12, "and 31 more, in the thread", "New: 40")


def test_host_subscription_takes_its_own_host_only(host: FollowedTarget, seen: Observation) -> None:
    content = said(
        [BackendState(seen=seen, problems=(), first_seen=NOW, last_seen=NOW)], target=host
    )
    assert content.fine == 1


@pytest.fixture
def host() -> FollowedTarget:
    """A bare host."""
    return replace(gateway(), key="b.contoso.com:443", text="b.contoso.com")


@pytest.fixture
def seen(host: FollowedTarget) -> Observation:
    """What a look saw of it."""
    return Observation(key=f"{host.key}|||", target_key=host.key, label="b.contoso.com")


WEEKLY = Schedule(cron="0 9 * * 1", zone="UTC", text="weekly mon 09:00")
LATER = NextBreak(at=NOW + 30 * DAY, subject="CN=Contoso Issuing CA 3", sha256="ab", turn="expires")
SOONER = replace(LATER, at=NOW + 10 * DAY, subject="CN=b9.contoso.com", sha256="cd")


def test_weekly_digest_says_what_breaks_next() -> None:
    states = [state(n, next_break=LATER) for n in range(14)] + [state(20)]
    content = said(states, schedule=WEEKLY)
    assert content.ahead == replace(LATER, backends=14)
    assert plain_lines(content)[-1] == (
        "Next: 23 December, 14 backends break, CN=Contoso Issuing CA 3 expires"
    )
    assert said(states).ahead is None


@pytest.mark.parametrize(
    ("states", "fields"),
    [
        ([state(1, next_break=replace(SOONER, at=NOW - DAY))], {}),
        ([state(1, next_break=SOONER)], {"mutes": (mute(),)}),
        ([state(1, next_break=SOONER)], {"exclude": ("b1.*",)}),
    ],
    ids=["past", "muted", "excluded"],
)
def test_what_breaks_next_is_left_out(states: list[BackendState], fields: dict[str, Any]) -> None:
    assert said(states, schedule=WEEKLY, **fields).ahead is None


def test_soonest_break_leads_a_weekly_digest() -> None:
    states = [state(1, next_break=LATER), state(2, next_break=SOONER)]
    assert said(states, schedule=WEEKLY).ahead == SOONER
