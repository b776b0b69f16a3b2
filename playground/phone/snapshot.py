"""What a user's phone shows now, as JSON for the page. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from playground.lab.backends import LabBackend
from playground.slack import Message, SlackStandIn
from playground.slack.state import Json, OpenView, StoredFile, User
from playground.stage import Stage, channel_of

LAST_MESSAGES = 60


def snapshot(stage: Stage, user: str) -> Json:
    """What one user's phone shows.

    Channels, messages with threads, ephemeral messages, the open modal, App Home, the lab, the
    time.
    """
    slack = stage.slack
    return {
        "users": [
            {"id": one.id, "name": one.name, "tz": one.tz}
            for one in slack.workspace.users.values()
            if one.id.startswith("U0")
        ],
        "channels": [
            {"id": one.id, "name": one.name}
            for one in slack.workspace.channels.values()
            if not one.archived
        ],
        "messages": {
            channel: [_shown(stage, one, user) for one in _visible(slack, channel, user)]
            for channel in slack.workspace.channels
        },
        "view": _view(
            next(
                (view for view in reversed(slack.workspace.views.values()) if view.user == user),
                None,
            )
        ),
        "home": _view(slack.workspace.homes.get(user)),
        "lab": [
            _backend(backend, backend.name in stage.lab.healed) for backend in stage.lab.backends
        ],
        "complaints": slack.complaints[-5:],
        "now": f"{datetime.fromtimestamp(slack.workspace.clock(), UTC):%Y-%m-%dT%H:%MZ}",
    }


def _visible(slack: SlackStandIn, channel: str, user: str) -> list[Message]:
    top = [one for one in slack.workspace.messages(channel) if one.thread_ts is None]
    own = [
        one for one in slack.ephemerals(user) if one.channel == channel and one.thread_ts is None
    ]
    return sorted((*top, *own), key=lambda one: one.ts)[-LAST_MESSAGES:]


def _thread(slack: SlackStandIn, parent: Message, user: str) -> list[Message]:
    own = [
        one
        for one in slack.ephemerals(user)
        if one.channel == parent.channel and one.thread_ts == parent.ts
    ]
    return sorted((*slack.thread(parent), *own), key=lambda one: one.ts)


def _shown(stage: Stage, message: Message, user: str) -> Json:
    slack = stage.slack
    people = slack.workspace.users
    return {
        "ts": message.ts,
        "channel": message.channel,
        "author": message.app.name if message.app else _name(people, message.user),
        "reactions": slack.reactions(message),
        "bot": message.by_bot,
        "text": message.text,
        "blocks": list(message.blocks),
        "private": message.only_for is not None,
        "edited": message.edits > 0,
        "files": [_file(stage, message, slack.workspace.files[file]) for file in message.files],
        "thread": [_shown(stage, one, user) for one in _thread(slack, message, user)]
        if message.thread_ts is None
        else [],
    }


def _name(people: Mapping[str, User], user: str) -> str:
    return people[user].name if user in people else user


def installable(stage: Stage, message: Message, file: StoredFile) -> str | None:
    """The server of the lab for this file: the one that the card of its thread is about."""
    if file.name != "fullchain.pem" or message.thread_ts is None:
        return None
    above = [
        one
        for one in stage.slack.workspace.messages(message.channel)
        if message.thread_ts in {one.ts, one.thread_ts} and one.ts <= message.ts and one.by_bot
    ]
    for one in reversed(above):
        for backend in stage.lab.backends:
            if names(one.text, backend):
                return backend.name
    return None


def names(text: str, backend: LabBackend) -> bool:
    """Whether a notification names a server of the lab; there a port follows as a word."""
    address = re.escape(backend.address)
    return bool(re.search(rf"(?<!\d){address}(?::| port ){backend.port}(?!\d)", text))


def _file(stage: Stage, message: Message, file: StoredFile) -> Json:
    return {
        "id": file.id,
        "installs": installable(stage, message, file),
        "name": file.title or file.name,
        "content": (file.content or b"").decode("utf-8", "replace"),
    }


def _view(view: OpenView | None) -> Json | None:
    return None if view is None else {"id": view.id, **view.view}


def _target(backend: LabBackend) -> str:
    return f"{backend.address}:{backend.port}"


def _backend(backend: LabBackend, healed: bool) -> Json:  # noqa: FBT001 -- a fact about it
    recipe = backend.recipe
    expected = recipe.expected.value
    return {
        "name": backend.name,
        "description": recipe.description,
        "target": _target(backend),
        "healed": healed,
        "channel": channel_of(backend),
        "expected": expected,
    }
