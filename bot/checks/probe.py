"""Checks one backend: a target and the gateway's requirements in, one report out.

It combines the library's parts (capture, judge, explain, repair) and knows neither Slack, ARM nor
the store. Bad chains and failed captures are data and raise nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import field, replace
from datetime import datetime
from time import perf_counter
from typing import TYPE_CHECKING

from bot.checks.assemble import assemble, out_of_date_issuer, sent_elsewhere, severity_order
from bot.domain.check_report import AddressReport, CheckReport, CheckRequest
from chainlib import (
    CaptureError,
    Certificate,
    Code,
    GatewayPolicy,
    LiveChain,
    PresentedChain,
    ResolveFailed,
    Sku,
    Target,
    UnreadableCertificate,
    is_ip_literal,
    judge,
    judge_failure,
    repair,
)
from chainlib.aio import (
    GATEWAY_OFFER,
    V1_OFFER,
    Resolver,
    TlsOffer,
    capture,
    resolve,
)
from chainlib.frozen import dataclass

if TYPE_CHECKING:
    from bot.checks.without_sni import ChainsWithoutSni

MAX_ADDRESSES = 16
MAX_PARALLEL = 8
DIAGNOSIS_S = 4.0
_JUDGING_RESERVE_S = 0.3
_SHORTEST_S = 0.05

Clock = Callable[[], datetime]
StageHook = Callable[[str], None]
FindIssuers = Callable[[PresentedChain, GatewayPolicy, float], Awaitable[tuple[Certificate, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext:
    """What a check gets besides its request: time, network and known issuers.

    Attributes:
        clock: returns the present instant, time zone aware.
        timeout: seconds for the whole check; when it ends, the report contains what is known by
            then.
        resolver: resolves names; `None` for the system's.
        addresses: addresses that were already resolved and checked; `None` lets the check resolve
            the name.
        issuers: known certificates that may fill a gap.
        find_issuers: searches for more of them, within the seconds that are left, if `issuers`
            repair nothing.
        downloads: whether `find_issuers` may download from the CA issuers URLs in certificates.
        learn: called with every presented chain.
        seen: called with every finished report.
        without_sni: whether to try a handshake without SNI as well, for this target and instant;
            the observations of digests do so once a day.
        shared_without_sni: what servers presented without SNI to checks that run together; `None`
            for a check that runs alone.
        on_stage: called with `resolve`, `connect`, `handshake`, `http` and `judge` as each stage
            begins.
    """

    clock: Clock
    timeout: float = 12.0
    resolver: Resolver | None = None
    addresses: tuple[str, ...] | None = None
    issuers: tuple[Certificate, ...] = ()
    find_issuers: FindIssuers | None = None
    downloads: bool = False
    learn: Callable[[PresentedChain], None] | None = None
    seen: Callable[[CheckReport], None] | None = None
    without_sni: Callable[[Target, datetime], bool] = field(default=lambda _target, _at: True)
    shared_without_sni: ChainsWithoutSni | None = None
    on_stage: StageHook | None = None


async def check(request: CheckRequest, context: CheckContext) -> CheckReport:
    """Probe every address behind the target, judge each, explain and repair the worst."""
    report = await _check(request, context)
    if context.seen:
        context.seen(report)
    return report


async def _check(request: CheckRequest, context: CheckContext) -> CheckReport:
    deadline = asyncio.get_running_loop().time() + context.timeout - _JUDGING_RESERVE_S
    begun = perf_counter()
    try:
        addresses = context.addresses or await _resolve(request.target, context)
    except ResolveFailed as error:
        failed = _failed(request.policy, error, context.clock(), "")
        return assemble(request, (failed,), issuers=context.issuers, may_download=context.downloads)
    resolved = {"resolve": (perf_counter() - begun) * 1000} if context.addresses is None else {}
    gate = asyncio.Semaphore(MAX_PARALLEL)
    probes = [
        _probe_address(request, address, context, deadline, gate)
        for address in addresses[:MAX_ADDRESSES]
    ]
    reports = await asyncio.gather(*probes)
    timed = tuple(replace(report, timings=resolved | dict(report.timings)) for report in reports)
    skipped = len(addresses) - len(timed)
    unseen = (
        (f"{skipped} more addresses behind the name: at most {MAX_ADDRESSES} are probed",)
        if skipped > 0
        else ()
    )
    issuers = await _issuers(request, timed, context, deadline)
    return assemble(request, timed, unseen, issuers=issuers, may_download=context.downloads)


async def _issuers(
    request: CheckRequest, reports: Sequence[AddressReport], context: CheckContext, deadline: float
) -> tuple[Certificate, ...]:
    """Search for missing issuers, and make the presented ones known to other checks."""
    if context.learn:
        for report in reports:
            if report.chain:
                context.learn(report.chain)
    worst = min(reports, key=severity_order)
    if context.find_issuers is None or worst.chain is None:
        return context.issuers
    fix = repair(
        worst.chain,
        request.policy,
        at=worst.verdict.at,
        issuers=(*context.issuers, *sent_elsewhere(sorted(reports, key=severity_order))),
        verdict=worst.verdict,
    )
    if not (
        out_of_date_issuer(worst)
        if fix is None
        else fix.missing or fix.verdict_after is not Code.OK
    ):
        return context.issuers
    found = await context.find_issuers(worst.chain, request.policy, _left(deadline))
    return (*context.issuers, *found)


def rehearse(
    certificates: Sequence[Certificate],
    policy: GatewayPolicy,
    *,
    at: datetime,
    ordered: bool = True,
    issuers: Iterable[Certificate] = (),
) -> CheckReport:
    """Judge a chain that is not installed yet, as if a server sent it."""
    host = policy.name or "rehearsal"
    chain = PresentedChain(
        target=Target(host=host), certificates=tuple(certificates), ordered=ordered
    )
    request = CheckRequest(target=chain.target, policy=policy)
    begun = perf_counter()
    verdict = judge(chain, policy, at=at)
    timings = {"judge": (perf_counter() - begun) * 1000}
    rehearsed = AddressReport(address="", verdict=verdict, chain=chain, timings=timings)
    return assemble(
        request,
        (rehearsed,),
        ("everything that needs a connection: nothing was probed",),
        issuers=tuple(issuers),
    )


async def _resolve(target: Target, context: CheckContext) -> tuple[str, ...]:
    _report(context, "resolve")
    if target.address:
        return (target.address,)
    seconds = max(context.timeout - _JUDGING_RESERVE_S, _SHORTEST_S)
    return await resolve(target.host, target.port, timeout=seconds, resolver=context.resolver)


async def _probe_address(
    request: CheckRequest,
    address: str,
    context: CheckContext,
    deadline: float,
    gate: asyncio.Semaphore,
) -> AddressReport:
    target = replace(request.target, address=address)
    async with gate:
        chain = await _capture_all(target, request, context, deadline)
    if isinstance(chain, CaptureError):
        return _failed(request.policy, chain, context.clock(), address)
    begun = perf_counter()
    verdict = judge(chain, request.policy, at=context.clock())
    timings = dict(chain.timings) | {"judge": (perf_counter() - begun) * 1000}
    return AddressReport(address=address, verdict=verdict, chain=chain, timings=timings)


async def _capture_all(
    target: Target, request: CheckRequest, context: CheckContext, deadline: float
) -> PresentedChain | CaptureError:
    """Make the gateway's handshake, and next to it one without SNI.

    Then the handshakes that explain: with live traffic's names, or to find out why no chain was
    presented.
    """
    policy = request.policy
    offer = V1_OFFER if policy.sku is Sku.V1 else GATEWAY_OFFER
    named = target.server_name is not None
    also_without = named and context.without_sni(target, context.clock())
    main, default = await asyncio.gather(
        _main_list(target, policy, context, deadline, offer),
        _list_without_sni(target, context, deadline, offer) if also_without else asyncio.sleep(0),
    )
    if isinstance(main, CaptureError):
        from chainlib.aio.diagnose import diagnose  # noqa: PLC0415 -- only where no list came

        return await diagnose(
            main,
            target,
            timeout=min(_left(deadline), DIAGNOSIS_S),
            offer=offer,
            known_names=_known_names(request),
            nameless_listed=bool(default) if also_without else None,
        )
    names = [name for name in policy.live_names if name != target.server_name]
    live = await asyncio.gather(*(_live_list(target, name, deadline, offer) for name in names))
    return replace(main, without_server_name=default or None, live=tuple(live))


async def _main_list(
    target: Target, policy: GatewayPolicy, context: CheckContext, deadline: float, offer: TlsOffer
) -> PresentedChain | CaptureError:
    try:
        return await capture(
            target,
            timeout=_left(deadline),
            probe=policy.http,
            offer=offer,
            on_stage=context.on_stage,
        )
    except CaptureError as error:
        return error


async def _list_without_sni(
    target: Target, context: CheckContext, deadline: float, offer: TlsOffer
) -> tuple[Certificate | UnreadableCertificate, ...]:
    """The chain presented without SNI, from another check where one of the same server has it."""
    if context.shared_without_sni is None:
        return await _default_list(target, deadline, offer)
    server = (target.address, target.port, target.proxy_header, offer)
    return await context.shared_without_sni.of(
        server, lambda: _default_list(target, deadline, offer)
    )


async def _default_list(
    target: Target, deadline: float, offer: TlsOffer
) -> tuple[Certificate | UnreadableCertificate, ...]:
    """The chain presented without SNI; empty if there is none."""
    nameless = replace(target, server_name=None)
    try:
        chain = await capture(
            nameless, timeout=min(_left(deadline), 3.0), offer=offer, list_only=True
        )
    except CaptureError:
        return ()
    return chain.certificates


def _known_names(request: CheckRequest) -> tuple[str, ...]:
    """Host names of the backend, the likeliest first."""
    policy = request.policy
    names = (policy.name, *policy.live_names, *request.known_names, request.target.host)
    return tuple(dict.fromkeys(name for name in names if name))


async def _live_list(target: Target, name: str, deadline: float, offer: TlsOffer) -> LiveChain:
    named = replace(target, server_name=None if is_ip_literal(name) else name)
    try:
        chain = await capture(named, timeout=min(_left(deadline), 5.0), offer=offer, list_only=True)
    except CaptureError as error:
        return LiveChain(name=name, certificates=(), error=str(error))
    return LiveChain(name=name, certificates=chain.certificates)


def _failed(
    policy: GatewayPolicy, error: CaptureError, at: datetime, address: str
) -> AddressReport:
    return AddressReport(
        address=address, verdict=judge_failure(error, policy, at=at), timings=error.timings
    )


def _left(deadline: float) -> float:
    return max(deadline - asyncio.get_running_loop().time(), _SHORTEST_S)


def _report(context: CheckContext, stage: str) -> None:
    if context.on_stage:
        context.on_stage(stage)
