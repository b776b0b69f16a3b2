"""Who may ask and how often, and that a captured request is worth nothing the second time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access import Access, PersonGuard, RateLimiter, ReplayCache, Rule, admit_person

CLOSED = Access(users=frozenset({"U1", "U2"}), channels=frozenset({"C1"}), home_team="T1")


@pytest.mark.parametrize(
    ("access", "person", "rule"),
    [
        (Access(), ("U9", "C9", "T9"), None),
        (CLOSED, ("U1", "C1", "T1"), None),
        (CLOSED, ("U1", "", "T1"), None),
        (CLOSED, ("U9", "C1", "T1"), Rule.USER),
        (CLOSED, ("U1", "C9", "T1"), Rule.CHANNEL),
        (CLOSED, ("U1", "C1", "T9"), Rule.TEAM),
        (CLOSED, ("U1", "C1", ""), Rule.TEAM),
        (CLOSED, ("", "C1", "T1"), Rule.USER),
        (Access(users=frozenset({"U1"})), ("U1", "C9", "T9"), None),
        (Access(home_team="T1"), ("U9", "C9", "T1"), None),
    ],
)
def test_who_may_ask(access: Access, person: tuple[str, str, str], rule: Rule | None) -> None:
    user, channel, team = person
    refusal = admit_person(access, user=user, channel=channel, team=team)
    assert (refusal.rule if refusal else None) is rule


def test_guest_of_a_shared_channel_is_refused_without_any_setting() -> None:
    who = {"user": "U1", "channel": "C1"}
    assert admit_person(Access(), **who, team="T2", home="T1") is not None
    assert admit_person(Access(), **who, team="T1", home="T1") is None
    assert admit_person(Access(), **who, team="", home="T1") is not None
    assert admit_person(Access(), **who, team="T1") is None


def test_organisation_counts_as_home() -> None:
    assert (
        admit_person(Access(home_team="E1"), user="U1", channel="C1", team="T1", enterprise="E1")
        is None
    )
    assert (
        admit_person(Access(home_team="E1"), user="U1", channel="C1", team="T1", enterprise="E2")
        is not None
    )


def test_twenty_requests_a_minute_for_a_user() -> None:
    limiter = RateLimiter()
    answers = [limiter.refuse(user="U1", channel="", now=float(second)) for second in range(21)]
    assert answers[:20] == [None] * 20
    assert answers[20] is not None
    assert answers[20].rule is Rule.RATE
    assert answers[20].sentence == "You have asked 20 times within a minute; ask again in 40 s."
    assert limiter.refuse(user="U2", channel="", now=20.0) is None
    assert limiter.refuse(user="U1", channel="", now=59.9) is not None
    assert limiter.refuse(user="U1", channel="", now=60.0) is None


def test_sixty_requests_a_minute_for_a_channel() -> None:
    limiter = RateLimiter()
    refused = [user for user in range(70) if limiter.refuse(user=f"U{user}", channel="C1", now=1.0)]
    assert refused == list(range(60, 70))
    assert limiter.refuse(user="U61", channel="C2", now=1.0) is None


def test_refused_requests_do_not_count() -> None:
    limiter = RateLimiter(per_user=1)
    assert limiter.refuse(user="U1", channel="", now=0.0) is None
    assert all(limiter.refuse(user="U1", channel="", now=float(second)) for second in range(1, 60))
    assert limiter.refuse(user="U1", channel="", now=60.0) is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["U1", "U2", "U3"]), st.floats(min_value=0, max_value=5)),
        max_size=120,
    )
)
def test_no_minute_ever_holds_more_than_the_limit(steps: list[tuple[str, float]]) -> None:
    limiter, now = RateLimiter(per_user=5, per_channel=8), 0.0
    taken: list[tuple[str, float]] = []
    for user, pause in steps:
        now += pause
        if limiter.refuse(user=user, channel="C1", now=now) is None:
            taken.append((user, now))
    for _, at in taken:
        minute = [user for user, when in taken if at - 60 < when <= at]
        assert len(minute) <= 8
        assert all(minute.count(user) <= 5 for user in minute)


def test_memory_of_the_limiter_is_bounded() -> None:
    limiter = RateLimiter(max_keys=10)
    for user in range(1000):
        limiter.refuse(user=f"U{user}", channel=f"C{user}", now=float(user))
    assert len(limiter._seen) <= 10


def test_person_guard_counts_only_what_costs_and_what_is_admitted() -> None:
    guard = PersonGuard(access=CLOSED, limiter=RateLimiter(per_user=1))
    assert guard.refuse(user="U9", channel="C1", team="T1", now=0.0) is not None
    assert [
        guard.refuse(user="U1", channel="C1", team="T1", now=0.0, costs=False) for _ in range(5)
    ] == [None] * 5
    assert guard.refuse(user="U1", channel="C1", team="T1", now=0.0) is None
    refusal = guard.refuse(user="U1", channel="C1", team="T1", now=1.0)
    assert refusal
    assert refusal.rule is Rule.RATE


def test_signature_is_taken_once_within_slack_s_window() -> None:
    cache = ReplayCache()
    assert not cache.is_replay("v0=a", timestamp=1000.0, now=1000.0)
    assert not cache.is_replay("v0=b", timestamp=1000.0, now=1001.0)
    assert cache.is_replay("v0=a", timestamp=1000.0, now=1001.0)
    assert cache.is_replay("v0=a", timestamp=1000.0, now=1300.0)
    assert not cache.is_replay("v0=a", timestamp=1000.0, now=1302.0)


def test_request_from_a_clock_that_is_ahead_is_remembered_for_longer() -> None:
    cache = ReplayCache()
    assert not cache.is_replay("v0=a", timestamp=1300.0, now=1000.0)
    assert not cache.is_replay("v0=b", timestamp=1000.0, now=1000.0)
    assert cache.is_replay("v0=a", timestamp=1300.0, now=1599.0)
    assert cache.is_replay("v0=b", timestamp=1000.0, now=1299.0)


def test_memory_of_the_replay_cache_is_bounded() -> None:
    cache = ReplayCache(max_signatures=10)
    replays = [
        cache.is_replay(f"v0={number}", timestamp=1000.0, now=1000.0) for number in range(1000)
    ]
    assert not any(replays)
    assert len(cache._until) == 10
