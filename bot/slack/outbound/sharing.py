"""Asks Slack whether another organisation can read a channel, before the first answer there.

`conversations.info` needs the optional scopes `channels:read` and `groups:read`. The payload of a
command does not contain it. Sources for the flags: docs.slack.dev/apis/slack-connect and
docs.slack.dev/reference/objects/conversation-object.

When many channels are asked about at once, the bot's own channels are listed instead
(`users.conversations`): Slack allows about fifty calls of either method a minute
(docs.slack.dev/apis/web-api/rate-limits), and one list costs less than the calls that it replaces.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.delivery import DeliveryError, OutcomeUnknown, RateLimited
from bot.domain.sharing import Sharing
from bot.slack.outbound.calling import NOT_CONNECTED, Caller
from bot.slack.payload import Payload, object_at, objects_at, text_at

READ_SCOPES = frozenset({"channels:read", "groups:read"})
KEPT_S, KEPT_UNSAID_S, STALE_S = 600.0, 60.0, 3600.0
"""Seconds that answers are cached: with flags, without flags, and while Slack does not answer."""
SHARING_WAITS_S = (0.6, 5.0)
"""Seconds to wait for Slack, first and then; a first message is due within one second."""
MAX_KEPT, MAX_WAITING = 5_000, 1_000
SINGLE_LOOKUPS, AT_ONCE = 4, 8
"""How many channels are looked up one by one within `LIST_COUNTS_S`; for more, a list is read."""
PAGE, MAX_PAGES = 999, 5
LIST_COUNTS_S = 2.0
"""Seconds between two lists; channels that are not in the list are looked up one by one."""
_FLAGS = ("is_ext_shared", "is_pending_ext_shared")
_CHANNELS = ("C", "G")  # prefixes of IDs; a direct message has no other members


@dataclass(slots=True, kw_only=True)
class ChannelSharing:
    """Asks Slack, and caches each answer for ten minutes.

    Attributes:
        client: of the Web API.
        caller: makes the calls.
        granted: whether the scopes may be granted.
        now: returns monotonic seconds.
        patience: seconds that the first look waits for Slack.
    """

    client: AsyncWebClient
    caller: Caller = field(default_factory=Caller)
    granted: bool = True
    now: Callable[[], float] = monotonic
    patience: float = SHARING_WAITS_S[0]
    _kept: OrderedDict[str, tuple[float, Sharing]] = field(default_factory=OrderedDict)
    _asking: dict[str, asyncio.Task[Sharing]] = field(default_factory=dict)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _looked_up: deque[float] = field(default_factory=lambda: deque(maxlen=SINGLE_LOOKUPS))
    _listing: asyncio.Task[None] | None = None
    _next_list: float = 0.0
    _changed: set[str] = field(default_factory=set)

    async def of(self, channel: str, *, patience: float | None = None) -> Sharing:
        """Whether others can read a channel, as far as Slack says it in time.

        `patience` is seconds to wait for Slack, by default `self.patience`.
        """
        if not self.granted or not channel.startswith(_CHANNELS):
            return Sharing.UNSAID
        if fresh := self._fresh(channel):
            return fresh
        until, known = self._kept.get(channel, (0.0, Sharing.UNANSWERED))
        if self.now() > until + STALE_S:
            known = Sharing.UNANSWERED
        if channel not in self._asking and len(self._asking) >= MAX_WAITING:
            return known
        task = self._asking.get(channel) or self._begin(channel)
        done, _ = await asyncio.wait(
            {task}, timeout=self.patience if patience is None else patience
        )
        found = task.result() if done else Sharing.UNANSWERED
        return known if found is Sharing.UNANSWERED else found

    def forget(self, channel: str) -> None:
        """Drop the cached answer, because Slack said that the channel changed."""
        self._kept.pop(channel, None)
        self._asking.pop(channel, None)
        self._changed.add(channel)

    def _begin(self, channel: str) -> asyncio.Task[Sharing]:
        task = asyncio.create_task(self._ask(channel))
        self._asking[channel] = task
        task.add_done_callback(lambda done: self._keep(channel, done))
        return task

    async def _ask(self, channel: str) -> Sharing:
        if self._are_many():
            await self._read_list()
            if known := self._fresh(channel):
                return known
        async with self._slots:
            try:
                answer = await self.caller.call(
                    self.client.conversations_info, repeatable=True, patience=0.0, channel=channel
                )
            except DeliveryError as error:
                return Sharing.UNANSWERED if _is_unanswered(error) else Sharing.UNSAID
        return can_be_read_outside(object_at(answer.data, "channel"))

    def _are_many(self) -> bool:
        """Whether this look-up comes after `SINGLE_LOOKUPS` others within `LIST_COUNTS_S`."""
        now = self.now()
        many = len(self._looked_up) == SINGLE_LOOKUPS and now - self._looked_up[0] < LIST_COUNTS_S
        self._looked_up.append(now)
        return many

    async def _read_list(self) -> None:
        """Wait for a list of the bot's channels; all who wait at the same time share one."""
        if self._listing is None or (self._listing.done() and self.now() >= self._next_list):
            self._changed.clear()
            self._listing = asyncio.create_task(self._list())
        await asyncio.shield(self._listing)

    async def _list(self) -> None:
        cursor = ""
        for _ in range(MAX_PAGES):
            try:
                answer = await self.caller.call(
                    self.client.users_conversations,
                    repeatable=True,
                    patience=0.0,
                    types="public_channel,private_channel",
                    exclude_archived=True,
                    limit=PAGE,
                    cursor=cursor,
                )
            except DeliveryError:
                break
            for channel in objects_at(answer.data, "channels"):
                self._keep_listed(channel)
            cursor = text_at(object_at(answer.data, "response_metadata"), "next_cursor")
            if not cursor:
                break
        self._next_list = self.now() + LIST_COUNTS_S

    def _keep_listed(self, channel: Payload) -> None:
        """Cache what a list says, only where it has both flags; others are asked about."""
        name = text_at(channel, "id")
        if name not in self._changed and all(type(channel.get(flag)) is bool for flag in _FLAGS):
            self._store(name, can_be_read_outside(channel), KEPT_S)

    def _fresh(self, channel: str) -> Sharing | None:
        """The cached answer, unless it is too old."""
        until, known = self._kept.get(channel, (0.0, Sharing.UNANSWERED))
        return known if self.now() < until else None

    def _keep(self, channel: str, task: asyncio.Task[Sharing]) -> None:
        if self._asking.get(channel) is not task:  # it was forgotten meanwhile
            return
        del self._asking[channel]
        if task.cancelled() or task.exception():
            return
        found = task.result()
        if found is Sharing.UNANSWERED:
            return
        self._store(channel, found, KEPT_UNSAID_S if found is Sharing.UNSAID else KEPT_S)

    def _store(self, channel: str, found: Sharing, kept_s: float) -> None:
        self._kept[channel] = (self.now() + kept_s, found)
        self._kept.move_to_end(channel)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)


def _is_unanswered(error: DeliveryError) -> bool:
    """Whether Slack could not say it now, and may in a moment."""
    lost = isinstance(error, OutcomeUnknown | RateLimited)
    return lost or error.reason == NOT_CONNECTED


def can_be_read_outside(channel: Payload) -> Sharing:
    """What the flags of a channel mean; `UNSAID` where they are absent.

    A channel that is about to be shared counts, because its history can be read then. One that
    several workspaces of the own organisation share does not (`is_org_shared`).
    """
    flags = [channel.get(name) for name in _FLAGS]
    if True in flags or channel.get("pending_shared") or channel.get("pending_connected_team_ids"):
        return Sharing.SHARED
    return Sharing.OWN if False in flags else Sharing.UNSAID
