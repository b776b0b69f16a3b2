"""Names of gateways behind a label, and ordinary words there that name none."""

from __future__ import annotations

from typing import Any

import pytest

from bot.commands.alerts import AlertTarget, read_alert

PROSE = {
    "certificate": "app gateway: cert CN mismatch on {}",
    "chain": "AGW: chain incomplete on {}, 502",
    "intermediate": "application gateway: intermediate missing for {}, 502",
    "server name": "gateway: wrong SNI for {} -> 502",
    "leaf": "Application Gateway: leaf expired on {}",
    "people": "gateway: shoppers get 502 at {}",
    "hyphen": "app gateway: half-open sockets to {}, 502",
    "compound word": "gateway: mid-rollout, {} gives 502",
    "compound word that says": "AGW: on-call says {} gives 502",
    "nothing": "appgw: nothing reaches {}, 502",
    "placeholder": "gateway=unknown host={} status=502",
    "no value": "gateway: n/a host: {} 502",
    "quoted sentence": "app gateway: 'bad chain' seen, {} gives 502",
    "parentheses": "application gateway (stale chain) 502 on {}",
    "gateway field": "App gateway alert\nGateway: stale cert on {}",
}
NAMES = {
    "alone": ("app gateway: hub-7\n502 on {}", "hub-7"),
    "next label": ("gateway=hub7 host={} status=502", "hub7"),
    "separator": ("AGW: hub_north | {} 502", "hub_north"),
    "code": ("application gateway: `hub`, 502 on {}", "hub"),
    "state": ("app gateway: hub-north is red, 502 on {}", "hub-north"),
    "own word": ("gateway: agw-hub shows 502 on {}", "agw-hub"),
}
TAGS = {
    "bold": "azure.network_applicationgateways.failed over *name:hub-7,resource_group:rg-hub* > 0",
    "braces": "azure.network_applicationgateways.failed over {name:hub-7,resource_group:rg-hub}",
    "code": "azure.network_applicationgateways.failed over `name:hub-7` `resource_group:rg-hub`",
    "before": "failed name:hub-7 resource_group:rg-hub azure.network_applicationgateways",
}
HOST = "app3.adatum.org"


def _target(text: str) -> AlertTarget:
    message: dict[str, Any] = {"text": text.replace("{}", HOST)}
    target = read_alert(message).target
    assert target is not None
    return target


@pytest.mark.parametrize("text", PROSE.values(), ids=PROSE)
def test_words_behind_a_label_name_no_gateway(text: str) -> None:
    target = _target(text)
    assert (target.host, target.gateway) == (HOST, None)


@pytest.mark.parametrize(("text", "name"), NAMES.values(), ids=NAMES)
def test_names_behind_a_label_are_gateways(text: str, name: str) -> None:
    target = _target(text)
    assert target.gateway is not None
    assert (target.host, target.gateway.name) == (HOST, name)


@pytest.mark.parametrize("text", TAGS.values(), ids=TAGS)
def test_tags_of_a_metric_name_a_gateway(text: str) -> None:
    gateway = _target(text).gateway
    assert gateway is not None
    assert gateway.ref.short == "rg-hub/hub-7"
