"""Damping: merges an observation into the stored state, and opens or closes problems.

Most alarms of uptime monitors recover within a minute. A problem therefore opens after three failed
observations in a row, or when half of the last eight failed (it is flapping, which is a problem of
its own), and closes after three good ones in a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.digest import (
    BackendEvent,
    BackendState,
    Change,
    Observation,
    Problem,
    ProblemState,
    TargetObservation,
)

OPEN_AFTER = 3
CLOSE_AFTER = 3
REMEMBERED = 8
FLAPPING_AT = 4
KEPT_CLOSED = timedelta(days=35)

Settled = tuple[tuple[BackendState, ...], tuple[str, ...], tuple[BackendEvent, ...]]


def damp(before: Mapping[str, BackendState], observed: TargetObservation, at: datetime) -> Settled:
    """Merge an observation into the states of its target.

    Args:
        before: the target's states by key.
        observed: the observation.
        at: when it was made.

    Returns:
        The states that changed or were observed, the keys that no longer exist (only a complete
        observation shows that), and the events.
    """
    pairs = [_fold(before.get(seen.key), seen, at) for seen in observed.seen]
    states = tuple(state for state, _ in pairs)
    events = tuple(event for _, happened in pairs for event in happened)
    present = {seen.key for seen in observed.seen}
    own = {key: state for key, state in before.items() if key not in present}
    silent = [
        _fold(state, replace(state.seen, problems=()), at)
        for state in own.values()
        if not state.seen.backend
    ]
    gone = [state.seen for state in own.values() if state.seen.backend] if observed.complete else []
    farewell = tuple(_event(seen, at, Change.GONE, seen.label) for seen in gone)
    quiet = tuple(state for state, _ in silent)
    ended = tuple(event for _, happened in silent for event in happened)
    return (*states, *quiet), tuple(seen.key for seen in gone), (*events, *ended, *farewell)


def undecided(states: Iterable[BackendState]) -> bool:
    """Whether one more observation soon would open or close a problem."""
    return any(_wavering(state) for backend in states for state in backend.problems)


def flapping(state: ProblemState) -> bool:
    """Whether an open problem is flapping."""
    return state.open and "." in state.recent and state.recent.count("x") >= FLAPPING_AT


def _wavering(state: ProblemState) -> bool:
    if state.open:
        return state.recent.endswith(".")
    return state.recent.endswith("x")


def _fold(
    before: BackendState | None, seen: Observation, at: datetime
) -> tuple[BackendState, tuple[BackendEvent, ...]]:
    if before and not before.problems and not seen.problems:  # most backends, at most times
        well = BackendState(seen=seen, problems=(), first_seen=before.first_seen, last_seen=at)
        return well, tuple(_events(before, {}, (), seen, at))
    remembered = {_identity(state.problem): state for state in before.problems} if before else {}
    present = {_identity(problem): problem for problem in seen.problems}
    quiet = [
        _step(state, state.problem, at, bad=False)
        for key, state in remembered.items()
        if key not in present
    ]
    loud = [_step(remembered.get(key), problem, at, bad=True) for key, problem in present.items()]
    kept = tuple(
        state
        for state in (*loud, *quiet)
        if state.open or "x" in state.recent or at - state.since < KEPT_CLOSED
    )
    state = BackendState(
        seen=seen, problems=kept, first_seen=before.first_seen if before else at, last_seen=at
    )
    return state, tuple(_events(before, remembered, (*loud, *quiet), seen, at))


def _step(
    before: ProblemState | None, problem: Problem, at: datetime, *, bad: bool
) -> ProblemState:
    recent = ((before.recent if before else "") + ("x" if bad else "."))[-REMEMBERED:]
    if before is not None and not bad and recent == before.recent:  # closed, and well for long
        return before
    turned = before is None or (before.recent[-1:] == "x") != bad
    if before is not None and before.open:
        closed = recent.endswith("." * CLOSE_AFTER)
        if closed:  # forget earlier failures, so that one later failure does not open it again
            return ProblemState(problem=problem, open=False, since=at, recent="." * CLOSE_AFTER)
        return replace(before, problem=problem, recent=recent)
    opened = recent.endswith("x" * OPEN_AFTER) or (bad and recent.count("x") >= FLAPPING_AT)
    began = at if before is None or (turned and bad and not opened) else before.since
    return ProblemState(problem=problem, open=opened, since=began, recent=recent)


def _events(
    before: BackendState | None,
    remembered: Mapping[tuple[str, str], ProblemState],
    after: Sequence[ProblemState],
    seen: Observation,
    at: datetime,
) -> Iterable[BackendEvent]:
    if before is None:
        yield _event(seen, at, Change.APPEARED, seen.label)
    elif (
        seen.fingerprint and before.seen.fingerprint and seen.fingerprint != before.seen.fingerprint
    ):
        yield _event(seen, at, Change.CHAIN, seen.fingerprint)
    for state in after:
        earlier = remembered.get(_identity(state.problem))
        if state.open != (earlier is not None and earlier.open):
            change = Change.OPENED if state.open else Change.CLOSED
            yield _event(seen, at, change, f"{state.problem.code}: {state.problem.subject}")


def _identity(problem: Problem) -> tuple[str, str]:
    return problem.code, problem.cause


def _event(seen: Observation, at: datetime, change: Change, detail: str) -> BackendEvent:
    return BackendEvent(
        key=seen.key, target_key=seen.target_key, at=at, change=change, detail=detail
    )
