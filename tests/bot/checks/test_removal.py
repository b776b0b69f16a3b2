"""What breaks if a root leaves a gateway.

Each backend's chain judged with the configuration as it would be without the root.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bot.azure.gateway_document import translate_gateway
from bot.azure.member_uses import NO_ADDRESS
from bot.cards.check_card import CardContext
from bot.cards.parts import (
    JSON_LIMIT,
    LINES_BEFORE_BUTTONS,
    TEXT_LIMIT,
    json_size,
)
from bot.cards.removal_card import removal_card, removal_details
from bot.checks.backend_health import worst_first
from bot.checks.removal import rehearse_removal, removal
from bot.domain.azure import Gateway
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal
from bot.domain.removal import Impact, Removal
from bot.domain.report import GatewayReport, MemberReport
from bot.terminal.removal import document, status_of
from chainlib import Certificate, Code
from playground.arm import GatewaySpec, PoolSpec, RuleSpec, SettingSpec, gateway_document
from playground.lab import pki
from playground.lab.catalogue import CATALOGUE
from playground.lab.pki import NOW, Issued
from playground.stage import Stage
from tests.support import reports
from tests.support.blockkit import lines_before_buttons
from tests.support.gateways import member_checks
from tests.support.reports import HOST, ISSUING, LEAF, ROOT
from tests.support.warm import appgw

OLD_ROOT = pki.root("Contoso Root G1")
CROSS = pki.intermediate(OLD_ROOT, "Contoso Root G2", key=ROOT.key)
AROUND = CardContext(
    command="rehearse gw:prod-gw without=new",
    understood="x",
    run_id="r-1",
    probe_origin="snet-bots",
    user="U1",
)


def gateway(
    settings: Mapping[str, tuple[str, ...]],
    roots: Mapping[str, Certificate | str],
    rules: tuple[RuleSpec, ...] = (),
) -> Gateway:
    """A gateway whose settings trust these roots, each joined with the one pool by default."""
    made = tuple(
        SettingSpec(name=name, host_name=HOST, roots=attached)
        for name, attached in settings.items()
    )
    return translated(
        GatewaySpec(
            name="prod-gw",
            pools=(PoolSpec(name="shop", fqdns=(HOST,)),),
            settings=made,
            roots=roots,
            rules=rules,
        )
    )


def translated(spec: GatewaySpec) -> Gateway:
    """The gateway as ARM describes it."""
    found = translate_gateway(gateway_document(spec))
    assert found is not None
    return found


def probed(known: Gateway, sent: Mapping[str, tuple[Issued, ...]]) -> GatewayReport:
    """What a probe of its members brought: the chain by setting, nothing where none is given."""
    members = []
    for check in member_checks(known, well_known=reports.policy(OLD_ROOT).anchors):
        assert check.request is not None
        nothing = MemberReport(
            pool=check.pool, setting=check.setting, member=check.member, skipped="not allowed"
        )
        chain = sent.get(check.setting)
        found = (
            replace(reports.report(*chain, rules=check.request.policy), request=check.request)
            if chain
            else None
        )
        members.append(
            replace(nothing, report=found, findings=found.verdict.findings, skipped="")
            if found
            else nothing
        )
    return GatewayReport(gateway=known, members=worst_first(tuple(members)), at=NOW)


def fates(found: Removal | Refusal) -> dict[str, tuple[Impact, Code | None]]:
    assert isinstance(found, Removal)
    return {member.setting: (member.impact, member.after) for member in found.members}


ROOTS = {
    "new": ROOT.certificate,
    "old": OLD_ROOT.certificate,
    "New-Again": ROOT.certificate,
    "junk": "AAAA",
}


def test_backend_is_judged_as_without_the_root() -> None:
    settings = {
        "alone": ("new",),
        "beside": ("old", "new"),
        "cross": ("old", "new"),
        "twice": ("new", "New-Again"),
        "bad-before": ("new",),
        "unseen": ("new",),
        "other": ("old",),
    }
    sent = dict.fromkeys(settings, (LEAF, ISSUING)) | {
        "cross": (LEAF, ISSUING, CROSS),
        "bad-before": (LEAF,),
    }
    del sent["unseen"]
    found = removal(probed(gateway(settings, ROOTS), sent), "NEW")
    assert fates(found) == {
        "alone": (Impact.BREAKS, Code.INTERMEDIATE_UNKNOWN_CA),
        "beside": (
            Impact.BREAKS,
            Code.ROOT_NOT_ATTACHED,
        ),  # the same root lies there under a second name
        "cross": (Impact.HOLDS, Code.OK),
        "twice": (Impact.HOLDS, Code.OK),
        "bad-before": (Impact.FAILS_ALREADY, Code.INTERMEDIATE_MISSING),
        "unseen": (Impact.NOT_SEEN, None),
    }
    assert isinstance(found, Removal)
    assert (found.root, found.sha256, found.left_bare) == (
        "new",
        ROOT.certificate.sha256,
        ("alone", "bad-before", "unseen"),
    )
    assert [member.impact for member in found.members][:2] == [Impact.BREAKS, Impact.BREAKS]


def test_removed_root_is_not_called_present() -> None:
    issuing = pki.intermediate(OLD_ROOT, "Contoso Issuing CA 1")
    known = gateway({"a": ("old", "new")}, ROOTS)
    found = removal(probed(known, {"a": (pki.leaf(issuing, HOST), issuing)}), "old")
    assert fates(found) == {"a": (Impact.BREAKS, Code.NO_UPLOADED_ROOT_SIGNS_CHAIN)}


def test_a_root_that_no_setting_trusts_breaks_nothing() -> None:
    found = removal(probed(gateway({"a": ("new",)}, ROOTS), {"a": (LEAF, ISSUING)}), "old")
    assert isinstance(found, Removal)
    assert (found.settings, found.members, status_of(found)) == ((), (), 0)


def test_setting_without_a_rule_is_named_too() -> None:
    rules = (RuleSpec(pool="shop", setting="a"),)
    found = removal(
        probed(gateway({"a": ("old",), "idle": ("new",)}, ROOTS, rules=rules), {}), "new"
    )
    assert isinstance(found, Removal)
    assert (found.settings, found.members) == (("idle",), ())


def test_an_unreadable_root_can_go() -> None:
    found = removal(probed(gateway({"a": ("new", "junk")}, ROOTS), {"a": (LEAF, ISSUING)}), "junk")
    assert fates(found) == {"a": (Impact.HOLDS, Code.OK)}


def test_v1_loses_its_authentication_certificate() -> None:
    setting = SettingSpec(name="a", host_name=HOST, auth_certificates=("leaf",))
    pool, held = PoolSpec(name="shop", fqdns=(HOST,)), {"leaf": LEAF.certificate}
    known = translated(
        GatewaySpec(
            name="old-gw",
            tier="Standard",
            pools=(pool,),
            settings=(setting,),
            auth_certificates=held,
        )
    )
    found = removal(probed(known, {"a": (LEAF, ISSUING)}), "leaf")
    assert fates(found) == {"a": (Impact.BREAKS, Code.AUTH_CERTIFICATE_MISMATCH)}
    assert isinstance(found, Removal)
    assert found.left_bare == ()


def test_unknown_root_is_refused_with_the_known_ones() -> None:
    found = removal(probed(gateway({"a": ("new",)}, ROOTS), {}), "nwe")
    assert isinstance(found, Refusal)
    assert (
        found.sentence
        == "prod-gw has no trusted root called nwe; it has new, old, New-Again, junk."
    )
    assert found.example == "rehearse gw:rg-prod/prod-gw without=new"


class CheckService:
    """A gateway whose one member is a network interface until backend health names it."""

    def __init__(self, report: GatewayReport) -> None:
        self.report, self.listened = report, 0

    async def gateway(self, target: GatewayRef) -> GatewayReport | Refusal:  # noqa: ARG002 -- the caller's signature
        """No address yet."""
        return replace(
            self.report,
            members=tuple(replace(m, report=None, skipped=NO_ADDRESS) for m in self.report.members),
        )

    async def read_backend_health(self, report: GatewayReport) -> GatewayReport:  # noqa: ARG002 -- the caller's signature
        """Now there is one."""
        self.listened += 1
        return self.report


async def test_addressless_members_rely_on_the_gateway() -> None:
    check_service = CheckService(probed(gateway({"a": ("new",)}, ROOTS), {"a": (LEAF, ISSUING)}))
    assert (
        fates(await rehearse_removal(check_service, GatewayRef(name="prod-gw"), "new"))["a"][0]
        is Impact.BREAKS
    )
    assert isinstance(
        await rehearse_removal(check_service, GatewayRef(name="prod-gw"), "nope"), Refusal
    )
    assert check_service.listened == 1


def many(count: int) -> Removal:
    settings = {f"setting-{n}": ("new", "old") if n % 2 else ("new",) for n in range(count)}
    found = removal(
        probed(gateway(settings, ROOTS), dict.fromkeys(list(settings)[3:], (LEAF, ISSUING))), "new"
    )
    assert isinstance(found, Removal)
    return found


@pytest.mark.parametrize("count", [0, 1, 5, 90])
def test_card_fits_a_phone_and_says_the_count(count: int) -> None:
    found = many(count)
    card = removal_card(found, AROUND)
    assert len(card.text) <= TEXT_LIMIT
    assert json_size(card.blocks) <= JSON_LIMIT
    assert lines_before_buttons(card) <= LINES_BEFORE_BUTTONS
    assert ("would break" in card.text) is (count > 3)
    assert removal_details(found).count("\n") == count + 1
    assert "nothing was changed" in card.plain


def test_statuses_of_the_terminal() -> None:
    assert (status_of(many(1)), status_of(many(5))) == (3, 1)
    shown = document(many(5))
    assert (shown["breaks"], shown["left_without_roots"]) == (
        True,
        ["setting-0", "setting-2", "setting-4"],
    )
    assert {m["fate"] for m in shown["members"]} == {"breaks", "not seen"}


@pytest.mark.may_block
async def test_the_program_reads_arm_probes_and_prints(tmp_path: Path) -> None:
    recipes = tuple(one for one in CATALOGUE if one.name in {"good", "no-root-given"})
    async with Stage(tmp_path, recipes=recipes) as stage:

        async def run(*words: str, verb: str = "rehearse") -> tuple[int | None, str, str]:
            environment = {**os.environ, **stage.environment()}
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(
                *appgw(verb, *words),
                env=environment,
                cwd=tmp_path,
                stdout=pipe,
                stderr=pipe,
            )
            out, err = await process.communicate()
            return process.returncode, out.decode(), err.decode()

        status, out, err = await run("gw:lab-gw", "--without-root", "contoso-root-g2", "--json")
        assert (status, err, json.loads(out)["members"][0]["after"]) == (
            1,
            "",
            "INTERMEDIATE_UNKNOWN_CA",
        )
        assert (await run("gw:lab-gw", "--without-root", "fabrikam-root-g2"))[0] == 0
        status, out, err = await run("gw:lab-gw", "--days", "3650", "--json", verb="forecast")
        shown = json.loads(out)
        assert (status, err, shown["changes"][0]["cause"]["place"]) == (1, "", "leaf certificate")
        for words in (
            ("gw:lab-gw", "--without-root", "nope"),
            ("gw:lab-gw",),
            ("chain.pem", "--without-root", "contoso-root-g2"),
        ):
            status, out, err = await run(*words)
            assert (status, out, err.count("\n"), err.startswith("appgw: ")) == (2, "", 1, True)
