"""Converts frozen dataclasses to JSON columns and back.

Pydantic reads them by the dataclasses' own types, so a stored value that does not fit its type is
rejected when it is read.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
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
_STORED_NAMES: Mapping[type, Mapping[str, str]] = {
    AlertAnswer: {"healthy": "green"},
    DigestContent: {"muted_lines": "hushed"},
}
"""Names of fields in stored values, where they differ: another version may read the same rows."""


@lru_cache(maxsize=32)
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("type[Any]", kind))


def prepare() -> None:
    """Build the adapters of all stored types.

    Blocks briefly, so call it before the event loop starts.
    """
    stored = (BackendState, DigestContent, FollowedTarget, Mute, Schedule, Subscription)
    for kind in (*stored, AlertAnswer):
        _adapter(kind)


def dump(value: object) -> Any:  # noqa: ANN401 -- JSON is whatever the value holds
    """Convert a frozen value to JSON-compatible data."""
    data = _adapter(cast("Hashable", type(value))).dump_python(value, mode="json")
    for name, stored in _STORED_NAMES.get(type(value), {}).items():
        data[stored] = data.pop(name)
    return data


def load(kind: type[T], data: object) -> T:
    """Convert JSON-compatible data to the frozen value.

    Raises:
        pydantic.ValidationError: the data does not fit the type.
    """
    fields = {stored: name for name, stored in _STORED_NAMES.get(kind, {}).items()}
    if fields and isinstance(data, Mapping):
        data = {fields.get(key, key): value for key, value in data.items()}
    return cast("T", _adapter(cast("Hashable", kind)).validate_python(data))
