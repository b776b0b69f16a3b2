"""What is typed in place of a setting: a root by its name, names, path, port.

Said, guarded, refused in one sentence when unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest

from bot.azure.client import ArmClient
from bot.checks.selection import NO_GATEWAY_KNOWN
from bot.commands.gateway_names import named_gateway
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import GatewayReport
from bot.domain.request import NOTHING_TYPED, HostTarget, ProbeOptions, Via
from chainlib import Certificate, Code, Sku, TrustMode
from playground.arm import (
    ArmStandIn,
    Fault,
    FaultKind,
    GatewaySpec,
    PoolSpec,
    ProbeSpec,
    SettingSpec,
)
from tests.bot.checks.test_service import (
    ELSEWHERE,
    LOOPBACK,
    Names,
    answered,
    backend,
    check_service,
    refused,
)
from tests.support.dialled import record
from tests.support.tls_server import NAME, Estate

HERE, OTHER = Estate(), Estate()
GOOD, WRONG = HERE.root.certificate, OTHER.root.certificate
PROD = GatewayRef(name="prod-gw")


def held(
    name: str,
    port: int,
    roots: Mapping[str, Certificate | str],
    *,
    fqdns: tuple[str, ...] = (NAME,),
    attached: tuple[str, ...] = ("old",),
) -> GatewaySpec:
    """A gateway with one pool and one setting to which some of its roots are attached."""
    setting = SettingSpec(name="https-be", port=port, host_name=NAME, roots=attached)
    return GatewaySpec(
        name=name,
        pools=(PoolSpec(name="web", fqdns=fqdns),),
        settings=(setting,),
        roots=MappingProxyType(dict(roots)),
    )


def looked(found: GatewayReport | Refusal) -> GatewayReport:
    assert isinstance(found, GatewayReport)
    return found


# A root by its name.


async def test_typed_root_alone_is_trusted(arm: ArmStandIn, client: ArmClient) -> None:
    async with HERE.backend() as server:
        arm.add(held("prod-gw", server.port, {"old": WRONG, "Corp-2024": GOOD}))
        host = HostTarget(host=NAME, port=server.port)
        as_set = answered(await check_service(client).host(host, NOTHING_TYPED))
        typed = answered(await check_service(client).host(host, ProbeOptions(root="corp-2024")))
        swapped = answered(await check_service(client).host(host, ProbeOptions(root="old")))
    assert (as_set.report.verdict.accepted, typed.report.verdict.headline) == (False, Code.OK)
    assert typed.report.request.policy.anchors.certificates == (GOOD,)
    assert typed.report.request.assumed[0] == "root Corp-2024 as typed, not as in the setting"
    assert swapped.report.verdict.headline is as_set.report.verdict.headline


async def test_own_gateways_root_precedes_a_namesake_elsewhere(
    arm: ArmStandIn, client: ArmClient
) -> None:
    async with HERE.backend() as server:
        arm.add(
            held("a-gw", server.port, {"corp": WRONG, "hub": GOOD}, fqdns=("other.contoso.com",))
        )
        arm.add(held("prod-gw", server.port, {"old": WRONG, "corp": GOOD}))
        host = HostTarget(host=NAME, port=server.port)
        own = answered(await check_service(client).host(host, ProbeOptions(root="corp")))
        elsewhere = answered(await check_service(client).host(host, ProbeOptions(root="hub")))
    assert own.report.request.policy.anchors.certificates == (GOOD,)
    assert own.report.request.assumed[0] == "root corp as typed, not as in the setting"
    assert elsewhere.report.verdict.headline is Code.OK
    assert elsewhere.report.request.assumed[0] == "root hub of a-gw as typed, not as in the setting"


async def test_gateways_with_the_host_use_their_own_root(
    arm: ArmStandIn, client: ArmClient
) -> None:
    async with HERE.backend() as server:
        arm.add(held("a-gw", server.port, {"old": WRONG, "corp": GOOD}))
        arm.add(held("prod-gw", server.port, {"old": WRONG, "corp": WRONG}))
        answer = answered(
            await check_service(client).host(
                HostTarget(host=NAME, port=server.port), ProbeOptions(root="corp")
            )
        )
    assert answer.gateway is not None
    assert (answer.gateway.gateway.id.name, answer.report.verdict.accepted) == ("prod-gw", False)
    assert answer.report.request.policy.anchors.certificates == (WRONG,)


async def test_host_in_no_pool_uses_the_named_root(arm: ArmStandIn, client: ArmClient) -> None:
    async with HERE.backend() as server:
        arm.add(held("a-gw", server.port, {"corp": WRONG}, fqdns=("other.contoso.com",)))
        arm.add(held("z-gw", server.port, {"Corp": GOOD}, fqdns=("other.contoso.com",)))
        host = HostTarget(host=NAME, port=server.port)
        first = answered(await check_service(client).host(host, ProbeOptions(root="corp")))
        named = answered(
            await check_service(client).host(
                host, ProbeOptions(root="corp", gw=named_gateway("z-gw"))
            )
        )
    assert first.report.request.policy.anchors.certificates == (WRONG,)
    assert first.report.request.assumed == (
        NO_GATEWAY_KNOWN.replace(
            "well-known CAs", "root corp of a-gw (z-gw has another of that name) as typed"
        ),
    )
    assert named.report.verdict.headline is Code.OK
    assert "trusts root Corp of z-gw" in named.report.request.assumed[0]
    assert named.report.request.policy.public_roots


@pytest.mark.parametrize("azure", [True, False], ids=["in a pool", "no Azure"])
async def test_well_known_is_the_well_known_mode(
    arm: ArmStandIn,
    client: ArmClient,
    azure: bool,  # noqa: FBT001 -- a parameter of the test
) -> None:
    async with HERE.backend() as server:
        arm.add(held("prod-gw", server.port, {"old": GOOD}))
        found = await check_service(client if azure else None).host(
            HostTarget(host=NAME, port=server.port), ProbeOptions(root="well-known")
        )
        request = answered(found).report.request
    assert request.policy.trust is TrustMode.WELL_KNOWN
    assert "well-known CAs as typed" in request.assumed[0]


async def test_first_generation_is_judged_as_the_second(arm: ArmStandIn, client: ArmClient) -> None:
    async with HERE.backend() as server:
        arm.add(replace(held("prod-gw", server.port, {}, attached=()), tier="Standard"))
        arm.add(held("hub-gw", server.port, {"corp": GOOD}, fqdns=("other.contoso.com",)))
        request = answered(
            await check_service(client).host(
                HostTarget(host=NAME, port=server.port), ProbeOptions(root="corp")
            )
        ).report.request
    assert (request.policy.sku, request.policy.anchors.certificates) == (Sku.V2, (GOOD,))
    assert request.assumed[0].endswith(
        "as typed, not as in the setting, by the rules of v2 since v1 has no trusted roots"
    )


async def test_unreadable_root_is_judged_unusable(arm: ArmStandIn, client: ArmClient) -> None:
    async with HERE.backend() as server:
        arm.add(held("prod-gw", server.port, {"old": GOOD, "junk": "bm90IGEgY2VydGlmaWNhdGU="}))
        report = answered(
            await check_service(client).host(
                HostTarget(host=NAME, port=server.port), ProbeOptions(root="junk")
            )
        ).report
    assert Code.UPLOADED_ROOT_UNUSABLE in {finding.code for finding in report.verdict.findings}
    assert not report.verdict.accepted


async def test_unknown_root_is_refused_with_six_names(
    arm: ArmStandIn, client: ArmClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm.add(
        held(
            "a-gw",
            443,
            {f"far-{number}": GOOD for number in range(5)},
            fqdns=("other.contoso.com",),
        )
    )
    arm.add(held("prod-gw", 443, {"old": GOOD, "new": WRONG}))
    await client.inventory()
    names, dialled = Names([[LOOPBACK]]), record(monkeypatch)
    sentence = refused(
        await check_service(client, names).host(HostTarget(host=NAME), ProbeOptions(root="nwe"))
    )
    assert sentence == (
        f"I see no trusted root called nwe on any gateway; write for example {NAME} root=old; "
        "there are old, new, far-0, far-1, far-2, far-3 and 1 more."
    )
    assert (names.admitted, dialled) == ([], [])


@pytest.mark.parametrize(
    ("options", "fault", "said"),
    [
        (
            ProbeOptions(via=Via("probe")),
            None,
            "cannot be looked up, because via=probe does not read Azure",
        ),
        (
            NOTHING_TYPED,
            Fault(kind=FaultKind.FORBIDDEN),
            "cannot be looked up (The bot's identity may not read the list of subscriptions",
        ),
    ],
    ids=["via=probe", "forbidden"],
)
async def test_root_is_not_guessed_without_azures_list(
    arm: ArmStandIn, client: ArmClient, options: ProbeOptions, fault: Fault | None, said: str
) -> None:
    arm.add(held("prod-gw", 443, {"old": GOOD}))
    arm.fault, names = fault, Names([[LOOPBACK]])
    sentence = refused(
        await check_service(client, names).host(
            HostTarget(host=NAME), options.over(ProbeOptions(root="old"))
        )
    )
    assert said in sentence
    assert sentence.endswith(f"write for example {NAME} root=well-known.")
    assert names.admitted == []


async def test_root_without_azure_is_one_sentence() -> None:
    names = Names([[LOOPBACK]])
    sentence = refused(
        await check_service(None, names).host(HostTarget(host=NAME), ProbeOptions(root="old"))
    )
    assert "Azure is not set up for this bot" in sentence
    assert names.admitted == []


# The same on a whole gateway.


async def test_typed_options_hold_for_every_member(arm: ArmStandIn, client: ArmClient) -> None:
    options = ProbeOptions(root="corp", sni="sni.contoso.com", host=NAME, path="/ready")
    async with HERE.backend() as server:
        spec = held(
            "prod-gw", server.port, {"old": WRONG, "corp": GOOD}, fqdns=(NAME, "two.contoso.com")
        )
        plain = SettingSpec(name="plain", port=80, protocol="Http", host_name=NAME)
        arm.add(
            replace(spec, settings=(replace(spec.settings[0], host_name="set.contoso.com"), plain))
        )
        as_set = looked(await check_service(client).gateway(PROD))
        typed = looked(await check_service(client).gateway(PROD, options))
    requests = [member.report.request for member in typed.members if member.report]
    assert len(requests) == 2
    assert {
        (r.target.server_name, r.policy.name, r.policy.http and r.policy.http.path)
        for r in requests
    } == {("sni.contoso.com", NAME, "/ready")}
    assert {r.policy.anchors.certificates for r in requests} == {(GOOD,)}
    assert (typed.healthy, as_set.healthy) == (True, False)
    assert typed.typed_text == "root corp, sni, host, path as typed, not as in the setting"
    assert {r.assumed[0] for r in requests} == {typed.typed_text}
    assert as_set.typed_text == ""


async def test_typed_host_is_sent_and_verified(arm: ArmStandIn, client: ArmClient) -> None:
    async with HERE.backend() as server:
        arm.add(held("prod-gw", server.port, {"old": GOOD}))
        report = looked(
            await check_service(client).gateway(PROD, ProbeOptions(host="new.contoso.com"))
        )
    (request,) = [member.report.request for member in report.members if member.report]
    assert request.target.server_name == request.policy.name == "new.contoso.com"
    assert request.policy.http
    assert request.policy.http.host_header == "new.contoso.com"
    assert report.members[0].headline is Code.NAME_MISMATCH


async def test_typed_port_replaces_the_settings_port(arm: ArmStandIn, client: ArmClient) -> None:
    async with HERE.backend() as server:
        spec = held("prod-gw", 443, {"old": GOOD})
        setting = replace(spec.settings[0], probe="deep")
        arm.add(
            replace(
                spec, settings=(setting,), probes=(ProbeSpec(name="deep", host=NAME, port=8443),)
            )
        )
        report = looked(await check_service(client).gateway(PROD, ProbeOptions(port=server.port)))
    (request,) = [member.report.request for member in report.members if member.report]
    assert (request.target.port, report.members[0].headline) == (server.port, Code.OK)
    assert request.assumed == ("port as typed, not as in the setting",)


async def test_guard_admits_by_the_port_that_was_typed(
    arm: ArmStandIn, client: ArmClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm.add(held("prod-gw", 443, {"old": GOOD}))
    await client.inventory()
    dialled = record(monkeypatch)
    report = looked(
        await check_service(client, Names([[ELSEWHERE]]), loopback=False).gateway(
            PROD, ProbeOptions(port=22)
        )
    )
    assert [(member.report, "22" in member.skipped) for member in report.members] == [(None, True)]
    assert dialled == []


async def test_unknown_root_of_a_gateway_is_mistyped(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(held("prod-gw", 443, {"old": GOOD}))
    names = Names([[LOOPBACK]])
    found = await check_service(client, names).gateway(PROD, ProbeOptions(root="nwe"))
    assert isinstance(found, Refusal)
    assert found.kind is RefusalKind.NOT_FOUND
    assert found.example == "gw:rg-prod/prod-gw root=old"
    assert names.admitted == []


async def test_interface_members_are_judged_by_typed_options_too(
    arm: ArmStandIn, client: ArmClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm.add(
        replace(
            held("prod-gw", 443, {"old": WRONG, "corp": GOOD}),
            pools=(PoolSpec(name="web", nics=("nic-1",)),),
        )
    )
    # time: nothing has to come within it, since nobody may be probed
    bench = check_service(client, loopback=False, timeout=0.3)
    report = looked(await bench.gateway(PROD, ProbeOptions(root="corp", port=22)))
    dialled = record(monkeypatch)
    health_known = await bench.read_backend_health(report)
    assert health_known.typed_text == "root corp, port as typed, not as in the setting"
    assert ["22" in member.skipped for member in health_known.members] == [True]
    assert ("10.0.0.4", 443) not in dialled


async def test_questions_with_other_options_share_no_answer(
    arm: ArmStandIn, client: ArmClient
) -> None:
    async with backend() as port:
        arm.add(held("prod-gw", port, {"old": WRONG, "corp": GOOD}))
        bench = check_service(client)
        admitted = [
            ProbeOptions(root="corp"),
            ProbeOptions(root="corp"),
            ProbeOptions(root="old"),
            NOTHING_TYPED,
        ]
        one, same, other, none = await asyncio.gather(
            *(bench.gateway(PROD, options) for options in admitted)
        )
    assert one is same
    assert len({id(found) for found in (one, other, none)}) == 3
