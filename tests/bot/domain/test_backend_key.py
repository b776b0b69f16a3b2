"""A backend's key has one text form and one parser."""

from __future__ import annotations

import pytest

from bot.domain.backend_key import BackendKey

GATEWAY = "/subscriptions/0/resourcegroups/rg/providers/microsoft.network/applicationgateways/gw"


@pytest.mark.parametrize(
    "key",
    [
        BackendKey(target="web.contoso.com"),
        BackendKey(target=GATEWAY, pool="shop", setting="https", server="10.0.0.5"),
        BackendKey(target=GATEWAY, server="*"),
        BackendKey(target=GATEWAY, pool="p", setting="s", server="a|b"),
    ],
    ids=["host", "member", "gateway itself", "separator in the server"],
)
def test_key_is_read_back_as_written(key: BackendKey) -> None:
    assert BackendKey.read(key.text) == key


@pytest.mark.parametrize("text", ["", "web", "web|p", "web|p|s"])
def test_missing_parts_are_empty(text: str) -> None:
    assert BackendKey.read(text).server == ""


def test_case_does_not_matter() -> None:
    assert BackendKey(target="GW", pool="Shop").text == "gw|shop||"
