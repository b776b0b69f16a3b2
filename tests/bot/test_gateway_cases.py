"""Gateways that people really had: the answer of `appgw health` through the real SDK."""

from __future__ import annotations

import copy
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.reports.health_json import as_document
from bot.settings import load_azure_settings
from bot.terminal.health import ask, exit_status, target_of, text_lines
from playground.arm import ArmStandIn, Fault, FaultKind
from playground.lab import pki
from tests.support.gateway_cases import Estate, documents, faults, start, usual_upload

CASES = documents()
pytestmark = [
    pytest.mark.shared,
    pytest.mark.may_block,
    pytest.mark.skipif(not CASES, reason="the cases are not beside the checkout"),
]


@pytest.fixture(scope="module")
def estate() -> Estate:
    return Estate()


@pytest.fixture(scope="module")
def identity(estate: Estate, folder: Path) -> pki.Issued:
    """The stand-in ARM's certificate; the client trusts the file that is written beside it."""
    dates = {
        "not_before": estate.root.certificate.not_before,
        "not_after": estate.root.certificate.not_after,
    }
    authority = pki.root("Case ARM Root", **dates)
    (folder / "arm.pem").write_bytes(authority.pem)
    return pki.leaf(authority, "localhost", ips=("127.0.0.1",), **dates)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cases")


@pytest.mark.parametrize("name", CASES)
async def test_gateway_that_somebody_had(
    name: str, estate: Estate, identity: pki.Issued, folder: Path
) -> None:
    case = copy.deepcopy(CASES[name])
    locked = any("lock" in fact for fact in case["expected"].get("facts", ()))
    fault = Fault(kind=FaultKind.LOCKED, on=frozenset({"health"})) if locked else None
    async with AsyncExitStack() as stack:
        await start(case, estate, usual_upload(CASES), stack)
        arm = await stack.enter_async_context(ArmStandIn(identity, retry_after=0, polls=0))
        arm.add_recorded(case["gateway"], case["health"], fault=fault)
        settings = load_azure_settings(
            {
                "APPGW_AZURE_CREDENTIAL": "static",
                "APPGW_AZURE_STATIC_TOKEN": arm.token,
                "APPGW_ARM_URL": arm.url,
                "APPGW_CA_BUNDLE": str(folder / "arm.pem"),
            },
            folder / "appgw.yaml",
        )
        target = target_of(case["question"])
        assert not isinstance(target, str)
        answers = await ask(settings, target, 8.0)
    text = "\n".join(line.plain for line in text_lines(answers))
    status = exit_status(answers)
    wrong = list(faults(case["expected"], status, as_document(answers), text))
    assert wrong == [], text
