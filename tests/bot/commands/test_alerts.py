"""Host, gateway and pool out of somebody else's alert, by rank and against the inventory."""

from __future__ import annotations

import json
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from bot.commands.alerts import read_alert, read_alert_json
from bot.commands.parse import parse
from bot.domain.request import Request

ARM_ID = (
    "/subscriptions/0f0f0f0f-1111-2222-3333-444444444444/resourceGroups/rg-prod"
    "/providers/Microsoft.Network/applicationGateways/prod-gw"
)
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
    "link that failed": (
        {"text": "<https://be-1.contoso.com/health|first backend> failed with 502"},
        "be-1.contoso.com",
    ),
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
        "gw:prod-gw pool=shop",
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
    reading = read_alert(message)
    assert (reading.target.line if reading.target else None) == command


@pytest.mark.parametrize("case", [case for case, (_, command) in CASES.items() if command])
def test_parsed_line_is_a_line_of_the_language(case: str) -> None:
    assert isinstance(parse(str(CASES[case][1])), Request)


def test_a_huge_message_is_read_only_so_far() -> None:
    assert read_alert({"text": "a." * 200_000 + " backend.contoso.com"}).target is None


def rows(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


LAYOUTS = rows(Path(__file__).parents[2] / "data" / "alerts.jsonl")
SHARED = Path(__file__).parents[4] / "shared" / "cases" / "alerts.jsonl"


def fits(answer: dict[str, Any], want: dict[str, Any] | None) -> bool:
    """Whether an answer is one that is wanted."""
    target, options = answer["target"], answer["options"]
    if want is None or target is None:
        return want is target
    if "host" in want:
        gateway = str(options.get("gw", "")).rpartition("/")[2]
        given = {**target, "gw": gateway, "pool": options.get("pool")}
    else:
        given = {**target, "gw": target.get("name")}
    return all(given.get(key) == value for key, value in want.items())


@pytest.mark.parametrize("row", LAYOUTS, ids=[row["id"] for row in LAYOUTS])
def test_layout_of_a_tool_is_read(row: dict[str, Any]) -> None:
    answer = read_alert_json(row)
    assert any(fits(answer, want) for want in row["want"]), answer


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the cases lie beside the checkout")
def test_every_alert_that_people_met_is_read() -> None:
    answers = [(row, read_alert_json(row)) for row in rows(SHARED)]
    wrong = [
        (row["id"], answer)
        for row, answer in answers
        if not any(fits(answer, want) for want in row["want"])
    ]
    assert wrong == []


def test_level_candidates_are_named_and_offered() -> None:
    reading = read_alert({"text": "both orders.adatum.com and carts.adatum.com return 502"})
    assert reading.target is None
    assert [choice.line for choice in reading.choices] == ["orders.adatum.com", "carts.adatum.com"]
    assert "orders.adatum.com and carts.adatum.com" in reading.reason


@pytest.mark.parametrize(
    "message",
    [
        {"blocks": [{"type": "table", "rows": [[1, None, {"text": 3}], "x", []]}]},
        {"attachments": [{"fields": [{"title": 1, "value": 2}], "from_url": 3, "files": [4]}]},
        {"text": '{"a": ' * 30_000},
        {"text": "[" * 40_000},
        {"text": "<" * 40_000},
        {"text": "a.b:" * 10_000},
        {"text": "10.0.0.5, " * 4_000},
        {"text": "host: " * 8_000},
        {"text": "pool " * 8_000},
        {"text": " " * 40_000 + ":"},
        {"text": "a-" * 20_000},
        {"text": "from and " * 5_000},
        {"text": f"{'a' * 40} pool{' ' * 1_900}!\n" * 20},
    ],
    ids=lambda message: str(message)[:30],
)
def test_hostile_shape_costs_little_and_raises_nothing(message: dict[str, Any]) -> None:
    begun = process_time()
    read_alert(message)
    assert process_time() - begun < 5


@pytest.mark.parametrize("rows", [True, 5, "text", {"a": 1}, [7, None, [3]]], ids=str)
def test_table_of_another_shape_is_no_alert(rows: object) -> None:
    assert read_alert({"blocks": [{"type": "table", "rows": rows}]}).target is None
