"""Alerts against the gateways that ARM listed, and Azure's own words in them."""

from __future__ import annotations

import asyncio
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


async def line(reader: AlertReader, text: str) -> str | None:
    target = (await reader.read({"text": text})).target
    return target.line if target else None


async def test_names_of_the_listed_gateways_decide() -> None:
    held: list[tuple[Gateway, ...] | None] = [None]
    reader = AlertReader(gateways=lambda: held[0])
    text = "502 on store.adatum.com, seen by probe.tailspin.org"
    assert await line(reader, text) == "store.adatum.com"
    held[0] = (gateway("Edge-AGW", "10.8.1.4", "store.adatum.com"),)
    assert await line(reader, text) == "site:store.adatum.com gw=rg-edge/edge-agw"
    assert await line(reader, "10.8.1.4 unhealthy") == "10.8.1.4 gw=rg-edge/edge-agw"
    held[0] = (gateway("other-agw", "10.9.1.4", "x.adatum.com"),)
    assert await line(reader, text) == "store.adatum.com"


async def test_long_alert_does_not_block_the_loop() -> None:
    text = "".join(f"h{number}.contoso.com unlike hosted on " for number in range(300))
    reading = asyncio.create_task(AlertReader().read({"text": text}))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10
    assert (await reading).target is None


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
