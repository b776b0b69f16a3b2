"""Commands of other programs, pasted: what they ask is asked."""

from __future__ import annotations

from typing import Any

import pytest

from bot.commands.alerts import read_alert
from bot.commands.parse import parse_json


def host(name: str, port: int = 443, **options: str) -> dict[str, Any]:
    kind = "ip" if name[:1].isdigit() else "host"
    target = {"kind": kind, "host": name, "port": port}
    return {"verb": "check", "target": target, "options": options}


def gateway(name: str, group: str | None = None) -> dict[str, Any]:
    target = {"kind": "gateway", "subscription": None, "group": group, "name": name}
    return {"verb": "health", "target": {**target, "pool": None, "setting": None}, "options": {}}


PASTED = {
    "s_client": (
        "openssl s_client -connect be.adatum.com:8443 -showcerts",
        host("be.adatum.com", 8443),
    ),
    "s_client with a name": (
        "echo | openssl s_client -connect 10.8.1.4:443 -servername be.adatum.com </dev/null",
        host("10.8.1.4", sni="be.adatum.com"),
    ),
    "s_client with the same name": (
        "`openssl s_client -servername be.adatum.com -connect be.adatum.com:443`",
        host("be.adatum.com"),
    ),
    "curl": (
        "curl -vk https://be.adatum.com:9443/ready",
        host("be.adatum.com", 9443, path="/ready"),
    ),
    "curl with a prompt": ("$ curl -sS 'https://be.adatum.com/'", host("be.adatum.com")),
    "curl to an address": (
        "curl --resolve be.adatum.com:443:10.8.1.4 https://be.adatum.com/",
        host("10.8.1.4", sni="be.adatum.com", host="be.adatum.com"),
    ),
    "az": (
        "az network application-gateway show-backend-health -g rg-edge -n edge-agw -o table",
        gateway("edge-agw", "rg-edge"),
    ),
    "az with long names": (
        (
            "az network application-gateway show-backend-health "
            "--resource-group rg-edge --name edge-agw"
        ),
        gateway("edge-agw", "rg-edge"),
    ),
    "PowerShell": (
        "Get-AzApplicationGatewayBackendHealth -Name edge-agw -ResourceGroupName rg-edge",
        gateway("edge-agw", "rg-edge"),
    ),
}


@pytest.mark.parametrize("case", PASTED)
def test_pasted_command_is_understood(case: str) -> None:
    text, wanted = PASTED[case]
    assert parse_json(text) == wanted


@pytest.mark.parametrize(
    "text",
    ["openssl s_client", "curl http://be.adatum.com/", "az network vnet list", "curl"],
)
def test_pasted_command_without_a_target_runs_nothing(text: str) -> None:
    assert "error" in parse_json(text)


def test_pool_and_setting_alone_get_the_right_line() -> None:
    answer = parse_json("shop~https-be")
    assert "gw:prod-gw pool=shop setting=https-be" in answer["error"]


@pytest.mark.parametrize(
    ("kind", "product"),
    [
        ("Microsoft.ServiceNetworking/trafficControllers", "Application Gateway for Containers"),
        ("Microsoft.Cdn/profiles", "Front Door"),
        ("Microsoft.Network/loadBalancers", "Load Balancer"),
        ("Microsoft.ApiManagement/service", "API Management"),
    ],
    ids=["containers", "front door", "load balancer", "api management"],
)
def test_another_product_is_named(kind: str, product: str) -> None:
    answer = parse_json(f"/subscriptions/s-1/resourceGroups/rg-edge/providers/{kind}/edge")
    assert product in answer["error"]
    assert "backend.contoso.com" in answer["error"]


@pytest.mark.parametrize(
    ("text", "product"),
    [
        ("Front Door edge-fd", "Front Door"),
        ("application gateway for containers edge-agc", "Application Gateway for Containers"),
        ("API Management edge-apim is down", "API Management"),
    ],
)
def test_another_product_in_words_is_named(text: str, product: str) -> None:
    assert product in parse_json(text)["error"]
    reading = read_alert({"text": text})
    assert (reading.target, reading.is_other_product) == (None, True)
    assert product in reading.reason


def test_product_beside_a_backend_is_no_reason() -> None:
    reading = read_alert({"text": "Load Balancer lb-1: the backend be.adatum.com is down"})
    assert reading.target is not None
    assert reading.target.host == "be.adatum.com"
