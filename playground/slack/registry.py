"""The type of a Web API method: arguments, errors, scopes; and the table of all methods."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playground.slack.limits import Problem
from playground.slack.state import Channel, Json, Workspace

_TRUE = frozenset({"1", "true", "True"})


class Refused(Exception):
    """The method answers `ok: false`; `more` is added to the error code."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: workspace, arguments as sent, scopes of the token, and the server's URL."""

    workspace: Workspace
    arguments: Json
    scopes: frozenset[str]
    base_url: str

    def text(self, name: str, default: str = "") -> str:
        """A text argument."""
        return str(self.arguments.get(name, default) or default)

    def need(self, name: str) -> str:
        """A required text argument; without it the answer is `invalid_arguments`."""
        if not self.text(name):
            raise Refused(
                "invalid_arguments",
                response_metadata={"messages": [f"[ERROR] missing required field: {name}"]},
            )
        return self.text(name)

    def number(self, name: str, default: int) -> int:
        """A whole number; Slack answers `invalid_arguments` for anything else."""
        try:
            return int(self.arguments.get(name) or default)
        except (TypeError, ValueError):
            raise Refused("invalid_arguments") from None

    def flag(self, name: str) -> bool:
        """A switch, as JSON or as form text."""
        return str(self.arguments.get(name)) in _TRUE

    def structure(self, name: str) -> Any:
        """A JSON argument, sent as JSON or as JSON text within a form; `None` when it is absent."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise Refused(
                "invalid_blocks_format" if name == "blocks" else "invalid_arguments"
            ) from None

    def channel(self, name: str = "channel") -> Channel:
        """The channel of the call, or `channel_not_found`.

        A user's ID means the direct message with that user.
        """
        meant = self.need(name)
        if meant in self.workspace.users:
            direct = Channel(id=f"D{meant[1:]}", name="direct", private=True)
            return self.workspace.channels.setdefault(direct.id, direct)
        found = self.workspace.channels.get(meant)
        if found is None:
            raise Refused("channel_not_found")
        return found


Function = Callable[[Call], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A registered method; `scopes` are alternatives, none means that any token is accepted."""

    name: str
    function: Function
    scopes: frozenset[str]
    app_token: bool = False


METHODS: dict[str, Method] = {}


@dataclass(frozen=True, slots=True)
class method:  # noqa: N801 -- used as a decorator
    """Register a function as a Web API method."""

    name: str
    scopes: frozenset[str] = field(default_factory=frozenset)
    app_token: bool = False

    def __call__(self, function: Function) -> Function:
        """Add `function` to the table and return it unchanged."""
        METHODS[self.name] = Method(
            name=self.name, function=function, scopes=self.scopes, app_token=self.app_token
        )
        return function


def scopes(words: str) -> frozenset[str]:
    """Scopes written with spaces between them."""
    return frozenset(words.split())


def refuse(problems: tuple[Problem, ...]) -> None:
    """Raise Slack's answer for the first problem, with all of them as messages."""
    if not problems:
        return
    sentences = [str(problem) for problem in problems]
    extra: Json = {"errors": sentences} if problems[0].error == "invalid_blocks" else {}
    raise Refused(
        problems[0].error,
        response_metadata={"messages": [f"[ERROR] {one}" for one in sentences]},
        **extra,
    )
