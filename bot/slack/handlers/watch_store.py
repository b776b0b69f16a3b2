"""Which cards are being watched, kept in the store, so that a restart goes on with them.

The same card, the same end, no new message.

Only where one process holds the store (SQLite). Between replicas nobody could tell a watch whose
owner died from one that another replica runs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from bot.commands.parse import parse
from bot.commands.wording import command_of
from bot.domain.outage import DatabaseUnavailable
from bot.domain.request import ProbeRequest, Request
from bot.slack.inbound.routing import new_run_id
from bot.slack.invocation import AdmittedInvocation, Invocation, Source
from bot.slack.outbound.places import Posted
from bot.subscriptions import WatchRecords

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedWatches:
    """The watches of this bot; `clock` is the present instant, aware."""

    records: WatchRecords
    clock: Callable[[], datetime]

    async def begun(
        self, posted: Posted, admitted: AdmittedInvocation[Request], seconds: float, already: float
    ) -> None:
        """Keep a watch; `already` is how many of its seconds are over."""
        invocation, begun = admitted.invocation, self.clock() - timedelta(seconds=already)
        place = {"channel": posted.place.channel, "thread": posted.place.thread, "ts": posted.ts}
        body = {
            **place,
            "q": command_of(admitted.request),
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
        """Forget a watch that is over."""
        try:
            await self.records.drop(_id(posted))
        except DatabaseUnavailable as error:
            log.info("an ended watch is still stored", extra={"reason": error.reason})

    async def open(self) -> tuple[AdmittedInvocation[ProbeRequest], ...]:
        """The watches that a restart cut off, each as the invocation that continues it."""
        kept = await self.records.open(self.clock())
        return tuple(admitted for body in kept for admitted in self._asked(body))

    def _asked(self, body: Mapping[str, Any]) -> Iterator[AdmittedInvocation[ProbeRequest]]:
        """Nothing where another version wrote something else."""
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
