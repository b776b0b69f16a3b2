"""Thirty simulated days of digests: flaps, deploys, renewals, outages of ARM and of Slack.

What is said is true, short and rare.

The world is a timeline of what each backend really is; looks see it with the noise that flaps and
deploys make. Nothing here waits: the
rules alone are played, with looks every quarter of an hour and the engine's two confirming looks. A
false alarm is a line about
something that was not there when it was looked at, or that healed by itself within five minutes, or
a `fixed` that is not.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from statistics import median

import pytest

from bot.digest import damping
from bot.digest.compose import compose, should_send
from bot.digest.damping import damp, undecided
from bot.digest.due import run_after
from bot.digest.observation import not_observed
from bot.digest.renewal import reminder_threshold
from bot.digest.wording import plain_lines
from bot.domain.digest import (
    BackendState,
    DigestContent,
    DigestLine,
    Observation,
    Problem,
    Subscription,
    TargetObservation,
)
from chainlib import Code, Severity
from tests.support.following import NOW, answered, backend, gateway, problem, subscription
from tests.support.sampling import of_all

DAYS, BACKENDS, WORLDS = 30, 40, of_all(2, 1)
LOOK_EVERY, CONFIRM_GAP = timedelta(minutes=15), timedelta(seconds=40)
FLAPS_A_DAY, LONG_FLAPS_A_DAY = 400, 8
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
POOL = 8
LIMPS = 39  # this backend comes and goes for two days, which is a fault and no flap


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that is really wrong with some backends for a while."""

    cause: Problem
    backends: frozenset[int]
    begins: datetime
    ends: datetime


@dataclass
class World:
    """What really is."""

    rng: random.Random
    faults: list[Fault] = field(default_factory=list)
    flaps: dict[int, list[tuple[datetime, datetime]]] = field(
        default_factory=lambda: {n: [] for n in range(BACKENDS)}
    )
    absent: dict[int, list[tuple[datetime, datetime]]] = field(
        default_factory=lambda: {n: [] for n in range(BACKENDS)}
    )
    silent: list[tuple[datetime, datetime]] = field(default_factory=list)
    deaf: list[tuple[datetime, datetime]] = field(default_factory=list)
    certificates: dict[int, list[tuple[datetime, datetime]]] = field(default_factory=dict)

    def look(self, at: datetime) -> TargetObservation:
        """What a look sees."""
        target = gateway()
        if _within(self.silent, at):
            return TargetObservation(
                target_key=target.key,
                seen=(not_observed(target, "ARM does not answer."),),
                complete=False,
            )
        faults = [fault for fault in self.faults if fault.begins <= at < fault.ends]
        return TargetObservation(
            target_key=target.key,
            seen=tuple(
                self._observe(n, at, faults)
                for n in range(BACKENDS)
                if not _within(self.absent[n], at)
            ),
        )

    def _observe(self, number: int, at: datetime, faults: Sequence[Fault]) -> Observation:
        found = [fault.cause for fault in faults if number in fault.backends]
        near = bisect(self.flaps[number], (at, at))
        if _within(self.flaps[number][max(near - 3, 0) : near], at):
            found = [problem(Code.TCP_FAILED, f"b{number}")]
        begins, ends = self.certificate(number, at)
        if reminder_threshold(begins, ends, at, is_ca=False) is not None:
            found.append(_renewal(number, begins, ends))
        return _observation(number, tuple(found), begins)

    def certificate(self, number: int, at: datetime) -> tuple[datetime, datetime]:
        """The lifetime of the leaf that a backend presents."""
        first, renewed = self.certificates[number]
        return renewed if renewed[0] <= at else first


@cache
def _renewal(number: int, begins: datetime, ends: datetime) -> Problem:
    """A certificate that is to be renewed."""
    about, severity = f"b{number}:{begins:%m%d}", Severity.WARNING
    return problem(
        Code.CERTIFICATE_EXPIRING, about, severity=severity, not_before=begins, not_after=ends
    )


@cache
def _observation(number: int, problems: tuple[Problem, ...], begins: datetime) -> Observation:
    """A backend that looks the same to most looks."""
    return backend(number, problems, fingerprint=f"{begins:%m%d}")


def _within(stretches: Iterable[tuple[datetime, datetime]], at: datetime) -> bool:
    return any(begins <= at < ends for begins, ends in stretches)


def build(seed: int) -> World:
    """A month: flaps, deploys, real faults, outages of ARM and Slack, renewals on time and late."""
    rng = random.Random(seed)  # noqa: S311 -- a simulation, repeatable by its seed
    world = World(rng)
    for day in range(DAYS):
        _flap(world, NOW + day * DAY)
        if rng.random() < 5 / 7:
            _deploy(world, NOW + day * DAY)
    _limp(world, NOW + 16 * DAY)
    for flaps in world.flaps.values():
        flaps.sort()
    _break(world)
    world.silent = [
        (NOW + 5 * DAY - timedelta(minutes=20), NOW + 5 * DAY + timedelta(hours=2)),
        (NOW + 20.3 * DAY, NOW + 20.4 * DAY),
    ]
    world.deaf = [(NOW + 8 * DAY - timedelta(hours=1), NOW + 8 * DAY + timedelta(hours=13))]
    for n in range(BACKENDS):
        begins = NOW - timedelta(days=rng.uniform(0, 58))
        late = timedelta(days=8 if n % 9 == 0 else -2)
        world.certificates[n] = [
            (begins, begins + 90 * DAY),
            (begins + 60 * DAY + late, begins + 150 * DAY),
        ]
    return world


def _flap(world: World, day: datetime) -> None:
    """Nearly all are over within a minute, as alarms of uptime monitors are.

    Some last up to five.
    """
    for number in range(FLAPS_A_DAY + LONG_FLAPS_A_DAY):
        shortest, longest = (5, 70) if number < FLAPS_A_DAY else (70, 300)
        begins = day + timedelta(seconds=world.rng.randrange(86_400))
        world.flaps[world.rng.randrange(BACKENDS)].append(
            (begins, begins + timedelta(seconds=world.rng.randrange(shortest, longest)))
        )


def _deploy(world: World, day: datetime) -> None:
    """A pool is deployed, every third time right when digests are due.

    Rolling, each server down for a while, or by replacing servers.
    """
    first = world.rng.randrange(BACKENDS // POOL) * POOL
    at = day + (
        world.rng.randrange(-4, 2) * MINUTE
        if world.rng.random() < 1 / 3
        else timedelta(seconds=world.rng.randrange(86_400))
    )
    rolling = world.rng.random() < 2 / 3
    for number in range(first, first + POOL):
        took = timedelta(seconds=world.rng.randrange(20, 75))
        (world.flaps if rolling else world.absent)[number].append(
            (at, at + (took if rolling else 4 * took))
        )
        at += took if rolling else timedelta(0)


def _limp(world: World, begins: datetime) -> None:
    """One server answers every other minute for two days."""
    world.flaps[LIMPS] = [
        (begins + n * 2 * MINUTE, begins + (n * 2 + 1) * MINUTE) for n in range(2 * 24 * 30)
    ]
    cause = problem(Code.TCP_FAILED, f"b{LIMPS}")
    world.faults.append(
        Fault(cause=cause, backends=frozenset({LIMPS}), begins=begins, ends=begins + 2 * DAY)
    )


def _break(world: World) -> None:
    """Faults that last until repaired, checks switched off for four days, and one bad day."""
    rng = world.rng
    for n in range(6):
        begins = NOW + timedelta(days=rng.uniform(1, DAYS - 4))
        members = frozenset(rng.sample(range(BACKENDS), rng.choice([1, 3, 14])))
        cause = problem(about=f"CN=CA {n}")
        world.faults.append(
            Fault(
                cause=cause,
                backends=members,
                begins=begins,
                ends=begins + timedelta(days=rng.uniform(1.5, 3)),
            )
        )
    for n in range(14):
        cause = problem(Code.NAME_MISMATCH, f"name {n}")
        world.faults.append(
            Fault(
                cause=cause, backends=frozenset({n}), begins=NOW + 21.5 * DAY, ends=NOW + 23.6 * DAY
            )
        )
    off = problem(Code.VALIDATION_OFF, "https-be", severity=Severity.WARNING)
    world.faults.append(
        Fault(cause=off, backends=frozenset(range(8)), begins=NOW + 10 * DAY, ends=NOW + 14 * DAY)
    )


@dataclass
class Channel:
    """A channel's month: what it was told, and when."""

    subscription: Subscription
    shown: list[DigestContent] = field(default_factory=list)
    due: datetime = NOW

    def run(self, states: dict[str, BackendState], at: datetime, world: World) -> None:
        """Its digest, when it is due.

        One that Slack does not take for half a day is given up, and the next makes good for it.
        """
        if at < self.due:
            return
        content = compose(
            self.subscription, states.values(), (), self.shown[-1] if self.shown else None, at
        )
        self.due = answered(run_after(self.subscription.schedule, at))
        if should_send(self.subscription, content):
            lost = _within(world.deaf, at)
            self.shown += [] if lost else [content]


def play(world: World, channels: list[Channel]) -> None:
    """The month, quarter by quarter.

    A look that decides nothing is repeated twice, as the engine does.
    """
    states: dict[str, BackendState] = {}
    at, phase = NOW, timedelta(seconds=world.rng.randrange(60))
    while at < NOW + DAYS * DAY:
        for again in range(3):
            seen_at = at + phase + again * CONFIRM_GAP
            after, gone, _ = damp(states, world.look(seen_at), seen_at)
            states = {
                key: state
                for key, state in (states | {state.seen.key: state for state in after}).items()
                if key not in gone
            }
            if not undecided(states.values()):
                break
        for channel in channels:
            channel.run(states, at + phase + 3 * CONFIRM_GAP, world)
        at += LOOK_EVERY


def false_alarms(world: World, channel: Channel) -> list[str]:
    """What was listed although it was not broken, or called fixed although it was broken."""
    wrong = []
    for content in channel.shown:
        wrong += [
            f"{content.at}: {line.cause}"
            for line in content.lines
            if not _true(world, line, content.at)
        ]
        wrong += [
            f"{content.at}: {line.cause} is not fixed"
            for line in content.fixed
            if _lasts(world, line, content.at)
        ]
    return wrong


def _true(world: World, line: DigestLine, at: datetime) -> bool:
    if line.code is Code.HEALTH_UNKNOWN:
        return any(begins <= at < ends + LOOK_EVERY for begins, ends in world.silent)
    numbers = _numbers(line)
    if line.code is Code.CERTIFICATE_EXPIRING:
        return all(
            reminder_threshold(*world.certificate(n, at - 3 * MINUTE), at, is_ca=False) is not None
            for n in numbers
        )
    own = [
        fault
        for fault in world.faults
        if fault.cause.cause == line.cause and numbers <= fault.backends
    ]
    return any(fault.begins <= at and fault.ends >= at - LOOK_EVERY for fault in own)


def _lasts(world: World, line: DigestLine, at: datetime) -> bool:
    """Whether all that a line named is there and still broken.

    What a deploy has taken away is rightly gone.
    """
    there = {n for n in _numbers(line) if not _within(world.absent[n], at - 2 * MINUTE)}
    own = [fault for fault in world.faults if fault.cause.cause == line.cause]
    return any(
        there & fault.backends and fault.begins <= at - LOOK_EVERY and fault.ends > at
        for fault in own
    )


def _numbers(line: DigestLine) -> set[int]:
    return {int(member.label[1:].split(".")[0]) for member in line.members}


def missed(world: World, channel: Channel) -> list[str]:
    """Faults missing from the first digest that could name them, or never called fixed."""
    due = [
        at for at in _due(channel) if not _within(world.deaf, at) and not _within(world.silent, at)
    ]
    fixed = {line.cause for content in channel.shown for line in content.fixed}
    last = max((content.at for content in channel.shown), default=NOW)
    late = []
    for fault in world.faults:
        first = next((at for at in due if fault.begins <= at - LOOK_EVERY), None)
        if first is None or fault.ends <= first + LOOK_EVERY:
            continue
        late += (
            [f"{fault.cause.cause} at {first}"]
            if fault.cause.cause not in _said(channel, fault.begins, first)
            else []
        )
        late += (
            [f"{fault.cause.cause} fixed"]
            if fault.ends < last - DAY and fault.cause.cause not in fixed
            else []
        )
    return late


def _said(channel: Channel, begins: datetime, due: datetime) -> set[str]:
    """What was listed from the beginning of a fault up to the digest that was due then."""
    return {
        line.cause
        for content in channel.shown
        if begins <= content.at < due + LOOK_EVERY
        for line in content.lines
    }


def _due(channel: Channel) -> Iterator[datetime]:
    at = NOW
    while at < NOW + DAYS * DAY:
        yield at
        at = answered(run_after(channel.subscription.schedule, at))


@dataclass(frozen=True, kw_only=True)
class Month:
    """What came of some worlds."""

    alarms: list[str]
    lost: list[str]
    lengths: list[int]
    weeks: float

    @property
    def rate(self) -> float:
        """False alarms per channel and week."""
        return len(self.alarms) / self.weeks

    def __str__(self) -> str:
        """The figures."""
        rates = (
            f"{len(self.lengths) / self.weeks:.2f} posts, {self.rate:.3f} false alarms per "
            f"channel and week, {len(self.lost)} missed"
        )
        return f"{rates}; lines: median {median(self.lengths)}, at most {max(self.lengths)}"


def played(worlds: int) -> Month:
    """Two channels through a month of each world."""
    alarms, lost, lengths = [], [], []
    for seed in range(worlds):
        world = build(seed)
        channels = [Channel(subscription()), Channel(subscription(only_changes=True))]
        play(world, channels)
        for channel in channels:
            alarms += false_alarms(world, channel)
            lost += missed(world, channel)
            lengths += [len(plain_lines(content)) for content in channel.shown]
    return Month(alarms=alarms, lost=lost, lengths=lengths, weeks=2 * worlds * DAYS / 7)


@pytest.mark.timeout(180)
def test_month_of_digests_is_true_short_and_rare(figure: Callable[[str], None]) -> None:
    month = played(WORLDS)
    figure(str(month))
    assert month.lost == []
    assert month.rate < 0.1, month.alarms
    assert median(month.lengths) <= 6
    assert max(month.lengths) <= 12


@pytest.mark.timeout(180)
def test_without_damping_the_same_month_cries_wolf(
    monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    """The test above bites: it is the damping that keeps false alarms rare."""
    monkeypatch.setattr(damping, "OPEN_AFTER", 1)
    monkeypatch.setitem(globals(), "DAYS", of_all(DAYS, 10))
    month = played(1)
    figure(f"without damping: {month}")
    assert month.rate > 1
