"""Frozen values whose methods are compiled late behave as those of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest

from chainlib import Target, frozen


def _value_of(decorator: Any) -> Any:  # noqa: ANN401 -- type checkers know one decorator only
    """A class with every kind of field that our values have."""

    @decorator(frozen=True, slots=True, kw_only=True)
    class Value:
        """Has fields with and without defaults, and a check of its own."""

        host: str
        port: int = 443
        tags: list[str] = field(default_factory=list)
        seen: int = field(default=0, compare=False, repr=False)

        def __post_init__(self) -> None:
            """Refuse an empty host."""
            if not self.host:
                raise ValueError("no host")

    return Value


def _empty_of(decorator: Any) -> Any:  # noqa: ANN401 -- as above
    @decorator(frozen=True, slots=True, kw_only=True)
    class Value:
        """Has no fields."""

    return Value


def _answer(ask: Callable[[Any], object], made: Any) -> object:  # noqa: ANN401 -- as above
    try:
        return ask(made)
    except (AttributeError, TypeError, ValueError) as error:
        return type(error), str(error)


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda v: repr(v(host="a", seen=3)), id="repr"),
        pytest.param(lambda v: v(host="a", seen=1) == v(host="a", seen=2), id="equal"),
        pytest.param(lambda v: v(host="a") == v(host="b"), id="not equal"),
        pytest.param(lambda v: v(host="a") == "a", id="another type"),
        pytest.param(lambda v: hash(v(host="a", tags=())), id="hash"),
        pytest.param(lambda v: hash(v(host="a")), id="unhashable field"),
        pytest.param(lambda v: v(host="a").tags is v(host="a").tags, id="own default"),
        pytest.param(lambda v: v(host=""), id="check fails"),
        pytest.param(lambda v: v("a"), id="by position"),
        pytest.param(lambda v: v(), id="nothing"),
        pytest.param(lambda v: v(host="a", name="b"), id="unknown field"),
        pytest.param(lambda v: setattr(v(host="a"), "host", "b"), id="assign"),
        pytest.param(lambda v: delattr(v(host="a"), "host"), id="delete"),
        pytest.param(lambda v: repr(dataclasses.replace(v(host="a"), port=1)), id="replace"),
        pytest.param(lambda v: dataclasses.asdict(v(host="a")), id="as dictionary"),
        pytest.param(lambda v: copy.copy(v(host="a", seen=3)).seen, id="copy"),
        pytest.param(lambda v: repr(copy.deepcopy(v(host="a", tags=["b"]))), id="deep copy"),
        pytest.param(lambda v: v.__slots__, id="slots"),
        pytest.param(lambda v: vars(v(host="a")), id="no dictionary"),
    ],
)
def test_late_methods_do_what_compiled_ones_do(ask: Callable[[Any], object]) -> None:
    ours, theirs = (_value_of(one) for one in (frozen.dataclass, dataclasses.dataclass))
    first, again = _answer(ask, ours), _answer(ask, ours)
    assert first == again == _answer(ask, theirs)


def test_value_without_fields_is_one_value() -> None:
    empty = _empty_of(frozen.dataclass)
    assert empty() == empty()
    assert len({empty(), empty()}) == 1
    assert repr(empty()) == repr(_empty_of(dataclasses.dataclass)())


def test_value_is_frozen_and_survives_pickle() -> None:
    target = Target(host="backend.contoso.com")
    with pytest.raises(FrozenInstanceError):
        target.port = 1  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(target)) == target  # noqa: S301 -- our own bytes


def test_first_call_replaces_the_stand_in() -> None:
    made = _value_of(frozen.dataclass)
    before = made.__init__
    made(host="a")
    assert made.__init__ is not before
