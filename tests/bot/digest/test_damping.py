"""Flap damping, both ways."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.digest.damping import KEPT_CLOSED, damp, flapping, undecided
from bot.digest.observation import not_observed
from bot.domain.digest import BackendState, Change, Observation, TargetObservation
from tests.support.following import GATEWAY, NOW, backend, gateway, problem

QUARTER = timedelta(minutes=15)


def play(
    looks: str, *, kept: dict[str, BackendState] | None = None
) -> tuple[BackendState, list[Change]]:
    """The state after looks 15 minutes apart, `x` bad and `.` good, and the events on the way."""
    states, happened = dict(kept or {}), []
    for number, sign in enumerate(looks):
        seen = backend(1, (problem(),) if sign == "x" else ())
        after, _, events = damp(
            states, TargetObservation(target_key=GATEWAY, seen=(seen,)), NOW + number * QUARTER
        )
        states |= {state.seen.key: state for state in after}
        happened += [event.change for event in events]
    return states[backend(1).key], happened


@pytest.mark.parametrize(
    ("looks", "is_open"),
    [
        ("x", False),
        ("xx", False),
        ("xxx", True),
        (".x.", False),
        ("xx.xx", True),
        ("x.x.x.x", True),
        ("x.x.x", False),
        ("xxx.", True),
        ("xxx..", True),
        ("xxx...", False),
        ("xxx..x..x..", True),
        ("xxx...x", False),
    ],
)
def test_problem_opens_and_closes_only_when_certain(looks: str, is_open: bool) -> None:  # noqa: FBT001 -- the table's expectation
    state, _ = play(looks)
    assert [found.open for found in state.problems] == [is_open]


def test_opening_and_closing_happen_once() -> None:
    _, happened = play(".xxxxx....")
    assert happened == [Change.APPEARED, Change.OPENED, Change.CLOSED]


def test_since_is_the_first_failure_of_the_stretch() -> None:
    state, _ = play("..xxxx.x")
    assert state.problems[0].since == NOW + 2 * QUARTER


@pytest.mark.parametrize(
    ("looks", "expected"),
    [("", False), ("x", True), ("xx.", False), ("xxx", False), ("xxx.", True), ("xxxxx..x", False)],
)
def test_undecided_state_asks_for_another_observation(looks: str, expected: bool) -> None:  # noqa: FBT001 -- the table's expectation
    assert undecided((play("." + looks)[0],)) is expected


def test_problem_that_comes_and_goes_is_called_flapping() -> None:
    assert flapping(play("x.x.x.x.x")[0].problems[0])
    assert not flapping(play("xxxxxxxx")[0].problems[0])


def test_other_cause_is_another_problem() -> None:
    before, _ = play("xxx")
    other = backend(1, (problem(about="CN=Other"),))
    after, _, _ = damp(
        {before.seen.key: before}, TargetObservation(target_key=GATEWAY, seen=(other,)), NOW
    )
    assert {state.problem.subject: state.open for state in after[0].problems} == {
        "CN=Other": False,
        "CN=Contoso Issuing CA 3": True,
    }


def test_backend_that_left_the_pool_is_gone() -> None:
    before, _ = play(".")
    states, gone, events = damp(
        {before.seen.key: before}, TargetObservation(target_key=GATEWAY, seen=()), NOW
    )
    assert (states, gone, [event.change for event in events]) == (
        (),
        (before.seen.key,),
        [Change.GONE],
    )


def test_incomplete_observation_keeps_unseen_states() -> None:
    before, _ = play("xxx")
    trouble = not_observed(gateway(), "ARM does not answer.")
    states, gone, _ = damp(
        {before.seen.key: before},
        TargetObservation(target_key=GATEWAY, seen=(trouble,), complete=False),
        NOW,
    )
    assert ([state.seen for state in states], gone) == ([trouble], ())


def test_target_trouble_ends_with_complete_probes() -> None:
    trouble = not_observed(gateway(), "ARM does not answer.")
    states: dict[str, BackendState] = {}
    for seen in [(trouble,)] * 3 + [()] * 3:
        after, _, _ = damp(
            states, TargetObservation(target_key=GATEWAY, seen=seen, complete=not seen), NOW
        )
        states |= {state.seen.key: state for state in after}
    assert [found.open for found in states[trouble.key].problems] == [False]


def test_another_chain_is_an_event() -> None:
    before, _ = play(".")
    renewed: Observation = replace(backend(1), fingerprint="g")
    _, _, events = damp(
        {before.seen.key: before}, TargetObservation(target_key=GATEWAY, seen=(renewed,)), NOW
    )
    assert [(event.change, event.detail) for event in events] == [(Change.CHAIN, "g")]


def test_closed_problem_is_forgotten_in_the_end() -> None:
    before, _ = play("xxx" + "." * 8)
    later = NOW + KEPT_CLOSED + 4 * QUARTER + timedelta(hours=3)
    after, _, _ = damp(
        {before.seen.key: before}, TargetObservation(target_key=GATEWAY, seen=(backend(1),)), later
    )
    assert after[0].problems == ()
