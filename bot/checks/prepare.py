"""What a check of a host needs before it begins: addresses, a deadline, what is demanded."""

from __future__ import annotations

from dataclasses import replace

from bot.checks.probe import CheckContext
from bot.checks.selection import assumed_request
from bot.checks.typed_options import TypedRoot
from bot.domain.refusal import Refusal
from bot.domain.report import CheckRequest
from bot.domain.request import HostTarget, ProbeOptions
from chainlib import ResolveFailed
from chainlib.aio import resolve

_SHORTEST_S = 1.0


def assumed(
    target: HostTarget, options: ProbeOptions, arm: Refusal | None, root: TypedRoot | None
) -> CheckRequest:
    """What is demanded of a host in no known pool: the usual, or the root that was typed."""
    if root is None:
        return assumed_request(target, options, arm)
    return assumed_request(target, options, arm, root.anchors(), f"{root.words()} as typed")


def within_deadline(context: CheckContext, spent: float) -> CheckContext:
    """What ARM and the name server took is gone: the whole check keeps its deadline."""
    return replace(context, timeout=max(context.timeout - spent, _SHORTEST_S))


async def addresses_of(target: HostTarget, context: CheckContext) -> tuple[str, ...]:
    """Resolve once, so that what is checked is what is connected to.

    A name without an address is the check's own finding.
    """
    if context.on_stage:
        context.on_stage("resolve")
    try:
        return await resolve(
            target.host, target.port, timeout=context.timeout / 2, resolver=context.resolver
        )
    except ResolveFailed:
        return ()
