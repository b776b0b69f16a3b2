"""Stores which cards are watched, so that a restart continues with the same card and end.

Only for SQLite, where one process uses the database. With several replicas it would be unknown
whether a watch's owner has died or another replica runs it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from bot.commands.command_text import command_text
from bot.commands.parse import parse
from bot.domain.outage import DatabaseUnavailable
from bot.domain.request import ProbeRequest, Request
from bot.slack.inbound.audit import new_run_id
from bot.slack.invocation import AdmittedInvocation, Invocation, Source
from bot.slack.outbound.places import Posted
from bot.subscriptions import WatchRecords
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedWatches:
    """The stored watches; `clock` returns the present instant, time zone aware."""

    records: WatchRecords
    clock: Callable[[], datetime]

    async def begun(
        self, posted: Posted, admitted: AdmittedInvocation[Request], seconds: float, already: float
    ) -> None:
        """Store a watch; `already` is how many of its seconds have passed."""
        invocation, begun = admitted.invocation, self.clock() - timedelta(seconds=already)
        place = {"channel": posted.place.channel, "thread": posted.place.thread, "ts": posted.ts}
        body = {
            **place,
            "q": command_text(admitted.request),
            "user": invocation.user,
            "team": invocation.team,
            "enterprise": invocation.enterprise,
            "bots": list(invocation.bots),
            "channel_name": invocation.channel_name,
            "begun": begun.isoformat(),
            "seconds": seconds,
        }
        try:
            until = begun + timedelta(seconds=seconds)
            await self.records.save(_id(posted), posted.place.channel, until, body)
        except DatabaseUnavailable as error:
            log.info("a watch will not outlive a restart", extra={"reason": error.reason})

    async def ended(self, posted: Posted) -> None:
        """Delete a watch."""
        try:
            await self.records.drop(_id(posted))
        except DatabaseUnavailable as error:
            log.info("an ended watch is still stored", extra={"reason": error.reason})

    async def open(self) -> tuple[AdmittedInvocation[ProbeRequest], ...]:
        """The watches that a restart interrupted, each as the invocation that continues it."""
        kept = await self.records.open(self.clock())
        return tuple(admitted for body in kept for admitted in self._restored(body))

    def _restored(self, body: Mapping[str, Any]) -> Iterator[AdmittedInvocation[ProbeRequest]]:
        """The invocation of a stored watch; none if another version wrote a different format."""
        try:
            already = (self.clock() - datetime.fromisoformat(body["begun"])).total_seconds()
            request = parse(f"{body['q']} watch={round(body['seconds'])}s")
            invocation = Invocation(
                source=Source.ACTION,
                text=str(body["q"]),
                user=str(body["user"]),
                team=str(body["team"]),
                enterprise=str(body.get("enterprise") or ""),
                bots=tuple(map(str, body.get("bots") or ())),
                channel_name=str(body.get("channel_name") or ""),
                channel=str(body["channel"]),
                thread=body["thread"],
                card=str(body["ts"]),
            )
        except (KeyError, TypeError, ValueError):
            return
        if isinstance(request, ProbeRequest):
            yield AdmittedInvocation(
                invocation=invocation,
                request=request,
                run_id=new_run_id(),
                begun=monotonic(),
                arrived=self.clock(),
                watched_s=max(already, 0.0),
            )


def _id(posted: Posted) -> str:
    return f"{posted.place.channel}/{posted.ts}"
