"""From a request to an answer: which gateway, whose settings, admit, probe, read health.

Commands, mentions, modals, buttons and digests ask here. ARM and the target policy are known only
through what the service is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.azure.policies import NO_ADDRESS, MemberUse, member_uses, with_listed_servers
from bot.azure.single_flight import SingleFlight
from bot.azure.sites import rules_for, unnamed_addresses
from bot.azure.translation import with_nic_addresses
from bot.checks.admission import Admission
from bot.checks.answers import HostAnswer, Refused, of_worst
from bot.checks.backend_health import add_backend_health, listed, only_listed, worst_first
from bot.checks.gateway import MAX_PARALLEL_MEMBERS, check_gateway, settled
from bot.checks.gateway_state import gateway_findings
from bot.checks.known_gateways import KnownGateways
from bot.checks.ports import NOT_CONFIGURED, SLOW_ARM, Arm, TargetPolicy
from bot.checks.prepare import addresses_of, assumed, within_deadline
from bot.checks.probe import CheckContext, check
from bot.checks.selection import (
    chosen,
    is_named,
    is_named_pair,
    nearest_first,
    no_such_part,
    on_port_of,
    placement_of,
    uses_of_host,
)
from bot.checks.sites import (
    a_site,
    behind,
    is_site_alone,
    no_such_site,
    pairs_of,
    routed,
    serving,
    site_beside,
)
from bot.checks.typed_options import (
    NoRoot,
    TypedRoot,
    find_root,
    of_no_use,
    replacing,
    typed_checks,
)
from bot.domain.azure import ArmRefusal, ArmTrouble, Gateway, GatewayHealth, MemberKind
from bot.domain.gateway_ref import GatewayRef
from bot.domain.report import GatewayReport, MemberCheck
from bot.domain.request import NOTHING_TYPED, HostTarget, ProbeOptions, SiteTarget, Via

__all__ = [
    "NOT_CONFIGURED",
    "SLOW_ARM",
    "Arm",
    "CheckService",
    "HostAnswer",
    "Refused",
    "TargetPolicy",
]

MAX_UNLISTED = 200
"""Servers that only backend health lists are probed up to this number."""


class CheckService:
    """Answers questions about backends and gateways.

    Args:
        arm: the ARM edge, `None` when Azure is not configured.
        target_policy: the guard's word about targets.
        new_context: makes time and network for one check.
    """

    def __init__(
        self,
        *,
        arm: Arm | None,
        target_policy: TargetPolicy,
        new_context: Callable[[], CheckContext],
    ) -> None:
        self._arm, self._gateways = arm, KnownGateways(arm)
        self._admission = Admission(target_policy)
        self._new_context = new_context
        self._probes: SingleFlight[HostAnswer | Refused] = SingleFlight()
        self._looks: SingleFlight[GatewayReport | ArmRefusal] = SingleFlight()
        self._slots = asyncio.Semaphore(MAX_PARALLEL_MEMBERS)

    async def host(
        self,
        target: HostTarget,
        options: ProbeOptions,
        on_stage: Callable[[str], None] | None = None,
    ) -> HostAnswer | Refused:
        """Probe one backend under the settings of the gateways that use it.

        Typed options replace the settings' values.
        """
        if sentence := self._admission.refuse_spelling(target.host):
            return Refused(sentence=sentence)
        if options.via is Via.GATEWAY:
            return Refused(
                sentence=(
                    f"via=gateway probes nothing; write for example {target.host[:60]} via=both."
                )
            )
        context, begun = (
            replace(self._new_context(), on_stage=on_stage),
            asyncio.get_running_loop().time(),
        )
        known = await self._gateways.soon(options)
        gateways, arm = ((), known) if isinstance(known, ArmRefusal) else (known, None)
        uses = chosen(uses_of_host(gateways, target), options)
        if not uses and is_site_alone(gateways, target.host):
            return Refused(sentence=a_site(target.host))
        near = nearest_first(gateways, uses, options)
        root = find_root(options, near, arm if self._arm else NOT_CONFIGURED, target.host)
        if isinstance(root, NoRoot):
            return Refused(sentence=root.sentence)
        reached = on_port_of(uses, target)
        addresses = await self._admitted(
            reached, gateways or self._gateways.remembered(), arm, context
        )
        if isinstance(addresses, Refused):
            return addresses
        context = within_deadline(
            settled(context, addresses), asyncio.get_running_loop().time() - begun
        )

        async def probe() -> HostAnswer | Refused:
            if not uses:
                return HostAnswer(
                    report=await check(assumed(target, options, arm, root), context), arm=arm
                )
            answer = await self._behind(uses, near, options, root, context)
            site = site_beside(gateways, target.host)
            return replace(answer, site=site) if isinstance(answer, HostAnswer) else answer

        # One probe per target at a time: a channel full of people who ask the same shares the one
        # that runs.
        return await self._probes.share((target, options), probe)

    async def gateway(
        self, target: GatewayRef, options: ProbeOptions = NOTHING_TYPED
    ) -> GatewayReport | ArmRefusal:
        """Probe every member of a gateway, or of one of its pools or settings.

        Backend health is read by `read_backend_health`.

        Whoever asks the same meanwhile shares the probes that run. With `via=gateway` nothing is
        probed, and `read_backend_health` tells all.
        """
        return await self._looks.share((target, options), lambda: self._look_at(target, options))

    async def placement(self, target: HostTarget, options: ProbeOptions) -> GatewayRef | Refused:
        """The gateway, pool and setting where a host stands, for a question to that gateway alone.

        Neither resolved nor probed.
        """
        if sentence := self._admission.refuse_spelling(target.host):
            return Refused(sentence=sentence)
        known = await self._gateways.soon(options) if self._arm else NOT_CONFIGURED
        found = (
            known.sentence
            if isinstance(known, ArmRefusal)
            else placement_of(known, target, options)
        )
        return Refused(sentence=found) if isinstance(found, str) else found

    async def of_site(
        self, site: SiteTarget, options: ProbeOptions
    ) -> tuple[GatewayRef, ...] | Refused | ArmRefusal:
        """The gateways that serve a public name, each narrowed to it; `gw=` leaves one.

        Returns:
            At least one gateway, or why there is none.
        """
        known = await self._arm.gateways() if self._arm else NOT_CONFIGURED
        if isinstance(known, ArmRefusal):
            return known
        found = serving(known, site.host, options)
        if isinstance(found, str) and self._arm and any(map(unnamed_addresses, known)):
            known = await self._arm.with_front_ends()
            if isinstance(known, ArmRefusal):
                return known
            hidden = any(map(unnamed_addresses, known))
            found = serving(known, site.host, options, hidden=hidden)
        return Refused(sentence=found) if isinstance(found, str) else found

    def is_site(self, target: HostTarget, options: ProbeOptions) -> bool:
        """Whether a known gateway serves this host and no pool holds it; asks nobody."""
        if self._arm is None or options.via is Via.PROBE:
            return False
        return is_site_alone(self._arm.remembered() or (), target.host)

    async def _look_at(
        self, target: GatewayRef, options: ProbeOptions
    ) -> GatewayReport | ArmRefusal:
        gateway = await self._gateways.find(target)
        if isinstance(gateway, ArmRefusal):
            return gateway
        if target.site:
            return await self._site_of(gateway, target, options)
        return await self._members_of(gateway, target, options)

    async def _site_of(
        self, gateway: Gateway, target: GatewayRef, options: ProbeOptions
    ) -> GatewayReport | ArmRefusal:
        """The members behind a public name, each with the rules that lead to it."""
        rules = rules_for(gateway, target.site or "")
        if not rules:
            return no_such_site(gateway, target.site or "")
        report = await self._members_of(gateway, target, options)
        if isinstance(report, ArmRefusal):
            return report
        return replace(routed(report, rules), site=target.site or "")

    async def _members_of(
        self, gateway: Gateway, target: GatewayRef, options: ProbeOptions
    ) -> GatewayReport | ArmRefusal:
        uses = [use for use in member_uses(gateway) if is_named(use, target.pool, target.setting)]
        pairs = tuple(
            use for use in gateway.uses if is_named_pair(use, target.pool, target.setting)
        )
        if target.site:
            rules = rules_for(gateway, target.site)
            uses, pairs = behind(uses, rules), pairs_of(pairs, rules)
        if not pairs and (target.pool or target.setting):
            return no_such_part(gateway, target)
        about = gateway_findings(gateway, pairs)
        via, scope = options.via or Via.BOTH, target.part
        if via is Via.GATEWAY:
            at, said = self._new_context().clock(), of_no_use(options)
            return GatewayReport(
                gateway=gateway,
                members=listed(uses),
                at=at,
                scope=scope,
                via=via,
                said=said,
                findings=about,
                uses=pairs,
            )
        gateways = await self._gateways.beside(gateway)
        root = find_root(options, gateways, None, gateway.id.text)
        if isinstance(root, NoRoot):
            return ArmRefusal(
                trouble=ArmTrouble.NOT_FOUND, sentence=root.sentence, suggestions=(root.example,)
            )
        checks, said = typed_checks(uses, gateways, options, root)
        report = await self._check(gateway, checks, gateways)
        return replace(
            report,
            scope=scope,
            via=via,
            typed=replacing(options),
            said=said,
            findings=about,
            uses=pairs,
        )

    async def read_backend_health(self, report: GatewayReport) -> GatewayReport:
        """Read backend health and add it; takes ten seconds or more."""
        if self._arm is None:
            return add_backend_health(report, NOT_CONFIGURED)
        health = await self._arm.health(report.gateway.id)
        if not isinstance(health, ArmRefusal) and any(
            member.skipped == NO_ADDRESS for member in report.members
        ):
            report = await self._with_interfaces(report, health)
        if not isinstance(health, ArmRefusal) and report.via is not Via.GATEWAY:
            report = await self._with_listed(report, health)
        answered = add_backend_health(report, health)
        if not report.site:
            return answered
        return routed(answered, rules_for(report.gateway, report.site))

    async def _with_listed(self, report: GatewayReport, health: GatewayHealth) -> GatewayReport:
        """Probe the servers that backend health lists and the configuration does not."""
        servers = only_listed(report, health)[:MAX_UNLISTED]
        if not servers:
            return report
        gateway, uses = with_listed_servers(report.gateway, servers)
        probed = await self._probe_more(report, gateway, uses)
        return replace(report, members=worst_first((*report.members, *probed.members)))

    async def _with_interfaces(self, report: GatewayReport, health: GatewayHealth) -> GatewayReport:
        """Probe the members that are network interfaces; backend health gives their addresses."""
        gateway = with_nic_addresses(report.gateway, health)
        pairs = {
            (member.pool, member.setting)
            for member in report.members
            if member.skipped == NO_ADDRESS
        }
        interfaces = [
            u
            for u in member_uses(gateway)
            if u.member.kind is MemberKind.NIC and (u.use.pool, u.setting.name) in pairs
        ]
        probed = await self._probe_more(report, gateway, interfaces)
        kept = tuple(member for member in report.members if member.skipped != NO_ADDRESS)
        return replace(report, gateway=gateway, members=worst_first((*kept, *probed.members)))

    async def _probe_more(
        self, report: GatewayReport, gateway: Gateway, uses: Sequence[MemberUse]
    ) -> GatewayReport:
        """Probe members that were known too late for the first round, with what was typed."""
        gateways = await self._gateways.beside(gateway)
        root = find_root(report.typed, gateways, None, gateway.id.name)
        checks, _ = typed_checks(
            uses, gateways, report.typed, None if isinstance(root, NoRoot) else root
        )
        return await self._check(gateway, checks, (gateway,))

    async def find(self, target: GatewayRef) -> Gateway | ArmRefusal:
        """The gateway that a name means, without probing it."""
        return await self._gateways.find(target)

    async def refusal(self, target: HostTarget) -> str | None:
        """Why a host may not be probed, one sentence.

        `None` when it may, or when it has no address yet.
        """
        if sentence := self._admission.refuse_spelling(target.host):
            return sentence
        known = await self._gateways.soon(NOTHING_TYPED)
        gateways, arm = ((), known) if isinstance(known, ArmRefusal) else (known, None)
        reached = on_port_of(uses_of_host(gateways, target), target)
        admitted = await self._admitted(reached, gateways, arm, self._new_context())
        return admitted.sentence if isinstance(admitted, Refused) else None

    async def _admitted(
        self,
        target: HostTarget,
        gateways: Sequence[Gateway],
        arm: ArmRefusal | None,
        context: CheckContext,
    ) -> tuple[str, ...] | Refused:
        """The addresses of a target that may be probed; by rule first, then by every address."""
        if sentence := self._admission.refuse_unresolved(target, gateways, arm):
            return Refused(sentence=sentence)
        addresses = await addresses_of(target, context)
        if sentence := self._admission.refusal(target.host, target.port, addresses, gateways):
            return Refused(sentence=self._admission.explained(sentence, target, addresses, arm))
        return addresses

    async def every_gateway(self) -> tuple[GatewayRef, ...] | ArmRefusal:
        """Every gateway that can be asked about."""
        return await self._gateways.targets()

    async def _behind(
        self,
        uses: Sequence[MemberUse],
        gateways: Sequence[Gateway],
        options: ProbeOptions,
        root: TypedRoot | None,
        context: CheckContext,
    ) -> HostAnswer | Refused:
        """One report for each gateway that uses the backend.

        The worst member of the worst gateway speaks.
        """
        reports = []
        for gateway in dict.fromkeys(use.gateway for use in uses):
            checks, _ = typed_checks(
                [u for u in uses if u.gateway == gateway], gateways, options, root
            )
            reports.append(await self._check(gateway, checks, gateways, context))
        return of_worst(reports)

    async def _check(
        self,
        gateway: Gateway,
        checks: Sequence[MemberCheck],
        gateways: Sequence[Gateway],
        context: CheckContext | None = None,
    ) -> GatewayReport:
        admit = self._admission.beside(gateways)
        return await check_gateway(
            gateway, checks, context or self._new_context(), admit=admit, slots=self._slots
        )
