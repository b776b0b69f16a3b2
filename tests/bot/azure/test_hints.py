"""What in the configuration explains a failing health probe is named with the step that helps."""

from __future__ import annotations

import pytest

from bot.azure.gateway_document import translate_gateway
from bot.azure.hints import hints
from bot.domain.report import MemberReport
from chainlib import Basis, Code, Finding, Severity
from playground.arm import GatewaySpec, PoolSpec, ProbeSpec, SettingSpec, gateway_document
from playground.lab import pki


def found(setting: SettingSpec, *probes: ProbeSpec, fqdn: str = "", **more: str) -> str:
    """The hints for the only member under a setting."""
    pool = PoolSpec(name="web", fqdns=(fqdn,)) if fqdn else PoolSpec(name="web", ips=("10.0.0.5",))
    spec = GatewaySpec(name="gw", pools=(pool,), settings=(setting,), probes=probes, **more)  # type: ignore[arg-type]
    gateway = translate_gateway(gateway_document(spec))
    assert gateway is not None
    return "\n".join(
        hint.sentence for hint in hints(gateway, gateway.settings[0], gateway.pools[0].members[0])
    )


HTTPS = "https-be"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            found(SettingSpec(name=HTTPS), ProbeSpec(name="p1", host="a.contoso.com")),
            "--gateway-name gw -n https-be --probe p1",
        ),
        (found(SettingSpec(name=HTTPS)), "with Host: 127.0.0.1"),
        (
            found(SettingSpec(name=HTTPS, probe="p1"), ProbeSpec(name="p1", pick_host=True)),
            "which has none",
        ),
        (
            found(
                SettingSpec(name=HTTPS, probe="p1", pick_host=True),
                ProbeSpec(name="p1", pick_host=True),
            ),
            "that is an IP address",
        ),
        (
            found(SettingSpec(name=HTTPS, probe="p1"), ProbeSpec(name="p1")),
            "has no host name and takes none",
        ),
        (
            found(SettingSpec(name=HTTPS), ProbeSpec(name="p1"), group="rg(Stop-Computer)"),
            "-g 'rg(Stop-Computer)'",
        ),
    ],
    ids=["unused probe", "default probe", "nothing to pick", "picks an IP", "none", "quoted"],
)
def test_odd_probe_is_named(text: str, words: str) -> None:
    assert words in text


@pytest.mark.parametrize(
    "text",
    [
        found(SettingSpec(name=HTTPS, probe="p1"), ProbeSpec(name="p1", host="a.contoso.com")),
        found(
            SettingSpec(name=HTTPS, probe="p1", host_name="a.contoso.com"),
            ProbeSpec(name="p1", pick_host=True),
        ),
        found(
            SettingSpec(name=HTTPS, probe="p1", pick_host=True),
            ProbeSpec(name="p1", pick_host=True),
            fqdn="a.contoso.com",
        ),
        found(SettingSpec(name="tls", layer4=True, protocol="Tls")),
    ],
    ids=["own host", "host of the setting", "host of the pool", "layer 4"],
)
def test_usual_probe_needs_no_hint(text: str) -> None:
    assert text == ""


V1_LEFT = {"auth_certificates": {"old-leaf": pki.leaf(None).certificate}, "tier": "Standard_v2"}


def members(setting: SettingSpec, code: Code) -> MemberReport:
    """The only member, found to have this fault."""
    spec = GatewaySpec(
        name="gw", pools=(PoolSpec(name="web", ips=("10.0.0.5",)),), settings=(setting,), **V1_LEFT
    )
    gateway = translate_gateway(gateway_document(spec))
    assert gateway is not None
    fault = Finding(
        code=code, severity=Severity.CRITICAL, summary="As it is.", basis=Basis.DOCUMENTED
    )
    return MemberReport(
        pool="web",
        setting=setting.name,
        member="10.0.0.5",
        findings=(fault,),
        hints=hints(gateway, gateway.settings[0], gateway.pools[0].members[0]),
    )


@pytest.mark.parametrize(
    ("attached", "words"),
    [
        pytest.param(("old-leaf",), "still holds v1 authentication certificates", id="attached"),
        pytest.param((), "holds v1 authentication certificates and no trusted root", id="lying"),
    ],
)
def test_v1_trust_on_v2_is_named(attached: tuple[str, ...], words: str) -> None:
    setting = SettingSpec(name=HTTPS, probe="p1", auth_certificates=attached)
    unknown = members(setting, Code.SERVER_UNKNOWN_CA)
    assert [words in hint for hint in unknown.useful_hints] == [True]
    other = members(setting, Code.HTTP_STATUS_MISMATCH).useful_hints
    assert not any("v1" in hint for hint in other)
