"""What buttons and menu entries carry: versioned, named objects of declared types.

A message may be older or newer than the bot that reads its button, and a payload is hostile: what
is no such object reads as `None`. Values of version 1 had neither version nor name.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

_MOST_COMMANDS = 50
_LONGEST = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class AskAgain:
    """A command that is asked when the button is pressed, without the slash command."""

    v: Literal[2] = 2
    n: Literal["ask"] = "ask"
    q: Annotated[str, Field(max_length=_LONGEST)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """The commands that make again what was removed."""

    v: Literal[2] = 2
    n: Literal["restore"] = "restore"
    q: Annotated[tuple[str, ...], Field(max_length=_MOST_COMMANDS)]


_ASK, _RESTORE = TypeAdapter(AskAgain), TypeAdapter(Restore)


def ask_again(command: str) -> str:
    """The value of a button that asks a command."""
    return _written(AskAgain(q=command))


def restore(commands: tuple[str, ...]) -> str:
    """The value of `Undo`."""
    return _written(Restore(q=commands))


def read_ask_again(value: object) -> AskAgain | None:
    """The command that a button asks; `None` where it carries none that can be read."""
    try:
        return _ASK.validate_json(value) if isinstance(value, str) else None
    except ValidationError:
        return None


def read_restore(value: object) -> Restore | None:
    """What `Undo` carries; `None` where it cannot be read."""
    try:
        return _RESTORE.validate_json(value) if isinstance(value, str) else None
    except ValidationError:
        return None


def _written(value: Any) -> str:  # noqa: ANN401 -- any of the types above
    return json.dumps(asdict(value), separators=(",", ":"))
