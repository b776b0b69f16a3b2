"""Every row of the table of names (azure-rules section 2.3), for the probe and for live traffic."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.azure.probes import DEFAULT_RULE
from bot.azure.server_names import MAX_LIVE_NAMES, ProbeNames, live_names, probe_names
from bot.domain.azure import BackendMember, BackendSetting, HealthProbe, MemberKind
from chainlib import Sku

FQDN = BackendMember(kind=MemberKind.FQDN, address="pool.contoso.com")
IP = BackendMember(kind=MemberKind.IP, address="10.0.0.5")
NIC = BackendMember(kind=MemberKind.NIC, address="10.0.0.4", ip_configuration="nic1")
PLAIN = BackendSetting(
    name="https-be",
    port=443,
    protocol="Https",
    host_name="",
    pick_host_from_address=False,
    sni_name="",
    validate_chain=True,
    validate_name=True,
    root_names=(),
    auth_certificate_names=(),
    probe=None,
)
NAMED = replace(PLAIN, host_name="setting.contoso.com")
PICKING = replace(PLAIN, pick_host_from_address=True)
CLIENT = ("www.contoso.com",)


def custom(host: str = "", *, pick: bool = False) -> HealthProbe:
    return HealthProbe(
        name="p1",
        protocol="Https",
        host=host,
        path="/",
        pick_host_from_settings=pick,
        port=None,
        rule=DEFAULT_RULE,
    )


def names(server_name: str | None, host_header: str, reference: str | None) -> ProbeNames:
    return ProbeNames(server_name=server_name, host_header=host_header, reference=reference)


PROBE_ROWS = {
    "custom-host": (
        replace(NAMED, probe=custom("probe.contoso.com")),
        FQDN,
        "probe.contoso.com",
        "probe.contoso.com",
    ),
    "custom-pick-setting-name": (
        replace(NAMED, probe=custom(pick=True)),
        IP,
        "setting.contoso.com",
        "setting.contoso.com",
    ),
    "custom-pick-setting-picks-fqdn": (
        replace(PICKING, probe=custom(pick=True)),
        FQDN,
        "pool.contoso.com",
        "pool.contoso.com",
    ),
    "default-setting-name": (NAMED, FQDN, "setting.contoso.com", "127.0.0.1"),
    "default-setting-picks-fqdn": (PICKING, FQDN, "pool.contoso.com", "127.0.0.1"),
    "default-nothing-fqdn": (PLAIN, FQDN, "pool.contoso.com", "127.0.0.1"),
    "sni-name-wins": (
        replace(NAMED, sni_name="sni.contoso.com", probe=custom("probe.contoso.com")),
        FQDN,
        "sni.contoso.com",
        "probe.contoso.com",
    ),
    "sni-name-default-probe": (
        replace(PLAIN, sni_name="sni.contoso.com"),
        IP,
        "sni.contoso.com",
        "127.0.0.1",
    ),
    "layer4-name": (
        replace(NAMED, layer4=True, protocol="Tls"),
        IP,
        "setting.contoso.com",
        "127.0.0.1",
    ),
}


@pytest.mark.parametrize(
    ("setting", "member", "name", "header"), PROBE_ROWS.values(), ids=PROBE_ROWS
)
def test_probe_name_of_v2(
    setting: BackendSetting, member: BackendMember, name: str, header: str
) -> None:
    assert probe_names(setting, member, Sku.V2) == names(name, header, name)


@pytest.mark.parametrize("member", [IP, NIC], ids=["ip", "nic"])
def test_probe_of_an_address_sends_no_name(member: BackendMember) -> None:
    assert probe_names(PLAIN, member, Sku.V2) == names(None, "127.0.0.1", None)


@pytest.mark.parametrize(
    ("setting", "header"),
    [
        pytest.param(
            replace(PLAIN, probe=custom("10.1.1.1")), "10.1.1.1", id="probe-host-is-a-literal"
        ),
        pytest.param(
            replace(PLAIN, host_name="10.1.1.1", probe=custom(pick=True)),
            "10.1.1.1",
            id="setting-name-is-a-literal",
        ),
        pytest.param(
            replace(PLAIN, host_name="10.1.1.1"), "127.0.0.1", id="default-probe-with-a-literal"
        ),
    ],
)
def test_literal_is_checked_but_never_sent_as_sni(setting: BackendSetting, header: str) -> None:
    assert probe_names(setting, FQDN, Sku.V2) == names(None, header, "10.1.1.1")


def test_setting_with_an_address_asks_for_the_literal() -> None:
    assert probe_names(PICKING, IP, Sku.V2) == names(None, "127.0.0.1", "10.0.0.5")


@pytest.mark.parametrize(
    ("setting", "member", "expected"),
    [
        pytest.param(
            replace(NAMED, probe=custom("probe.contoso.com")),
            FQDN,
            ("pool.contoso.com", "probe.contoso.com"),
            id="pool-fqdn",
        ),
        pytest.param(
            replace(NAMED, probe=custom("probe.contoso.com")),
            IP,
            (None, "probe.contoso.com"),
            id="pool-ip",
        ),
        pytest.param(NAMED, FQDN, ("pool.contoso.com", "127.0.0.1"), id="default-probe"),
    ],
)
def test_probe_name_of_v1_is_the_pools(
    setting: BackendSetting, member: BackendMember, expected: tuple[str | None, str]
) -> None:
    sent, header = expected
    assert probe_names(setting, member, Sku.V1) == names(sent, header, sent)


LIVE_ROWS = {
    "setting-name": (NAMED, FQDN, ("setting.contoso.com",)),
    "setting-picks-fqdn": (PICKING, FQDN, ("pool.contoso.com",)),
    "nothing-ip": (PLAIN, IP, ("www.contoso.com",)),
    "nothing-fqdn-is-contradictory": (PLAIN, FQDN, ("pool.contoso.com", "www.contoso.com")),
    "sni-name": (replace(NAMED, sni_name="sni.contoso.com"), FQDN, ()),
    "setting-picks-from-ip": (PICKING, IP, ()),
    "layer4": (replace(NAMED, layer4=True), FQDN, ()),
}


@pytest.mark.parametrize(("setting", "member", "expected"), LIVE_ROWS.values(), ids=LIVE_ROWS)
def test_live_names_of_v2(
    setting: BackendSetting, member: BackendMember, expected: tuple[str, ...]
) -> None:
    assert live_names(setting, member, CLIENT, Sku.V2).names == expected


def test_live_name_of_v1_is_the_probes() -> None:
    assert live_names(NAMED, FQDN, CLIENT, Sku.V1).names == ()


@pytest.mark.parametrize(
    ("hosts", "said"),
    [
        pytest.param((), "any name", id="listener-takes-anything"),
        pytest.param(("*.contoso.com",), "anything under *.contoso.com", id="wildcard-listener"),
    ],
)
def test_client_only_names_are_called_untested(hosts: tuple[str, ...], said: str) -> None:
    live = live_names(PLAIN, IP, hosts, Sku.V2)
    assert live.names == ()
    assert said in live.untested[0]


def test_many_listener_names_are_bounded() -> None:
    live = live_names(PLAIN, IP, tuple(f"h{number}.contoso.com" for number in range(9)), Sku.V2)
    assert len(live.names) == MAX_LIVE_NAMES
    assert live.untested == ("5 more host names of the listeners",)
