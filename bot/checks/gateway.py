"""Checks a gateway's members: each is probed and judged under each of its backend settings.

The report contains only probes; `backend_health.add_backend_health` adds ARM's answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.checks.backend_health import worst_first
from bot.checks.probe import CheckContext, check
from bot.checks.without_sni import ChainsWithoutSni
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
    slots: asyncio.Semaphore | None = None,
) -> GatewayReport:
    """Probe every member and report the results, worst first.

    Args:
        gateway: the configuration from which the checks were made.
        checks: what to probe; a check without a request is reported as skipped.
        context: time and network. Its `timeout` limits the whole call. If members have to queue,
            each gets at most a third of it, and those that are not reached in time are reported as
            not probed. Given `addresses` are not resolved again.
        admit: returns a refusal of the target policy for host, port and addresses, else `None`.
        slots: limits how many members are probed at once, shared with other gateways; `None` limits
            only this one.
    """
    gate = slots or asyncio.Semaphore(MAX_PARALLEL_MEMBERS)
    end = asyncio.get_running_loop().time() + context.timeout
    queue = len(checks) > MAX_PARALLEL_MEMBERS
    each = replace(context, timeout=context.timeout / _SHARE) if queue else context
    # The same server often stands behind several settings; without SNI it presents one chain.
    async with ChainsWithoutSni() as shared:
        each = replace(each, shared_without_sni=shared)
        members = await asyncio.gather(*(_member(one, each, admit, gate, end) for one in checks))
    return GatewayReport(gateway=gateway, members=worst_first(tuple(members)), at=context.clock())


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
        report = await check(
            request, replace(with_resolved_name(context, addresses), on_stage=None)
        )
    # ARM does not validate names; one that cannot be sent must not make the other members fail.
    except InvalidTarget as error:
        return replace(nothing, skipped=f"{error}.")
    return replace(nothing, report=report, findings=report.verdict.findings)


def with_resolved_name(context: CheckContext, addresses: tuple[str, ...]) -> CheckContext:
    """The context with the name already resolved.

    The probe then connects to the addresses that were checked, and a name without an address is not
    resolved again.
    """
    return (
        replace(context, addresses=addresses)
        if addresses
        else replace(context, addresses=None, resolver=_no_address)
    )


async def _no_address(_host: str, _port: int) -> tuple[str, ...]:
    return ()
