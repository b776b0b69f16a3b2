"""A gateway's members, each probed and judged under each of its backend settings.

Only probes are reported here; `backend_health.add_backend_health` adds what ARM answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.checks.backend_health import worst_first
from bot.checks.probe import CheckContext, check
from bot.domain.azure import Gateway
from bot.domain.refusal import Refusal
from bot.domain.report import CheckRequest, GatewayReport, MemberCheck, MemberReport
from chainlib import CaptureError, InvalidTarget
from chainlib.aio import resolve

MAX_PARALLEL_MEMBERS = 24
_SHORTEST_PROBE_S = 1.5
_FAIR_PART = 0.75
_SHARE = 3
OUT_OF_TIME = "Not probed before the time limit; check its pool or setting alone."

Admit = Callable[[str, int, Sequence[str]], Refusal | None]


async def check_gateway(
    gateway: Gateway,
    checks: Sequence[MemberCheck],
    context: CheckContext,
    *,
    admit: Admit | None = None,
    scope: str = "",
    slots: asyncio.Semaphore | None = None,
) -> GatewayReport:
    """Probe every member and return what the probes found, worst first.

    Args:
        gateway: the configuration that the checks came from.
        checks: what to probe; a check without a request is listed as skipped.
        context: time and network; `timeout` bounds the whole. Where members have to queue, one that
            hangs gets a third of it, and one
            whose turn does not come is listed as not probed, never as broken. `addresses` that are
            given are not resolved again.
        admit: given host, port and addresses, a refusal of the target policy, else `None`.
        scope: the pool or setting that was asked for, for people.
        slots: bounds how many members are probed at once, shared with other gateways; `None` bounds
            this one alone.
    """
    gate = slots or asyncio.Semaphore(MAX_PARALLEL_MEMBERS)
    end = asyncio.get_running_loop().time() + context.timeout
    queue = len(checks) > MAX_PARALLEL_MEMBERS
    each = replace(context, timeout=context.timeout / _SHARE) if queue else context
    members = await asyncio.gather(*(_member(one, each, admit, gate, end) for one in checks))
    return GatewayReport(
        gateway=gateway, members=worst_first(tuple(members)), at=context.clock(), scope=scope
    )


async def _member(
    one: MemberCheck,
    context: CheckContext,
    admit: Admit | None,
    gate: asyncio.Semaphore,
    end: float,
) -> MemberReport:
    nothing = MemberReport(
        pool=one.pool,
        setting=one.setting,
        member=one.member,
        skipped=one.skipped,
        hints=one.hints,
    )
    if one.request is None:
        return nothing
    async with gate:
        left = min(end - asyncio.get_running_loop().time(), context.timeout)
        if left < min(_SHORTEST_PROBE_S, context.timeout * _FAIR_PART):
            return replace(nothing, skipped=OUT_OF_TIME)
        return await _probe(nothing, one.request, replace(context, timeout=left), admit)


async def _probe(
    nothing: MemberReport, request: CheckRequest, context: CheckContext, admit: Admit | None
) -> MemberReport:
    target = request.target
    try:
        addresses = context.addresses or await resolve(
            target.host, target.port, timeout=context.timeout, resolver=context.resolver
        )
    except CaptureError:
        addresses = ()
    refusal = admit(target.host, target.port, addresses) if admit and addresses else None
    if refusal:
        return replace(nothing, skipped=refusal.sentence)
    try:
        report = await check(request, replace(settled(context, addresses), on_stage=None))
    # ARM does not check names: one that cannot be sent must not fail the other members.
    except InvalidTarget as error:
        return replace(nothing, skipped=f"{error}.")
    return replace(nothing, report=report, findings=report.verdict.findings)


def settled(context: CheckContext, addresses: tuple[str, ...]) -> CheckContext:
    """The name is resolved once.

    What was checked is what is connected to, and a name without an address is not asked for again.
    """
    return (
        replace(context, addresses=addresses)
        if addresses
        else replace(context, addresses=None, resolver=_no_address)
    )


async def _no_address(_host: str, _port: int) -> tuple[str, ...]:
    return ()
