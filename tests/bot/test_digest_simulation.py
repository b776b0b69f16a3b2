"""Thirty simulated days of digests: flaps, deploys, renewals, outages of ARM and of Slack. What is said is true, short and rare.

The world is a timeline of what each backend really is; looks see it with the noise that flaps make. Nothing here waits: the rules alone
are played, with looks every quarter of an hour and the engine's two confirming looks.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

import pytest

from bot.digest.compose import compose, speaks
from bot.digest.due import following
from bot.digest.observe import could_not_look
from bot.digest.renewal import rung
from bot.digest.settle import settle, undecided
from bot.digest.wording import plain_lines
from bot.model.digest import BackendState, DigestContent, Look, Observation, Problem, Subscription
from chainlib import Code, Severity
from tests.support.following import NOW, backend, gateway, problem, subscription

DAYS, BACKENDS, WORLDS = 30, 40, 2
LOOK_EVERY, CONFIRM_GAP = timedelta(minutes=15), timedelta(seconds=40)
FLAPS_A_DAY = 400
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that is really wrong with some backends for a while."""

    cause: Problem
    backends: frozenset[int]
    begins: datetime
    ends: datetime

    def holds(self, number: int, at: datetime) -> bool:
        """Whether it is there."""
        return number in self.backends and self.begins <= at < self.ends


@dataclass
class World:
    """What really is."""

    rng: random.Random
    faults: list[Fault] = field(default_factory=list)
    flaps: dict[int, list[tuple[datetime, datetime]]] = field(default_factory=lambda: {n: [] for n in range(BACKENDS)})
    silent: list[tuple[datetime, datetime]] = field(default_factory=list)
    deaf: list[tuple[datetime, datetime]] = field(default_factory=list)
    certificates: dict[int, list[tuple[datetime, datetime]]] = field(default_factory=dict)

    def look(self, at: datetime) -> Look:
        """What a look sees."""
        target = gateway()
        if any(begins <= at < ends for begins, ends in self.silent):
            return Look(target_key=target.key, seen=(could_not_look(target, "ARM does not answer."),), complete=False)
        return Look(target_key=target.key, seen=tuple(self._observe(n, at) for n in range(BACKENDS)))

    def _observe(self, number: int, at: datetime) -> Observation:
        found = [fault.cause for fault in self.faults if fault.holds(number, at)]
        near = bisect(self.flaps[number], (at, at))
        if any(begins <= at < ends for begins, ends in self.flaps[number][max(near - 3, 0) : near]):
            found = [problem(Code.TCP_FAILED, f"b{number}")]
        return backend(number, [*found, *self._renewal(number, at)])

    def _renewal(self, number: int, at: datetime) -> Iterator[Problem]:
        begins, ends = self.certificate(number, at)
        if rung(begins, ends, at, is_ca=False) is not None:
            about = f"b{number}:{begins:%m%d}"
            yield problem(Code.CERTIFICATE_EXPIRING, about, severity=Severity.WARNING, not_before=begins, not_after=ends)

    def certificate(self, number: int, at: datetime) -> tuple[datetime, datetime]:
        """The lifetime of the leaf that a backend presents."""
        return [life for life in self.certificates[number] if life[0] <= at][-1]


def build(seed: int) -> World:
    """A month: flaps all day, real faults, deploys that break many, outages of ARM and of Slack, renewals on time and late."""
    rng = random.Random(seed)  # noqa: S311 -- a simulation, repeatable by its seed
    world = World(rng)
    for day in range(DAYS):
        for _ in range(FLAPS_A_DAY):
            begins = NOW + day * DAY + timedelta(seconds=rng.randrange(86_400))
            world.flaps[rng.randrange(BACKENDS)].append((begins, begins + timedelta(seconds=rng.randrange(5, 70))))
    for flaps in world.flaps.values():
        flaps.sort()
    for n in range(6):
        begins = NOW + timedelta(days=rng.uniform(1, DAYS - 4))
        members = frozenset(rng.sample(range(BACKENDS), rng.choice([1, 3, 14])))
        cause = problem(about=f"CN=CA {n}")
        world.faults.append(Fault(cause=cause, backends=members, begins=begins, ends=begins + timedelta(days=rng.uniform(1.5, 3))))
    off = problem(Code.VALIDATION_OFF, "https-be", severity=Severity.WARNING)
    world.faults.append(Fault(cause=off, backends=frozenset(range(8)), begins=NOW + 10 * DAY, ends=NOW + 14 * DAY))
    world.silent = [(NOW + 5 * DAY - timedelta(minutes=20), NOW + 5 * DAY + timedelta(hours=2)), (NOW + 20.3 * DAY, NOW + 20.4 * DAY)]
    world.deaf = [(NOW + 8 * DAY - timedelta(hours=1), NOW + 8 * DAY + timedelta(hours=13))]
    for n in range(BACKENDS):
        begins = NOW - timedelta(days=rng.uniform(0, 58))
        late = timedelta(days=8 if n % 9 == 0 else -2)
        world.certificates[n] = [(begins, begins + 90 * DAY), (begins + 60 * DAY + late, begins + 150 * DAY)]
    return world


@dataclass
class Channel:
    """A channel's month: what it was told, and when."""

    subscription: Subscription
    told: list[DigestContent] = field(default_factory=list)
    due: datetime = NOW

    def run(self, states: dict[str, BackendState], at: datetime, world: World) -> None:
        """Its digest, when it is due; one that Slack does not take for half a day is given up, and the next makes good for it."""
        if at < self.due:
            return
        content = compose(self.subscription, states.values(), (), self.told[-1] if self.told else None, at)
        self.due = following(self.subscription.schedule, at)
        if speaks(self.subscription, content):
            lost = any(begins <= at < ends for begins, ends in world.deaf)
            self.told += [] if lost else [content]


def play(world: World, channels: list[Channel]) -> None:
    """The month, quarter by quarter; a look that decides nothing is repeated twice, as the engine does."""
    states: dict[str, BackendState] = {}
    at, phase = NOW, timedelta(seconds=world.rng.randrange(60))
    while at < NOW + DAYS * DAY:
        for again in range(3):
            seen_at = at + phase + again * CONFIRM_GAP
            after, gone, _ = settle(states, world.look(seen_at), seen_at)
            states = {key: state for key, state in (states | {state.seen.key: state for state in after}).items() if key not in gone}
            if not undecided(states.values()):
                break
        for channel in channels:
            channel.run(states, at + phase + 3 * CONFIRM_GAP, world)
        at += LOOK_EVERY


def false_alarms(world: World, channel: Channel) -> list[str]:
    """What was listed although nothing was wrong when the looks were made."""
    wrong = []
    for content in channel.told:
        for line in content.lines:
            numbers = {int(member.label[1:].split(".")[0]) for member in line.members}
            if line.code is Code.TCP_FAILED or not (_true(world, line.cause, numbers, content.at) or line.code is Code.HEALTH_UNKNOWN):
                wrong.append(f"{content.at}: {line.cause}")
            if line.code is Code.HEALTH_UNKNOWN and not any(begins <= content.at < ends + LOOK_EVERY for begins, ends in world.silent):
                wrong.append(f"{content.at}: {line.cause}")
    return wrong


def _true(world: World, cause: str, numbers: set[int], at: datetime) -> bool:
    margin = timedelta(minutes=3)
    if cause.startswith(Code.CERTIFICATE_EXPIRING):
        return all(rung(*world.certificate(n, at - margin), at, is_ca=False) is not None for n in numbers)
    return any(f.cause.cause == cause and f.begins <= at and f.ends >= at - LOOK_EVERY and numbers <= f.backends for f in world.faults)


def missed(world: World, channel: Channel) -> list[str]:
    """Real faults that stood at a due digest and were not told by it, and ended ones that the next digest did not call fixed."""
    said = {line.cause for content in channel.told for line in content.lines}
    fixed = {line.cause for content in channel.told for line in content.fixed}
    last = max((content.at for content in channel.told), default=NOW)
    real = [fault for fault in world.faults if _stood_at_a_digest(fault, channel)]
    unsaid = [fault.cause.cause for fault in real if fault.cause.cause not in said]
    unfixed = [fault.cause.cause for fault in real if fault.ends < last - DAY and fault.cause.cause not in fixed]
    return unsaid + unfixed


def _stood_at_a_digest(fault: Fault, channel: Channel) -> bool:
    due, at = [], NOW
    while at < NOW + DAYS * DAY:
        due.append(at)
        at = following(channel.subscription.schedule, at)
    return any(fault.begins <= at - LOOK_EVERY and fault.ends > at + LOOK_EVERY for at in due)


@pytest.mark.timeout(180)
def test_month_of_digests_is_true_short_and_rare() -> None:
    alarms, lost, lengths, posts = [], [], [], 0
    for seed in range(WORLDS):
        world = build(seed)
        channels = [Channel(subscription()), Channel(subscription(only_changes=True))]
        play(world, channels)
        for channel in channels:
            alarms += false_alarms(world, channel)
            lost += missed(world, channel)
            lengths += [len(plain_lines(content)) for content in channel.told]
            posts += len(channel.told)
    weeks = 2 * WORLDS * DAYS / 7
    rates = f"{posts / weeks:.2f} posts, {len(alarms) / weeks:.3f} false alarms per channel and week"
    print(f"{rates}; lines {median(lengths)}, at most {max(lengths)}")  # noqa: T201 -- the figures that the test is about
    assert lost == []
    assert len(alarms) / weeks < 0.1, alarms
    assert median(lengths) <= 6
    assert max(lengths) <= 12
