"""Recorded ARM traffic, served over TLS and read by the real SDK.

What each sample holds is what its index says.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from aiohttp import web

from bot.azure.client import ArmClient
from bot.azure.gateway_document import translate_gateway, with_nic_addresses
from bot.azure.health import translate_health
from bot.domain.azure import Gateway, GatewayHealth, Health, MemberKind
from bot.domain.gateway_ref import GatewayId
from chainlib import Code, Sku, TrustAnchors, TrustMode
from playground.arm.server import server_context
from playground.lab import pki
from tests.support.gateways import member_checks

SAMPLES = Path(__file__).parents[4] / "shared" / "domain" / "arm-samples"
ZERO = "00000000-0000-0000-0000-000000000000"
NOBODY = TrustAnchors(mode=TrustMode.WELL_KNOWN, certificates=())
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the domain folder is not beside the checkout"),
]
Json = dict[str, Any]


def sample(name: str) -> Json:
    text = (SAMPLES / name).read_text()
    return json.loads(text) if name.endswith(".json") else yaml.safe_load(text)  # type: ignore[no-any-return]


def exchanges(name: str) -> list[Json]:
    """The recorded answers, the two recorders' formats made one."""
    whole = sample(name)
    if "exchanges" in whole:
        return list(whole["exchanges"])
    return [
        {
            "method": one["request"]["method"],
            "uri": one["request"]["uri"],
            "status": one["response"]["status"]["code"],
            "headers": {key: values[0] for key, values in one["response"]["headers"].items()},
            "body": json.loads(one["response"]["body"]["string"] or "null"),
        }
        for one in whole["interactions"]
    ]


class Replay:
    """Serves recorded answers in their order; the last one of a path stays.

    Hosts in URLs become its own.
    """

    def __init__(self, recorded: list[Json], identity: pki.Issued) -> None:
        self._answers: defaultdict[tuple[str, str], list[Json]] = defaultdict(list)
        for one in recorded:
            self._answers[one["method"], urlsplit(one["uri"]).path.lower()].append(one)
        self._identity = identity
        self.url = ""

    async def start(self) -> web.AppRunner:
        """Listen; the caller cleans the runner up."""
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context(self._identity))
        await site.start()
        self.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def _answer(self, request: web.Request) -> web.Response:
        held = self._answers[request.method, request.path.lower()]
        one = held.pop(0) if len(held) > 1 else held[0]
        kept = {
            key: value for key, value in one["headers"].items() if key in {"retry-after", "etag"}
        }
        if location := one["headers"].get("location"):
            kept["Location"] = self.url + location[location.index("/subscriptions") :]
        return web.json_response(one["body"], status=one["status"], headers=kept)


@pytest.fixture
async def replay(
    arm_identity: pki.Issued, new_client: Callable[..., ArmClient]
) -> AsyncIterator[Callable[[str], Any]]:
    runners = []

    async def start(name: str) -> ArmClient:
        server = Replay(exchanges(name), arm_identity)
        runners.append(await server.start())
        return new_client(server.url)

    yield start
    for runner in runners:
        await runner.cleanup()


def at(group: str, name: str) -> GatewayId:
    return GatewayId(subscription=ZERO, group=group, name=name)


async def read(client: ArmClient, identity: GatewayId) -> tuple[Gateway, GatewayHealth]:
    gateway, health = await client.get(identity), await client.health(identity)
    assert isinstance(gateway, Gateway)
    assert isinstance(health, GatewayHealth)
    return gateway, health


async def test_unhealthy_v1_gateway_of_2019(replay: Callable[[str], Any]) -> None:
    client = await replay("backendhealth-unhealthy-v1-2019-11-01.json")
    gateway, health = await read(client, at("rgbee68338db5", "agbee68338db5"))
    assert (gateway.sku, gateway.tier, gateway.state) == (Sku.V1, "Standard", "Running")
    assert {s.health for s in health.servers} == {Health.UNHEALTHY}
    assert len(health.servers) == 3
    codes = [(s.address, s.message.code if s.message else None) for s in health.servers]
    assert codes[:2] == [("10.0.0.13", Code.TCP_FAILED), ("10.0.0.12", Code.TCP_FAILED)]
    nics = [s for s in health.servers if s.ip_configuration]
    assert {s.message.code for s in nics if s.message} == {Code.HEALTH_UNKNOWN}


async def test_nic_members_get_their_address_from_health(replay: Callable[[str], Any]) -> None:
    """The interface joined the pool between the two recorded GETs."""
    client = await replay("backendhealth-unhealthy-v1-2019-11-01.json")
    await client.get(at("rgbee68338db5", "agbee68338db5"))
    gateway, health = await read(client, at("rgbee68338db5", "agbee68338db5"))
    joined = with_nic_addresses(gateway, health)
    pool = next(pool for pool in joined.pools if pool.name == "nicBackend")
    assert [(member.kind, member.address) for member in pool.members] == [
        (MemberKind.NIC, "10.0.0.13")
    ]


async def test_unhealthy_v1_gateway_without_any_log(replay: Callable[[str], Any]) -> None:
    client = await replay("backendhealth-unhealthy-v1-2017-08-01-no-log.json")
    _, health = await read(client, at("rge4f96812202", "age4f96812202"))
    assert health.servers
    assert {(s.health, s.message) for s in health.servers} == {(Health.UNHEALTHY, None)}


async def test_pool_without_members_has_no_servers(replay: Callable[[str], Any]) -> None:
    client = await replay("backendhealth-empty-servers-2020-07-01.json")
    health = await client.health(at("cli_test_ag_basic000001", "ag1"))
    assert isinstance(health, GatewayHealth)
    assert health.servers == ()


async def test_v2_gateway_with_two_trusted_roots(replay: Callable[[str], Any]) -> None:
    """The first GET has the roots, the one after the PUT has them attached.

    The expired version 1 root was accepted.
    """
    client = await replay("gateway-v2-trusted-roots-2020-07-01.json")
    identity = at("cli_test_ag_root_cert000001", "ag1")
    before, after = await client.get(identity), await client.get(identity)
    assert isinstance(before, Gateway)
    assert isinstance(after, Gateway)
    assert [root.name for root in before.roots] == ["cert1", "cert2"]
    assert sorted(
        (root.certificate.version, root.certificate.not_after.year) for root in before.roots
    ) == [(1, 1999), (3, 2021)]
    attached = next(setting for setting in after.settings if setting.name == "https_settings")
    assert attached.root_names == ("cert1", "cert2")
    assert (attached.pick_host_from_address, attached.validate_chain, attached.validate_name) == (
        True,
        True,
        True,
    )
    assert after.sku is Sku.V2


async def test_v1_gateway_with_authentication_certificates() -> None:
    documents = [
        one["body"]
        for one in exchanges("cli-test_network_ag_auth_cert.yaml")
        if one["status"] == 200
    ]
    gateways = [
        gateway
        for document in documents
        if (gateway := translate_gateway(document)) and gateway.auth_certificates
    ]
    assert {gateway.sku for gateway in gateways} == {Sku.V1}
    assert {gateway.tier for gateway in gateways} == {"Standard"}
    assert all(not gateway.undecodable for gateway in gateways)
    attached = [s for gateway in gateways for s in gateway.settings if s.auth_certificate_names]
    assert attached
    assert set(attached[0].auth_certificate_names) <= {
        one.name for one in gateways[-1].auth_certificates
    }


def test_expected_gateway_of_the_ingress_controller() -> None:
    gateway = translate_gateway(
        sample("agic-one_ingress_https_backend.json"), fallback=at("rg", "agic")
    )
    assert gateway is not None
    checks = member_checks(gateway, well_known=NOBODY)
    https = [check for check in checks if check.request is not None]
    assert [check.member for check in https] == ["11.21.21.21", "11.21.21.22", "11.21.21.23"]
    assert {check.request.policy.trust for check in https if check.request} == {
        TrustMode.UPLOADED_ROOTS
    }
    assert {check.request.policy.name for check in https if check.request} == {"localhost"}


@pytest.mark.parametrize(
    ("name", "count", "word"),
    [
        pytest.param(
            "specs-ApplicationGatewayBackendHealthGet.json",
            3,
            Health.HEALTHY,
            id="official-example-up",
        ),
        pytest.param(
            "specs-ApplicationGatewayBackendHealthTest.json",
            2,
            Health.HEALTHY,
            id="official-example-on-demand",
        ),
    ],
)
def test_official_examples(name: str, count: int, word: Health) -> None:
    body = sample(name)["responses"]["200"]["body"]
    health = translate_health(body, at("rg1", "appgw"), read_at=pki.NOW)
    assert health is not None
    assert [server.health for server in health.servers] == [word] * count
    assert {server.pool for server in health.servers} <= {"MFAnalyticsPool", "MFPool"}


def test_healthy_capture() -> None:
    health = translate_health(
        sample("cli-capture-healthy.json")["body"], at("rg", "gw"), read_at=pki.NOW
    )
    assert health is not None
    assert [
        (s.address, s.health, s.message.code if s.message else None) for s in health.servers
    ] == [
        ("10.21.1.4", Health.HEALTHY, Code.OK),
        ("10.21.1.5", Health.HEALTHY, Code.OK),
    ]
