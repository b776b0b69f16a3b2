"""The JSON object of schema 1.

Exactly the contract's keys, and nothing in it that JSON cannot hold.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.checks import CheckContext, check, rehearse
from bot.domain.report import CheckRequest
from bot.reports.check_json import as_json
from chainlib import (
    GatewayPolicy,
    HttpProbeRule,
    LiveChain,
    Target,
    TrustAnchors,
    TrustMode,
    UnreadableCertificate,
)
from chainlib.aio import load_well_known
from playground.lab import pki
from playground.lab.pki import NOW
from playground.lab.servers import TlsBackend
from tests.support.tls_server import NAME, Estate

ESTATE = Estate()
ANCHORS = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=(ESTATE.root.certificate,))
POLICY = GatewayPolicy(anchors=ANCHORS, name=NAME)
load_well_known()  # reads a file once, which every program does before its loop runs

REHEARSED = {
    "schema",
    "target",
    "at",
    "policy",
    "accepted",
    "headline",
    "findings",
    "gateway_message",
    "presented",
    "path",
    "repair",
    "browser",
    "timings_ms",
    "not_checked",
}
PARTS: dict[str, set[str]] = {
    "target": {"host", "port", "sni", "address"},
    "policy": {"sku", "trust", "validate_chain", "validate_name", "name"},
    "findings": {
        "code",
        "severity",
        "summary",
        "certificate",
        "evidence",
        "basis",
        "fix",
        "reference",
        "page",
    },
    "presented": {
        "position",
        "role",
        "subject",
        "issuer",
        "not_before",
        "not_after",
        "sha256",
        "dns_names",
        "status",
    },
    "path": {"source", "subject", "sha256"},
    "repair": {"chain_pem", "root_pem", "verdict_after", "sources"},
    "browser": {"accepted", "why"},
}


@pytest.fixture
async def checked() -> dict[str, Any]:
    """The report about a server that sends the leaf alone."""
    async with TlsBackend(chain=ESTATE.chain[:1], key=ESTATE.leaf.key) as server:
        target = Target(host=server.host, port=server.port, server_name=NAME)
        request = CheckRequest(
            target=target, policy=replace(POLICY, http=HttpProbeRule(host_header=NAME))
        )
        return as_json(await check(request, CheckContext(clock=lambda: NOW)))


async def test_check_holds_every_key_of_the_contract(checked: dict[str, Any]) -> None:
    assert checked.keys() >= REHEARSED | {"tls"}
    assert {"resolve", "connect", "handshake", "http", "judge"} <= checked["timings_ms"].keys()
    assert checked["tls"].keys() == {"version", "cipher", "client_certificate_requested"}


@pytest.mark.parametrize("part", PARTS, ids=str)
async def test_part_holds_every_key_of_the_contract(part: str, checked: dict[str, Any]) -> None:
    value = checked[part][0] if isinstance(checked[part], list) else checked[part]
    assert value.keys() >= PARTS[part]


async def test_check_survives_json(checked: dict[str, Any]) -> None:
    assert json.loads(json.dumps(checked, allow_nan=False)) == checked


async def test_finding_names_fix_and_reference(checked: dict[str, Any]) -> None:
    finding = checked["findings"][0]
    assert (finding["code"], finding["certificate"], finding["fix"]["where"]) == (
        "INTERMEDIATE_MISSING",
        0,
        "server",
    )
    assert finding["evidence"]["missing_subject"] == "CN=Contoso Issuing CA 3"
    assert finding["fix"]["steps"]
    assert finding["reference"].startswith("https://")
    assert finding["page"].endswith("/docs/findings/INTERMEDIATE_MISSING.md")


async def test_missing_issuer_is_part_of_the_path(checked: dict[str, Any]) -> None:
    assert [element["source"] for element in checked["path"]] == ["presented", "missing"]
    assert checked["path"][1]["sha256"] is None


def test_rehearsal_has_no_connection_in_it() -> None:
    document = as_json(rehearse(ESTATE.chain, POLICY, at=NOW))
    assert document.keys() >= REHEARSED
    assert "tls" not in document
    assert (document["timings_ms"].keys(), document["repair"]) == ({"judge"}, None)


def test_instants_have_four_digits_of_year() -> None:
    report = rehearse(ESTATE.chain, POLICY, at=datetime(1, 1, 1, tzinfo=UTC))
    assert as_json(report)["at"] == "0001-01-01T00:00:00Z"


def test_unreadable_entry_has_a_fingerprint_and_no_names() -> None:
    report = rehearse(ESTATE.chain, POLICY, at=NOW)
    sent = (ESTATE.chain[0], UnreadableCertificate(der=b"junk", reason="no DER"))
    chain = replace(report.addresses[0].chain or pytest.fail("no chain"), certificates=sent)
    entries = (report.verdict.entries[0], replace(report.verdict.entries[1]))
    address = replace(report.addresses[0], chain=chain)
    entry = as_json(
        replace(report, verdict=replace(report.verdict, entries=entries), addresses=(address,))
    )["presented"][1]
    assert (entry["subject"], entry["dns_names"], len(entry["sha256"])) == (None, [], 64)


def test_hostile_text_is_escaped_by_json() -> None:
    hostile = pki.leaf(
        ESTATE.intermediate, "\x1b[31m\u202e\n" + "A" * 40, dns=("\x1b]0;x\x07.contoso.com",)
    )
    text = json.dumps(as_json(rehearse((hostile.certificate, ESTATE.chain[1]), POLICY, at=NOW)))
    assert text.isascii()
    assert text.isprintable()


def test_live_chains_and_lists_stay_plain() -> None:
    live = LiveChain(name="shop.contoso.com", certificates=(), error="refused")
    report = rehearse(ESTATE.chain, replace(POLICY, live_names=(live.name,)), at=NOW)
    assert json.loads(json.dumps(as_json(report)))["headline"] == "LIVE_NAME_MISMATCH"
