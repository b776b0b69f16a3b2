"""Probes the members of one gateway and joins them with backend health."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ParamSpec, TypeVar

from bot.azure.gateway_document import with_nic_addresses
from bot.azure.member_uses import NO_ADDRESS, MemberUse, member_uses, with_listed_servers
from bot.azure.sites import rules_for
from bot.checks.admission import Admission
from bot.checks.backend_health import add_backend_health, listed, only_listed, worst_first
from bot.checks.gateway import check_gateway
from bot.checks.gateway_lookup import GatewayLookup
from bot.checks.gateway_state import gateway_findings
from bot.checks.probe import CheckContext
from bot.checks.protocols import NOT_CONFIGURED, Arm
from bot.checks.selection import (
    is_named,
    is_named_pair,
    no_such_part,
)
from bot.checks.sites import (
    members_behind,
    no_such_site,
    pairs_of,
    with_routes,
)
from bot.checks.typed_options import (
    find_root,
    of_no_use,
    replacing,
    typed_checks,
)
from bot.domain.azure import Gateway, GatewayHealth, MemberKind
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal
from bot.domain.report import GatewayReport, MemberCheck
from bot.domain.request import ProbeOptions, Via
from chainlib.frozen import dataclass

MANY = 200
"""Members from which a report is prepared and joined in a worker thread."""
MAX_UNLISTED = 200
"""Servers that only backend health lists are probed up to this number."""
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


async def in_thread_if_many(
    members: int, work: Callable[_Given, _Result], *args: _Given.args, **kwargs: _Given.kwargs
) -> _Result:
    """Call a pure function, in a worker thread if there are many members.

    With 1,000 members it takes 50 to 80 ms, in which the event loop would do nothing else.
    """
    if members < MANY:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayMembers:
    """Probes the members of gateways and reads their backend health.

    Attributes:
        arm: the ARM client; `None` if Azure is not configured.
        gateways: the known gateways.
        admission: which targets may be probed.
        new_context: makes time and network for one check.
        slots: limits the probes that run at the same time.
    """

    arm: Arm | None
    gateways: GatewayLookup
    admission: Admission
    new_context: Callable[[], CheckContext]
    slots: asyncio.Semaphore

    async def probe(self, target: GatewayRef, options: ProbeOptions) -> GatewayReport | Refusal:
        """Probe the members of a gateway, of a part of it, or of one of its sites."""
        gateway = await self.gateways.find(target)
        if isinstance(gateway, Refusal):
            return gateway
        if target.site:
            return await self._site_of(gateway, target, options)
        return await self._members_of(gateway, target, options)

    async def read_backend_health(self, report: GatewayReport) -> GatewayReport:
        """Read backend health and add it to the report; takes ten seconds or more."""
        if self.arm is None:
            return add_backend_health(report, NOT_CONFIGURED)
        health = await self.arm.health(report.gateway.id)
        if not isinstance(health, Refusal) and any(
            member.skipped == NO_ADDRESS for member in report.members
        ):
            report = await self._with_interfaces(report, health)
        if not isinstance(health, Refusal) and report.via is not Via.GATEWAY:
            report = await self._with_listed(report, health)
        joined = await in_thread_if_many(len(report.members), add_backend_health, report, health)
        if not report.site:
            return joined
        return with_routes(joined, rules_for(report.gateway, report.site))

    async def check(
        self,
        gateway: Gateway,
        checks: Sequence[MemberCheck],
        gateways: Sequence[Gateway],
        context: CheckContext | None = None,
    ) -> GatewayReport:
        """Probe these members; members of the given gateways may be probed."""
        admit = self.admission.for_gateways(gateways)
        return await check_gateway(
            gateway, checks, context or self.new_context(), admit=admit, slots=self.slots
        )

    async def _site_of(
        self, gateway: Gateway, target: GatewayRef, options: ProbeOptions
    ) -> GatewayReport | Refusal:
        """Check the members behind a public name, each with the rules that lead to it."""
        rules = rules_for(gateway, target.site or "")
        if not rules:
            return no_such_site(gateway, target.site or "")
        report = await self._members_of(gateway, target, options)
        if isinstance(report, Refusal):
            return report
        return replace(with_routes(report, rules), site=target.site or "")

    async def _members_of(
        self, gateway: Gateway, target: GatewayRef, options: ProbeOptions
    ) -> GatewayReport | Refusal:
        uses = [use for use in member_uses(gateway) if is_named(use, target.pool, target.setting)]
        pairs = tuple(
            use for use in gateway.uses if is_named_pair(use, target.pool, target.setting)
        )
        if target.site:
            rules = rules_for(gateway, target.site)
            uses, pairs = members_behind(uses, rules), pairs_of(pairs, rules)
        if not pairs and (target.pool or target.setting):
            return no_such_part(gateway, target)
        report = await self._report_on(gateway, uses, options)
        if isinstance(report, Refusal):
            return report
        findings, via = gateway_findings(gateway, pairs), options.via or Via.BOTH
        return replace(report, scope=target.part, via=via, findings=findings, uses=pairs)

    async def _report_on(
        self, gateway: Gateway, uses: Sequence[MemberUse], options: ProbeOptions
    ) -> GatewayReport | Refusal:
        """Probe these members with the typed options; with `via=gateway` only list them."""
        if options.via is Via.GATEWAY:
            at, unused = self.new_context().clock(), of_no_use(options)
            return GatewayReport(gateway=gateway, members=listed(uses), at=at, typed_text=unused)
        gateways = await self.gateways.with_others(gateway)
        root = find_root(options, gateways, None, gateway.id.text)
        if isinstance(root, Refusal):
            return root
        checks, typed_text = await in_thread_if_many(
            len(uses), typed_checks, uses, gateways, options, root
        )
        report = await self.check(gateway, checks, gateways)
        return replace(report, typed=replacing(options), typed_text=typed_text)

    async def _with_listed(self, report: GatewayReport, health: GatewayHealth) -> GatewayReport:
        """Probe the servers that backend health lists and the configuration does not contain."""
        servers = only_listed(report, health)[:MAX_UNLISTED]
        if not servers:
            return report
        gateway, uses = with_listed_servers(report.gateway, servers)
        probed = await self._probe_more(report, gateway, uses)
        return replace(report, members=worst_first((*report.members, *probed.members)))

    async def _with_interfaces(self, report: GatewayReport, health: GatewayHealth) -> GatewayReport:
        """Probe members that are network interfaces; backend health gives their addresses."""
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
        """Probe members that became known after the first round, with the typed options."""
        gateways = await self.gateways.with_others(gateway)
        root = find_root(report.typed, gateways, None, gateway.id.name)
        checks, _ = typed_checks(
            uses, gateways, report.typed, None if isinstance(root, Refusal) else root
        )
        return await self.check(gateway, checks, (gateway,))
