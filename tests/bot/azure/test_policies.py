"""What is demanded of each member.

Trust, switches, probe rule, and the uses that a host name leads to.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.azure.gateway_document import translate_gateway
from bot.azure.member_uses import NO_ADDRESS, NO_TLS, tls_uses_of
from bot.domain.azure import Gateway
from bot.domain.report import CheckRequest, MemberCheck
from chainlib import HttpProbeRule, Sku, TrustAnchors, TrustMode
from playground.arm import GatewaySpec, PoolSpec, ProbeSpec, RuleSpec, SettingSpec, gateway_document
from playground.lab import pki
from tests.support.gateways import member_checks

CORP, OLD, FOREIGN = (
    pki.root("Corp Root").certificate,
    pki.root("Old Root").certificate,
    pki.root("Foreign Root").certificate,
)
LEAF = pki.leaf(None).certificate
WELL_KNOWN = TrustAnchors(mode=TrustMode.WELL_KNOWN, certificates=(FOREIGN,))
WEB = PoolSpec(name="web", fqdns=("backend.contoso.com",))
SPEC = GatewaySpec(
    name="prod-gw",
    pools=(WEB,),
    settings=(SettingSpec(name="https-be", port=8443, roots=("corp",)),),
    roots={"corp": CORP, "old": OLD},
)


def gateway(spec: GatewaySpec) -> Gateway:
    translated = translate_gateway(gateway_document(spec))
    assert translated is not None
    return translated


def checks(spec: GatewaySpec, *others: GatewaySpec) -> tuple[MemberCheck, ...]:
    return member_checks(gateway(spec), well_known=WELL_KNOWN, others=tuple(map(gateway, others)))


def request(spec: GatewaySpec, *others: GatewaySpec) -> CheckRequest:
    (check,) = checks(spec, *others)
    assert check.request is not None
    return check.request


def with_setting(**facts: object) -> GatewaySpec:
    return replace(SPEC, settings=(replace(SPEC.settings[0], **facts),))  # type: ignore[arg-type]


def test_attached_roots_are_the_anchors() -> None:
    anchors = request(SPEC).policy.anchors
    assert (anchors.mode, anchors.certificates) == (TrustMode.UPLOADED_ROOTS, (CORP,))
    assert anchors.names == {CORP.sha256: "corp"}


def test_setting_without_roots_trusts_the_well_known() -> None:
    assert request(with_setting(roots=())).policy.anchors is WELL_KNOWN


def test_unattached_root_on_the_gateway_is_known() -> None:
    assert [(root.name, root.on_other_gateway) for root in request(SPEC).policy.unattached] == [
        ("old", False)
    ]


def test_roots_of_other_gateways_follow_the_own() -> None:
    other_gateway = GatewaySpec(name="dr-gw", roots={"foreign": FOREIGN, "corp-too": CORP})
    unattached = request(SPEC, other_gateway, SPEC).policy.unattached
    assert [(root.name, root.gateway, root.on_other_gateway) for root in unattached] == [
        ("old", "prod-gw", False),
        ("foreign", "dr-gw", True),
    ]


def test_unreadable_attached_root_is_said() -> None:
    policy = request(replace(SPEC, roots={"corp": "bm90aGluZw=="})).policy
    assert (policy.trust, policy.anchors.certificates) == (TrustMode.UPLOADED_ROOTS, ())
    assert [broken.name for broken in policy.anchors.undecodable] == ["corp"]


def test_key_vault_root_is_said_to_be_unseen() -> None:
    document = gateway_document(SPEC)
    document["properties"]["trustedRootCertificates"][0]["properties"] = {
        "keyVaultSecretId": "https://vault/secrets/corp"
    }
    translated = translate_gateway(document)
    assert translated is not None
    (check,) = member_checks(translated, well_known=WELL_KNOWN)
    assert check.request is not None
    assert (
        "the trusted root corp: ARM does not show it, as it does not those in Key Vault"
        in check.request.assumed
    )


def test_v1_trusts_its_authentication_certificates() -> None:
    setting = SettingSpec(name="https-be", auth_certificates=("leaf",))
    policy = request(
        replace(
            SPEC, tier="WAF", settings=(setting,), auth_certificates={"leaf": LEAF, "other": CORP}
        )
    ).policy
    assert (policy.sku, policy.trust, policy.anchors.certificates) == (
        Sku.V1,
        TrustMode.AUTH_CERTIFICATES,
        (LEAF,),
    )
    assert policy.unattached == ()


@pytest.mark.parametrize("tier", ["Standard_v2", "WAF_v2", "Basic", "", "Basic_WAF_v2"])
def test_every_other_tier_follows_v2(tier: str) -> None:
    assert request(replace(SPEC, tier=tier)).policy.sku is Sku.V2


@pytest.mark.parametrize(
    ("chain", "name", "expected"),
    [
        pytest.param(None, None, (True, True), id="missing-means-on"),
        pytest.param(False, True, (False, True), id="chain-off"),
        pytest.param(True, False, (True, False), id="name-off"),
    ],
)
def test_validation_switches(
    chain: bool | None,  # noqa: FBT001 -- the columns of a table
    name: bool | None,  # noqa: FBT001 -- the columns of a table
    expected: tuple[bool, bool],
) -> None:
    policy = request(with_setting(validate_chain=chain, validate_name=name)).policy
    assert (policy.validate_chain, policy.validate_name) == expected


def test_default_probe_rule() -> None:
    assert request(SPEC).policy.http == HttpProbeRule(
        host_header="127.0.0.1", path="/", statuses=((200, 399),), timeout=30.0
    )


def test_custom_probe_rule_and_port() -> None:
    probe = ProbeSpec(
        name="p1",
        host="probe.contoso.com",
        path="/healthz",
        port=9443,
        timeout=120,
        codes=("200", "301-302"),
        body="up",
    )
    admitted = request(replace(with_setting(probe="p1"), probes=(probe,)))
    assert (admitted.target.host, admitted.target.port, admitted.target.server_name) == (
        "backend.contoso.com",
        9443,
        "probe.contoso.com",
    )
    assert admitted.policy.http == HttpProbeRule(
        host_header="probe.contoso.com",
        path="/healthz",
        statuses=((200, 200), (301, 302)),
        body="up",
        timeout=120.0,
    )


def test_layer4_setting_has_no_http_probe() -> None:
    setting = SettingSpec(
        name="tls-be", protocol="Tls", host_name="backend.contoso.com", layer4=True, roots=("corp",)
    )
    admitted = request(replace(SPEC, settings=(setting,)))
    assert admitted.policy.http is None
    assert admitted.target.server_name == "backend.contoso.com"


@pytest.mark.parametrize(
    ("setting", "probe", "expected"),
    [(True, False, True), (False, True, True), (False, False, False)],
    ids=["client-ip-preservation", "probe-header", "neither"],
)
def test_proxy_header_of_setting_or_probe(
    setting: bool,  # noqa: FBT001 -- a table column
    probe: bool,  # noqa: FBT001 -- a table column
    expected: bool,  # noqa: FBT001 -- a table column
) -> None:
    spec = replace(
        SPEC,
        settings=(
            SettingSpec(name="tls-be", protocol="Tls", layer4=True, client_ip=setting, probe="p"),
        ),
        probes=(ProbeSpec(name="p", protocol="Tls", proxy_header=probe),),
    )
    assert request(spec).target.proxy_header is expected


def test_names_of_listeners_are_known_names() -> None:
    rules = (RuleSpec(pool="web", setting="https-be", hosts=("www.contoso.com",)),)
    assert request(replace(SPEC, rules=rules)).known_names == ("www.contoso.com",)


def test_equal_live_name_is_not_repeated() -> None:
    assert request(SPEC).policy.live_names == ()
    named = replace(
        SPEC,
        rules=(
            RuleSpec(
                pool="web", setting="https-be", hosts=("WWW.contoso.com", "backend.contoso.com")
            ),
        ),
    )
    assert request(named).policy.live_names == ("www.contoso.com",)


def test_what_cannot_be_probed_says_why() -> None:
    plain = SettingSpec(name="http-be", port=80, protocol="Http")
    listed = checks(
        replace(SPEC, settings=(SPEC.settings[0], plain), pools=(replace(WEB, nics=("nic1",)),))
    )
    assert [(check.setting, check.member, check.skipped) for check in listed] == [
        ("https-be", "backend.contoso.com", ""),
        ("https-be", "nic1", NO_ADDRESS),
        ("http-be", "backend.contoso.com", NO_TLS),
        ("http-be", "nic1", NO_ADDRESS),
    ]


def test_pair_that_no_rule_joins_is_not_checked() -> None:
    """The gateway does not probe it either."""
    unused = replace(
        SPEC,
        pools=(WEB, PoolSpec(name="spare", ips=("10.0.0.9",))),
        rules=(RuleSpec(pool="web", setting="https-be"),),
    )
    assert [check.pool for check in checks(unused)] == ["web"]


def test_matching_finds_the_pools_that_hold_a_host() -> None:
    plain = SettingSpec(name="http-be", port=80, protocol="Http")
    other = GatewaySpec(
        name="dr-gw",
        pools=(PoolSpec(name="dr", fqdns=("Backend.contoso.com",)),),
        settings=(SettingSpec(name="https"),),
    )
    gateways = (gateway(replace(SPEC, settings=(*SPEC.settings, plain))), gateway(other))
    found = [
        (use.gateway.id.name, use.setting.name)
        for use in tls_uses_of(gateways, "BACKEND.contoso.com.")
    ]
    assert found == [("prod-gw", "https-be"), ("dr-gw", "https")]
    assert [use.gateway.id.name for use in tls_uses_of(gateways, "backend.contoso.com", 8443)] == [
        "prod-gw"
    ]
    assert tls_uses_of(gateways, "elsewhere.contoso.com") == ()


def test_live_only_port_is_said_to_be_unseen() -> None:
    probing = replace(
        SPEC,
        probes=(ProbeSpec(name="p", port=9443),),
        settings=(replace(SPEC.settings[0], probe="p"),),
    )
    assert (
        "the health probe uses port 9443; port 8443, which live traffic uses, was not checked"
        in request(probing).assumed
    )
    assert not [said for said in request(SPEC).assumed if "port" in said]
