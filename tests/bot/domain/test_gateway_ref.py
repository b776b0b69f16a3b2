"""A gateway's name has one text form and one parser, and what is written reads back the same."""

from __future__ import annotations

import pytest

from bot.commands.parse import parse
from bot.domain.gateway_ref import GatewayId, GatewayNameError, GatewayRef
from bot.domain.request import Request

PROD = GatewayId(subscription="0a-1b", group="RG-Prod", name="Prod-GW")
REFS = {
    "name": GatewayRef(name="prod-gw"),
    "group": GatewayRef(name="prod-gw", group="rg"),
    "pool": GatewayRef(name="prod-gw", group="rg", pool="shop"),
    "setting": GatewayRef(name="prod-gw", group="rg", pool="shop", setting="https"),
}
NEEDING_OPTIONS = {
    "pool of a bare name": GatewayRef(name="prod-gw", pool="shop"),
    "both of a bare name": GatewayRef(name="prod-gw", pool="shop", setting="https"),
    "setting of any pool": GatewayRef(name="prod-gw", group="rg", setting="https"),
}


@pytest.mark.parametrize("ref", REFS.values(), ids=REFS)
def test_reference_is_read_back_as_written(ref: GatewayRef) -> None:
    assert GatewayRef.read(ref.text) == ref


@pytest.mark.parametrize(
    "ref", [*REFS.values(), *NEEDING_OPTIONS.values()], ids=[*REFS, *NEEDING_OPTIONS]
)
def test_command_with_reference_means_it(ref: GatewayRef) -> None:
    understood = parse(ref.text)
    assert isinstance(understood, Request)
    assert understood.target == ref


def test_identity_reads_back_whole_and_folded() -> None:
    assert GatewayId.read(f"{PROD.resource_id}/backendAddressPools/shop") == PROD
    assert GatewayRef.read(PROD.key) == PROD.folded
    assert PROD.folded.option == PROD.key
    assert PROD.folded.means(PROD)
    assert PROD.text == "gw:RG-Prod/Prod-GW"


@pytest.mark.parametrize(
    ("written", "pool", "setting"),
    [
        ("/backendAddressPools/Shop", "shop", None),
        ("/backendHttpSettingsCollection/Https", None, "https"),
        ("/probes/p", None, None),
    ],
    ids=["pool", "setting", "something else"],
)
def test_part_of_an_arm_id_narrows(written: str, pool: str | None, setting: str | None) -> None:
    found = GatewayRef.read(f"{PROD.resource_id}{written}")
    assert found is not None
    assert (found.pool, found.setting) == (pool, setting)
    assert found.whole == PROD.folded


@pytest.mark.parametrize(
    ("text", "part", "too_many"),
    [
        ("gw:", "", False),
        ("gw:a//b", "", False),
        ("gw:a/b c", "b c", False),
        ("gw:a/b/c/d/e", "", True),
    ],
    ids=["no name", "empty group", "space", "five parts"],
)
def test_unusable_name_says_which_part(text: str, part: str, too_many: bool) -> None:  # noqa: FBT001 -- a column of the table
    with pytest.raises(GatewayNameError) as found:
        GatewayRef.read(text)
    assert (found.value.part, found.value.too_many) == (part, too_many)


def test_text_without_a_gateway_is_none() -> None:
    assert GatewayRef.read("backend.contoso.com") is None


@pytest.mark.parametrize(
    ("ref", "fits"),
    [
        (GatewayRef(name="prod-gw"), True),
        (GatewayRef(name="PROD-gw", group="rg-prod"), True),
        (GatewayRef(name="prod-gw", group="other"), False),
        (GatewayRef(name="prod-gw", subscription="other"), False),
    ],
    ids=["name", "group in another case", "other group", "other subscription"],
)
def test_reference_means_what_it_does_not_deny(ref: GatewayRef, *, fits: bool) -> None:
    assert ref.means(PROD) is fits
