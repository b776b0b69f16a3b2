"""Frozen values <-> JSON columns.

Pydantic reads the dataclasses' own types, so a value that does not fit is refused when it is read.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from bot.domain.alerts import AlertAnswer
from bot.domain.digest import (
    BackendState,
    DigestContent,
    FollowedTarget,
    Mute,
    Schedule,
    Subscription,
)

T = TypeVar("T")


@lru_cache(maxsize=32)
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("type[Any]", kind))


def prepare() -> None:
    """Build the adapters of all stored types; blocks briefly, so call it before the loop starts."""
    stored = (BackendState, DigestContent, FollowedTarget, Mute, Schedule, Subscription)
    for kind in (*stored, AlertAnswer):
        _adapter(kind)


def dump(value: object) -> Any:  # noqa: ANN401 -- JSON is whatever the value holds
    """A frozen value as JSON-ready data."""
    return _adapter(cast("Hashable", type(value))).dump_python(value, mode="json")


def load(kind: type[T], data: object) -> T:
    """The frozen value that JSON-ready data stands for.

    Raises:
        pydantic.ValidationError: the data does not fit.
    """
    return cast("T", _adapter(cast("Hashable", kind)).validate_python(data))
