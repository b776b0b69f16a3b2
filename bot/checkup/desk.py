"""From an understood question to both witnesses' answer: which gateway is meant, whose settings hold, may it be touched, probe, listen.

Commands, mentions, forms, buttons and digests ask here. The desk knows ARM and the guard only through what it is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.checkup.gateway import check_gateway, settled
from bot.checkup.probe import Surroundings, check
from bot.checkup.witness import hear_gateway, worst_first
from bot.gateway.flight import SingleFlight
from bot.gateway.policies import NO_ADDRESS, MemberUse, checks_of, matching, member_uses
from bot.gateway.translation import with_nic_addresses
from bot.language import GatewayTarget, HostTarget, OptionValue, named_gateway, read_gateway
from bot.model.azure import ArmRefusal, ArmTrouble, Gateway, GatewayHealth, GatewayId, MemberKind
from bot.model.report import CheckReport, CheckRequest, GatewayReport, MemberCheck
from chainlib import Certificate, GatewayPolicy, HttpProbeRule, ResolveFailed, Target, TrustMode
from chainlib.aio import load_well_known, resolve

Options = Mapping[str, OptionValue]
ARM_PATIENCE_S = 2.5
_MANNERS = frozenset({"private", "watch"})
"""Options about how the answer is given, not about what is asked."""

NO_GATEWAY_KNOWN = "no known gateway has this host in a pool, so it was judged as a v2 setting that trusts well-known CAs"


class Arm(Protocol):
    """What the desk needs of ARM; `bot.gateway.client.ArmClient` is it."""

    async def gateways(self) -> tuple[Gateway, ...] | ArmRefusal:
        """Every gateway that can be seen."""

    async def find(self, group: str | None, name: str, subscription: str | None = None) -> Gateway | ArmRefusal:
        """One gateway by name."""

    async def health(self, gateway: GatewayId) -> GatewayHealth | ArmRefusal:
        """The gateway's own word."""


class Door(Protocol):
    """What the desk needs of the guard."""

    def refuse_spelling(self, host: str) -> str | None:
        """A sentence when the host may not even be resolved."""

    def admit(self, host: str, port: int, addresses: Sequence[str], *, members: frozenset[str], ports: frozenset[int]) -> str | None:
        """A sentence when these addresses may not be connected to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The guard said no; `sentence` is for the asker alone."""

    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostAnswer:
    """The answer about one backend.

    Attributes:
        report: our own probe, judged with the settings of the gateway that uses the backend, where one is known.
        gateway: the same with the gateway's word; `None` where no known gateway uses the backend.
        arm: why ARM could not be asked, `None` when it could.
    """

    report: CheckReport
    gateway: GatewayReport | None = None
    arm: ArmRefusal | None = None


class Desk:
    """Answers questions about backends and gateways.

    Args:
        arm: the ARM edge, `None` when Azure is not configured.
        door: the guard's word about targets.
        surroundings: makes time and network for one check.
    """

    def __init__(self, *, arm: Arm | None, door: Door, surroundings: Callable[[], Surroundings]) -> None:
        self._arm = arm
        self._door = door
        self._surroundings = surroundings
        self._probes: SingleFlight[HostAnswer] = SingleFlight()

    async def host(self, target: HostTarget, options: Options, on_stage: Callable[[str], None] | None = None) -> HostAnswer | Refused:
        """Probe one backend, with the settings of the gateways whose pools hold it."""
        if sentence := self._door.refuse_spelling(target.host):
            return Refused(sentence=sentence)
        around = replace(self._surroundings(), on_stage=on_stage)
        known = await self._known(options)
        gateways = () if isinstance(known, ArmRefusal) else known
        uses = _chosen(matching(gateways, target.host, target.port), options)
        addresses = await _addresses(target, around)
        if addresses and (sentence := self._admit(target.host, target.port, addresses, gateways)):
            return Refused(sentence=sentence)
        around = settled(around, addresses)
        arm = known if isinstance(known, ArmRefusal) else None

        async def probe() -> HostAnswer:
            if not uses:
                return HostAnswer(report=await check(_assumed(target, options), around), arm=arm)
            return await self._behind(uses, gateways, options, around)

        # One probe per target at a time: a channel full of people who ask the same shares the one that runs.
        same_question = (target, tuple(sorted((key, str(value)) for key, value in options.items() if key not in _MANNERS)))
        return await self._probes.share(same_question, probe)

    async def gateway(self, target: GatewayTarget) -> GatewayReport | ArmRefusal:
        """Probe every member of a gateway, or of one of its pools or settings; the gateway's own word is `listen`."""
        if self._arm is None:
            return NOT_CONFIGURED
        gateway = await self._arm.find(target.group, target.name, target.subscription)
        if isinstance(gateway, ArmRefusal):
            return gateway
        known = await self._arm.gateways()
        gateways = (gateway,) if isinstance(known, ArmRefusal) else known
        uses = [use for use in member_uses(gateway) if _named(use, target.pool, target.setting)]
        if not uses and (target.pool or target.setting):
            return _no_such_part(gateway, target)
        scope = "/".join(filter(None, (target.pool, target.setting)))
        checks = _checks(uses, gateways)
        return await check_gateway(gateway, checks, self._surroundings(), admit=self._admission(gateways), scope=scope)

    async def listen(self, report: GatewayReport) -> GatewayReport:
        """Ask the gateway itself and add its word; takes ten seconds or more."""
        if self._arm is None:
            return hear_gateway(report, NOT_CONFIGURED)
        health = await self._arm.health(report.gateway.id)
        if not isinstance(health, ArmRefusal) and any(member.skipped == NO_ADDRESS for member in report.members):
            report = await self._with_interfaces(report, health)
        return hear_gateway(report, health)

    async def _with_interfaces(self, report: GatewayReport, health: GatewayHealth) -> GatewayReport:
        """Probe the members that are network interfaces, whose addresses only the gateway's answer tells."""
        assert self._arm is not None
        gateway = with_nic_addresses(report.gateway, health)
        known = await self._arm.gateways()
        gateways = (gateway,) if isinstance(known, ArmRefusal) else known
        pairs = {(member.pool, member.setting) for member in report.members if member.skipped == NO_ADDRESS}
        nic = [u for u in member_uses(gateway) if u.member.kind is MemberKind.NIC and (u.use.pool, u.setting.name) in pairs]
        probed = await check_gateway(gateway, _checks(nic, gateways), self._surroundings(), admit=self._admission((gateway,)))
        kept = tuple(member for member in report.members if member.skipped != NO_ADDRESS)
        return replace(report, gateway=gateway, members=worst_first((*kept, *probed.members)))

    async def find(self, target: GatewayTarget) -> Gateway | ArmRefusal:
        """The gateway that a name means, without probing it."""
        if self._arm is None:
            return NOT_CONFIGURED
        return await self._arm.find(target.group, target.name, target.subscription)

    async def refusal(self, target: HostTarget) -> str | None:
        """Why a host may not be probed, one sentence; `None` when it may, or when it has no address yet."""
        if sentence := self._door.refuse_spelling(target.host):
            return sentence
        known = await self._known({})
        addresses = await _addresses(target, self._surroundings())
        return self._admit(target.host, target.port, addresses, () if isinstance(known, ArmRefusal) else known) if addresses else None

    async def every_gateway(self) -> tuple[GatewayTarget, ...] | ArmRefusal:
        """Every gateway that can be asked about."""
        if self._arm is None:
            return NOT_CONFIGURED
        known = await self._arm.gateways()
        if isinstance(known, ArmRefusal):
            return known
        return tuple(GatewayTarget(name=g.id.name, group=g.id.group, subscription=g.id.subscription) for g in known)

    async def _behind(self, uses: Sequence[MemberUse], gateways: Sequence[Gateway], options: Options, around: Surroundings) -> HostAnswer:
        """One report for each gateway that uses the backend; the worst member of the worst gateway speaks."""
        reports = []
        for gateway in dict.fromkeys(use.gateway for use in uses):
            checks = [_overridden(one, options) for one in _checks([u for u in uses if u.gateway == gateway], gateways)]
            reports.append(await check_gateway(gateway, checks, around, admit=self._admission(gateways)))
        worst = next((report for report in reports if not report.healthy), reports[0])
        spoken = next(member.report for member in worst.members if member.report is not None)
        return HostAnswer(report=spoken, gateway=worst)

    async def _known(self, options: Options) -> tuple[Gateway, ...] | ArmRefusal:
        """The gateways as far as ARM tells them soon: a backend's verdict does not wait long for Azure."""
        if self._arm is None or options.get("via") == "probe":
            return ()
        asked = asyncio.ensure_future(self._arm.gateways())
        try:
            return await asyncio.wait_for(asyncio.shield(asked), ARM_PATIENCE_S)
        except TimeoutError:
            return SLOW_ARM

    def _admission(self, gateways: Sequence[Gateway]) -> Callable[[str, int, Sequence[str]], str | None]:
        return lambda host, port, addresses: self._admit(host, port, addresses, gateways)

    def _admit(self, host: str, port: int, addresses: Sequence[str], gateways: Iterable[Gateway]) -> str | None:
        uses = [use for gateway in gateways for use in member_uses(gateway)]
        members = frozenset(use.member.address for use in uses if use.member.address)
        ports = frozenset(
            port for use in uses for port in (use.setting.port, use.setting.probe.port if use.setting.probe else None) if port
        )
        return self._door.admit(host, port, addresses, members=members, ports=ports)


SLOW_ARM = ArmRefusal(
    trouble=ArmTrouble.TIMED_OUT,
    sentence="Azure has not told yet which gateways there are; ask again in half a minute for the gateway's own settings.",
)
NOT_CONFIGURED = ArmRefusal(
    trouble=ArmTrouble.NOT_CONFIGURED,
    sentence="Azure is not set up for this bot, so it cannot ask gateways; host checks work without.",
    remedy=("Set APPGW_AZURE_CREDENTIAL and, where needed, APPGW_SUBSCRIPTIONS, and give the identity the role of deploy/role.json.",),
)


async def _addresses(target: HostTarget, around: Surroundings) -> tuple[str, ...]:
    """Resolve once, so that what is checked is what is connected to; a name without an address is the check's own finding."""
    if around.on_stage:
        around.on_stage("resolve")
    try:
        return await resolve(target.host, target.port, timeout=around.timeout / 2, resolver=around.resolver)
    except ResolveFailed:
        return ()


def _chosen(uses: Sequence[MemberUse], options: Options) -> list[MemberUse]:
    wanted = _text(options, "gw")
    gateway = (read_gateway(wanted) or named_gateway(wanted)) if wanted else None
    fitting = [use for use in uses if gateway is None or _is_meant(use.gateway.id, gateway)]
    return [use for use in fitting if _named(use, _text(options, "pool"), _text(options, "setting"))]


def _is_meant(known: GatewayId, typed: GatewayTarget) -> bool:
    pairs = ((known.name, typed.name), (known.group, typed.group), (known.subscription, typed.subscription))
    return all(word is None or word.lower() == name.lower() for name, word in pairs)


def _named(use: MemberUse, pool: str | None, setting: str | None) -> bool:
    pool_fits = pool is None or use.use.pool.lower() == pool.lower()
    return pool_fits and (setting is None or use.setting.name.lower() == setting.lower())


def _text(options: Options, key: str) -> str | None:
    value = options.get(key)
    return str(value) if value else None


def _checks(uses: Iterable[MemberUse], gateways: Sequence[Gateway]) -> tuple[MemberCheck, ...]:
    well_known = load_well_known()
    return tuple(_with_public_roots(one, well_known.certificates) for one in checks_of(uses, well_known=well_known, sisters=gateways))


def _with_public_roots(one: MemberCheck, roots: tuple[Certificate, ...]) -> MemberCheck:
    if one.request is None or one.request.policy.trust is not TrustMode.UPLOADED_ROOTS:
        return one
    return replace(one, request=replace(one.request, policy=replace(one.request.policy, public_roots=roots)))


def _assumed(target: HostTarget, options: Options) -> CheckRequest:
    """Without a gateway: a v2 setting that trusts well-known CAs, asked for by the host's own name."""
    name = _text(options, "host") or target.host
    server_name = _text(options, "sni") or (None if target.is_ip and name == target.host else name)
    rule = HttpProbeRule(host_header=name, path=_text(options, "path") or "/")
    policy = GatewayPolicy(anchors=load_well_known(), name=name, http=rule)
    return CheckRequest(
        target=Target(host=target.host, port=target.port, server_name=server_name), policy=policy, assumed=(NO_GATEWAY_KNOWN,)
    )


def _overridden(one: MemberCheck, options: Options) -> MemberCheck:
    """What was typed wins over the setting, and is said."""
    if one.request is None or not {"sni", "host", "path"} & set(options):
        return one
    target, policy = one.request.target, one.request.policy
    if sni := _text(options, "sni"):
        target = replace(target, server_name=sni)
    if name := _text(options, "host"):
        policy = replace(policy, name=name)
    if path := _text(options, "path"):
        policy = replace(policy, http=replace(policy.http or HttpProbeRule(), path=path))
    said = (*one.request.assumed, "names or path as typed, not as in the setting")
    return replace(one, request=replace(one.request, target=target, policy=policy, assumed=said))


def _no_such_part(gateway: Gateway, target: GatewayTarget) -> ArmRefusal:
    known = sorted({f"{use.pool}/{use.setting}" for use in gateway.uses})
    part = "/".join(filter(None, (target.pool, target.setting)))
    sentence = f"{gateway.id.name} has no pool and setting called {part} that a rule uses; it has {', '.join(known[:5]) or 'none'}."
    return ArmRefusal(trouble=ArmTrouble.NOT_FOUND, sentence=sentence, suggestions=tuple(known))
