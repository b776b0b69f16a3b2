"""`CheckService`: which settings apply to a host, and what happens when ARM fails or is slow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import product

import pytest

from bot.access import TargetGuard, TargetRules
from bot.azure.client import ArmClient
from bot.checks import CheckContext
from bot.checks.gateway import OUT_OF_TIME
from bot.checks.selection import GATEWAYS_UNKNOWN, NO_GATEWAY_KNOWN, NOT_WHERE_NAMED
from bot.checks.service import SLOW_ARM, CheckService, HostAnswer
from bot.commands.gateway_names import named_gateway
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import GatewayReport
from bot.domain.request import NOTHING_TYPED, HostTarget, ProbeOptions
from chainlib import Code
from chainlib.aio import load_well_known
from chainlib.limits import HANDSHAKE_S
from playground.arm import (
    ArmStandIn,
    Fault,
    FaultKind,
    GatewaySpec,
    PoolSpec,
    RuleSpec,
    SettingSpec,
)
from playground.lab.peers import ScriptedPeer, tarpit
from playground.lab.pki import NOW
from playground.lab.servers import respond
from tests.support.arm import MovableClock
from tests.support.dialled import record
from tests.support.slow_peers import crawl
from tests.support.tls_server import NAME, Estate
from tests.support.waiting import LIMIT_S, advance, for_ever, resume_time, stop_time, within_limit

ESTATE = Estate()
load_well_known()
LOOPBACK, ELSEWHERE, METADATA = "127.0.0.1", "10.0.0.9", "169.254.169.254"


@dataclass(slots=True)
class Names:
    """A resolver that changes its answer, as one does that means harm.

    The last answer is given again and again.
    """

    answers: list[Sequence[str]]
    admitted: list[str] = field(default_factory=list)

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        """The next answer."""
        self.admitted.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def gateway(
    port: int, *, fqdns: tuple[str, ...] = (NAME,), ips: tuple[str, ...] = (), settings: int = 1
) -> GatewaySpec:
    """A gateway with one pool, and as many settings that trust the estate's root."""
    made = tuple(
        SettingSpec(name=f"https-{number}", port=port, host_name=NAME, roots=("corp",))
        for number in range(settings)
    )
    return GatewaySpec(
        name="prod-gw",
        pools=(PoolSpec(name="web", fqdns=fqdns, ips=ips),),
        settings=made,
        roots={"corp": ESTATE.root.certificate},
    )


def check_service(
    arm: ArmClient | None,
    names: Names | None = None,
    *,
    loopback: bool = True,
    timeout: float = LIMIT_S,
) -> CheckService:
    """A check service with the real target policy."""
    context = CheckContext(
        clock=lambda: NOW, timeout=timeout, resolver=names or Names([[LOOPBACK]])
    )
    rules = TargetRules.read((), allow_loopback=loopback)
    return CheckService(
        arm=arm, target_policy=TargetGuard(rules=rules), new_context=lambda: context
    )


def answered(found: HostAnswer | Refusal) -> HostAnswer:
    assert isinstance(found, HostAnswer)
    return found


def refused(found: HostAnswer | Refusal) -> str:
    assert isinstance(found, Refusal)
    return found.sentence


@asynccontextmanager
async def backend() -> AsyncIterator[int]:
    """A good backend; its port."""
    async with ESTATE.backend() as server:
        yield server.port


# The name is resolved once, and what was checked is what is connected to.


@pytest.mark.parametrize("settings", [1, 3], ids=["one setting", "three settings"])
async def test_rebinding_name_is_resolved_only_once(
    arm: ArmStandIn, client: ArmClient, settings: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names([[LOOPBACK], [ELSEWHERE]])
    async with backend() as port:
        arm.add(gateway(port, settings=settings))
        await client.inventory()
        dialled = record(monkeypatch)
        answer = answered(
            await check_service(client, names).host(HostTarget(host=NAME, port=port), NOTHING_TYPED)
        )
    assert names.admitted == [NAME]
    assert set(dialled) == {(LOOPBACK, port)}
    assert answer.report.verdict.accepted
    assert answer.gateway is not None
    assert len(answer.gateway.members) == settings


async def test_refused_answer_is_not_requested_again_too_soon(
    arm: ArmStandIn, client: ArmClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm.add(gateway(443))
    await client.inventory()
    dialled = record(monkeypatch)
    for first, later in product(
        (METADATA, "::ffff:168.63.129.16", LOOPBACK), (METADATA, LOOPBACK, ELSEWHERE)
    ):
        names = Names([[first], [later]])
        service = check_service(client, names, loopback=False)
        sentence = refused(await service.host(HostTarget(host=NAME), NOTHING_TYPED))
        assert "never probed" in sentence, (first, later)
        assert (names.admitted, dialled) == ([NAME], []), (first, later)


async def test_what_no_rule_admits_is_never_resolved(arm: ArmStandIn, client: ArmClient) -> None:
    """A name and a name below a member's domain, the port of no setting, and that of SSH."""
    arm.add(gateway(8443))
    await client.inventory()
    for host, port, said in (
        ("unlisted.example", 443, "not on the allow-list"),
        ("existing.contoso.com", 8443, "not on the allow-list"),
        (NAME, 8444, "Port 8444 may not be probed"),
        (NAME, 22, "Port 22 may not be probed"),
    ):
        names = Names([[ELSEWHERE]])
        service = check_service(client, names, loopback=False)
        target = HostTarget(host=host, port=port)
        sentence = refused(await service.host(target, NOTHING_TYPED))
        assert said in sentence
        refusal = await service.refusal(target)
        assert refusal is not None
        assert (refusal.sentence, names.admitted) == (sentence, [])


async def test_member_is_probed_on_its_own_port_only(
    arm: ArmStandIn, client: ArmClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm.add(gateway(8443))
    await client.inventory()
    dialled = record(monkeypatch)
    service = check_service(client, Names([[ELSEWHERE]]), loopback=False)
    sentence = refused(
        await service.host(
            HostTarget(host=NAME, port=443), ProbeOptions(gw=named_gateway("other-gw"))
        )
    )
    assert "Port 443 may not be probed on this target; allowed are 8443" in sentence
    assert dialled == []


async def test_member_leading_to_metadata_is_not_probed(
    arm: ArmStandIn, client: ArmClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in a pool is no licence: the never-list holds for members too."""
    arm.add(gateway(443, ips=(METADATA, "168.63.129.16")))
    await client.inventory()
    dialled = record(monkeypatch)
    report = await check_service(client, Names([[METADATA]]), loopback=False).gateway(
        GatewayRef(name="prod-gw")
    )
    assert isinstance(report, GatewayReport)
    assert [member.report for member in report.members] == [None] * 3
    assert all("never probed" in member.skipped and member.unseen for member in report.members)
    assert dialled == []


async def test_unsendable_member_name_costs_the_others_nothing(
    arm: ArmStandIn, client: ArmClient
) -> None:
    async with backend() as port:
        spec = gateway(port, settings=2)
        arm.add(
            replace(
                spec,
                settings=(spec.settings[0], replace(spec.settings[1], host_name="two\r\nlines")),
            )
        )
        report = await check_service(client).gateway(GatewayRef(name="prod-gw"))
    assert isinstance(report, GatewayReport)
    text_shown = {member.setting: member for member in report.members}
    assert text_shown["https-0"].report is not None
    assert (text_shown["https-1"].report, "cannot be sent" in text_shown["https-1"].skipped) == (
        None,
        True,
    )


# Whose settings hold.


async def test_host_is_judged_by_its_gateways_settings(arm: ArmStandIn, client: ArmClient) -> None:
    async with backend() as port:
        arm.add(gateway(port))
        answer = answered(
            await check_service(client).host(HostTarget(host=NAME, port=port), NOTHING_TYPED)
        )
    assert (answer.report.verdict.headline, answer.report.request.assumed[:1]) == (Code.OK, ())
    assert arm.calls == {"subscriptions": 1, "list": 1}


async def test_host_without_a_port_uses_its_settings_port(
    arm: ArmStandIn, client: ArmClient
) -> None:
    async with backend() as port:
        arm.add(gateway(port))
        answer = answered(await check_service(client).host(HostTarget(host=NAME), NOTHING_TYPED))
    assert (answer.report.request.target.port, answer.report.verdict.headline) == (port, Code.OK)


@pytest.mark.parametrize(
    ("options", "why"),
    [(NOTHING_TYPED, NO_GATEWAY_KNOWN), (ProbeOptions(gw=named_gateway("other")), NOT_WHERE_NAMED)],
    ids=["no gateway", "not the one named"],
)
async def test_host_in_no_pool_names_the_assumed_mode(
    arm: ArmStandIn, client: ArmClient, options: ProbeOptions, why: str
) -> None:
    async with backend() as port:
        arm.add(
            gateway(port, fqdns=("other.contoso.com",) if options == NOTHING_TYPED else (NAME,))
        )
        answer = answered(
            await check_service(client).host(HostTarget(host=NAME, port=port), options)
        )
    assert answer.report.request.assumed == (why,)
    assert (answer.gateway, answer.arm_refusal) == (None, None)


class Doorkeeper:
    """Lets everybody in and remembers who was said to be a member."""

    def __init__(self) -> None:
        self.members: set[str] = set()

    def refuse_spelling(self, host: str) -> None:
        """Nothing is refused."""

    def refuse_unresolved(
        self, _host: str, _port: int, *, members: frozenset[str], ports: frozenset[int]
    ) -> None:
        """Nothing is refused."""
        assert bool(members) == bool(ports)

    def admit(
        self,
        _host: str,
        _port: int,
        _addresses: Sequence[str],
        *,
        members: frozenset[str],
        ports: frozenset[int],
    ) -> None:
        """Note the members."""
        assert ports
        self.members |= members


async def test_gateway_outside_the_subscriptions_is_not_asked(
    arm: ArmStandIn, new_client: Callable[..., ArmClient]
) -> None:
    """Contract section 5: only configured subscriptions are asked, whatever is typed."""
    spec = replace(gateway(443), subscription="00000000-0000-0000-0000-00000000000f")
    arm.add(spec)
    configured = new_client(arm.url, subscriptions=("00000000-0000-0000-0000-000000000001",))
    target_policy, context = (
        Doorkeeper(),
        CheckContext(clock=lambda: NOW, resolver=Names([[LOOPBACK]])),
    )
    target = GatewayRef(name=spec.name, group=spec.group, subscription=spec.subscription)
    answer = await CheckService(
        arm=configured, target_policy=target_policy, new_context=lambda: context
    ).gateway(target)
    assert isinstance(answer, Refusal)
    assert answer.kind is RefusalKind.OUT_OF_SCOPE
    assert arm.calls["get"] == 0


async def test_gateway_read_by_id_admits_its_members(
    arm: ArmStandIn, new_client: Callable[..., ArmClient]
) -> None:
    """It stands in no list, for the identity does not list its subscription."""
    async with backend() as port:
        spec = replace(gateway(port), subscription="00000000-0000-0000-0000-00000000000f")
        arm.add(spec)
        arm.add(GatewaySpec(name="listed-gw"))
        arm.subscriptions = ["00000000-0000-0000-0000-000000000001"]
        configured = new_client(arm.url)
        target_policy, context = (
            Doorkeeper(),
            CheckContext(clock=lambda: NOW, resolver=Names([[LOOPBACK]])),
        )
        target = GatewayRef(name=spec.name, group=spec.group, subscription=spec.subscription)
        report = await CheckService(
            arm=configured, target_policy=target_policy, new_context=lambda: context
        ).gateway(target)
    assert isinstance(report, GatewayReport)
    assert [(member.skipped, member.headline) for member in report.members] == [("", Code.OK)]
    assert target_policy.members == {NAME}


# ARM is slow, down or forbidden.


@pytest.mark.parametrize(
    "kind", [FaultKind.FORBIDDEN, FaultKind.UNAVAILABLE, FaultKind.PROXY_PAGE], ids=str
)
async def test_host_is_probed_without_arm_and_says_why(
    arm: ArmStandIn, client: ArmClient, kind: FaultKind
) -> None:
    arm.fault = Fault(kind=kind)
    async with backend() as port:
        answer, of_address = [
            answered(
                await check_service(client).host(HostTarget(host=host, port=port), NOTHING_TYPED)
            )
            for host in (NAME, "127.0.0.1")
        ]
    # The name that a setting sends to an address is as unknown as its roots.
    assert of_address.report.verdict.headline is Code.TRUST_NOT_VISIBLE
    assert "the name: none was given" in of_address.report.not_checked
    assert Code.NO_SNI not in of_address.report.verdict.codes
    assert answer.report.request.assumed == (GATEWAYS_UNKNOWN,)
    assert answer.report.chain is not None
    assert answer.arm_refusal is not None
    verdict = answer.report.verdict
    assert verdict.headline is Code.TRUST_NOT_VISIBLE  # neither good nor refused
    assert "were not obtained from Azure" in verdict.findings[0].summary


async def test_refusal_without_arm_spares_the_allow_list(
    arm: ArmStandIn, client: ArmClient
) -> None:
    arm.fault = Fault(kind=FaultKind.FORBIDDEN)
    names = Names([[ELSEWHERE]])
    sentence = refused(
        await check_service(client, names).host(HostTarget(host=NAME), NOTHING_TYPED)
    )
    assert sentence.startswith(
        f"I cannot see whether {NAME} stands in a gateway's pool, and it is not on the allow-list."
    )
    assert "The bot's identity may not read the list of subscriptions." in sentence
    refusal = await check_service(client, names).refusal(HostTarget(host=NAME))
    assert refusal is not None
    assert refusal.sentence == sentence


async def test_never_stays_never_without_arm(arm: ArmStandIn, client: ArmClient) -> None:
    arm.fault = Fault(kind=FaultKind.FORBIDDEN)
    sentence = refused(
        await check_service(client, Names([[METADATA]])).host(HostTarget(host=NAME), NOTHING_TYPED)
    )
    assert (
        sentence
        == f"{NAME} leads to {METADATA}, a cloud's metadata service, which is never probed."
    )


@dataclass(slots=True, kw_only=True)
class NoAnswer(Fault):
    """ARM never answers, and the time that it is waited for passes at once."""

    async def answer(self) -> None:
        """Nothing."""
        advance(self.seconds)
        await for_ever()


async def test_older_list_stands_in_while_arm_is_slow(
    arm: ArmStandIn, client: ArmClient, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 3 am the list has aged and ARM needs longer than a person waits.

    The settings of the older list hold.
    """
    monkeypatch.setattr("bot.checks.gateway_lookup.ARM_PATIENCE_S", 0.2)
    async with backend() as port:
        arm.add(gateway(port))
        await client.inventory()
        clock.pass_(600)
        arm.fault = Fault(kind=FaultKind.SLOW, seconds=2)
        answer = answered(
            await check_service(client).host(HostTarget(host=NAME, port=port), NOTHING_TYPED)
        )
    assert answer.gateway is not None
    assert answer.report.verdict.headline is Code.OK


async def test_first_question_does_not_await_slow_arm(
    arm: ArmStandIn, client: ArmClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.checks.gateway_lookup.ARM_PATIENCE_S", 0.2)
    arm.fault = Fault(kind=FaultKind.SLOW, seconds=3600)
    async with backend() as port:
        answer = answered(
            await within_limit(
                check_service(client).host(HostTarget(host=NAME, port=port), NOTHING_TYPED)
            )
        )
    assert answer.arm_refusal is SLOW_ARM
    assert SLOW_ARM.kind is RefusalKind.TIMED_OUT


async def test_what_arm_took_is_gone_from_the_deadline(
    arm: ArmStandIn, client: ArmClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ARM takes 100 of 102 seconds, so that a handshake does not get the 10 that it may take."""
    monkeypatch.setattr("bot.checks.gateway_lookup.ARM_PATIENCE_S", 100.0)
    arm.fault = NoAnswer(kind=FaultKind.SLOW, seconds=100.0)
    slow = crawl(b"\x16\x03\x03\x40\x00" + bytes(900), pause=0.1)
    stop_time()
    begun = asyncio.get_running_loop().time()
    async with ScriptedPeer(slow) as peer:
        answer = answered(
            await check_service(client, timeout=102.0).host(
                HostTarget(host=NAME, port=peer.port), NOTHING_TYPED
            )
        )
    assert asyncio.get_running_loop().time() - begun < 100 + HANDSHAKE_S
    resume_time()
    assert answer.report.verdict.headline is Code.TLS_FAILED


# Many members.


async def test_hanging_members_do_not_make_others_fail(arm: ArmStandIn, client: ArmClient) -> None:
    """A hundred and forty tarpits before ten servers that take a while.

    Those are judged, or listed as not probed, never called broken.
    """
    good = tuple(f"good-{number}.contoso.com" for number in range(10))
    bad = tuple(f"bad-{number}.contoso.com" for number in range(140))

    async with (
        ESTATE.backend(http=respond(delay=0.3)) as slow,
        ScriptedPeer(tarpit, host="127.0.0.2", port=slow.port),
    ):
        port = slow.port

        async def resolver(host: str, _port: int) -> Sequence[str]:
            return ["127.0.0.2" if host.startswith("bad") else LOOPBACK]

        arm.add(gateway(port, fqdns=(*bad, *good)))
        # time: it ends before all have been probed, on any machine
        context = CheckContext(clock=lambda: NOW, timeout=3.0, resolver=resolver)
        rules = TargetRules.read((), allow_loopback=True)
        found = await CheckService(
            arm=client, target_policy=TargetGuard(rules=rules), new_context=lambda: context
        ).gateway(GatewayRef(name="prod-gw"))
    assert isinstance(found, GatewayReport)
    wrong = [
        m.member
        for m in found.members
        if m.member in good and not (m.headline is Code.OK or m.skipped == OUT_OF_TIME)
    ]
    assert wrong == []
    assert any(member.skipped == OUT_OF_TIME for member in found.members)
    assert sum(member.headline is Code.TLS_FAILED for member in found.members) >= 24
    assert all(member.unseen for member in found.members if member.skipped)


async def test_twenty_settings_of_two_hundred_members_are_bounded(
    arm: ArmStandIn, client: ArmClient
) -> None:
    async with backend() as port:
        pools = tuple(
            PoolSpec(
                name=f"pool-{pool}",
                fqdns=tuple(f"m{member}.p{pool}.contoso.com" for member in range(10)),
            )
            for pool in range(20)
        )
        settings = tuple(
            SettingSpec(name=f"set-{number}", port=port, host_name=NAME, roots=("corp",))
            for number in range(20)
        )
        rules = tuple(
            RuleSpec(pool=f"pool-{number}", setting=f"set-{number}") for number in range(20)
        )
        arm.add(
            GatewaySpec(
                name="prod-gw",
                pools=pools,
                settings=settings,
                rules=rules,
                roots={"corp": ESTATE.root.certificate},
            )
        )
        begun = time.process_time()
        bench = check_service(client)
        found = await bench.gateway(GatewayRef(name="prod-gw"))
        spent = time.process_time() - begun  # ours and the servers', whoever else uses the machine
        assert isinstance(found, GatewayReport)
        health_known = await bench.read_backend_health(found)
    assert (len(found.members), {member.headline for member in found.members}) == (200, {Code.OK})
    assert all(member.server is not None for member in health_known.members)
    assert arm.calls == {"subscriptions": 1, "list": 1, "health": 1, "poll": 2}
    assert spent < 5.0


async def test_simultaneous_questions_share_the_probes(arm: ArmStandIn, client: ArmClient) -> None:
    names = Names([[LOOPBACK]])
    async with backend() as port:
        arm.add(gateway(port))
        bench = check_service(client, names)
        hosts = await asyncio.gather(
            *(bench.host(HostTarget(host=NAME, port=port), NOTHING_TYPED) for _ in range(3))
        )
        shared = len(names.admitted)
        looks = await asyncio.gather(*(bench.gateway(GatewayRef(name="prod-gw")) for _ in range(3)))
    assert hosts[0] is hosts[1] is hosts[2]
    assert looks[0] is looks[1] is looks[2]
    assert len(names.admitted) == shared + 1


async def test_bot_without_azure_says_so(arm: ArmStandIn) -> None:
    del arm
    found = await check_service(None).gateway(GatewayRef(name="prod-gw"))
    assert isinstance(found, Refusal)
    assert found.kind is RefusalKind.NOT_CONFIGURED
