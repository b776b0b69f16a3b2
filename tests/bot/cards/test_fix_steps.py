"""The form of the fix steps.

Real names, one tap to another server or tool, the stopgap last, old cards, and budgets.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from bot.cards.fix_names import fix_context
from bot.cards.fix_steps import STEPS_KIND, STEPS_TOOL, fix_steps
from bot.cards.fix_value import read_value, steps_value, switched
from bot.cards.parts import BUTTON_VALUE_LIMIT
from bot.domain.azure import BackendSetting
from bot.domain.report import CheckReport, GatewayReport
from bot.fixsteps import ServerKind, Tool
from chainlib import Code, HttpResponse, Sku, TrustAnchors, TrustMode, UploadedRoot, repair
from playground.lab import pki
from playground.lab.pki import NOW, Issued
from playground.slack.limits import check_view
from tests.bot.test_evidence import answered
from tests.support.blockkit import texts
from tests.support.reports import CASES, HOST, ISSUING, LEAF, ROOT
from tests.support.reports import policy as policy_of
from tests.support.reports import report as make_report

OLD = {
    "v": 2,
    "n": "fix-steps",
    "q": HOST,
    "f": [{"c": "INTERMEDIATE_MISSING", "w": "server", "s": ["Install the intermediate."]}],
    "m": 2,
}
FAILING = sorted(set(CASES) - {"good", "crowd"})


def served_by(server: str) -> CheckReport:
    """A report of a backend whose answer names its software."""
    report = CASES["leaf-only"]()
    (address,) = report.addresses
    assert address.chain is not None
    http = HttpResponse(status=200, reason="OK", server=server)
    return replace(report, addresses=(replace(address, chain=replace(address.chain, http=http)),))


def menus(view: dict[str, Any]) -> dict[str, str]:
    return {
        element["action_id"]: element["initial_option"]["value"]
        for block in view["blocks"]
        for element in block.get("elements", ())
        if element["type"] == "static_select"
    }


@pytest.mark.parametrize("case", FAILING)
def test_the_form_is_one_that_slack_takes(case: str) -> None:
    value = steps_value(CASES[case](), HOST)
    for kind, tool in product((ServerKind.OTHER, ServerKind.IIS, ServerKind.KUBERNETES), Tool):
        view = fix_steps(switched(value, kind=kind.name, tool=tool.name))
        assert not check_view(view), (kind, tool)
        shown = [text for text in texts(view["blocks"]) if text["type"] == "mrkdwn"]
        assert not shown, (kind, tool)


@pytest.mark.parametrize("case", FAILING)
def test_the_value_fits_a_button(case: str) -> None:
    assert len(steps_value(CASES[case](), HOST)) <= BUTTON_VALUE_LIMIT


def test_the_server_is_guessed_and_switched() -> None:
    value = steps_value(served_by("nginx/1.25"), HOST)
    assert menus(fix_steps(value))[STEPS_KIND] == "NGINX"
    assert "nginx -s reload" in json.dumps(fix_steps(value))
    other = fix_steps(switched(value, kind="IIS"))
    assert menus(other)[STEPS_KIND] == "IIS"
    assert "nginx -s reload" not in json.dumps(other)
    assert "LocalMachine" in json.dumps(other)


def test_the_tool_is_switched() -> None:
    value = steps_value(CASES["no-root-signs"](), HOST)
    assert menus(fix_steps(value))[STEPS_TOOL] == "AZ"
    terraform = fix_steps(switched(value, tool="TERRAFORM"))
    assert menus(terraform)[STEPS_TOOL] == "TERRAFORM"
    assert "trusted_root_certificate" in json.dumps(terraform)


def test_the_stopgap_comes_last_and_blanks_are_named() -> None:
    shown = json.dumps(fix_steps(steps_value(CASES["leaf-only"](), HOST)))
    assert shown.index("Temporary workaround, only if users cannot wait") > shown.index(
        "To verify the fix"
    )
    assert "GATEWAY_NAME" in shown
    assert "Replace these placeholders: RESOURCE_GROUP" in shown


@pytest.mark.parametrize("validate", [True, False], ids=["expiring", "validation-off"])
def test_accepted_backend_gets_no_stopgap(validate: bool) -> None:  # noqa: FBT001 -- a column
    valid_for = timedelta(days=10 if validate else -1)
    leaf = pki.leaf(ISSUING, HOST, not_after=NOW + valid_for)
    rules = replace(policy_of(ROOT), validate_chain=validate)
    report = make_report(leaf, ISSUING, rules=rules)
    assert report.verdict.accepted
    assert report.verdict.headline is not Code.OK
    value = steps_value(report, HOST)
    assert "Temporary workaround" not in json.dumps(fix_steps(value))


@pytest.mark.parametrize("without", ["v1", "layer 4"])
def test_setting_without_switches_gets_no_stopgap(without: str) -> None:
    rules = policy_of(ROOT, name="other.contoso.com")
    if without == "v1":
        leaf = TrustAnchors(mode=TrustMode.AUTH_CERTIFICATES, certificates=(LEAF.certificate,))
        rules = replace(rules, anchors=leaf, sku=Sku.V1)
    report = make_report(LEAF, ISSUING, rules=rules)
    assert report.verdict.headline is Code.NAME_MISMATCH
    gateway = on_gateway(report)
    setting = replace(gateway.gateway.settings[0], layer4=without == "layer 4")
    gateway = replace(gateway, gateway=replace(gateway.gateway, settings=(setting,)))
    value = steps_value(report, HOST, gateway)
    context = read_value(value).context
    assert context is not None
    assert context.no_switches
    assert context.layer4 is (without == "layer 4")
    assert "Temporary workaround" not in json.dumps(fix_steps(value))


def test_placeholder_is_named_under_its_steps() -> None:
    view = fix_steps(steps_value(CASES["no-root-signs"](), HOST))
    steps, stopgap = (
        text["text"]
        for text in texts(view["blocks"])
        if "Replace these placeholders" in text["text"]
    )
    assert "ROOT_NAME" in steps
    assert "BACKEND_SETTING" in stopgap
    assert "ROOT_NAME" not in stopgap


def test_one_piece_of_work_is_listed_once() -> None:
    value = {
        "v": 2,
        "n": "fix-steps",
        "q": HOST,
        "x": {"h": HOST},
        "f": [{"c": code, "w": "server"} for code in ("INTERMEDIATE_MISSING", "CHAIN_EXTRA")],
    }
    assert json.dumps(fix_steps(json.dumps(value))).count("To verify the fix") == 1


def test_an_old_card_keeps_its_own_steps() -> None:
    view = fix_steps(json.dumps(OLD))
    assert menus(view) == {}
    assert "Install the intermediate." in json.dumps(view)
    assert "2 more findings" in json.dumps(view)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "7", '{"v":2,"x":{"h":7}}', '{"v":2,"n":"fix-steps","f":[{"c":"NO_SUCH"}]}'],
)
def test_what_cannot_be_read_is_left_out(text: str) -> None:
    assert read_value(text).fixes == ()
    assert read_value(switched(text, kind="IIS")).fixes == ()
    assert "cannot be read" in json.dumps(fix_steps(text))


def test_the_names_on_the_gateway_are_filled_in() -> None:
    report = CASES["no-root-signs"]()
    value = steps_value(report, HOST, answered(report))
    shown = json.dumps(fix_steps(value))
    assert "http-settings update -g rg --gateway-name prod-gw -n https-be" in shown
    assert "GATEWAY_NAME" not in shown


def test_hostile_names_stay_inside_their_words() -> None:
    report = CASES["no-root-signs"]()
    phrased = answered(report)
    evil = replace(
        phrased,
        members=tuple(
            replace(member, setting="x; touch /tmp/owned; $(id)") for member in phrased.members
        ),
    )
    commands = [
        line
        for line in json.dumps(fix_steps(steps_value(report, HOST, evil))).split('"')
        if line.startswith("az ")
    ]
    assert commands
    assert not [
        line for line in commands if "; touch" in line.replace("'x; touch /tmp/owned; $(id)'", "")
    ]


def on_gateway(report: CheckReport, **more: Any) -> GatewayReport:  # noqa: ANN401 -- members of the gateway as a test wants them
    """The other witness of a gateway whose one setting is described."""
    setting = BackendSetting(
        name="https-be",
        port=443,
        protocol="Https",
        host_name="",
        pick_host_from_address=False,
        sni_name="",
        validate_chain=True,
        validate_name=True,
        root_names=more.pop("root_names", ()),
        auth_certificate_names=(),
        probe=None,
    )
    phrased = answered(report)
    return replace(phrased, gateway=replace(phrased.gateway, settings=(setting,), **more))


def unrooted(root: Issued, **policy: Any) -> CheckReport:  # noqa: ANN401 -- members of the policy as a test wants them
    """A backend whose chain ends in a root that the gateway was not given, repaired for real."""
    issuing = pki.intermediate(root)
    rules = replace(policy_of(pki.root("Contoso Root G1")), **policy)
    report = make_report(pki.leaf(issuing, HOST), issuing, root, rules=rules)
    assert report.chain is not None
    return replace(report, repair=repair(report.chain, rules, at=NOW))


def test_every_attached_root_stays_or_is_looked_up() -> None:
    report = unrooted(pki.root("Fabrikam Root"))
    few, many = tuple(f"root-{n}" for n in range(5)), tuple(f"root-{n}" for n in range(9))
    assert fix_context(report, on_gateway(report, root_names=few)).kept_roots == few
    assert fix_context(report, on_gateway(report, root_names=many)).kept_roots is None
    shown = json.dumps(fix_steps(steps_value(report, HOST, on_gateway(report, root_names=many))))
    assert "trustedRootCertificates[].id" in shown
    assert "--root-certs ROOT_NAMES" in shown


def test_new_root_gets_an_unused_name() -> None:
    root, other = pki.root("Fabrikam Root"), pki.root("Fabrikam Root")
    report = unrooted(root)
    assert fix_context(report, on_gateway(report)).root_name == "fabrikam-root"
    taken = on_gateway(
        report, roots=(UploadedRoot(name="Fabrikam-Root", certificate=other.certificate),)
    )
    assert fix_context(report, taken).root_name == f"fabrikam-root-{root.certificate.sha256[:8]}"


def test_root_on_another_gateway_is_uploaded() -> None:
    root = pki.root("Fabrikam Root")
    for other_gateway in (False, True):
        lying = UploadedRoot(
            name="fab-2024",
            certificate=root.certificate,
            gateway="a-gw",
            on_other_gateway=other_gateway,
        )
        report = unrooted(root, unattached=(lying,))
        context = fix_context(report, on_gateway(report))
        assert (context.root_name, context.root_here, context.no_root_file) == (
            "fab-2024",
            not other_gateway,
            False,
        )


def test_nothing_outside_the_thread_is_promised() -> None:
    report = CASES["no-root-signs"]()
    assert report.chain is not None
    mended = replace(report, repair=repair(report.chain, report.request.policy, at=NOW))
    context = fix_context(mended, None)
    assert (context.no_chain_file, context.no_root_file, context.missing) == (
        True,
        True,
        "Contoso Root G2",
    )
    assert "root.cer from this thread" not in json.dumps(fix_steps(steps_value(mended, HOST)))


def test_name_for_the_setting_is_in_the_certificate() -> None:
    context = fix_context(CASES["other-name"](), None)
    assert (context.name, context.carried) == (HOST, "other.contoso.com")
    assert "--host-name other.contoso.com" in json.dumps(
        fix_steps(steps_value(CASES["other-name"](), HOST))
    )
    assert fix_context(CASES["leaf-only"](), None).carried is None
    wild = make_report(pki.leaf(ISSUING, "*.example.org"), ISSUING)
    assert read_value(steps_value(wild, HOST)).context == fix_context(wild, None)
    assert fix_context(wild, None).carried == ""
