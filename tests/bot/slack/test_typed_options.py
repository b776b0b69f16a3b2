"""`root=`, names and path on a gateway, `via=gateway`.

What stands in the channel, what the asker alone is told, what is never dialled.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.slack.handlers import check, health
from playground.arm import ArmStandIn, Fault, FaultKind
from tests.bot.slack.test_gateways import ESTATE, PATIENT, card, resolver, shown, spec
from tests.support.dialled import record
from tests.support.slackbot import RunningBot
from tests.support.tls_server import NAME, Estate
from tests.support.wholebot import World, read, whole_bot

pytestmark = pytest.mark.may_block
WRONG = Estate().root.certificate
GAP = "The Intermediate certificate is missing from the backend server chain."


@asynccontextmanager
async def bot_beside(
    arm: ArmStandIn, ca_file: str | None, folder: Path
) -> AsyncIterator[tuple[RunningBot, int]]:
    """The whole bot and the port of its one good backend.

    The wrong root is attached to the setting; the right one is on the gateway, unused.
    """
    async with ESTATE.backend() as backend:
        known = spec(backend.port)
        arm.add(
            replace(
                known,
                settings=(replace(known.settings[0], roots=("old",)),),
                roots={"old": WRONG, **known.roots},
            ),
            {("web", "https-be", NAME): ("Unhealthy", GAP)},
        )
        world = World(
            loopback=True,
            resolver=resolver,
            arm_url=arm.url if ca_file else None,
            ca_file=ca_file,
            timing=PATIENT,
        )
        async with whole_bot(world, folder) as bot:
            yield bot, backend.port


def patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    """Post no card for a question that takes long, which on a busy machine any may."""
    monkeypatch.setattr(check, "GRACE_S", 60.0)
    monkeypatch.setattr(check, "ROOT_GRACE_S", 60.0)
    monkeypatch.setattr(health, "GRACE_S", 60.0)


async def whispered(bot: RunningBot) -> str:
    """What the asker alone is told."""
    await bot.slack.until(bot.slack.ephemerals)
    (text_shown,) = bot.slack.ephemerals()
    return read(text_shown)


async def test_typed_root_is_judged_and_shown(
    arm: ArmStandIn, ca_file: str, tmp_path: Path
) -> None:
    async with bot_beside(arm, ca_file, tmp_path) as (bot, port):
        await bot.slack.command(f"{NAME}:{port} root=CORP")
        await bot.slack.until(lambda: "The gateway would accept this backend" in shown(bot))
        assert "root corp as typed, not as in the setting" in shown(bot)
        await bot.slack.until(
            lambda: "prod-gw says Unhealthy, with the settings as saved" in shown(bot)
        )
        assert "OK" in (card(bot) or pytest.fail("no card")).text
        assert "VANTAGE_DIFFERS" not in shown(bot)


async def test_backend_health_concerns_settings_and_not_typed_options(
    arm: ArmStandIn, ca_file: str, tmp_path: Path
) -> None:
    async with bot_beside(arm, ca_file, tmp_path) as (bot, _):
        await bot.slack.command("gw:prod-gw root=corp")
        await bot.slack.until(
            lambda: "Gateway says: 1 unhealthy, with the settings as saved" in shown(bot)
        )
        assert "The only server is healthy" in shown(bot)
        assert "OK gateway prod-gw" in shown(bot)


@pytest.mark.parametrize(
    "question", [f"{NAME}:{{port}} root=nope", "gw:prod-gw root=nope"], ids=["host", "gateway"]
)
async def test_unknown_root_posts_nothing_and_probes_nothing(
    arm: ArmStandIn, ca_file: str, tmp_path: Path, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bot_beside(arm, ca_file, tmp_path) as (bot, port):
        dialled = record(monkeypatch)
        await bot.slack.command(question.format(port=port))
        text_shown = await whispered(bot)
        assert "I see no trusted root called nope on any gateway" in text_shown
        assert "there are old, corp" in text_shown
        assert "root=old" in text_shown
        await bot.slack.until(lambda: not bot.slack.messages())
        assert ("127.0.0.1", port) not in dialled


async def test_root_without_azure_is_answered_privately(
    arm: ArmStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patiently(monkeypatch)
    async with bot_beside(arm, None, tmp_path) as (bot, port):
        await bot.slack.command(f"{NAME}:{port} root=corp")
        assert "Azure is not set up for this bot" in await whispered(bot)
        assert bot.slack.api.calls["chat.postMessage"] == 0


async def test_typed_options_are_shown_on_the_gateway_card(
    arm: ArmStandIn, ca_file: str, tmp_path: Path
) -> None:
    async with bot_beside(arm, ca_file, tmp_path) as (bot, _):
        await bot.slack.command("health gw:prod-gw root=corp path=/ready via=probe")
        await bot.slack.until(lambda: "The only server is healthy" in shown(bot))
        assert "root corp, path as typed, not as in the setting" in shown(bot)
        assert "backend health was not requested (via=probe)" in shown(bot)
    assert arm.calls["health"] == 0


@pytest.mark.parametrize(
    "question", ["gw:prod-gw via=gateway", f"{NAME}:{{port}} via=gateway"], ids=["gateway", "host"]
)
async def test_backend_is_left_alone_where_gateway_answers(
    arm: ArmStandIn, ca_file: str, tmp_path: Path, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bot_beside(arm, ca_file, tmp_path) as (bot, port):
        dialled = record(monkeypatch)
        await bot.slack.command(question.format(port=port))
        await bot.slack.until(lambda: "1 of 1 server fails" in shown(bot))
        assert "INTERMEDIATE_MISSING" in shown(bot)
        assert f"Azure's message: {GAP}" in shown(bot)
        assert "1 not probed: only backend health was requested (via=gateway)" in shown(bot)
        if "gw:" not in question:
            assert "FAIL gateway prod-gw/web/https-be" in shown(bot)
            assert f"{NAME}:{port}, via gateway, in prod-gw/web/https-be" in shown(bot)
        assert ("127.0.0.1", port) not in dialled
    assert arm.calls["health"] == 1


async def test_check_again_asks_the_gateway_alone_again(
    arm: ArmStandIn, ca_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bot_beside(arm, ca_file, tmp_path) as (bot, port):
        dialled = record(monkeypatch)
        await bot.slack.command(f"{NAME}:{port} via=gateway")
        await bot.slack.until(lambda: "1 of 1 server fails" in shown(bot))
        edits = (card(bot) or pytest.fail("no card")).edits
        await bot.slack.click(card(bot), "Check again")
        await bot.slack.until(
            lambda: (
                (card(bot) or pytest.fail("no card")).edits > edits
                and "1 of 1 server fails" in shown(bot)
            )
        )
        assert bot.slack.api.calls["chat.postMessage"] == 1
        assert ("127.0.0.1", port) not in dialled


async def test_silent_gateway_leaves_the_state_unknown(
    arm: ArmStandIn, ca_file: str, tmp_path: Path
) -> None:
    async with bot_beside(arm, ca_file, tmp_path) as (bot, port):
        arm.add(spec(port), fault=Fault(kind=FaultKind.FORBIDDEN, on=frozenset({"health"})))
        await bot.slack.command("gw:prod-gw via=gateway")
        await bot.slack.until(lambda: "Backend health is missing" in shown(bot))
        assert "UNKNOWN gateway prod-gw" in shown(bot)
        assert "fine" not in shown(bot)


async def test_unknown_host_has_no_backend_health(
    arm: ArmStandIn, ca_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patiently(monkeypatch)
    async with bot_beside(arm, ca_file, tmp_path) as (bot, _):
        await bot.slack.command("elsewhere.contoso.com via=gateway")
        assert (
            "elsewhere.contoso.com is in no backend pool that the bot can see"
            in await whispered(bot)
        )
        assert bot.slack.api.calls["chat.postMessage"] == 0


async def test_last_takes_another_port_and_another_witness(
    arm: ArmStandIn, ca_file: str, tmp_path: Path
) -> None:
    async with bot_beside(arm, ca_file, tmp_path) as (bot, port):
        await bot.slack.command(f"{NAME} root=corp via=probe port=1")
        assert "via=probe does not read Azure" in await whispered(bot)
        await bot.slack.command(f"check last port={port} via=gateway")
        await bot.slack.until(lambda: "1 of 1 server fails" in shown(bot))
        assert f"{NAME}:{port}, root corp, via gateway" in shown(bot)
