"""Which rules serve a public name: exact and wildcard listeners, path rules, redirects, layer 4."""

from __future__ import annotations

from typing import Any

import pytest

from bot.azure.gateway_document import translate_gateway
from bot.azure.sites import rules_for, site_names
from bot.domain.azure import Gateway

ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/edge"


def item(kind: str, name: str, **facts: object) -> dict[str, Any]:
    return {"name": name, "id": f"{ID}/{kind}/{name}", "properties": facts}


def to(kind: str, name: str) -> dict[str, str]:
    return {"id": f"{ID}/{kind}/{name}"}


def pair(pool: str, setting: str, prefix: str = "") -> dict[str, Any]:
    keys = [
        key[:1].upper() + key[1:] if prefix else key
        for key in ("backendAddressPool", "backendHttpSettings")
    ]
    return {
        prefix + keys[0]: to("backendAddressPools", pool),
        prefix + keys[1]: to("backendHttpSettingsCollection", setting),
    }


def listener(name: str, *hosts: str, single: str | None = None) -> dict[str, Any]:
    return item(
        "httpListeners",
        name,
        hostName=single,
        hostNames=list(hosts),
        frontendIPConfiguration=to("frontendIPConfigurations", "fe"),
        frontendPort=to("frontendPorts", "p"),
    )


def rule(name: str, listens: str, **facts: object) -> dict[str, Any]:
    return item("requestRoutingRules", name, httpListener=to("httpListeners", listens), **facts)


CONFIGURATION = {
    "frontendIPConfigurations": [
        item("frontendIPConfigurations", "fe", privateIPAddress="10.1.0.4")
    ],
    "frontendPorts": [item("frontendPorts", "p", port=8443)],
    "backendAddressPools": [item("backendAddressPools", name) for name in ("web", "img", "net")],
    "backendHttpSettingsCollection": [item("backendHttpSettingsCollection", "https")],
    "httpListeners": [
        listener("web", single="Store.Adatum.example"),
        listener("any", "*.adatum.example", "a?.tailspin.example"),
        listener("old", "old.adatum.example"),
        listener("away", "away.adatum.example"),
    ],
    "urlPathMaps": [
        item(
            "urlPathMaps",
            "m",
            **pair("web", "https", "default"),
            pathRules=[
                item("pathRules", "img", paths=["/img/*", "/pics/*"], **pair("img", "https"))
            ],
        )
    ],
    "redirectConfigurations": [
        item("redirectConfigurations", "to-web", targetListener=to("httpListeners", "web")),
        item("redirectConfigurations", "out", targetUrl="https://new.tailspin.example/"),
    ],
    "requestRoutingRules": [
        rule("r-web", "web", urlPathMap=to("urlPathMaps", "m")),
        rule(
            "r-any",
            "any",
            **pair("net", "https"),
            rewriteRuleSet=to("rewriteRuleSets", "strip"),
        ),
        rule("r-old", "old", redirectConfiguration=to("redirectConfigurations", "to-web")),
        rule("r-away", "away", redirectConfiguration=to("redirectConfigurations", "out")),
    ],
    "backendSettingsCollection": [item("backendSettingsCollection", "tls4")],
    "listeners": [item("listeners", "four", hostNames=["db.adatum.example"])],
    "routingRules": [
        item(
            "routingRules",
            "r-four",
            listener=to("listeners", "four"),
            backendAddressPool=to("backendAddressPools", "net"),
            backendSettings=to("backendSettingsCollection", "tls4"),
        )
    ],
}


def gateway() -> Gateway:
    found = translate_gateway({"id": ID, "name": "edge", "properties": CONFIGURATION})
    assert found is not None
    return found


WAYS = {
    "exact with a path map": (
        "store.adatum.example",
        [("rule r-web, path /img/* /pics/*", "img"), ("rule r-web", "web")],
    ),
    "exact wins over its wildcard": ("old.adatum.example", [("rule r-old", ""), *[]]),
    "under a wildcard": ("fr.adatum.example", [("rule r-any, rewritten by strip", "net")]),
    "under a question mark": ("a1.tailspin.example", [("rule r-any, rewritten by strip", "net")]),
    "layer 4": ("db.adatum.example", [("rule r-four", "net")]),
    "case and last dot": ("DB.adatum.example.", [("rule r-four", "net")]),
    "nobody": ("adatum.example", []),
}


@pytest.mark.parametrize("case", WAYS)
def test_rules_that_serve_a_name(case: str) -> None:
    name, ways = WAYS[case]
    found = [(one.description, one.pool) for one in rules_for(gateway(), name)]
    assert found[: len(ways) or None] == ways


def test_redirect_to_a_listener_is_followed() -> None:
    found = rules_for(gateway(), "old.adatum.example")
    assert [one.pool for one in found] == ["", "img", "web"]
    assert found[0].redirect == "listener web"


def test_redirect_elsewhere_is_named() -> None:
    (found,) = rules_for(gateway(), "away.adatum.example")
    assert (found.redirect, found.pool) == ("https://new.tailspin.example/", "")


def test_front_end_address_leads_to_every_listener() -> None:
    found = rules_for(gateway(), "10.1.0.4")
    assert {one.listener for one in found} == {"web", "any", "old", "away"}
    assert {one.port for one in found} == {8443}


def test_names_of_a_gateway_stand_once() -> None:
    names = site_names(gateway())
    assert len(names) == len(set(names))
    assert {"store.adatum.example", "*.adatum.example", "10.1.0.4"} <= set(names)


@pytest.mark.parametrize(
    "facts",
    [
        {"requestRoutingRules": [{"properties": 3}, None, "x"]},
        {"httpListeners": [item("httpListeners", "l", hostNames=[1, None])]},
        {"redirectConfigurations": {}, "requestRoutingRules": [rule("r", "gone")]},
    ],
    ids=["no objects", "no names", "dangling"],
)
def test_odd_document_serves_nothing(facts: dict[str, Any]) -> None:
    found = translate_gateway({"id": ID, "properties": facts})
    assert found is not None
    assert rules_for(found, "store.adatum.example") == ()
