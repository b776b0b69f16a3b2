"""The state of the simulated workspace: users, channels, messages, files, views.

No I/O and no HTTP. Values are frozen; the `Workspace` replaces them and wakes everybody who waits
for a change.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

Json = dict[str, Any]
Clock = Callable[[], float]
TEAM_ID = "T0CONTOSO"
APP_ID = "A0APPGW"
BOT_ID = "B0APPGW"
BOT_USER = "U0APPGW"
MAX_MESSAGES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person; `tz` is an IANA name, `tz_offset` seconds east of UTC, as in `users.info`."""

    id: str
    name: str
    team: str = TEAM_ID
    enterprise: str = ""
    tz: str = "Europe/Berlin"
    tz_offset: int = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel.

    `has_bot`: the bot is a member. `foreign`: a Slack Connect channel; `pending`: about to become
    one. `own_workspaces`: shared by workspaces of the own organisation. `left`: users who are no
    members.
    """

    id: str
    name: str
    has_bot: bool = True
    archived: bool = False
    private: bool = False
    foreign: bool = False
    pending: bool = False
    own_workspaces: bool = False
    left: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignApp:
    """Another app of the workspace, for example a monitoring tool, with its bot ID and app ID."""

    bot_id: str
    app_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message in its present state.

    Attributes:
        ts: Slack's ID of the message within its channel.
        user: the author; `BOT_USER` for the bot.
        thread_ts: its thread; `None` outside threads.
        attachments: the older form that monitoring tools still use.
        app: the app that wrote it; `None` for users and for the bot.
        only_for: for an ephemeral message, its user.
        at: when it appeared, in monotonic seconds.
        edits: how often it was updated.
    """

    ts: str
    channel: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    thread_ts: str | None = None
    metadata: Json | None = None
    attachments: tuple[Json, ...] = ()
    app: ForeignApp | None = None
    files: tuple[str, ...] = ()
    only_for: str | None = None
    at: float = 0.0
    edits: int = 0
    edited_at: float | None = None

    @property
    def by_bot(self) -> bool:
        """Whether the bot wrote it."""
        return self.user == BOT_USER


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """An uploaded file; `content` is `None` until the bytes came."""

    id: str
    name: str
    length: int
    title: str = ""
    content: bytes | None = None
    shared_in: str | None = None
    thread_ts: str | None = None
    uploaded_by: str = BOT_USER


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenView:
    """An open modal, or a user's App Home.

    `channel` is where the user opened it.
    """

    id: str
    user: str
    view: Json
    root_id: str
    hash: str
    previous_id: str | None = None


@dataclass(slots=True)
class Exchange:
    """A trigger ID or a response URL: when it was issued, to whom, and how often it was used."""

    given_at: float
    user: str
    channel: str | None
    uses: int = 0
    message_ts: str | None = None
    view_id: str | None = None


@dataclass(slots=True)
class Workspace:
    """All state of the simulated workspace.

    Args:
        clock: returns seconds since 1970; the playground can move it.
        enterprise: ID of the Enterprise Grid organisation; empty if there is none.
    """

    clock: Clock = time.time
    enterprise: str = ""
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    posts: dict[tuple[str, str], Message] = field(default_factory=dict)
    ephemerals: list[Message] = field(default_factory=list)
    files: dict[str, StoredFile] = field(default_factory=dict)
    views: dict[str, OpenView] = field(default_factory=dict)
    homes: dict[str, OpenView] = field(default_factory=dict)
    triggers: dict[str, Exchange] = field(default_factory=dict)
    responses: dict[str, Exchange] = field(default_factory=dict)
    reactions: list[tuple[str, str, str]] = field(default_factory=list)
    tickets: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)
    _serial: Iterable[int] = field(default_factory=lambda: itertools.count(1))
    _last_ts: float = 0.0
    _waiting: set[asyncio.Future[None]] = field(default_factory=set)

    def serial(self, prefix: str) -> str:
        """A new id that starts with `prefix`."""
        return f"{prefix}{next(iter(self._serial)):08d}"

    def new_ts(self) -> str:
        """A message id: the clock with six decimals, never repeated and never decreasing."""
        self._last_ts = max(round(self.clock(), 6), round(self._last_ts + 0.000001, 6))
        return f"{self._last_ts:.6f}"

    def put(self, message: Message) -> Message:
        """Store a message, new or changed."""
        if len(self.posts) >= MAX_MESSAGES:
            raise OverflowError(f"the stand-in keeps at most {MAX_MESSAGES} messages")
        self.posts[message.channel, message.ts] = message
        self.touch()
        return message

    def add(self, *, channel: str, user: str, text: str, **more: Any) -> Message:
        """Post a new message."""
        return self.put(
            Message(
                ts=self.new_ts(), channel=channel, user=user, text=text, at=time.monotonic(), **more
            )
        )

    def add_ephemeral(self, *, channel: str, only_for: str, text: str, **more: Any) -> Message:
        """Show one person a message that is in nobody's history."""
        shown = Message(
            ts=self.new_ts(),
            channel=channel,
            user=BOT_USER,
            text=text,
            only_for=only_for,
            at=time.monotonic(),
            **more,
        )
        self.ephemerals.append(shown)
        self.touch()
        return shown

    def edit(self, message: Message, **changes: Any) -> Message:
        """Replace a message by its new state."""
        changed = replace(message, edits=message.edits + 1, edited_at=time.monotonic(), **changes)
        if message.only_for is None:
            return self.put(changed)
        self.ephemerals = [
            changed if shown.ts == message.ts else shown for shown in self.ephemerals
        ]
        self.touch()
        return changed

    def remove(self, message: Message) -> None:
        """Delete a message."""
        self.posts.pop((message.channel, message.ts), None)
        self.ephemerals = [shown for shown in self.ephemerals if shown.ts != message.ts]
        self.touch()

    def messages(self, channel: str) -> list[Message]:
        """Everything in a channel, threads included, oldest first."""
        return sorted(
            (post for (where, _), post in self.posts.items() if where == channel),
            key=lambda post: post.ts,
        )

    def find(self, channel: str, ts: str) -> Message | None:
        """A message or an ephemeral by its place."""
        shown = next(
            (shown for shown in self.ephemerals if shown.ts == ts and shown.channel == channel),
            None,
        )
        return self.posts.get((channel, ts)) or shown

    def touch(self) -> None:
        """Wake everybody who waits for a change."""
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def changed(self, seconds: float) -> None:
        """Return at the next change, or after `seconds`."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            await asyncio.wait((waiter,), timeout=seconds)
        finally:
            self._waiting.discard(waiter)
