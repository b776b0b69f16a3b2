"""The stage: the bot's settings accept its environment; its gateway holds every backend."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.azure.gateway_document import translate_gateway
from bot.azure.member_uses import tls_uses_of
from bot.settings import load_settings
from playground.arm import gateway_document
from playground.lab.backends import Lab
from playground.lab.catalogue import CATALOGUE
from playground.process import BotFailed, BotProcess
from playground.stage import POOL, Stage, channel_of, gateway_spec, health_words
from tests.support.warm import appgw


@pytest.mark.may_block
async def test_environment_is_accepted_by_the_bots_settings(tmp_path: Path) -> None:
    async with Stage(tmp_path, recipes=CATALOGUE[:1]) as stage:
        over_http = load_settings(stage.environment())
        over_socket = load_settings(stage.environment(socket_mode=True))
    assert (over_http.transport.value, over_socket.transport.value) == ("http", "socket")
    assert over_http.allow_loopback
    assert str(over_http.arm_url).startswith("https://127.0.0.1:")


async def test_backend_is_found_by_port_with_its_setting() -> None:
    async with Lab(now=datetime.now(UTC)) as lab:
        gateway = translate_gateway(gateway_document(gateway_spec(lab)))
        assert gateway is not None
        for backend in lab.backends:
            (use,) = tls_uses_of([gateway], backend.address, backend.port)
            assert (use.setting.name, use.setting.root_names) == (
                backend.name,
                tuple(name for name, _ in backend.roots),
            )
    assert len({channel_of(backend) for backend in lab.backends}) == len(CATALOGUE)


async def test_backend_health_of_the_lab_matches_its_probe() -> None:
    async with Lab(now=datetime.now(UTC)) as lab:
        said = {
            setting: log
            for (pool, setting, _), (word, log) in health_words(lab)
            if (pool, word) == (POOL, "Unhealthy")
        }
    assert "Expected:200-399 Received:500." in said["status-500"]
    assert "doesn't contain ready" in said["other-body"]
    assert [log for log in said.values() if "{" in log] == []
    assert {"good", "expiring", "validation-off", "live-name"} & set(said) == set()


@pytest.mark.may_block
async def test_bot_that_cannot_start_shows_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(BotFailed, match="SLACK_BOT_TOKEN"):
        async with BotProcess({}, tmp_path, appgw("serve")):
            pass
