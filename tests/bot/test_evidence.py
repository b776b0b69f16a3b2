"""The evidence pack: one JSON text, everything in it, nothing private in it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.azure import BackendServer, GatewayHealth, GatewayMessage, Health
from bot.domain.report import CheckReport, GatewayReport, MemberReport
from bot.reports.evidence import evidence
from chainlib import Code, UndecodableRoot, UnreadableCertificate, load_certificates
from playground.lab.pki import NOW
from tests.support.gateways import GATEWAY, GATEWAY_ID
from tests.support.reports import CASES, ISSUING, LEAF, ROOT, policy, report


def pack(found: CheckReport, gateway: GatewayReport | None = None) -> dict[str, Any]:
    text = evidence(found, run_id="ab12cd34", probe_origin="aks-1", gateway=gateway)
    assert "PRIVATE KEY" not in text
    return dict(json.loads(text))


def answered(
    found: CheckReport, text: str = "The Intermediate certificate is missing"
) -> GatewayReport:
    """The same backend as `prod-gw` sees it."""
    said = GatewayMessage(code=Code.INTERMEDIATE_MISSING, text=text)
    servers = [
        BackendServer(
            pool=pool, setting="https-be", address="10.0.0.5", health=Health.UNHEALTHY, message=said
        )
        for pool in ("shop", "other")
    ]
    member = MemberReport(pool="shop", setting="https-be", member="10.0.0.5", report=found)
    return GatewayReport(
        gateway=GATEWAY,
        members=(member,),
        at=NOW,
        health=GatewayHealth(
            gateway=GATEWAY_ID, servers=tuple(servers), read_at=NOW, request_ids=("7d1c-aa",)
        ),
    )


@pytest.mark.parametrize("case", CASES)
def test_every_report_makes_a_pack(case: str) -> None:
    found = CASES[case]()
    shown = pack(found)
    assert (shown["schema"], shown["run_id"], shown["vantage"], shown["at"]) == (
        1,
        "ab12cd34",
        "aks-1",
        "2026-11-23T09:00:00Z",
    )
    assert shown["our_probe"]["headline"] == found.verdict.headline.value
    assert len(shown["addresses"]) == len(found.addresses)


def test_the_chain_comes_back_as_it_was_sent() -> None:
    (address,) = pack(report(LEAF, ISSUING))["addresses"]
    assert load_certificates(address["chain_as_sent_pem"].encode()) == (
        LEAF.certificate,
        ISSUING.certificate,
    )
    assert address["http"] == {"status": 200, "reason": "OK", "server": "", "body_matched": None}
    assert address["timings_ms"] == {"connect": 0.8, "handshake": 6.4}


def test_an_unreadable_certificate_keeps_its_bytes() -> None:
    found = report(LEAF)
    (address,) = found.addresses
    assert address.chain is not None
    broken = UnreadableCertificate(der=b"\x30\x00", reason="nothing in it")
    odd = replace(
        found, addresses=(replace(address, chain=replace(address.chain, certificates=(broken,))),)
    )
    text = json.loads(
        evidence(
            replace(
                found,
                addresses=odd.addresses,
                verdict=replace(found.verdict, entries=found.verdict.entries),
            ),
            run_id="r",
            probe_origin="v",
        )
    )
    assert "MAA=" in text["addresses"][0]["chain_as_sent_pem"]


def test_settings_name_the_roots_and_the_probe() -> None:
    settings = pack(CASES["leaf-only"]())["settings"]
    assert settings["trust"] == "uploaded-roots"
    assert settings["probe"] == {
        "host_header": "127.0.0.1",
        "path": "/",
        "statuses": ["200-399"],
        "body": "",
        "timeout_s": 30.0,
    }


def test_unreadable_root_is_named_too() -> None:
    anchors = replace(
        policy(ROOT).anchors, undecodable=(UndecodableRoot(name="junk", reason="no certificate"),)
    )
    settings = pack(report(LEAF, rules=replace(policy(ROOT), anchors=anchors)))["settings"]
    assert settings["roots_unreadable"] == [{"name": "junk", "reason": "no certificate"}]


def test_both_witnesses_are_in_it() -> None:
    found = report(LEAF)
    shown = pack(found, answered(found))["gateway"]
    assert shown["request_ids"] == ["7d1c-aa"]
    assert (shown["pool"], shown["setting"], shown["read_at"]) == (
        "shop",
        "https-be",
        "2026-11-23T09:00:00Z",
    )
    assert [(word["pool"], word["health"], word["code"]) for word in shown["says"]] == [
        ("shop", "Unhealthy", "INTERMEDIATE_MISSING")
    ]


def test_hostile_text_is_kept_and_shown_as_escapes() -> None:
    found = CASES["hostile"]()
    text = evidence(
        found, run_id="ab12cd34", probe_origin="aks-1\u202e\x9b31m\ud800", gateway=answered(found)
    )
    assert text.replace("\n", "").isprintable()
    assert text.encode()
    shown = json.loads(text)
    assert shown["vantage"] == "aks-1\u202e\x9b31m\ud800"
    assert "\u202e" in shown["our_probe"]["presented"][0]["subject"]
