"""Every backend of the lab, over a real connection, gets the verdict that its recipe promises."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
import pytest_asyncio

from bot.checks import CheckContext, check
from bot.domain.report import CheckRequest
from chainlib import (
    Code,
    GatewayPolicy,
    HttpProbeRule,
    Severity,
    Target,
    TrustAnchors,
    TrustMode,
    UploadedRoot,
)
from chainlib.aio import load_well_known
from playground.lab.backends import Lab, LabBackend
from playground.lab.catalogue import CATALOGUE
from tests.support.waiting import LIMIT_S

BOUND_SECONDS = 3.0
WELL_KNOWN = load_well_known()  # reads a file, which has no place inside the loop


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab() -> AsyncIterator[Lab]:
    async with Lab(now=datetime.now(UTC)) as started:
        yield started


def question(lab: Lab, backend: LabBackend) -> CheckRequest:
    """What a gateway with this backend's setting would demand."""
    names = {root.sha256: name for name, root in backend.roots}
    uploaded = TrustAnchors(
        mode=TrustMode.UPLOADED_ROOTS,
        certificates=tuple(root for _, root in backend.roots),
        names=MappingProxyType(names),
    )
    recipe = backend.recipe
    policy = GatewayPolicy(
        anchors=uploaded if backend.roots else WELL_KNOWN,
        validate_chain=recipe.validate_chain,
        validate_name=recipe.validate_name,
        name=backend.host_name,
        live_names=(recipe.live_name,) if recipe.live_name else (),
        unattached=tuple(
            UploadedRoot(name=name, certificate=root)
            for name, root in lab.roots()
            if root.sha256 not in names
        ),
        http=recipe.rule or HttpProbeRule(),
    )
    return CheckRequest(
        target=Target(host=backend.address, port=backend.port, server_name=backend.host_name),
        policy=policy,
    )


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", [recipe.name for recipe in CATALOGUE])
async def test_backend_gets_the_verdict_it_promises(lab: Lab, name: str) -> None:
    backend = lab[name]
    silent = backend.recipe.expected is Code.TLS_FAILED  # some of those never answer
    bound = BOUND_SECONDS if silent else LIMIT_S
    context = CheckContext(clock=lambda: datetime.now(UTC), timeout=bound)
    verdict = (await check(question(lab, backend), context)).verdict
    assert verdict.headline is backend.recipe.expected, [
        finding.summary for finding in verdict.findings
    ]
    others = {finding.code for finding in verdict.findings} - {backend.recipe.expected}
    assert set(backend.recipe.also) <= others
    unexpected = {
        finding.code for finding in verdict.findings if finding.severity is Severity.CRITICAL
    }
    assert unexpected <= {backend.recipe.expected, *backend.recipe.also}


def test_names_are_unique_and_kinds_are_complete() -> None:
    names = [recipe.name for recipe in CATALOGUE]
    assert len(names) == len(set(names))
    assert {Code.OK, Code.INTERMEDIATE_MISSING, Code.TLS_FAILED, Code.NOT_TLS} <= {
        recipe.expected for recipe in CATALOGUE
    }
