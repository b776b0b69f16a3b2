"""ARM's documents become our values whatever their shape.

Unknown members, missing ones, the wrong types.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates
from hypothesis import given
from hypothesis import strategies as st

from bot.azure.gateway_document import (
    gateway_id,
    nic_members,
    translate_gateway,
    with_nic_addresses,
)
from bot.azure.health import translate_health, with_known_names
from bot.azure.probes import status_ranges
from bot.domain.azure import BackendMember, Gateway, Health, MemberKind, PoolUse
from bot.domain.gateway_ref import GatewayId
from chainlib import Sku, TrustAnchors, TrustMode
from playground.arm import (
    GatewaySpec,
    PoolSpec,
    ProbeSpec,
    RuleSpec,
    SettingSpec,
    gateway_document,
    health_document,
)
from playground.lab import pki
from tests.support.gateways import member_checks

ROOT = pki.root()
CERTIFICATE = ROOT.certificate
NOBODY = TrustAnchors(mode=TrustMode.WELL_KNOWN, certificates=())
SPEC = GatewaySpec(
    name="prod-gw",
    pools=(
        PoolSpec(name="web", fqdns=("Backend.contoso.com.",), ips=("10.0.0.5",), nics=("nic1",)),
    ),
    settings=(
        SettingSpec(name="https-be", probe="p1", roots=("corp",)),
        SettingSpec(name="tls-be", protocol="Tls", layer4=True),
    ),
    probes=(ProbeSpec(name="p1", pick_host=True),),
    roots={"corp": CERTIFICATE},
    rules=(
        RuleSpec(pool="web", setting="https-be", hosts=("a.contoso.com",)),
        RuleSpec(pool="web", setting="https-be", hosts=("*.b.contoso.com",), path="/api/*"),
        RuleSpec(pool="web", setting="tls-be"),
    ),
)
ID = GatewayId(subscription=SPEC.subscription, group=SPEC.group, name=SPEC.name)


def translated(document: dict[str, Any]) -> Gateway:
    gateway = translate_gateway(document)
    assert gateway is not None
    return gateway


def test_members_of_every_kind() -> None:
    (pool,) = translated(gateway_document(SPEC)).pools
    assert [(member.kind, member.address, member.label) for member in pool.members] == [
        (MemberKind.FQDN, "backend.contoso.com", "backend.contoso.com"),
        (MemberKind.IP, "10.0.0.5", "10.0.0.5"),
        (MemberKind.NIC, "", "nic1"),
    ]


def test_address_in_the_name_field_is_an_address() -> None:
    document = gateway_document(SPEC)
    document["properties"]["backendAddressPools"][0]["properties"]["backendAddresses"] = [
        {"fqdn": "10.0.0.7"}
    ]
    assert translated(document).pools[0].members[0] == BackendMember(
        kind=MemberKind.IP, address="10.0.0.7"
    )


def test_every_rule_kind_joins_pool_setting_and_hosts() -> None:
    assert translated(gateway_document(SPEC)).uses == (
        PoolUse(pool="web", setting="https-be", live_hosts=("a.contoso.com", "*.b.contoso.com")),
        PoolUse(pool="web", setting="tls-be"),
    )


def test_path_map_default_and_older_host_name_member() -> None:
    document = gateway_document(SPEC)
    facts = document["properties"]
    path_map = facts["urlPathMaps"][0]["properties"]
    pair = path_map.pop("pathRules")[0]["properties"]
    path_map |= {
        "defaultBackendAddressPool": pair["backendAddressPool"],
        "defaultBackendHttpSettings": pair["backendHttpSettings"],
    }
    facts["requestRoutingRules"] = facts["requestRoutingRules"][1:]
    facts["httpListeners"][1]["properties"] = {"hostName": "old.contoso.com"}
    assert translated(document).uses[0] == PoolUse(
        pool="web", setting="https-be", live_hosts=("old.contoso.com",)
    )


def test_redirect_rule_joins_nothing() -> None:
    document = gateway_document(SPEC)
    document["properties"]["requestRoutingRules"] = [
        {
            "name": "r",
            "properties": {"redirectConfiguration": {"id": f"{SPEC.id}/redirectConfigurations/x"}},
        }
    ]
    assert [use.setting for use in translated(document).uses] == ["tls-be"]


def test_ids_are_compared_without_case() -> None:
    document = gateway_document(SPEC)
    for rule in document["properties"]["requestRoutingRules"]:
        for member in rule["properties"].values():
            if isinstance(member, dict):
                member["id"] = member["id"].upper()
    assert translated(document).uses == translated(gateway_document(SPEC)).uses


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(ROOT.pem.replace(b"\n", b"\r\n"), id="pem-crlf"),
        pytest.param(b"\xef\xbb\xbf" + ROOT.pem, id="pem-bom"),
        pytest.param(CERTIFICATE.parsed.public_bytes(Encoding.DER), id="der"),
    ],
)
def test_root_data_of_every_encoding(data: bytes) -> None:
    document = gateway_document(
        GatewaySpec(name="gw", roots={"corp": base64.b64encode(data).decode()})
    )
    gateway = translated(document)
    assert [(root.name, root.certificate, root.gateway) for root in gateway.roots] == [
        ("corp", CERTIFICATE, "gw")
    ]
    assert gateway.undecodable == ()


def test_bundle_gives_every_certificate_under_one_name() -> None:
    other = pki.root("Other Root")
    document = gateway_document(
        GatewaySpec(name="gw", roots={"corp": base64.b64encode(ROOT.pem + other.pem).decode()})
    )
    assert [(root.name, root.certificate) for root in translated(document).roots] == [
        ("corp", CERTIFICATE),
        ("corp", other.certificate),
    ]


@pytest.mark.parametrize(
    "data",
    ["%%%", "bm90IGEgY2VydA==", base64.b64encode(ROOT.key_pem).decode()],
    ids=["text", "other", "key"],
)
def test_root_that_is_none_is_named(data: str) -> None:
    gateway = translated(gateway_document(GatewaySpec(name="gw", roots={"corp": data})))
    assert gateway.roots == ()
    assert [root.name for root in gateway.undecodable] == ["corp"]
    assert "PRIVATE" not in gateway.undecodable[0].reason


@pytest.mark.parametrize(
    "member", [{}, {"data": ""}, {"keyVaultSecretId": "https://kv/secrets/x"}], ids=str
)
def test_root_without_data_is_not_visible(member: dict[str, str]) -> None:
    document = gateway_document(GatewaySpec(name="gw", roots={"corp": ""}))
    root = document["properties"]["trustedRootCertificates"][0]
    root["properties"] = {"provisioningState": "Succeeded", **member}
    gateway = translated(document)
    assert (gateway.roots, gateway.undecodable, gateway.hidden_roots) == ((), (), ("corp",))


INNER = [ROOT.pem, ROOT.certificate.der]


@pytest.mark.parametrize("inner", INNER, ids=["pem", "der"])
def test_root_that_was_encoded_twice_is_named(inner: bytes) -> None:
    data = base64.b64encode(base64.encodebytes(inner)).decode()
    gateway = translated(gateway_document(GatewaySpec(name="gw", roots={"corp": data})))
    assert gateway.roots == ()
    assert [(one.name, one.kind) for one in gateway.undecodable] == [("corp", "double-encoded")]


@pytest.mark.parametrize("inner", INNER, ids=["pem", "der"])
def test_root_that_was_encoded_once_is_read(inner: bytes) -> None:
    data = base64.b64encode(inner).decode()
    gateway = translated(gateway_document(GatewaySpec(name="gw", roots={"corp": data})))
    assert (len(gateway.roots), gateway.undecodable, gateway.packed_roots) == (1, (), ())


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM], ids=["der", "pem"])
def test_pkcs7_bag_as_a_root_is_named(encoding: Encoding) -> None:
    bag = serialize_certificates([ROOT.certificate.parsed], encoding)
    data = base64.b64encode(bag).decode()
    gateway = translated(gateway_document(GatewaySpec(name="gw", roots={"corp": data})))
    assert [(one.name, one.kind, one.count) for one in gateway.packed_roots] == [
        ("corp", "pkcs7", 1)
    ]
    assert [root.certificate for root in gateway.roots] == [CERTIFICATE]


INSTANCE = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/web/"
    "virtualMachines/{}/networkInterfaces/nic/ipConfigurations/{}"
)
INTERFACE = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkInterfaces/{}/"
    "ipConfigurations/{}"
)


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        ((INSTANCE.format(0, "ipc"), INSTANCE.format(12, "ipc")), ["web/0", "web/12"]),
        (
            (INSTANCE.format(0, "a"), INSTANCE.format(0, "b")),
            ["web/0/nic/a", "web/0/nic/b"],
        ),
        ((INTERFACE.format("vm-1", "p"), INTERFACE.format("vm-2", "p")), ["vm-1", "vm-2"]),
        ((INTERFACE.format("vm-1", "p"), INTERFACE.format("vm-1", "q")), ["vm-1/p", "vm-1/q"]),
    ],
    ids=["instances", "one instance twice", "interfaces", "one interface twice"],
)
def test_network_interfaces_get_distinct_names(ids: tuple[str, ...], names: list[str]) -> None:
    assert [member.label for member in nic_members(ids)] == names


@pytest.mark.parametrize(
    ("sku", "expected"),
    [
        ({"name": "WAF_Large", "capacity": 2}, Sku.V1),
        ({"name": "Standard_Small"}, Sku.V1),
        ({"name": "Standard_Medium", "tier": "Standard"}, Sku.V1),
        ({"name": "Standard_v2"}, Sku.V2),
        ({"name": "Basic", "tier": "Basic"}, Sku.V2),
        ({"name": "WAF_v2", "tier": "WAF_v2"}, Sku.V2),
    ],
    ids=lambda value: str(value.get("name")) if isinstance(value, dict) else None,
)
def test_generation_is_read_from_tier_or_size(sku: dict[str, Any], expected: Sku) -> None:
    document = gateway_document(GatewaySpec(name="gw"))
    document["properties"]["sku"] = sku
    assert translated(document).sku is expected


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        pytest.param(["200-399"], ((200, 399),), id="range"),
        pytest.param(["200", "401 - 403"], ((200, 200), (401, 403)), id="code-and-spaced-range"),
        pytest.param([200, "204,206"], ((200, 200), (204, 204), (206, 206)), id="number-and-list"),
        pytest.param(["399-200", "ok", None, "20"], (), id="nonsense"),
        pytest.param("200", (), id="no-list"),
    ],
)
def test_status_ranges(codes: object, expected: tuple[tuple[int, int], ...]) -> None:
    assert status_ranges(codes) == expected


@pytest.mark.parametrize(
    "document", [None, [], "text", {}, {"id": SPEC.id}, {"properties": {"sku": {}}}], ids=repr
)
def test_what_is_no_gateway_is_none(document: object) -> None:
    assert translate_gateway(document) is None


def test_sub_resource_id_leads_to_its_gateway() -> None:
    assert gateway_id(f"{SPEC.id.upper()}/backendAddressPools/web") is not None
    assert gateway_id(f"{SPEC.id}/probes/p1") == ID
    assert gateway_id("/subscriptions/x") is None


WORDS = {
    "Healthy": Health.HEALTHY, "Up": Health.HEALTHY, "healthy": Health.HEALTHY,
    "UNHEALTHY": Health.UNHEALTHY, "Down": Health.UNHEALTHY,
    "Partial": Health.UNHEALTHY, "Draining": Health.UNKNOWN, "Unknown": Health.UNKNOWN,
    "Splendid": Health.UNKNOWN, "": Health.UNKNOWN,
}  # fmt: skip


@pytest.mark.parametrize(("word", "expected"), WORDS.items(), ids=WORDS)
def test_health_words_of_both_families(word: str, expected: Health) -> None:
    answer = health_document(SPEC, {("web", "https-be", "10.0.0.5"): (word, "")})
    health = translate_health(answer, ID, read_at=pki.NOW)
    assert health is not None
    server = next(s for s in health.servers if (s.setting, s.address) == ("https-be", "10.0.0.5"))
    assert (server.health, server.message) == (expected, None)


@pytest.mark.parametrize("servers", [[], None, "x", [None, 3]], ids=repr)
def test_servers_that_are_none(servers: object) -> None:
    answer = {"backendAddressPools": [{"backendHttpSettingsCollection": [{"servers": servers}]}]}
    health = translate_health(answer, ID, read_at=pki.NOW)
    assert health is not None
    assert health.servers == ()


def test_names_are_spelt_as_configured() -> None:
    answer = health_document(SPEC)
    for pool in answer["backendAddressPools"]:
        pool["backendAddressPool"]["id"] = pool["backendAddressPool"]["id"].replace("/web", "/WEB")
    health = translate_health(answer, ID, read_at=pki.NOW)
    assert health is not None
    assert {
        s.pool for s in with_known_names(health, translated(gateway_document(SPEC))).servers
    } == {"web"}


def test_nic_addresses_come_from_health() -> None:
    health = translate_health(health_document(SPEC), ID, read_at=pki.NOW)
    assert health is not None
    joined = with_nic_addresses(translated(gateway_document(SPEC)), health)
    assert [member.address for member in joined.pools[0].members] == [
        "backend.contoso.com",
        "10.0.0.5",
        "10.0.0.4",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=10,
)


def places(document: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON document."""
    items = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    return [path, *(place for key, value in items for place in places(value, (*path, key)))]


def put(document: Any, path: tuple[Any, ...], value: object) -> object:  # noqa: ANN401 -- JSON, walked by its own keys
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = put(document[path[0]], path[1:], value)
    return copy


GATEWAY_DOCUMENT, HEALTH_DOCUMENT = gateway_document(SPEC), health_document(SPEC)


@given(place=st.sampled_from(places(GATEWAY_DOCUMENT)), value=JSON)
def test_nothing_in_a_gateway_makes_it_raise(place: tuple[Any, ...], value: object) -> None:
    gateway = translate_gateway(put(GATEWAY_DOCUMENT, place, value))
    assert gateway is None or member_checks(gateway, well_known=NOBODY) is not None


@given(place=st.sampled_from(places(HEALTH_DOCUMENT)), value=JSON)
def test_nothing_in_an_answer_makes_it_raise(place: tuple[Any, ...], value: object) -> None:
    health = translate_health(put(HEALTH_DOCUMENT, place, value), ID, read_at=pki.NOW)
    assert health is None or with_nic_addresses(translated(GATEWAY_DOCUMENT), health).id == ID


@given(document=JSON)
def test_arbitrary_json_never_raises(document: object) -> None:
    assert translate_gateway(document, fallback=ID) is None or isinstance(document, dict)
    assert translate_health(document, ID, read_at=pki.NOW) is None
