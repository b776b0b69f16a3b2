"""The check service: from a request to the report about a backend, a gateway or a site.

It finds the gateway and its settings, applies the target policy, probes, and reads backend health.
Commands, mentions, modals, buttons and digests call it; ARM and the target policy are passed in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.azure.member_uses import MemberUse
from bot.azure.single_flight import SingleFlight
from bot.azure.sites import unnamed_addresses
from bot.checks.admission import Admission
from bot.checks.answers import HostAnswer, of_worst
from bot.checks.gateway import MAX_PARALLEL_MEMBERS, with_resolved_name
from bot.checks.gateway_lookup import GatewayLookup
from bot.checks.gateway_members import GatewayMembers
from bot.checks.prepare import addresses_of, assumed, within_deadline
from bot.checks.probe import CheckContext, check
from bot.checks.protocols import NOT_CONFIGURED, SLOW_ARM, Arm, TargetPolicy
from bot.checks.selection import (
    chosen,
    nearest_first,
    on_port_of,
    placement_of,
    uses_of_host,
)
from bot.checks.sites import (
    is_site_alone,
    serving,
    site_beside,
    why_site_is_not_probed,
)
from bot.checks.typed_options import (
    TypedRoot,
    find_root,
    typed_checks,
)
from bot.domain.azure import Gateway
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import GatewayReport
from bot.domain.request import NOTHING_TYPED, HostTarget, ProbeOptions, SiteTarget, Via
from chainlib.frozen import dataclass

__all__ = [
    "NOT_CONFIGURED",
    "SLOW_ARM",
    "Arm",
    "CheckService",
    "HostAnswer",
    "Refusal",
    "TargetPolicy",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """The places of a backend in the known gateways.

    Attributes:
        target, options: the request.
        gateways: the known gateways, those of the backend first.
        arm_refusal: why they are unknown, if Azure did not answer.
        uses: the backend's members that match `gw=`, `pool=` and `setting=`.
        root: the trusted root that was typed.
    """

    target: HostTarget
    options: ProbeOptions
    gateways: tuple[Gateway, ...]
    arm_refusal: Refusal | None
    uses: tuple[MemberUse, ...]
    root: TypedRoot | None


def _no_probe(target: HostTarget, options: ProbeOptions) -> Refusal | None:
    if options.via is not Via.GATEWAY:
        return None
    return Refusal(
        kind=RefusalKind.REQUEST,
        sentence=f"via=gateway probes nothing; write for example {target.host[:60]} via=both.",
    )


class CheckService:
    """Checks backends and gateways.

    Args:
        arm: the ARM client; `None` if Azure is not configured.
        target_policy: which targets may be probed.
        new_context: makes time and network for one check.
    """

    def __init__(
        self,
        *,
        arm: Arm | None,
        target_policy: TargetPolicy,
        new_context: Callable[[], CheckContext],
    ) -> None:
        self._arm, self._gateways = arm, GatewayLookup(arm)
        self._admission = Admission(target_policy)
        self._new_context = new_context
        self._probes: SingleFlight[HostAnswer | Refusal] = SingleFlight()
        self._gateway_probes: SingleFlight[GatewayReport | Refusal] = SingleFlight()
        self._members = GatewayMembers(
            arm=arm,
            gateways=self._gateways,
            admission=self._admission,
            new_context=new_context,
            slots=asyncio.Semaphore(MAX_PARALLEL_MEMBERS),
        )

    async def host(
        self,
        target: HostTarget,
        options: ProbeOptions,
        on_stage: Callable[[str], None] | None = None,
    ) -> HostAnswer | Refusal:
        """Probe one backend under the settings of the gateways that use it.

        Typed options replace the settings' values.
        """
        if refusal := self._refuse_request(target, options) or _no_probe(target, options):
            return refusal
        begun = asyncio.get_running_loop().time()
        context = replace(self._new_context(), on_stage=on_stage)
        places = self._find_places(target, options, await self._gateways.soon(options))
        if isinstance(places, Refusal):
            return places
        addresses = await self._admitted(
            on_port_of(places.uses, target),
            places.gateways or self._gateways.remembered(),
            places.arm_refusal,
            context,
        )
        if isinstance(addresses, Refusal):
            return addresses
        spent = asyncio.get_running_loop().time() - begun
        context = within_deadline(with_resolved_name(context, addresses), spent)
        # Only one probe per target runs at a time; users who ask for the same target share it.
        return await self._probes.share((target, options), lambda: self._probe(places, context))

    def _find_places(
        self, target: HostTarget, options: ProbeOptions, known: tuple[Gateway, ...] | Refusal
    ) -> _Places | Refusal:
        """Find the places of the backend and the trusted root that was typed."""
        gateways, arm_refusal = ((), known) if isinstance(known, Refusal) else (known, None)
        uses = chosen(uses_of_host(gateways, target), options)
        if not uses and is_site_alone(gateways, target.host):
            return Refusal(kind=RefusalKind.REQUEST, sentence=why_site_is_not_probed(target.host))
        near = nearest_first(gateways, uses, options)
        root = find_root(options, near, arm_refusal if self._arm else NOT_CONFIGURED, target.host)
        if isinstance(root, Refusal):
            return root
        return _Places(
            target=target,
            options=options,
            gateways=near,
            arm_refusal=arm_refusal,
            uses=tuple(uses),
            root=root,
        )

    def _refuse_request(self, target: HostTarget, options: ProbeOptions) -> Refusal | None:
        """Why a request is refused before anything is asked: its host, or the gateway of `gw=`."""
        return self._admission.refuse_spelling(target.host) or self._gateways.refuse_option(options)

    async def _probe(self, places: _Places, context: CheckContext) -> HostAnswer | Refusal:
        target, options, root = places.target, places.options, places.root
        if not places.uses:
            report = await check(assumed(target, options, places.arm_refusal, root), context)
            return HostAnswer(report=report, arm_refusal=places.arm_refusal)
        answer = await self._check_members(places, context)
        if isinstance(answer, Refusal):
            return answer
        return replace(answer, site=site_beside(places.gateways, target.host))

    async def gateway(
        self, target: GatewayRef, options: ProbeOptions = NOTHING_TYPED
    ) -> GatewayReport | Refusal:
        """Probe every member of a gateway, or of one of its pools or settings.

        `read_backend_health` then adds backend health. Callers with the same request at the same
        time share the probes. With `via=gateway` nothing is probed.
        """
        return await self._gateway_probes.share(
            (target, options), lambda: self._members.probe(target, options)
        )

    async def placement(self, target: HostTarget, options: ProbeOptions) -> GatewayRef | Refusal:
        """The gateway, pool and setting of a host, without resolving or probing it."""
        if refusal := self._refuse_request(target, options):
            return refusal
        known = await self._gateways.soon(options) if self._arm else NOT_CONFIGURED
        if isinstance(known, Refusal):
            return replace(known, kind=RefusalKind.REQUEST)
        return placement_of(known, target, options)

    async def of_site(
        self, site: SiteTarget, options: ProbeOptions
    ) -> tuple[GatewayRef, ...] | Refusal:
        """The gateways that serve a public name, each restricted to it; `gw=` selects one.

        Returns:
            At least one gateway, or why there is none.
        """
        if refusal := self._gateways.refuse_option(options):
            return refusal
        known = await self._arm.gateways() if self._arm else NOT_CONFIGURED
        if isinstance(known, Refusal):
            return known
        found = serving(known, site.host, options)
        if isinstance(found, Refusal) and self._arm and any(map(unnamed_addresses, known)):
            known = await self._arm.with_front_ends()
            if isinstance(known, Refusal):
                return known
            hidden = any(map(unnamed_addresses, known))
            found = serving(known, site.host, options, hidden=hidden)
        return found

    def is_site(self, target: HostTarget, options: ProbeOptions) -> bool:
        """Whether a known gateway serves this host and no pool contains it; makes no request."""
        if self._arm is None or options.via is Via.PROBE:
            return False
        return is_site_alone(self._arm.remembered() or (), target.host)

    async def read_backend_health(self, report: GatewayReport) -> GatewayReport:
        """Read backend health and add it to the report; takes ten seconds or more."""
        return await self._members.read_backend_health(report)

    async def find(self, target: GatewayRef) -> Gateway | Refusal:
        """Find the gateway that the user named, without probing it."""
        return await self._gateways.find(target)

    async def refusal(self, target: HostTarget) -> Refusal | None:
        """Why a host may not be probed; `None` if it may, or if it has no address yet."""
        if refusal := self._admission.refuse_spelling(target.host):
            return refusal
        known = await self._gateways.soon(NOTHING_TYPED)
        gateways, arm_refusal = ((), known) if isinstance(known, Refusal) else (known, None)
        reached = on_port_of(uses_of_host(gateways, target), target)
        addresses = await self._admitted(reached, gateways, arm_refusal, self._new_context())
        return addresses if isinstance(addresses, Refusal) else None

    async def _admitted(
        self,
        target: HostTarget,
        gateways: Sequence[Gateway],
        arm_refusal: Refusal | None,
        context: CheckContext,
    ) -> tuple[str, ...] | Refusal:
        """The addresses of a target that may be probed.

        The rules are applied to the name first, then to every address.
        """
        if refusal := self._admission.refuse_unresolved(target, gateways, arm_refusal):
            return refusal
        addresses = await addresses_of(target, context)
        if refusal := self._admission.refusal(target.host, target.port, addresses, gateways):
            return self._admission.explained(refusal, target, addresses, arm_refusal)
        return addresses

    async def every_gateway(self) -> tuple[GatewayRef, ...] | Refusal:
        """Every gateway that can be read."""
        return await self._gateways.targets()

    async def _check_members(self, places: _Places, context: CheckContext) -> HostAnswer | Refusal:
        """Make one report for each gateway that uses the backend.

        The worst member of the worst gateway is the answer.
        """
        reports = []
        for gateway in dict.fromkeys(use.gateway for use in places.uses):
            uses = [use for use in places.uses if use.gateway == gateway]
            checks, _ = typed_checks(uses, places.gateways, places.options, places.root)
            reports.append(await self._members.check(gateway, checks, places.gateways, context))
        return of_worst(reports)
