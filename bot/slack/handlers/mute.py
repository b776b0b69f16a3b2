"""`preview`, `mute`, `unmute`, `history`.

What a channel would hear, does not want to hear, and has heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.cards.digest_card import digest_card, digest_details
from bot.cards.parts import Message
from bot.cards.subscriptions import history, muted, unmuted
from bot.cards.usage import notice
from bot.digest.mutes import read_window, window_words
from bot.digest.settle import OPEN_AFTER, settle, undecided
from bot.digest.zones import zone as zone_named
from bot.domain.backend_key import BackendKey
from bot.domain.digest import (
    BackendEvent,
    BackendState,
    Change,
    FollowedTarget,
    Mute,
    Subscription,
    TargetKind,
)
from bot.domain.request import (
    HistoryRequest,
    HostTarget,
    MuteRequest,
    PreviewRequest,
    Request,
    SubscribeRequest,
    UnmuteRequest,
)
from bot.slack.handlers.notebook import CannotFollow, SubscriptionService, made, matching
from bot.slack.invocation import AdmittedInvocation
from bot.slack.outbound.digest_messages import head_of, rows_of

DEFAULT_MUTE, LONGEST_MUTE = timedelta(hours=2), timedelta(days=90)
_HISTORY_BACK, _HISTORY_LINES, _NAMED_IN_HISTORY = timedelta(days=90), 12, 2
_TWICE = timedelta(seconds=10)
_MOST_PREVIEWS = 5
_WORDS = {
    Change.OPENED: "broke",
    Change.CLOSED: "fixed",
    Change.CHAIN: "sends another chain",
    Change.APPEARED: "seen for the first time",
    Change.GONE: "is gone",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteHandlers:
    """Answers what does not change subscriptions; `book` is what the digest verbs share."""

    book: SubscriptionService

    async def preview(self, admitted: AdmittedInvocation[PreviewRequest]) -> None:
        """Today's digests, shown only to who asked."""
        known = await self.book.subscriptions(admitted.invocation.channel)
        chosen = matching(known, admitted.request) if admitted.request.target else known
        try:
            chosen = chosen or ((await self._unsaved(admitted),) if admitted.request.target else ())
        except CannotFollow as error:
            await self.book.decline(admitted, str(error), "/appgw-check preview gw:prod-gw")
            return
        if not chosen:
            await self.book.decline(
                admitted,
                "This channel has no subscriptions yet.",
                "/appgw-check subscribe gw:prod-gw",
            )
        await self.book.notify(
            admitted,
            [
                page
                for value in chosen[:_MOST_PREVIEWS]
                for page in await self._shown(admitted, value)
            ],
        )

    async def mute(self, admitted: AdmittedInvocation[MuteRequest]) -> None:
        """Say nothing about a target until the time is over."""
        now = self.book.clock()
        try:
            target = await self.book.patiently(admitted, self._target(admitted))
        except CannotFollow as error:
            await self.book.decline(
                admitted, str(error), "/appgw-check mute gw:prod-gw 2h certificate swap"
            )
            return
        value = await self._mute(admitted, target, now)
        if any(
            now - one.begins < _TWICE and _same(one, value)
            for one in await self._mutes(admitted, target)
        ):
            return
        await self.book.memory.mute(value, self._who(admitted))
        when = f"every {window_words(value.window)}, " if value.window else ""
        message = muted(
            target.text,
            f"{when}until {await self._moment(admitted, value.ends)}",
            value.reason,
            by=admitted.invocation.user,
        )
        await self.book.answer_or_send_ephemeral(admitted, message)

    async def _mute(
        self, admitted: AdmittedInvocation[MuteRequest], target: FollowedTarget, now: datetime
    ) -> Mute:
        """What was asked for: two hours when nothing is said.

        A weekly window repeats for as long as a mute may last.
        """
        request = admitted.request
        zone = await self.book.zone(admitted) or "UTC"
        return Mute(
            team=self.book.team,
            channel=admitted.invocation.channel,
            target=target,
            begins=now,
            ends=now + (request.length or (LONGEST_MUTE if request.window else DEFAULT_MUTE)),
            reason=request.reason,
            by=admitted.invocation.user,
            window=read_window(request.window, zone) if request.window else None,
        )

    async def unmute(self, admitted: AdmittedInvocation[UnmuteRequest]) -> None:
        """End a mute before its time."""
        now = self.book.clock()
        try:
            target = await self.book.patiently(admitted, self._target(admitted))
        except CannotFollow as error:
            await self.book.decline(admitted, str(error), "/appgw-check unmute gw:prod-gw")
            return
        ended = await self._mutes(admitted, target)
        if not ended:
            await self.book.decline(admitted, f"{target.text} is not muted in this channel.")
            return
        await self.book.memory.unmute(ended, self._who(admitted), now, target.text)
        message = unmuted(
            target.text,
            _again(max(ended, key=lambda one: one.ends), now),
            by=admitted.invocation.user,
        )
        await self.book.answer_or_send_ephemeral(admitted, message)

    async def history(self, admitted: AdmittedInvocation[HistoryRequest]) -> None:
        """The last changes of a backend's chain and state."""
        try:
            target = await self.book.patiently(admitted, self._target(admitted))
        except CannotFollow as error:
            await self.book.decline(
                admitted, str(error), "/appgw-check history backend.contoso.com"
            )
            return
        events = await self._events(admitted, target)
        if not events:
            followed = matching(
                await self.book.subscriptions(admitted.invocation.channel), admitted.request
            )
            why = (
                "it is subscribed, and nothing has happened yet"
                if followed
                else "only subscribed targets have a history"
            )
            await self.book.decline(
                admitted, f"There is no history of {target.text}: {why}.", "/appgw-check list"
            )
            return
        zone = await self.book.zone(admitted) or "UTC"
        await self.book.slack.send_ephemeral(
            admitted.invocation, history(target.text, zone, happened(events, target, zone))
        )

    async def _target(self, admitted: AdmittedInvocation[Request]) -> FollowedTarget:
        known = await self.book.subscriptions(admitted.invocation.channel)
        return await self.book.target(admitted.request, [one.target for one in known])

    async def _unsaved(self, admitted: AdmittedInvocation[Request]) -> Subscription:
        """What the channel would get if it followed the target."""
        zone = await self.book.zone(admitted) or "UTC"
        who = (self.book.team, admitted.invocation.channel, admitted.invocation.user)
        return made(
            SubscribeRequest(target=admitted.request.target),
            await self._target(admitted),
            zone,
            who=who,
            now=self.book.clock(),
        )

    async def _shown(
        self, admitted: AdmittedInvocation[Request], value: Subscription
    ) -> list[Message]:
        now = self.book.clock()
        states = await self._states(admitted, value)
        content = await self.book.memory.preview(value, states, now)
        rows = rows_of(content)
        return [
            digest_card(replace(head_of(content), thread=False), rows),
            *digest_details(rows)[:1],
        ]

    async def _states(
        self, admitted: AdmittedInvocation[Request], value: Subscription
    ) -> Sequence[BackendState]:
        """What is remembered.

        Where that is nothing or undecided, what a look finds now, as if it had been found for long.
        """
        known = await self.book.memory.states(value.target.key)
        if known and not undecided(known):
            return known
        why = (
            f"The last check of {value.target.text} was inconclusive"
            if known
            else f"{value.target.text} has not been checked yet"
        )
        await self.book.slack.send_ephemeral(
            admitted.invocation, notice(f"{why}; checking now, one moment please.")
        )
        look, now = await self.book.looker.look(value.target), self.book.clock()
        for _ in range(OPEN_AFTER):
            known, _, _ = settle({state.seen.key: state for state in known}, look, now)
        return known

    async def _mutes(
        self, admitted: AdmittedInvocation[Request], target: FollowedTarget
    ) -> list[Mute]:
        return await self.book.memory.mutes_of(
            admitted.invocation.channel, target, self.book.clock()
        )

    async def _events(
        self, admitted: AdmittedInvocation[Request], target: FollowedTarget
    ) -> Sequence[BackendEvent]:
        """For a host, also its history as a member of the gateways that the channel follows."""
        since = self.book.clock() - _HISTORY_BACK
        known = await self.book.subscriptions(admitted.invocation.channel)
        gateways = {one.target.key for one in known if one.target.kind is TargetKind.GATEWAY}
        host = (
            admitted.request.target.host
            if isinstance(admitted.request.target, HostTarget)
            else None
        )
        own = await self.book.memory.events(target, gateways, host, since)
        fitting = [event for event in own if _within(event, target)]
        return sorted(fitting, key=lambda event: event.at, reverse=True)

    async def _moment(self, admitted: AdmittedInvocation[Request], instant: datetime) -> str:
        zone = await self.book.zone(admitted) or "UTC"
        return f"{_clock(instant, zone)} ({zone})"

    def _who(self, admitted: AdmittedInvocation[Request]) -> tuple[str, str, str]:
        return self.book.team, admitted.invocation.channel, admitted.invocation.user


def _same(one: Mute, other: Mute) -> bool:
    """Whether two mutes of one target say the same: the second is then a double click."""
    return (one.ends - one.begins, one.window, one.reason) == (
        other.ends - other.begins,
        other.window,
        other.reason,
    )


def _again(mute: Mute, now: datetime) -> str:
    """What to type to mute again for what was left of it."""
    hours, minutes = divmod(max(int((mute.ends - now).total_seconds() // 60), 1), 60)
    window = window_words(mute.window) if mute.window else ""
    return " ".join(
        filter(None, (f"mute {mute.target.text}", window, f"for={hours}h{minutes}m", mute.reason))
    )


def _within(event: BackendEvent, target: FollowedTarget) -> bool:
    if event.target_key != target.key:
        return True
    key = BackendKey.read(event.key)
    pool, setting = target.pool or key.pool, target.setting or key.setting
    return (pool.lower(), setting.lower()) == (key.pool, key.setting)


def _clock(instant: datetime, zone: str) -> str:
    local = instant.astimezone(zone_named(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def happened(
    events: Sequence[BackendEvent], target: FollowedTarget, zone: str
) -> list[tuple[str, str]]:
    """When and what, newest first; the same of many servers within one minute is one line."""
    groups: dict[tuple[str, str], list[str]] = {}
    for event in events:
        groups.setdefault((_clock(event.at, zone), _described(event)), []).append(
            _which(event, target)
        )
    return [
        (when, f"{_named(which)}{what}")
        for (when, what), which in list(groups.items())[:_HISTORY_LINES]
    ]


def _described(event: BackendEvent) -> str:
    detail = (
        "" if event.change in {Change.APPEARED, Change.GONE, Change.CHAIN} else f": {event.detail}"
    )
    return f"{_WORDS[event.change]}{detail}"


def _which(event: BackendEvent, target: FollowedTarget) -> str:
    """The server with its setting; empty for the very host that was asked about."""
    key = BackendKey.read(event.key)
    setting, server = key.setting, key.server
    if target.kind is TargetKind.HOST:
        return f"behind {setting}" if setting else ""
    return {"*": "the gateway", "": ""}.get(server, f"{server} ({setting})" if setting else server)


def _named(which: Sequence[str]) -> str:
    known = list(dict.fromkeys(filter(None, which)))
    more = f" +{len(known) - _NAMED_IN_HISTORY}" if len(known) > _NAMED_IN_HISTORY else ""
    return f"{', '.join(known[:_NAMED_IN_HISTORY])}{more} " if known else ""
