"""What in the configuration explains a failing health probe is named with the step that helps."""

from __future__ import annotations

import pytest

from bot.azure.hints import hints
from bot.azure.translation import translate_gateway
from playground.arm import GatewaySpec, PoolSpec, ProbeSpec, SettingSpec, gateway_document


def found(setting: SettingSpec, *probes: ProbeSpec, fqdn: str = "", **more: str) -> str:
    """The hints for the only member under a setting."""
    pool = PoolSpec(name="web", fqdns=(fqdn,)) if fqdn else PoolSpec(name="web", ips=("10.0.0.5",))
    spec = GatewaySpec(name="gw", pools=(pool,), settings=(setting,), probes=probes, **more)  # type: ignore[arg-type]
    gateway = translate_gateway(gateway_document(spec))
    assert gateway is not None
    return "\n".join(hints(gateway, gateway.settings[0], gateway.pools[0].members[0]))


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
