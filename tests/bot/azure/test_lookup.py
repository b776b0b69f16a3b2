"""A gateway that nobody has is told in a sentence that agrees with how many there are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.azure.lookup import look_up
from bot.azure.refusals import throttled
from bot.domain.azure import Inventory
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal
from playground.lab.pki import NOW
from tests.support.gateways import GATEWAY, GATEWAY_ID


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "The bot sees no gateway that is called shop."),
        (("one",), "The only gateway that the bot can see, gw:rg/one, is not called shop."),
        (
            ("one", "two"),
            (
                "None of the 2 gateways that the bot can see is called shop. They are gw:rg/one, "
                "gw:rg/two."
            ),
        ),
    ],
)
def test_missing_gateway_sentence_depends_on_the_count(names: tuple[str, ...], said: str) -> None:
    gateways = tuple(replace(GATEWAY, id=replace(GATEWAY_ID, name=name)) for name in names)
    found = look_up(Inventory(gateways=gateways, refusals=(), read_at=NOW), GatewayRef(name="shop"))
    assert isinstance(found, Refusal)
    assert found.sentence == said


def test_gateway_without_its_group_is_suggested_whole() -> None:
    found = look_up(
        Inventory(gateways=(GATEWAY,), refusals=(), read_at=NOW),
        GatewayRef(group=GATEWAY_ID.name.lower(), name="shop", pool="https-be"),
    )
    assert isinstance(found, Refusal)
    assert found.example == f"{GATEWAY_ID.text}/shop/https-be"
    assert f"Did you mean {found.example}?" in found.sentence


@pytest.mark.parametrize(("wait", "said"), [(0.4, "in 1 second."), (30.0, "in 30 seconds.")])
def test_wait_is_given_with_its_unit(wait: float, said: str) -> None:
    assert throttled("it", wait).sentence.endswith(said)
