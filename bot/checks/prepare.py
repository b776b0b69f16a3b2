"""What a check of a host needs before it begins: addresses, a deadline, requirements."""

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
    target: HostTarget, options: ProbeOptions, arm_refusal: Refusal | None, root: TypedRoot | None
) -> CheckRequest:
    """The request for a host in no known pool: the usual requirements, or the typed root."""
    if root is None:
        return assumed_request(target, options, arm_refusal)
    return assumed_request(target, options, arm_refusal, root.anchors(), f"{root.words()} as typed")


def within_deadline(context: CheckContext, spent: float) -> CheckContext:
    """The context with `spent` seconds taken off, so that the whole check keeps its deadline."""
    return replace(context, timeout=max(context.timeout - spent, _SHORTEST_S))


async def addresses_of(target: HostTarget, context: CheckContext) -> tuple[str, ...]:
    """Resolve the name once, so that the probe connects to the addresses that were checked.

    Returns nothing for a name without address; the check reports that as a finding.
    """
    if context.on_stage:
        context.on_stage("resolve")
    try:
        return await resolve(
            target.host, target.port, timeout=context.timeout / 2, resolver=context.resolver
        )
    except ResolveFailed:
        return ()
