"""What buttons and menu entries carry: versioned, named objects of declared types.

A message may be older or newer than the bot that reads its button, and a payload is hostile: what
is no such object, names no version or another type, or is longer than Slack lets any value be,
reads as `None`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, TypeGuard

from pydantic import Field, TypeAdapter, ValidationError

_MOST_COMMANDS = 50
LONGEST_VALUE = 3000
"""Characters of what Slack keeps for the bot: 2,000 of a button, 3,000 of a view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskAgain:
    """A command that is asked when the button is pressed, without the slash command."""

    v: Literal[2]
    n: Literal["ask"]
    q: Annotated[str, Field(max_length=LONGEST_VALUE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """The commands that make again what was removed."""

    v: Literal[2]
    n: Literal["restore"]
    q: Annotated[tuple[str, ...], Field(max_length=_MOST_COMMANDS)]


_ASK, _RESTORE = TypeAdapter(AskAgain), TypeAdapter(Restore)


def ask_again(command: str) -> str:
    """The value of a button that asks a command."""
    return _written(AskAgain(v=2, n="ask", q=command))


def restore(commands: tuple[str, ...]) -> str:
    """The value of `Undo`."""
    return _written(Restore(v=2, n="restore", q=commands))


def read_ask_again(value: object) -> AskAgain | None:
    """The command that a button asks; `None` where it carries none that can be read."""
    try:
        return _ASK.validate_json(value) if readable(value) else None
    except ValidationError:
        return None


def read_restore(value: object) -> Restore | None:
    """What `Undo` carries; `None` where it cannot be read."""
    try:
        return _RESTORE.validate_json(value) if readable(value) else None
    except ValidationError:
        return None


def readable(value: object) -> TypeGuard[str]:
    """Whether a value is a text that Slack may have kept for the bot; looked at before parsing."""
    return isinstance(value, str) and len(value) <= LONGEST_VALUE


def _written(value: Any) -> str:  # noqa: ANN401 -- any of the types above
    return json.dumps(asdict(value), separators=(",", ":"))
