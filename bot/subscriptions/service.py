"""The use cases of the digest verbs, independent of the chat product."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from bot.checks.service import CheckService
from bot.checks.target_observer import SITE_KEY, TargetObserver
from bot.commands.command_text import target_of
from bot.digest.damping import OPEN_AFTER, damp, undecided
from bot.digest.mutes import read_window, window_words
from bot.domain.digest import (
    BackendEvent,
    BackendState,
    DigestContent,
    FollowedTarget,
    Mute,
    Subscription,
    TargetKind,
)
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.request import (
    NOTHING_TYPED,
    HostTarget,
    MuteRequest,
    PreviewRequest,
    Request,
    SiteTarget,
    SubscribeRequest,
)
from bot.subscriptions.conversion import (
    matching,
    same_gateway,
    same_part,
    subscribe_command,
    subscription_of_request,
)
from bot.subscriptions.history import is_event_of
from bot.subscriptions.records import Author, SubscriptionRecords
from chainlib.frozen import dataclass

Profile: TypeAlias = Callable[[], Awaitable[str | None]]
"""Reads the time zone in the user's profile."""
DEFAULT_MUTE, LONGEST_MUTE = timedelta(hours=2), timedelta(days=90)
_NONE_YET = Refusal(kind=RefusalKind.REQUEST, sentence="This channel has no subscriptions yet.")
_HISTORY_BACK = timedelta(days=90)
_TWICE = timedelta(seconds=10)


NAME_ONE = Refusal(
    kind=RefusalKind.REQUEST,
    sentence="Name the gateway or the backend, for example gw:prod-gw or backend.contoso.com.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionService:
    """The subscriptions, mutes and history of channels.

    Attributes:
        records: stores them.
        check_service: finds gateways, and says whether a host may be probed.
        observer: observes a target for a preview without stored states.
        clock: returns the present instant, time zone aware.
    """

    records: SubscriptionRecords
    check_service: CheckService
    observer: TargetObserver
    clock: Callable[[], datetime]

    @property
    def team(self) -> str:
        """The bot's own workspace, to which its channels belong, whoever asks."""
        return self.records.team

    async def subscriptions(self, channel: str) -> tuple[Subscription, ...]:
        """The subscriptions of a channel, in the order of their numbers."""
        return await self.records.of_channel(channel)

    async def target(
        self, request: Request, known: Iterable[FollowedTarget]
    ) -> FollowedTarget | Refusal:
        """The followed target of a request; a gateway in `known` is not looked up again.

        A refusal if there is no such gateway, if it cannot be followed, or if the host may not be
        probed.
        """
        typed = request.target
        if isinstance(typed, HostTarget):
            return await self.check_service.refusal(typed) or FollowedTarget(
                kind=TargetKind.HOST, key=f"{typed.host}:{typed.port}", text=target_of(request)
            )
        if isinstance(typed, SiteTarget):
            served = await self.check_service.of_site(typed, NOTHING_TYPED)
            if isinstance(served, Refusal):
                return served
            return FollowedTarget(
                kind=TargetKind.SITE, key=f"{SITE_KEY}{typed.host}", text=target_of(request)
            )
        if not isinstance(typed, GatewayRef):
            return NAME_ONE
        key = next((one.key for one in known if same_gateway(one, typed)), None) or await self._key(
            typed
        )
        if isinstance(key, Refusal):
            return key
        return FollowedTarget(
            kind=TargetKind.GATEWAY,
            key=key,
            text=target_of(request),
            pool=typed.pool,
            setting=typed.setting,
        )

    async def _key(self, typed: GatewayRef) -> str | Refusal:
        found = await self.check_service.find(typed)
        return found if isinstance(found, Refusal) else found.id.key

    async def target_in(self, channel: str, request: Request) -> FollowedTarget | Refusal:
        """The followed target of a request in a channel; a refusal as in `target`."""
        known = await self.subscriptions(channel)
        return await self.target(request, [one.target for one in known])

    async def zone(self, channel: str, request: Request, profile: Profile) -> str | None:
        """A channel's time zone: as typed, as stored, or from the user's profile.

        `None` if there is none.
        """
        typed = request.tz if isinstance(request, SubscribeRequest) else ""
        remembered = await self.records.zone(channel)
        found = typed or remembered or await profile()
        if found and not remembered:
            await self.records.set_zone(channel, found)
        return found

    def wanted(
        self, request: SubscribeRequest, target: FollowedTarget, who: Author, zone: str
    ) -> Subscription | Refusal:
        """The subscription of a request; nothing is stored.

        A refusal for an invalid schedule or filter, or for a schedule without a run.
        """
        return subscription_of_request(request, target, zone, who=who, now=self.clock())

    async def to_same_target(self, value: Subscription) -> Subscription | None:
        """The channel's subscription to the same target."""
        known = await self.subscriptions(value.channel)
        return next((one for one in known if same_part(one.target, value.target)), None)

    async def keep(
        self, value: Subscription, before: Subscription | None, who: Author
    ) -> Subscription | Refusal:
        """Store a subscription in place of one to the same target.

        A refusal if the channel or the bot already has the greatest allowed number.
        """
        return await self.records.keep(value, before, who, self.clock(), subscribe_command(value))

    async def previewed(
        self, request: PreviewRequest, who: Author, profile: Profile
    ) -> tuple[Subscription, ...] | Refusal:
        """The subscriptions whose digests are shown: those to the target, or all.

        For a target that the channel does not follow, an unsaved one. At least one.
        """
        known = await self.subscriptions(who[1])
        if not request.target:
            return known or _NONE_YET
        if chosen := matching(known, request):
            return chosen
        target = await self.target_in(who[1], request)
        if isinstance(target, Refusal):
            return target
        zone = await self.zone(who[1], request, profile) or "UTC"
        unsaved = self.wanted(SubscribeRequest(target=request.target), target, who, zone)
        return unsaved if isinstance(unsaved, Refusal) else (unsaved,)

    async def content(self, value: Subscription, states: Sequence[BackendState]) -> DigestContent:
        """The content of its digest now."""
        return await self.records.preview(value, states, self.clock())

    async def states(self, target: FollowedTarget) -> tuple[tuple[BackendState, ...], bool]:
        """The stored states of a target, and whether they decide its state."""
        known = await self.records.states(target.key)
        return known, bool(known) and not undecided(known)

    async def observed(
        self, target: FollowedTarget, known: Sequence[BackendState]
    ) -> Sequence[BackendState]:
        """The states after an observation now, as if it had been made repeatedly.

        Nothing is stored.
        """
        observed, now = await self.observer.observe(target), self.clock()
        for _ in range(OPEN_AFTER):
            known, _, _ = damp({state.seen.key: state for state in known}, observed, now)
        return known

    async def mute(
        self, request: MuteRequest, target: FollowedTarget, who: Author, zone: str
    ) -> Mute | None:
        """Mute a target, by default for two hours; a weekly window for the longest allowed time.

        `None` if the same was requested a moment ago, as by a double press.
        """
        now = self.clock()
        value = Mute(
            team=self.team,
            channel=who[1],
            target=target,
            begins=now,
            ends=now + (request.length or (LONGEST_MUTE if request.window else DEFAULT_MUTE)),
            reason=request.reason,
            by=who[2],
            window=read_window(request.window, zone) if request.window else None,
        )
        held = await self.mutes(who[1], target)
        if any(now - one.begins < _TWICE and _same(one, value) for one in held):
            return None
        await self.records.mute(value, who)
        return value

    async def unmute(self, target: FollowedTarget, who: Author) -> str | Refusal:
        """End every mute of a target; returns the command that mutes it again."""
        ended = await self.mutes(who[1], target)
        if not ended:
            return _no(f"{target.text} is not muted in this channel.")
        now = self.clock()
        await self.records.unmute(ended, who, now, target.text)
        return _again(max(ended, key=lambda one: one.ends), now)

    async def mutes(self, channel: str, target: FollowedTarget) -> list[Mute]:
        """The active and future mutes of exactly this target."""
        return await self.records.mutes_of(channel, target, self.clock())

    async def history(
        self, channel: str, request: Request, target: FollowedTarget
    ) -> Sequence[BackendEvent] | Refusal:
        """The events of a target, newest first, at least one.

        For a host, also as a member of the gateways that the channel follows.
        """
        known = await self.subscriptions(channel)
        gateways = {one.target.key for one in known if one.target.kind is TargetKind.GATEWAY}
        host = request.target.host if isinstance(request.target, HostTarget) else None
        own = await self.records.events(target, gateways, host, self.clock() - _HISTORY_BACK)
        fitting = [event for event in own if is_event_of(event, target)]
        if fitting:
            return sorted(fitting, key=lambda event: event.at, reverse=True)
        why = (
            "it is subscribed, and nothing has happened yet"
            if matching(known, request)
            else "only subscribed targets have a history"
        )
        return _no(f"There is no history of {target.text}: {why}.")


def _no(sentence: str) -> Refusal:
    return Refusal(kind=RefusalKind.REQUEST, sentence=sentence)


def _same(one: Mute, other: Mute) -> bool:
    """Whether two mutes of one target are equal, as after a double press."""
    return (one.ends - one.begins, one.window, one.reason) == (
        other.ends - other.begins,
        other.window,
        other.reason,
    )


def _again(mute: Mute, now: datetime) -> str:
    """The command that mutes again for the remaining time."""
    hours, minutes = divmod(max(int((mute.ends - now).total_seconds() // 60), 1), 60)
    window = window_words(mute.window) if mute.window else ""
    return " ".join(
        filter(None, (f"mute {mute.target.text}", window, f"for={hours}h{minutes}m", mute.reason))
    )
