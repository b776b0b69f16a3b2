"""The values of buttons and menu entries: versioned, named JSON objects of declared types.

A message may be older or newer than the bot that reads its button, and a payload is hostile. A
value reads as `None` if it is not such an object, has no version or another type, or is longer than
Slack permits.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any, Literal, TypeGuard

from pydantic import Field, TypeAdapter, ValidationError

from chainlib.frozen import dataclass

_MAX_COMMANDS = 50
LONGEST_VALUE = 3000
"""Slack's limits in characters: 2,000 for a button's value, 3,000 for a view's metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatCommand:
    """A command that a button repeats, without the slash command."""

    v: Literal[2]
    n: Literal["ask"]
    q: Annotated[str, Field(max_length=LONGEST_VALUE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """The commands that `Undo` runs to restore what was removed."""

    v: Literal[2]
    n: Literal["restore"]
    q: Annotated[tuple[str, ...], Field(max_length=_MAX_COMMANDS)]


_ASK, _RESTORE = TypeAdapter(RepeatCommand), TypeAdapter(Restore)


def repeat_command(command: str) -> str:
    """The value of a button that runs a command."""
    return _written(RepeatCommand(v=2, n="ask", q=command))


def restore(commands: tuple[str, ...]) -> str:
    """The value of `Undo`."""
    return _written(Restore(v=2, n="restore", q=commands))


def read_repeat_command(value: object) -> RepeatCommand | None:
    """The command in a button's value; `None` if there is none that can be read."""
    try:
        return _ASK.validate_json(value) if readable(value) else None
    except ValidationError:
        return None


def read_restore(value: object) -> Restore | None:
    """The commands in the value of `Undo`; `None` if they cannot be read."""
    try:
        return _RESTORE.validate_json(value) if readable(value) else None
    except ValidationError:
        return None


def readable(value: object) -> TypeGuard[str]:
    """Whether a value is text within Slack's limits; checked before it is parsed."""
    return isinstance(value, str) and len(value) <= LONGEST_VALUE


def _written(value: Any) -> str:  # noqa: ANN401 -- any of the types above
    return json.dumps(asdict(value), separators=(",", ":"))
