"""Applies the access policy to an invocation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic

from bot.access import AccessPolicy, Person
from bot.domain.refusal import Refusal
from bot.slack.invocation import Invocation
from chainlib.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationAccess:
    """Applies `bot.access` to invocations; `now` returns monotonic seconds."""

    policy: AccessPolicy
    now: Callable[[], float] = monotonic

    async def refuse(self, invocation: Invocation, *, costs: bool) -> Refusal | None:
        """Refuse a user who may not ask here or now."""
        person = Person(
            user=invocation.user,
            team=invocation.team,
            enterprise=invocation.enterprise,
            given_ids=invocation.given_ids,
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
