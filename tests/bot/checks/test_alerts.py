"""Alerts against the gateways that ARM listed, and Azure's own words in them."""

from __future__ import annotations

from dataclasses import replace

from bot.checks.alerts import AlertReader
from bot.domain.azure import BackendMember, BackendPool, Gateway, MemberKind, SiteRule
from bot.domain.gateway_ref import GatewayId
from tests.support.gateways import GATEWAY


def gateway(name: str, member: str, site: str) -> Gateway:
    return replace(
        GATEWAY,
        id=GatewayId(subscription="S-1", group="RG-Edge", name=name),
        pools=(
            BackendPool(name="web", members=(BackendMember(kind=MemberKind.IP, address=member),)),
        ),
        site_rules=(SiteRule(rule="r", listener="l", hosts=(site,), pool="web", setting="s"),),
    )


def line(reader: AlertReader, text: str) -> str | None:
    target = reader.read({"text": text}).target
    return target.line if target else None


def test_names_of_the_listed_gateways_decide() -> None:
    held: list[tuple[Gateway, ...] | None] = [None]
    reader = AlertReader(gateways=lambda: held[0])
    text = "502 on store.adatum.com, seen by probe.tailspin.org"
    assert line(reader, text) == "store.adatum.com"
    held[0] = (gateway("Edge-AGW", "10.8.1.4", "store.adatum.com"),)
    assert line(reader, text) == "site:store.adatum.com gw=rg-edge/edge-agw"
    assert line(reader, "10.8.1.4 unhealthy") == "10.8.1.4 gw=rg-edge/edge-agw"
    held[0] = (gateway("other-agw", "10.9.1.4", "x.adatum.com"),)
    assert line(reader, text) == "store.adatum.com"


def test_words_of_azure_alone_are_explained() -> None:
    words = (
        "The Common Name of the leaf certificate presented by the backend server does not match "
        "the Probe or Backend Setting hostname of the application gateway."
    )
    said = AlertReader().explained({"text": f"Backend health: {words}"})
    assert said is not None
    assert said.startswith("NAME_MISMATCH: ")
    assert "which gateway" in said


def test_words_that_are_not_azures_are_not_explained() -> None:
    assert AlertReader().explained({"text": "checkout is slow"}) is None
