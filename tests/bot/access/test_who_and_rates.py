"""Who may ask and how often, and that a captured request is worth nothing the second time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access import (
    Access,
    AccessPolicy,
    HomeTeam,
    Person,
    RateLimiter,
    Refusal,
    RefusalKind,
    ReplayCache,
)

CLOSED = Access(
    users=frozenset({"U1", "U2"}),
    channels=frozenset({"C1"}),
    asking_bots=frozenset({"B1", "A2"}),
)
OPEN = Access()
WORKSPACE, GRID = HomeTeam.of("T1"), HomeTeam.of("T1", "E1")


class Known:
    """A directory that knows some people, or cannot be asked."""

    def __init__(self, *, askable: bool = True, **people: str) -> None:
        self.people, self.askable = people, askable
        self.asked: list[str] = []

    async def affiliations(self, user: str, team: str) -> frozenset[str] | None:
        """Whatever was given, else another organisation's."""
        self.asked.append(f"{user} of {team}")
        return frozenset(self.people.get(user, "T9 E9").split()) if self.askable else None


async def refused(
    access: Access,
    person: Person,
    *,
    home: HomeTeam = WORKSPACE,
    channel: str = "C1",
    directory: Known | None = None,
) -> Refusal | None:
    policy = AccessPolicy(
        access=access, home=home, limiter=RateLimiter(), directory=directory or Known()
    )
    return await policy.refuse(person, channel=channel, now=0.0)


@pytest.mark.parametrize(
    ("access", "who", "channel", "kind"),
    [
        pytest.param(OPEN, ("U9", "T1"), "C9", None, id="own"),
        pytest.param(OPEN, ("U9", "T9"), "C9", RefusalKind.TEAM, id="foreign team"),
        pytest.param(OPEN, ("U9", ""), "C9", RefusalKind.TEAM, id="no team"),
        pytest.param(OPEN, ("", "T1"), "C9", RefusalKind.TEAM, id="nobody"),
        pytest.param(OPEN, ("U9", "T9", "E9"), "C9", RefusalKind.TEAM, id="foreign organisation"),
        pytest.param(CLOSED, ("U1", "T1"), "C1", None, id="listed"),
        pytest.param(CLOSED, ("U1", "T1"), "", RefusalKind.CHANNEL, id="no channel"),
        pytest.param(CLOSED, ("U9", "T1"), "C1", RefusalKind.USER, id="not listed"),
        pytest.param(CLOSED, ("U1", "T1"), "C9", RefusalKind.CHANNEL, id="other channel"),
        pytest.param(CLOSED, ("U1", "T9"), "C1", RefusalKind.TEAM, id="listed but foreign"),
    ],
)
async def test_who_may_ask(
    access: Access, who: tuple[str, ...], channel: str, kind: RefusalKind | None
) -> None:
    person = Person(**dict(zip(("user", "team", "enterprise"), who, strict=False)))
    refusal = await refused(access, person, channel=channel)
    assert (refusal.kind if refusal else None) is kind


_HELD = HomeTeam.of("T1", "E1", only="T3")
_HELD_TO_OTHER = HomeTeam.of("T1", "E1", only="T2")


@pytest.mark.parametrize(
    ("home", "who", "kind", "asked"),
    [
        pytest.param(GRID, ("T1", ""), None, [], id="own workspace"),
        pytest.param(GRID, ("T2", "E1"), None, [], id="own organisation"),
        pytest.param(GRID, ("", "E1"), None, [], id="organisation alone"),
        pytest.param(GRID, ("T2", ""), None, ["U1 of T2"], id="colleague by directory"),
        pytest.param(GRID, ("T9", "E9"), RefusalKind.TEAM, [], id="other organisation"),
        pytest.param(GRID, ("E9", ""), RefusalKind.TEAM, [], id="organisation as team"),
        pytest.param(GRID, ("", ""), RefusalKind.TEAM, [], id="nothing"),
        pytest.param(WORKSPACE, ("T2", ""), RefusalKind.TEAM, [], id="no Grid nobody asked"),
        pytest.param(_HELD, ("T2", "E1"), RefusalKind.TEAM, ["U1 of T2"], id="held to another"),
        pytest.param(_HELD_TO_OTHER, ("T4", "E1"), None, ["U1 of T4"], id="held by directory"),
        pytest.param(
            HomeTeam.of("T1", only="E1"), ("T2", "E1"), None, [], id="held to organisation"
        ),
    ],
)
async def test_home_on_enterprise_grid(
    home: HomeTeam, who: tuple[str, str], kind: RefusalKind | None, asked: list[str]
) -> None:
    directory = Known(U1="T2 E1")
    person = Person(user="U1", team=who[0], enterprise=who[1])
    refusal = await refused(OPEN, person, home=home, directory=directory)
    assert ((refusal.kind if refusal else None), directory.asked) == (kind, asked)


async def test_form_may_be_opened_without_a_channel() -> None:
    policy = AccessPolicy(access=CLOSED, home=WORKSPACE, limiter=RateLimiter())
    own = Person(user="U1", team="T1")
    assert await policy.refuse(own, channel="", now=0.0, costs=False) is None


async def test_undecided_is_refused_with_the_reason() -> None:
    person = Person(user="U1", team="T2")
    refusal = await refused(OPEN, person, home=GRID, directory=Known(askable=False))
    assert refusal
    assert "users:read" in refusal.sentence


@pytest.mark.parametrize(
    ("bots", "kind"),
    [
        (("B1",), None),
        (("A2", "B7"), None),
        (("B7",), RefusalKind.BOT),
        (("unnamed",), RefusalKind.BOT),
    ],
    ids=["named", "named by app", "other", "webhook"],
)
async def test_bots_are_foreign_unless_named(
    bots: tuple[str, ...], kind: RefusalKind | None
) -> None:
    refusal = await refused(CLOSED, Person(user=bots[0], team="T1", bots=bots))
    assert (refusal.kind if refusal else None) is kind


def test_twenty_requests_a_minute_for_a_user() -> None:
    limiter = RateLimiter()
    answers = [limiter.refuse(user="U1", channel="", now=float(second)) for second in range(21)]
    assert answers[:20] == [None] * 20
    assert answers[20] is not None
    assert answers[20].kind is RefusalKind.RATE
    assert answers[20].sentence == "You have sent 20 requests within a minute; try again in 40 s."
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


async def test_only_admitted_and_costly_counts() -> None:
    policy = AccessPolicy(access=CLOSED, home=WORKSPACE, limiter=RateLimiter(per_user=1))
    own, other = Person(user="U1", team="T1"), Person(user="U9", team="T1")
    assert await policy.refuse(other, channel="C1", now=0.0) is not None
    free = [await policy.refuse(own, channel="C1", now=0.0, costs=False) for _ in range(5)]
    assert free == [None] * 5
    assert await policy.refuse(own, channel="C1", now=0.0) is None
    refusal = await policy.refuse(own, channel="C1", now=1.0)
    assert refusal
    assert refusal.kind is RefusalKind.RATE


def test_signature_is_taken_once_within_slack_s_window() -> None:
    cache = ReplayCache()
    assert not cache.is_replay("v0=a", timestamp=1000.0, now=1000.0)
    assert not cache.is_replay("v0=b", timestamp=1000.0, now=1001.0)
    assert cache.is_replay("v0=a", timestamp=1000.0, now=1001.0)
    assert cache.is_replay("v0=a", timestamp=1000.0, now=1300.0)
    assert not cache.is_replay("v0=a", timestamp=1000.0, now=1302.0)


def test_request_from_a_fast_clock_is_remembered_longer() -> None:
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
