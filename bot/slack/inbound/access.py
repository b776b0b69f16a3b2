"""The access policy asked about an invocation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from bot.access import AccessPolicy, Person
from bot.domain.refusal import Refusal
from bot.slack.inbound.routing import InvocationPolicy
from bot.slack.invocation import Invocation


class AccessCheck(InvocationPolicy, Protocol):
    """Who may ask, and what a person is told about it; `InvocationAccess` is it."""

    async def privileges(self, invocation: Invocation) -> Mapping[str, str]:
        """What this person may do here, for `whoami`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationAccess:
    """`bot.access` for what comes out of Slack; `now` is a monotonic clock."""

    policy: AccessPolicy
    now: Callable[[], float] = monotonic

    async def refuse(self, invocation: Invocation, *, costs: bool) -> Refusal | None:
        """A refusal when this person may not ask here and now."""
        person = Person(
            user=invocation.user,
            team=invocation.team,
            enterprise=invocation.enterprise,
            also=invocation.also,
            bots=invocation.bots,
        )
        return await self.policy.refuse(
            person, channel=invocation.channel, now=self.now(), costs=costs
        )

    async def privileges(self, invocation: Invocation) -> Mapping[str, str]:
        """What this person may do here, for `whoami`."""
        refusal = await self.refuse(invocation, costs=False)
        limiter = self.policy.limiter
        limits = f"{limiter.per_user} a minute for you, {limiter.per_channel} for the channel"
        return {"may ask here": refusal.sentence if refusal else "yes", "limits": limits}
