"""Asks Slack whether another organisation can read a channel, before the first answer there.

`conversations.info` needs the optional scopes `channels:read` and `groups:read`. The payload of a
command does not contain it. Sources for the flags: docs.slack.dev/apis/slack-connect and
docs.slack.dev/reference/objects/conversation-object.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.delivery import DeliveryError
from bot.slack.outbound.calling import Caller
from bot.slack.payload import Payload, inner

READ_SCOPES = frozenset({"channels:read", "groups:read"})
KEPT_S, KEPT_UNKNOWN_S = 600.0, 60.0
PATIENCE_S = 0.6
"""The first message of an answer must appear within a second."""
MAX_KEPT, MAX_ASKED_AT_ONCE = 5_000, 32
_CHANNELS = ("C", "G")  # prefixes of IDs; a direct message has no other members


@dataclass(slots=True, kw_only=True)
class ChannelSharing:
    """Asks Slack, and caches each answer for ten minutes.

    Attributes:
        client: of the Web API.
        caller: makes the calls.
        granted: whether the scopes may be granted.
        now: returns monotonic seconds.
    """

    client: AsyncWebClient
    caller: Caller = field(default_factory=Caller)
    granted: bool = True
    now: Callable[[], float] = monotonic
    _kept: OrderedDict[str, tuple[float, bool | None]] = field(default_factory=OrderedDict)
    _asking: dict[str, asyncio.Task[bool | None]] = field(default_factory=dict)

    async def is_shared(self, channel: str) -> bool | None:
        """Whether others can read a channel; `None` if Slack does not say it in time."""
        if not self.granted or not channel.startswith(_CHANNELS):
            return None
        until, known = self._kept.get(channel, (0.0, None))
        if self.now() < until:
            return known
        if channel not in self._asking and len(self._asking) >= MAX_ASKED_AT_ONCE:
            return known
        task = self._asking.get(channel) or self._begin(channel)
        done, _ = await asyncio.wait({task}, timeout=PATIENCE_S)
        return task.result() if done else known

    def forget(self, channel: str) -> None:
        """Drop the cached answer, because Slack said that the channel changed."""
        self._kept.pop(channel, None)
        self._asking.pop(channel, None)

    def _begin(self, channel: str) -> asyncio.Task[bool | None]:
        task = asyncio.create_task(self._ask(channel))
        self._asking[channel] = task
        task.add_done_callback(lambda done: self._keep(channel, done))
        return task

    async def _ask(self, channel: str) -> bool | None:
        try:
            answer = await self.caller.call(
                self.client.conversations_info, repeatable=True, patience=0.0, channel=channel
            )
        except DeliveryError:
            return None
        return can_be_read_outside(inner(answer.data, "channel"))

    def _keep(self, channel: str, task: asyncio.Task[bool | None]) -> None:
        if self._asking.get(channel) is not task:  # `forget` was called meanwhile
            return
        del self._asking[channel]
        if task.cancelled() or task.exception():
            return
        found = task.result()
        self._kept[channel] = (self.now() + (KEPT_UNKNOWN_S if found is None else KEPT_S), found)
        self._kept.move_to_end(channel)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)


def can_be_read_outside(channel: Payload) -> bool | None:
    """Whether the flags of a channel mean that others can read it; `None` if they are absent.

    A channel that is about to be shared counts, because its history can be read then. One that
    several workspaces of the own organisation share does not (`is_org_shared`).
    """
    flags = [channel.get(name) for name in ("is_ext_shared", "is_pending_ext_shared")]
    if True in flags or channel.get("pending_shared") or channel.get("pending_connected_team_ids"):
        return True
    return False if False in flags else None
