"""What the digest verbs share.

The channel's subscriptions, what a typed target means, on which clock, and where an answer goes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from bot.cards.parts import Message
from bot.cards.place_refusals import place_refusal, with_reason
from bot.cards.usage import notice
from bot.checks.observe import SITE_KEY
from bot.checks.service import CheckService
from bot.commands.wording import least_word, target_of
from bot.digest.due import first_run
from bot.digest.filters import exclusion
from bot.digest.schedule import schedule
from bot.domain.delivery import DeliveryError, MessageGone, NotAccepted, PlaceRefused
from bot.domain.digest import FollowedTarget, Look, Subscription, TargetKind
from bot.domain.gateway_ref import GatewayId, GatewayRef
from bot.domain.refusal import Refusal
from bot.domain.request import (
    NOTHING_TYPED,
    HostTarget,
    Request,
    SiteTarget,
    SubscribeRequest,
)
from bot.slack.invocation import AdmittedInvocation, Source
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.places import Place, Posted
from bot.subscriptions import SubscriptionMemory
from chainlib import Severity

T = TypeVar("T")

_SILENT_S = 0.7
_BY_RESPONSE_URL = 3
_STEP = re.compile(r"every (\d+) (minutes|hours)")


class CannotFollow(Exception):
    """A target, a schedule or a filter that cannot be used.

    The text is one sentence for the asker.
    """


class Looker(Protocol):
    """Looks at a followed target; `bot.checks.observe.TargetObserver` is it."""

    async def look(self, target: FollowedTarget) -> Look:
        """What is there now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionService:
    """What the digest verbs share.

    Attributes:
        memory: what channels follow, mute and were told.
        check_service: what a name means, and whether a host may be probed.
        looker: for a preview of what nobody has looked at yet.
        slack: the way to Slack.
        clock: the present instant, aware.
        bot_name: what to invite.
    """

    memory: SubscriptionMemory
    check_service: CheckService
    looker: Looker
    slack: SlackClient
    clock: Callable[[], datetime]
    bot_name: str

    @property
    def team(self) -> str:
        """The bot's own workspace, to which its channels belong whoever asks."""
        return self.memory.team

    async def subscriptions(self, channel: str) -> tuple[Subscription, ...]:
        """The subscriptions of a channel, in the order of their numbers."""
        return await self.memory.of_channel(channel)

    async def target(self, request: Request, known: Iterable[FollowedTarget]) -> FollowedTarget:
        """What a typed target means; what the channel follows already is not asked for again.

        Raises:
            CannotFollow: no such gateway, no such kind, or a host that may not be probed.
        """
        typed = request.target
        if isinstance(typed, HostTarget):
            if no := await self.check_service.refusal(typed):
                raise CannotFollow(no.sentence)
            return FollowedTarget(
                kind=TargetKind.HOST, key=f"{typed.host}:{typed.port}", text=target_of(request)
            )
        if isinstance(typed, SiteTarget):
            served = await self.check_service.of_site(typed, NOTHING_TYPED)
            if not isinstance(served, tuple):
                raise CannotFollow(served.sentence)
            return FollowedTarget(
                kind=TargetKind.SITE, key=f"{SITE_KEY}{typed.host}", text=target_of(request)
            )
        if not isinstance(typed, GatewayRef):
            raise CannotFollow(
                "Name the gateway or the backend, for example gw:prod-gw or backend.contoso.com."
            )
        key = next((one.key for one in known if same_gateway(one, typed)), None) or await self._key(
            typed
        )
        return FollowedTarget(
            kind=TargetKind.GATEWAY,
            key=key,
            text=target_of(request),
            pool=typed.pool,
            setting=typed.setting,
        )

    async def _key(self, typed: GatewayRef) -> str:
        found = await self.check_service.find(typed)
        if isinstance(found, Refusal):
            hints = f" Did you mean {found.example}?" if found.example else ""
            raise CannotFollow(f"{found.sentence}{hints}")
        return found.id.key

    async def zone(self, admitted: AdmittedInvocation[Request]) -> str | None:
        """On which clock a channel lives: as typed, as remembered, or as the asker's profile says.

        `None` when nobody knows.
        """
        channel, request = admitted.invocation.channel, admitted.request
        typed = request.tz if isinstance(request, SubscribeRequest) else ""
        remembered = await self.memory.zone(channel)
        found = typed or remembered or await self._profile_zone(admitted.invocation.user)
        if found and not remembered:
            await self.memory.set_zone(channel, found)
        return found

    async def _profile_zone(self, user: str) -> str | None:
        """The zone in somebody's profile; a bot without `users:read` is not told."""
        try:
            answer = await self.slack.call(
                self.slack.client.users_info, repeatable=True, patience=0, user=user
            )
        except DeliveryError:
            return None
        return str(answer["user"].get("tz") or "") or None

    async def answer(
        self, admitted: AdmittedInvocation[Request], message: Message
    ) -> DeliveryError | None:
        """Answer in the channel: in place of the message whose button was pressed, or anew.

        Returns:
            Why it cannot be answered there, `None` when it was.

        Raises:
            DeliveryError: nobody knows whether it was.
        """
        invocation = admitted.invocation
        place = Place(channel=invocation.channel, thread=invocation.thread)
        try:
            if invocation.source is Source.CLICK and invocation.card and not invocation.ephemeral:
                await self.slack.update(Posted(place=place, ts=invocation.card), message)
            else:
                await self.slack.post(place, message)
        except (PlaceRefused, MessageGone, NotAccepted) as error:
            return error
        return None

    async def answer_or_send_ephemeral(
        self, admitted: AdmittedInvocation[Request], message: Message
    ) -> None:
        """Answer in the channel, or the asker alone with the reason why."""
        if refused := await self.answer(admitted, message):
            asked = admitted.invocation
            alone = with_reason(
                message,
                refused.reason,
                bot_name=self.bot_name,
                channel=asked.channel,
                channel_name=asked.channel_name,
            )
            await self.slack.send_ephemeral(asked, alone)

    async def explain_place(
        self, admitted: AdmittedInvocation[Request], refused: DeliveryError
    ) -> None:
        """Tell the asker why nothing can be posted here, and how to invite where that helps."""
        asked = admitted.invocation
        shown = place_refusal(
            refused.reason,
            bot_name=self.bot_name,
            channel=asked.channel,
            channel_name=asked.channel_name,
        )
        await self.slack.send_ephemeral(asked, shown)

    async def notify(self, admitted: AdmittedInvocation[Request], pages: Iterable[Message]) -> None:
        """Tell the asker alone, in several messages.

        A response URL takes five, so the later ones go another way.
        """
        for number, page in enumerate(pages):
            invocation = (
                admitted.invocation
                if number < _BY_RESPONSE_URL or not admitted.invocation.channel
                else replace(admitted.invocation, response_url=None)
            )
            await self.slack.send_ephemeral(invocation, page)

    async def patiently(
        self, admitted: AdmittedInvocation[Request], work: Coroutine[Any, Any, T]
    ) -> T:
        """Do something that may have to ask ARM or DNS.

        When that takes long, the asker hears that it is under way.
        """
        task = asyncio.create_task(work)
        try:
            await asyncio.wait({task}, timeout=_SILENT_S)
            if not task.done():
                await self.slack.send_ephemeral(
                    admitted.invocation,
                    notice(f"Looking up {target_of(admitted.request)}, one moment please."),
                )
            return await task
        finally:
            task.cancel()

    async def decline(
        self, admitted: AdmittedInvocation[Request], sentence: str, *examples: str
    ) -> None:
        """Tell the asker alone why not."""
        await self.slack.send_ephemeral(admitted.invocation, notice(sentence, *examples))


def made(
    request: SubscribeRequest,
    target: FollowedTarget,
    zone: str,
    *,
    who: tuple[str, str, str],
    now: datetime,
) -> Subscription:
    """The subscription that was asked for; `who` is team, channel and user.

    Raises:
        UnusableSchedule, UnusableFilter, NeverDue: each with one sentence.
    """
    team, channel, user = who
    plan = schedule(request.every, day=request.day, at=request.at, zone=zone)
    return Subscription(
        team=team,
        channel=channel,
        target=target,
        schedule=plan,
        minimum=request.minimum or Severity.WARNING,
        only_changes=request.only_changes,
        heartbeat=request.heartbeat,
        exclude=tuple(map(exclusion, request.exclude)),
        created_by=user,
        created_at=now,
        next_run_at=first_run(plan, now),
    )


def command_of(value: Subscription) -> str:
    """What to type to make a subscription again, without the slash command."""
    step = _STEP.fullmatch(value.schedule.text)
    words = [
        f"subscribe {value.target.text}",
        f"every={step[1]}{step[2][0]}" if step else value.schedule.text,
        f"tz={value.schedule.zone}",
        f"min={least_word(value.minimum)}",
        "only=changes" if value.only_changes else "",
        f"not={','.join(value.exclude)}" if value.exclude else "",
        "heartbeat=on" if value.heartbeat else "",
    ]
    return " ".join(filter(None, words))


def says(value: Subscription) -> str:
    """What a subscription tells, in words."""
    what = {
        Severity.CRITICAL: "what fails",
        Severity.WARNING: "problems and renewals",
        Severity.INFO: "everything",
    }[value.minimum]
    how = "also when nothing changed" if value.heartbeat else "silent when nothing changed"
    left = f"without {', '.join(value.exclude)}" if value.exclude else ""
    return ", ".join(filter(None, (what, "changes only" if value.only_changes else "", left, how)))


def same_gateway(target: FollowedTarget, typed: GatewayRef) -> bool:
    """Whether a followed gateway is the one that was typed."""
    followed = GatewayId.read(target.key) if target.kind is TargetKind.GATEWAY else None
    return followed is not None and typed.means(followed)


def same_part(one: FollowedTarget, other: FollowedTarget) -> bool:
    """Whether two targets are the same, pool and setting included."""
    return (one.key, one.pool, one.setting) == (other.key, other.pool, other.setting)


def matching(known: Sequence[Subscription], request: Request) -> tuple[Subscription, ...]:
    """The subscriptions that a typed target names: exactly, else every part of that gateway."""
    typed = request.target
    if isinstance(typed, HostTarget):
        return tuple(one for one in known if one.target.key == f"{typed.host}:{typed.port}")
    if isinstance(typed, SiteTarget):
        return tuple(one for one in known if one.target.key == f"{SITE_KEY}{typed.host}")
    if not isinstance(typed, GatewayRef):
        return ()
    own = [one for one in known if same_gateway(one.target, typed)]
    exact = [
        one for one in own if (one.target.pool, one.target.setting) == (typed.pool, typed.setting)
    ]
    return tuple(exact or (own if typed.pool is None and typed.setting is None else ()))
