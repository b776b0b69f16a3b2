"""Servers of the lab that are healed, broken again, or given a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from bot.checks import CheckContext, check
from bot.domain.report import CheckRequest
from chainlib import (
    Certificate,
    Code,
    GatewayPolicy,
    HttpProbeRule,
    Target,
    TrustAnchors,
    TrustMode,
    dump_bundle,
)
from playground.lab.catalogue import CATALOGUE
from playground.stage import Stage, health_words
from tests.support.waiting import LIMIT_S

NAMES = ("leaf-only", "wrong-root", "refused", "status-500", "ssh")
RECIPES = tuple(one for one in CATALOGUE if one.name in NAMES)
pytestmark = [pytest.mark.may_block, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("stage")
    async with Stage(folder, recipes=RECIPES) as started:
        yield started


async def headline(stage: Stage, name: str) -> Code:
    """What a gateway with the right root would find."""
    backend = stage.lab[name]
    roots = tuple(root for _, root in stage.lab.world.trusted)
    policy = GatewayPolicy(
        anchors=TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=roots),
        name=backend.host_name,
        http=HttpProbeRule(host_header=backend.host_name),
    )
    target = Target(host=backend.address, port=backend.port, server_name=backend.host_name)
    context = CheckContext(clock=lambda: datetime.now(UTC), timeout=LIMIT_S)
    report = await check(CheckRequest(target=target, policy=policy), context)
    return report.verdict.headline


def unhealthy(stage: Stage) -> set[str]:
    """The settings of which the stand-in ARM says so."""
    return {setting for (_, setting, _), _ in health_words(stage.lab)}


@pytest.mark.parametrize("name", NAMES)
async def test_healed_server_is_accepted_until_broken_again(stage: Stage, name: str) -> None:
    broken = await headline(stage, name)
    assert broken is not Code.OK
    await stage.heal(name)
    assert (await headline(stage, name), name in unhealthy(stage)) == (Code.OK, False)
    await stage.break_again(name)
    assert (await headline(stage, name), name in unhealthy(stage)) == (broken, True)


def chain_of(stage: Stage, name: str) -> Sequence[Certificate]:
    """What the server should send."""
    contoso = stage.lab.world.contoso
    middle = (contoso.issuing.certificate, contoso.upper.certificate)
    return (stage.lab[name].first_chain[0], *middle)


async def test_installed_file_is_what_the_server_sends(stage: Stage) -> None:
    await stage.install("leaf-only", dump_bundle(chain_of(stage, "leaf-only")).encode())
    assert (await headline(stage, "leaf-only"), "leaf-only" in unhealthy(stage)) == (Code.OK, False)
    await stage.break_again("leaf-only")
    assert await headline(stage, "leaf-only") is Code.INTERMEDIATE_MISSING


async def test_file_that_does_not_help_changes_no_health(stage: Stage) -> None:
    await stage.install("status-500", dump_bundle(chain_of(stage, "status-500")).encode())
    assert "status-500" in unhealthy(stage)


async def test_file_that_cannot_be_used_is_refused(stage: Stage) -> None:
    with pytest.raises(LookupError, match="takes no certificate file"):
        await stage.install("ssh", b"")
    with pytest.raises(ValueError, match="certificate"):
        await stage.install("leaf-only", b"no certificate")
