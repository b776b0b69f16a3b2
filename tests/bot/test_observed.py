"""Records of real gateways: each is judged again, and no name of its owner is in it."""

from __future__ import annotations

import asyncio
import copy
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.report import GatewayReport
from bot.reports.anonymous_record import anonymous_record, without_names
from bot.settings import load_azure_settings
from bot.terminal.health import ask, target_of
from bot.terminal.observe import run_observe
from playground.arm import ArmStandIn
from playground.lab import pki
from playground.lab.servers import TlsBackend
from tests.support.gateway_cases import Estate
from tests.support.gateway_documents import SITE, Document
from tests.support.observed import faults

RECORDS = sorted((Path(__file__).parents[1] / "observed").glob("*.json"))
ESTATE = Estate()
HOST = "backend.contoso.test"
GAP = (
    "The Intermediate certificate is missing from the certificate chain presented by the backend "
    "server. Ensure the certificate chain is complete and correctly ordered on the backend server."
)
SECRETS = (
    "edge-of-night",
    "rg-edge",
    "33333333",
    SITE,
    HOST,
    "contoso",
    "127.0.0.1",
    "Case Issuing CA",
    "Case Root",
    "night-watch",
)
pytestmark = pytest.mark.may_block


def test_records_that_were_sent_in_hold() -> None:
    wrong = {
        path.name: list(faults(json.loads(path.read_text(encoding="utf-8")))) for path in RECORDS
    }
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as running:
        yield running


async def environment(stack: AsyncExitStack, folder: Path, *, whole: bool) -> dict[str, str]:
    """A stand-in ARM with one gateway, whose server sends its whole chain or its leaf alone."""
    dates: dict[str, Any] = {
        "not_before": ESTATE.root.certificate.not_before,
        "not_after": ESTATE.root.certificate.not_after,
    }
    authority = pki.root("Observed ARM Root", **dates)
    (folder / "arm.pem").write_bytes(authority.pem)
    identity = pki.leaf(authority, "localhost", ips=("127.0.0.1",), **dates)
    chain = [ESTATE.leaf.certificate, ESTATE.intermediate.certificate][: 2 if whole else 1]
    backend = await stack.enter_async_context(TlsBackend(chain=chain, key=ESTATE.leaf.key))
    document = Document("edge-of-night", backend.port, ESTATE.root, HOST)
    document.of("probes")["path"] = "/night-watch"
    if not whole:
        said = {"healthProbeLog": f"{GAP} Seen at edge-of-night by {HOST}, 127.0.0.1."}
        document.say({"address": "127.0.0.1", "health": "Unhealthy", "night-watch": "x"} | said)
    arm = await stack.enter_async_context(ArmStandIn(identity, retry_after=0, polls=0))
    arm.add_recorded(document.gateway, document.health)
    return {
        "APPGW_AZURE_CREDENTIAL": "static",
        "APPGW_AZURE_STATIC_TOKEN": arm.token,
        "APPGW_ARM_URL": arm.url,
        "APPGW_CA_BUNDLE": str(folder / "arm.pem"),
    }


async def observed(
    stack: AsyncExitStack, folder: Path, *, whole: bool, with_certificates: bool = False
) -> dict[str, Any]:
    """The record of that gateway."""
    found = await environment(stack, folder, whole=whole)
    target = target_of("gw:edge-of-night")
    assert not isinstance(target, str)
    (report,) = await ask(load_azure_settings(found, folder / "appgw.yaml"), target, 8.0)
    record = anonymous_record(report, version="0", with_certificates=with_certificates)  # type: ignore[arg-type]
    return dict(json.loads(json.dumps(record)))


@pytest.mark.parametrize("whole", [True, False], ids=["accepted", "refused"])
@pytest.mark.parametrize("consent", [True, False], ids=["DER", "shapes"])
async def test_record_is_judged_as_the_server_was(
    *, whole: bool, consent: bool, stack: AsyncExitStack, tmp_path: Path
) -> None:
    record = await observed(stack, tmp_path, whole=whole, with_certificates=consent)
    (server,) = record["servers"]
    assert list(faults(record)) == []
    assert server["agrees"]
    assert server["chain"]["critical"] == ([] if whole else ["INTERMEDIATE_MISSING"])
    assert server["gateway"]["code"] == ("OK" if whole else "INTERMEDIATE_MISSING")


async def test_record_holds_no_name_of_its_owner(stack: AsyncExitStack, tmp_path: Path) -> None:
    record = json.dumps(await observed(stack, tmp_path, whole=False)).lower()
    assert [secret for secret in SECRETS if secret.lower() in record] == []


@pytest.mark.parametrize(
    ("pool", "setting"),
    [
        pytest.param("pool-of-night", "setting-of-night", id="of-neither"),
        pytest.param("", "", id="no-names"),
    ],
)
async def test_server_of_a_deleted_setting_is_recorded(
    pool: str, setting: str, stack: AsyncExitStack, tmp_path: Path
) -> None:
    found = await environment(stack, tmp_path, whole=True)
    target = target_of("gw:edge-of-night")
    assert not isinstance(target, str)
    (report,) = await ask(load_azure_settings(found, tmp_path / "appgw.yaml"), target, 8.0)
    assert isinstance(report, GatewayReport)
    alone = replace(report.members[0], pool=pool, setting=setting, report=None)
    record = anonymous_record(replace(report, members=(*report.members, alone)), version="0")
    known, unknown = record["servers"]
    assert "in_configuration" not in known["setting"]
    assert unknown["setting"]["in_configuration"] is False
    assert "night" not in json.dumps(record)
    assert list(faults(dict(json.loads(json.dumps(record))))) == []


async def test_record_that_no_longer_holds_is_reported(
    stack: AsyncExitStack, tmp_path: Path
) -> None:
    record = await observed(stack, tmp_path, whole=False)
    other = copy.deepcopy(record)
    other["servers"][0]["chain"]["critical"] = []
    other["servers"][0]["gateway"]["code"] = "ROOT_MISMATCH"
    other["servers"][0]["agrees"] = False
    assert len(list(faults(other))) == 3
    assert list(faults({"kind": "something"})) == ["this is no record of appgw observe"]


async def test_program_prints_the_record_and_a_warning(
    stack: AsyncExitStack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:

    found = await environment(stack, tmp_path, whole=True)
    for name, value in found.items():
        monkeypatch.setitem(os.environ, name, value)
    status = await asyncio.to_thread(run_observe, "gw:edge-of-night", with_certificates=False)
    unknown = await asyncio.to_thread(run_observe, "gw:nobody", with_certificates=False)
    a_host = await asyncio.to_thread(run_observe, "a.example", with_certificates=False)
    printed = capsys.readouterr()
    assert (status, unknown, a_host) == (0, 2, 2)
    assert json.loads(printed.out)["servers"][0]["gateway"]["health"] == "Healthy"
    assert "Read the record before you send it" in printed.err


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Expected:200-399 Received:403.", "Expected:200-399 Received:403."),
        (
            "ports 65503-65534 (v1 SKU), NSG/UDR/Firewall",
            "ports 65503-65534 (v1 SKU), NSG/UDR/Firewall",
        ),
        ("visit - https://aka.ms/probe?x=secret", "visit - https://aka.ms/probe"),
        ("body doesn't contain my secret", "body doesn't contain <text>"),
        ("host web-1.corp.example 10.1.2.3 2001:db8::7", "host <name> <name> <name>"),
        ("me@corp.example srv_7 a1b2 https://corp/x?y", "<name> <name> <name> <name>"),
        ("by Shop, the backend", "by <pool-1> the backend"),
        ("Pool=shop pool:shop shop's shop/https workshop", "<name> <name> <name> <name> <name>"),
    ],
    ids=[
        "status",
        "ports",
        "link",
        "body",
        "addresses",
        "odd words",
        "known names",
        "names inside words",
    ],
)
def test_message_loses_what_may_be_a_name(text: str, kept: str) -> None:
    assert without_names(text, {"shop": "pool-1", "backend": "pool-2"}) == kept
