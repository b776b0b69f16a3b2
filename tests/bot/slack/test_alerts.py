"""Host, gateway and pool out of somebody else's alert."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.commands import Request, parse
from bot.slack.inbound.alerts import read_alert

ARM_ID = "/subscriptions/0f0f0f0f-1111-2222-3333-444444444444/resourceGroups/rg-prod/providers/Microsoft.Network/applicationGateways/prod-gw"
AZURE = {
    "schemaId": "azureMonitorCommonAlertSchema",
    "data": {
        "essentials": {
            "alertRule": "Unhealthy hosts",
            "severity": "Sev1",
            "alertTargetIDs": [ARM_ID.lower()],
            "configurationItems": ["prod-gw"],
        },
        "alertContext": {
            "condition": {
                "allOf": [
                    {
                        "metricName": "UnhealthyHostCount",
                        "dimensions": [{"name": "BackendSettingsPool", "value": "shop~https-be"}],
                    }
                ]
            }
        },
    },
}


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


CASES: dict[str, tuple[dict[str, Any], str | None]] = {
    "bare name": ({"text": "502 on backend.contoso.com since 03:12"}, "backend.contoso.com"),
    "name with port": ({"text": "backend.contoso.com:8443 is down"}, "backend.contoso.com:8443"),
    "link": ({"text": "502 at <https://Shop.contoso.com:8443/cart|shop>"}, "shop.contoso.com:8443"),
    "address": ({"text": "unhealthy: 10.0.0.5"}, "10.0.0.5"),
    "labelled host wins": (
        {"text": "dashboard https://grafana.contoso.com/d/1 backend: be-1.contoso.com"},
        "be-1.contoso.com",
    ),
    "portal link is no backend": (
        {"text": f"see https://portal.azure.com/#resource{ARM_ID}/backendHealth"},
        "gw:rg-prod/prod-gw",
    ),
    "in blocks": (
        {"text": "", "blocks": [section("Gateway: *prod-gw*"), section("Pool: `shop`")]},
        "gw:prod-gw/shop",
    ),
    "in attachments": (
        {
            "text": "",
            "attachments": [
                {"title": "502", "fields": [{"title": "Host", "value": "api.contoso.com"}]}
            ],
        },
        "api.contoso.com",
    ),
    "azure json": ({"text": f"```{json.dumps(AZURE)}```"}, "gw:rg-prod/prod-gw/shop"),
    "azure json escaped": ({"text": json.dumps(json.dumps(AZURE))}, "gw:rg-prod/prod-gw/shop"),
    "host and gateway": (
        {"text": f"be.contoso.com behind {ARM_ID} pool: shop"},
        "be.contoso.com gw=rg-prod/prod-gw pool=shop",
    ),
    "nothing": ({"text": "users see 502, who is on call?"}, None),
    "a file is no host": ({"text": "see fullchain.pem and error.log"}, None),
    "a mail address is no host": ({"text": "ask kim@contoso.com"}, None),
    "an IPv4 inside a version": ({"text": "v1.2.3.4.5 deployed"}, None),
    "empty": ({}, None),
}


@pytest.mark.parametrize("case", CASES)
def test_alert_is_read(case: str) -> None:
    message, command = CASES[case]
    assert read_alert(message) == command


@pytest.mark.parametrize("case", [case for case, (_, command) in CASES.items() if command])
def test_what_was_read_is_a_line_of_the_language(case: str) -> None:
    assert isinstance(parse(str(CASES[case][1])), Request)


def test_a_huge_message_is_read_only_so_far() -> None:
    assert read_alert({"text": "a." * 200_000 + " backend.contoso.com"}) is None
