"""The card of a check: budgets, order, buttons, and that hostile text stays text."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.cards.button_values import RepeatCommand, read_repeat_command
from bot.cards.check_card import FAILING_OPTIONS, FIX_LIMIT, CardContext, check_card
from bot.cards.details import details, full_text
from bot.cards.drawing import draw
from bot.cards.fix_steps import fix_steps
from bot.cards.lock_screen import PHRASES
from bot.cards.parts import (
    BUTTON_VALUE_LIMIT,
    DRAWING_WIDTH,
    HEADER_LIMIT,
    JSON_LIMIT,
    LINES_BEFORE_BUTTONS,
    TEXT_LIMIT,
    VERDICT_LIMIT,
    Message,
    json_size,
)
from chainlib import (
    CATALOGUE,
    Basis,
    Code,
    Severity,
    explain,
    gateway_finding,
    load_certificates,
)
from playground.lab.pki import NOW, intermediate, leaf
from tests.support.blockkit import (
    assert_accepted_by_slack,
    assert_nothing_alive,
    lines_before_buttons,
    texts,
)
from tests.support.reports import CASES, HOST, ISSUING, LEAF, ROOT, repaired, report
from tests.support.snapshots import check_snapshot

AROUND = CardContext(
    command="backend.contoso.com",
    understood="backend.contoso.com:443, SNI same",
    run_id="ab12cd34",
    probe_origin="aks-1",
    user="U123ABC",
)


def card(case: str) -> Message:
    return check_card(CASES[case](), AROUND)


def of_type(message: Message, kind: str) -> list[dict[str, Any]]:
    return [block for block in message.blocks if block["type"] == kind]


def drawing(message: Message) -> list[str]:
    (lines,) = [
        e["elements"][0]["text"].split("\n")
        for b in message.blocks
        for e in b.get("elements", [])
        if e["type"] == "rich_text_preformatted"
    ]
    return list(lines)


@pytest.mark.parametrize("case", CASES)
def test_card_keeps_every_budget(case: str) -> None:
    message = card(case)
    assert len(message.text) <= TEXT_LIMIT
    assert len(message.blocks[0]["text"]["text"]) <= HEADER_LIMIT
    cause = message.blocks[1]["elements"][0]["elements"][1]["text"].strip()
    assert len(cause) <= VERDICT_LIMIT
    assert max(map(len, drawing(message))) <= DRAWING_WIDTH
    assert lines_before_buttons(message) <= LINES_BEFORE_BUTTONS
    assert json_size(message.blocks) < JSON_LIMIT


@pytest.mark.parametrize("case", CASES)
def test_card_with_everything_to_say_keeps_its_lines(case: str) -> None:
    said = (
        "prod-gw says Unhealthy: " + "the certificate of the backend is not what was expected " * 3
    )
    changed = "Since Tue 21:04 UTC: leaf renewed, issuer R10 -> R11, intermediate no longer sent."
    beside = replace(AROUND, health_sentence=said, changed=changed, site="shop.contoso.com")
    message = check_card(CASES[case](), beside)
    assert "/appgw-check site:shop.contoso.com shows" in str(message.blocks)
    assert lines_before_buttons(message) <= LINES_BEFORE_BUTTONS
    assert json_size(message.blocks) < JSON_LIMIT
    assert ("Changed: " in str(message.blocks)) is not CASES[case]().verdict.accepted
    assert_accepted_by_slack(message)
    assert_nothing_alive(message)


@pytest.mark.parametrize("case", CASES)
def test_card_is_accepted_by_slack_and_inert(case: str) -> None:
    message = card(case)
    assert_accepted_by_slack(message)
    assert_nothing_alive(message)


@pytest.mark.parametrize("case", CASES)
def test_details_keep_the_budget_and_lose_nothing(case: str) -> None:
    found = CASES[case]()
    answer = details(found)
    assert json_size(answer.message.blocks) < JSON_LIMIT
    assert_accepted_by_slack(answer.message)
    assert_nothing_alive(answer.message)
    text_shown = full_text(found)
    assert all(finding.code.value in text_shown for finding in found.verdict.findings)


@pytest.mark.parametrize("case", CASES)
def test_card_looks_as_reviewed(case: str) -> None:
    message = card(case)
    check_snapshot(
        f"cards/check-{case}",
        {"text": message.text, "blocks": list(message.blocks), "plain": message.plain.split("\n")},
    )


@pytest.mark.parametrize("case", CASES)
def test_card_begins_with_verdict_and_ends_with_limits(case: str) -> None:
    message = card(case)
    kinds = [block["type"] for block in message.blocks]
    assert kinds[0] == "header"
    assert kinds[-2:] == ["actions", "context"]
    assert CASES[case]().verdict.headline.value in str(of_type(message, "context"))


@pytest.mark.parametrize("case", CASES)
def test_card_has_three_visible_buttons_at_most(case: str) -> None:
    (actions,) = of_type(card(case), "actions")
    labels = [element.get("text", {}).get("text", "overflow") for element in actions["elements"]]
    assert labels in (["Check again", "Fix steps", "overflow"], ["Check again", "overflow"])
    assert all(
        len(element.get("value", "")) <= BUTTON_VALUE_LIMIT for element in actions["elements"]
    )


@pytest.mark.parametrize("case", sorted(set(CASES) - {"good", "crowd", "long-host"}))
def test_lock_screen_holds_cause_host_and_actor(case: str) -> None:
    message = card(case)
    assert HOST in message.text
    assert PHRASES[CASES[case]().verdict.headline] in message.text
    assert "Fix: " in message.text


def test_lock_screen_keeps_both_ends_of_the_host() -> None:
    assert card("long-host").text == (
        "FAIL aaaaaaaaaaaaaaaaaaaaaaaa…dddddd.contoso port 8443: intermediate missing. Fix: server."
    )


def test_gap_is_drawn_up_to_the_gateways_root() -> None:
    assert drawing(card("leaf-only")) == [
        "sent 1 backend.contoso.com",
        " gap   Contoso Issuing CA 3",
        "     X MISSING: not sent",
        "gw     Contoso Root G2",
    ]


def test_missing_ca_of_the_repair_is_drawn() -> None:
    policy_ca = intermediate(ROOT, "Contoso Policy CA")
    issuing = intermediate(policy_ca)
    server = leaf(issuing, HOST)
    shown = draw(repaired(report(server), server, issuing, policy_ca), 12)
    assert [line.strip() for line in shown[1:]] == [
        "gap   Contoso Issuing CA 3",
        "X MISSING: not sent",
        "gap   Contoso Policy CA",
        "X MISSING: not sent",
        "gw     Contoso Root G2",
    ]


def test_root_that_the_gateway_lacks_is_not_drawn() -> None:
    found = repaired(report(LEAF), LEAF, ISSUING)
    assert found.repair is not None
    lacking = replace(found, repair=replace(found.repair, root=ROOT.certificate))
    assert "gw" not in [line.split()[0] for line in draw(lacking, 12)]


def test_gap_that_the_repair_leaves_stays_drawn() -> None:
    elsewhere = intermediate(ROOT, "Contoso Issuing CA 9")
    assert draw(repaired(report(LEAF), LEAF, elsewhere), 12)[1] == " gap   Contoso Issuing CA 3"


def test_faulty_certificate_bears_the_headline_first() -> None:
    assert CASES["everything"]().verdict.headline is Code.SELF_SIGNED_NOT_CA
    assert drawing(card("everything"))[:2] == ["sent 1 x.example", "     X SELF-SIGNED, no CA"]


def test_first_catalogue_step_is_uncut_on_the_card() -> None:
    first = CASES["refused"]().explanation.steps[0]
    assert first in str(card("refused").blocks)
    assert max(len(entry.steps[0]) for entry in CATALOGUE.values() if entry.steps) <= FIX_LIMIT


def test_every_button_carries_its_parameters() -> None:
    (actions,) = of_type(card("leaf-only"), "actions")
    again, steps, more = actions["elements"]
    assert read_repeat_command(again["value"]) == RepeatCommand(
        v=2, n="ask", q="backend.contoso.com"
    )
    assert json.loads(steps["value"])["f"][0]["c"] == "INTERMEDIATE_MISSING"
    assert [option["value"] for option in more["options"]] == [
        value for _, value in FAILING_OPTIONS
    ]


def test_too_long_command_drops_only_the_button() -> None:
    context = CardContext(command="x" * 3000, understood="long", run_id="r", probe_origin="v")
    message = check_card(CASES["leaf-only"](), context)
    assert_accepted_by_slack(message)
    assert "Check again" not in str(of_type(message, "actions"))
    assert json_size(message.blocks) < JSON_LIMIT


@pytest.mark.parametrize("case", sorted(set(CASES) - {"good", "crowd"}))
def test_fix_steps_open_from_the_button_alone(case: str) -> None:
    (actions,) = of_type(card(case), "actions")
    view = fix_steps(actions["elements"][1]["value"])
    assert len(view["title"]["text"]) <= 24
    assert 1 <= len(view["blocks"]) <= 100
    assert "Check again" in str(view["blocks"][-1])
    assert not [text for text in texts(view["blocks"]) if text["type"] == "mrkdwn"]


@pytest.mark.parametrize("value", ["", "[]", "{", '{"c":"NO_SUCH"}', '{"c":"OK"}', '{"f":[1]}'])
def test_fix_steps_of_an_unreadable_value_say_so(value: str) -> None:
    assert "cannot be read" in str(fix_steps(value)["blocks"])


OF_ITS_CODE = '{"v":2,"n":"fix-steps","c":"INTERMEDIATE_MISSING"}'


def test_fix_steps_fall_back_to_the_catalogue() -> None:
    assert "intermediate missing" in str(fix_steps(OF_ITS_CODE)["blocks"]).lower()


def test_code_has_a_phrase_for_the_lock_screen() -> None:
    assert set(PHRASES) == set(Code)
    assert max(map(len, PHRASES.values())) <= 34


def test_files_hold_the_corrected_and_the_sent_chain() -> None:
    files = {file.name: file.content for file in details(CASES["leaf-only"]()).files}
    assert files["fullchain.pem"].count("BEGIN CERTIFICATE") == 2
    assert files["as-sent.pem"].count("BEGIN CERTIFICATE") == 1
    assert files["fullchain.pem"].startswith("# CN=backend.contoso.com\n")


def test_overflow_of_the_thread_is_in_a_file() -> None:
    files = {file.name: file.content for file in details(CASES["crowd"]()).files}
    assert "other-27.contoso.com" in files["appgw-details.txt"]


def test_name_like_a_pem_block_breaks_no_file() -> None:
    fence = "-----BEGIN CERTIFICATE-----"
    issuing = intermediate(ROOT, fence)
    server = leaf(issuing, fence, dns=(HOST,))
    files = {
        file.name: file.content for file in details(repaired(report(server), server, issuing)).files
    }
    assert load_certificates(files["fullchain.pem"].encode()) == (
        server.certificate,
        issuing.certificate,
    )
    assert load_certificates(files["as-sent.pem"].encode()) == (server.certificate,)


@pytest.mark.parametrize("case", CASES)
def test_codes_stand_in_the_small_print_only(case: str) -> None:
    lines = card(case).plain.split("\n")
    assert not [line for line in lines[:-1] for code in set(Code) - {Code.OK} if code.value in line]


def test_switched_off_validation_says_what_it_hides() -> None:
    said = card("unvalidated").plain
    assert (CASES["unvalidated"]().verdict.headline, PHRASES[Code.CERTIFICATE_EXPIRED] in said) == (
        Code.VALIDATION_OFF,
        True,
    )
    assert "CERTIFICATE_EXPIRED" in details(CASES["unvalidated"]()).message.plain


def test_health_older_than_the_fix_adds_nothing() -> None:
    good = CASES["good"]()
    said = gateway_finding(Code.INTERMEDIATE_MISSING, "Backend health reports this.")
    differs = replace(
        said, code=Code.VANTAGE_DIFFERS, severity=Severity.WARNING, basis=Basis.INFERRED
    )
    verdict = replace(good.verdict, findings=(said, differs))
    report = replace(good, verdict=verdict, explanation=explain(verdict))
    plain = check_card(report, AROUND).plain
    assert "The bot's own probe: passes. If it was fixed a moment ago, wait" in plain
    assert PHRASES[Code.VANTAGE_DIFFERS] not in plain
    assert "own probe: passes" not in card("leaf-only").plain


def test_current_edition_of_an_intermediate_is_installed() -> None:
    ended = intermediate(ROOT, not_after=NOW - timedelta(days=1))
    found = repaired(report(leaf(ended, HOST), ended), LEAF, ISSUING)
    assert found.verdict.headline is Code.CERTIFICATE_EXPIRED
    install = "Fix on the server: Install fullchain.pem from the thread"
    assert install in check_card(found, AROUND).plain
    assert install not in card("expired").plain


def test_wrong_order_says_what_must_move_where() -> None:
    far = "Contoso Worldwide Enterprise Trust Services Issuing Authority"
    top = intermediate(ROOT, f"{far} 1")
    upper = intermediate(top, f"{far} 2")
    lower = intermediate(upper, f"{far} 3")
    chain = report(leaf(lower, HOST), lower, top, upper)
    cause = chain.explanation.cause
    assert chain.verdict.headline is Code.CHAIN_OUT_OF_ORDER
    assert (
        len(cause) <= VERDICT_LIMIT,
        "… is sent as number 4, but belongs right behind Contoso" in cause,
    ) == (True, True)
    assert f"{far} 2" in details(chain).message.plain
    assert report(leaf(lower, HOST), upper, lower, top).explanation.cause.endswith(
        f"is sent as number 3, but belongs right behind {HOST}."
    )
