"""Handles `preview`, `mute`, `unmute` and `history`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.cards.digest_card import digest_card, digest_details
from bot.cards.parts import Message
from bot.cards.subscriptions import history, muted, unmuted
from bot.cards.usage import notice
from bot.digest.mutes import window_words
from bot.domain.digest import BackendState, FollowedTarget, Subscription
from bot.domain.refusal import Refusal
from bot.domain.request import (
    HistoryRequest,
    MuteRequest,
    PreviewRequest,
    Request,
    UnmuteRequest,
)
from bot.slack.handlers.refusals import ExampleLine
from bot.slack.handlers.subscription_replies import SubscriptionReplies
from bot.slack.invocation import AdmittedInvocation
from bot.slack.outbound.digest_messages import head_of, rows_of
from bot.subscriptions.history import event_lines, wall_clock
from chainlib.frozen import dataclass

_MAX_PREVIEWS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestVerbHandlers:
    """Handles the verbs that change no subscription.

    Attributes:
        replies: shared by the handlers of the digest verbs.
    """

    replies: SubscriptionReplies

    async def preview(self, admitted: AdmittedInvocation[PreviewRequest]) -> None:
        """Show today's digests as an ephemeral message."""
        chosen = await self.replies.service.previewed(
            admitted.request, self.replies.author(admitted), self.replies.profile(admitted)
        )
        if isinstance(chosen, Refusal):
            verb = "preview" if admitted.request.target else "subscribe"
            await self.replies.refuse(admitted, chosen, lambda target: f"{verb} {target}")
            return
        await self.replies.notify(
            admitted,
            [
                page
                for value in chosen[:_MAX_PREVIEWS]
                for page in await self._shown(admitted, value)
            ],
        )

    async def mute(self, admitted: AdmittedInvocation[MuteRequest]) -> None:
        """Mute a target until the given time."""
        target = await self._target(admitted, lambda target: f"mute {target} 2h certificate swap")
        if target is None:
            return
        zone = await self.replies.zone(admitted) or "UTC"
        who = self.replies.author(admitted)
        value = await self.replies.service.mute(admitted.request, target, who, zone)
        if value is None:
            return
        when = f"every {window_words(value.window)}, " if value.window else ""
        until = f"{wall_clock(value.ends, zone)} ({zone})"
        message = muted(
            target.text, f"{when}until {until}", value.reason, by=admitted.invocation.user
        )
        await self.replies.answer_or_send_ephemeral(admitted, message)

    async def unmute(self, admitted: AdmittedInvocation[UnmuteRequest]) -> None:
        """End a mute early."""
        target = await self._target(admitted, lambda target: f"unmute {target}")
        if target is None:
            return
        again = await self.replies.service.unmute(target, self.replies.author(admitted))
        if isinstance(again, Refusal):
            await self.replies.decline(admitted, again.sentence)
            return
        message = unmuted(target.text, again, by=admitted.invocation.user)
        await self.replies.answer_or_send_ephemeral(admitted, message)

    async def history(self, admitted: AdmittedInvocation[HistoryRequest]) -> None:
        """Show the last changes of a backend's chain and state."""
        target = await self._target(admitted, lambda target: f"history {target}")
        if target is None:
            return
        events = await self.replies.service.history(
            admitted.invocation.channel, admitted.request, target
        )
        if isinstance(events, Refusal):
            await self.replies.decline(admitted, events.sentence, "/appgw-check list")
            return
        zone = await self.replies.zone(admitted) or "UTC"
        await self.replies.slack.send_ephemeral(
            admitted.invocation, history(target.text, zone, event_lines(events, target, zone))
        )

    async def _target(
        self, admitted: AdmittedInvocation[Request], line: ExampleLine
    ) -> FollowedTarget | None:
        """The typed target; `None` if it cannot be followed; the user then gets the reason."""
        asked = self.replies.service.target_in(admitted.invocation.channel, admitted.request)
        target = await self.replies.patiently(admitted, asked)
        if isinstance(target, Refusal):
            await self.replies.refuse(admitted, target, line)
            return None
        return target

    async def _shown(
        self, admitted: AdmittedInvocation[Request], value: Subscription
    ) -> list[Message]:
        states = await self._states(admitted, value)
        content = await self.replies.service.content(value, states)
        rows = rows_of(content)
        return [
            digest_card(replace(head_of(content), thread=False), rows),
            *digest_details(rows)[:1],
        ]

    async def _states(
        self, admitted: AdmittedInvocation[Request], value: Subscription
    ) -> Sequence[BackendState]:
        """The stored states; if they decide nothing, those of a new observation."""
        known, decided = await self.replies.service.states(value.target)
        if decided:
            return known
        why = (
            f"The last check of {value.target.text} was inconclusive"
            if known
            else f"{value.target.text} has not been checked yet"
        )
        await self.replies.slack.send_ephemeral(
            admitted.invocation, notice(f"{why}; checking now, one moment please.")
        )
        return await self.replies.service.observed(value.target, known)
