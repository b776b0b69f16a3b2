"""The card of a gateway.

Causes folded, worst first, inside the budgets of a phone, harmless whatever ARM and certificates
hold.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.cards.causes import CauseGroup, fold
from bot.cards.check_card import FIX_STEPS, CardContext
from bot.cards.details import member_details
from bot.cards.fix_value import read_value
from bot.cards.gateway_card import gateway_card
from bot.cards.gateway_summary import lock_screen_of
from bot.cards.lock_screen import PHRASES
from bot.cards.overview_card import overview_card
from bot.cards.parts import (
    JSON_LIMIT,
    LINES_BEFORE_BUTTONS,
    TEXT_LIMIT,
    json_size,
)
from bot.checks.backend_health import add_backend_health, worst_first
from bot.domain.azure import BackendServer, GatewayHealth, GatewayMessage, Health
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import GatewayReport, MemberReport
from chainlib import Code, Where
from tests.support import reports
from tests.support.blockkit import lines_before_buttons
from tests.support.gateways import GATEWAY, GATEWAY_ID
from tests.support.snapshots import check_snapshot

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
AROUND = CardContext(
    command="gw:prod-gw",
    understood="gw:prod-gw",
    run_id="r-1",
    probe_origin="snet-bots",
    user="U1",
)


def members(case: str, count: int, *, setting: str = "https-be") -> tuple[MemberReport, ...]:
    """So many servers that send the same thing."""
    report = reports.CASES[case]()
    return tuple(
        MemberReport(
            pool="shop",
            setting=setting,
            member=f"{case}-{n}.contoso.com",
            report=report,
            findings=report.verdict.findings,
        )
        for n in range(count)
    )


def gateway_report(*groups: tuple[MemberReport, ...]) -> GatewayReport:
    """A gateway with these servers."""
    return GatewayReport(
        gateway=GATEWAY, members=worst_first(tuple(m for group in groups for m in group)), at=NOW
    )


def answered(
    report: GatewayReport, text: str = "Success. Received 200 status code"
) -> GatewayReport:
    """The same with the gateway calling every server unhealthy."""
    said = GatewayMessage(code=Code.ROOT_MISMATCH, text=text)
    servers = tuple(
        BackendServer(
            pool=m.pool, setting=m.setting, address=m.member, health=Health.UNHEALTHY, message=said
        )
        for m in report.members
    )
    return add_backend_health(
        report, GatewayHealth(gateway=GATEWAY_ID, servers=servers, read_at=NOW)
    )


MIXED = gateway_report(
    members("leaf-only", 14), members("other-name", 2, setting="api"), members("good", 37)
)


def test_same_cause_is_one_line() -> None:
    causes = fold(MIXED)
    assert [(cause.code, len(cause.members)) for cause in causes] == [
        (Code.INTERMEDIATE_MISSING, 14),
        (Code.NAME_MISMATCH, 2),
    ]
    plain = gateway_card(MIXED, AROUND).plain
    assert "14 servers" in plain
    assert "37 servers fine" in plain


def test_causes_without_a_line_are_counted_alone() -> None:
    failing = [
        case
        for case in reports.CASES
        if not members(case, 1)[0].healthy and members(case, 1)[0].headline is not Code.OK
    ]
    groups = {members(case, 1)[0].headline: members(case, 1) for case in failing}
    serious = len(groups)
    report = gateway_report(*groups.values(), members("expiring", 1))
    plain = gateway_card(report, AROUND).plain
    assert f"{serious} of {serious + 1} servers fail, {serious} causes." in plain
    assert f"… and {serious - 5} more causes and 1 warning, in the thread." in plain
    line = overview_card([report], (), AROUND).plain
    assert f"{PHRASES[fold(report)[0].code]} and {serious - 1} more" in line


def test_site_counts_backend_health_of_its_servers_alone() -> None:
    whole = answered(gateway_report(members("leaf-only", 3)))
    site = replace(whole, members=whole.members[:1], site="shop.contoso.com")
    assert "Gateway says: 1 unhealthy" in gateway_card(site, AROUND).plain


def test_lock_screen_says_cause_and_who() -> None:
    assert (
        gateway_card(MIXED, AROUND).text
        == "FAIL prod-gw: intermediate missing and 1 more, 16 of 53 servers. Fix: server."
    )


def test_lock_screen_names_the_actor_for_this_server() -> None:
    """Where the explanation of the report names somebody else than the code's general rule."""
    (member,) = members("leaf-only", 1)
    assert member.report is not None
    report = replace(member.report, explanation=replace(member.report.explanation, where=Where.DNS))
    card = gateway_card(gateway_report((replace(member, report=report),)), AROUND)
    assert card.text.endswith("Fix: DNS.")
    assert "Fix in DNS: " in card.plain


@pytest.mark.parametrize("code", Code)
def test_lock_screen_keeps_name_cause_and_actor(code: Code) -> None:
    causes = tuple(
        CauseGroup(code=code, about="", members=MIXED.members[:1], serious=True) for _ in range(99)
    )
    crowd = replace(MIXED, members=MIXED.members * 40)
    text = lock_screen_of(crowd, causes, TEXT_LIMIT - len(" +99 gateways"))
    assert len(text) <= TEXT_LIMIT - len(" +99 gateways")
    assert text.startswith("FAIL prod-gw: " + PHRASES[code])
    assert ". Fix: " in text


def test_overview_names_the_first_failing_gateway_and_cause() -> None:
    card = overview_card([gateway_report(members("good", 2)), MIXED, MIXED], (), AROUND)
    assert card.text == (
        "FAIL prod-gw: intermediate missing and 1 more, 16 of 53 servers. Fix: server. +1 gateway"
    )
    assert (
        overview_card([gateway_report(members("good", 2))], (), AROUND).text
        == "OK 0 of 1 gateway unhealthy."
    )


def test_cause_behind_most_servers_comes_first() -> None:
    report = gateway_report(members("dns", 1), members("leaf-only", 3), members("expiring", 9))
    assert [cause.code for cause in fold(report)] == [
        Code.INTERMEDIATE_MISSING,
        Code.DNS_FAILED,
        Code.CERTIFICATE_EXPIRING,
    ]


def test_card_is_complete_before_the_gateway_answers() -> None:
    before, after = gateway_card(MIXED, AROUND).plain, gateway_card(answered(MIXED), AROUND).plain
    assert "which takes ten seconds" in before
    assert "Gateway says: 53 unhealthy" in after


def said_healthy(report: GatewayReport) -> GatewayReport:
    """The same with the gateway calling every server healthy."""
    servers = tuple(
        BackendServer(
            pool=m.pool, setting=m.setting, address=m.member, health=Health.HEALTHY, message=None
        )
        for m in report.members
    )
    return add_backend_health(
        report, GatewayHealth(gateway=GATEWAY_ID, servers=servers, read_at=NOW)
    )


def test_temporarily_wrong_gateway_is_contradicted_in_words() -> None:
    plain = gateway_card(said_healthy(MIXED), AROUND).plain
    assert (
        "Possible reason: the gateway's failure threshold may not be reached yet (16 servers)."
    ) in plain


def test_gateway_refusing_what_passes_is_quoted_and_explained() -> None:
    plain = gateway_card(
        answered(gateway_report(members("good", 2)), "Cannot connect to server."), AROUND
    ).plain
    assert "Azure's message: Cannot connect to server." in plain
    assert (
        "The bot's own probe: passes. Possible reason: the gateway probes from another "
        "subnet, or its last probe is older (2 servers)."
    ) in plain


def test_fix_steps_hold_what_backend_health_alone_says() -> None:
    blocks = gateway_card(answered(gateway_report(members("good", 2))), AROUND).blocks
    buttons = next(block["elements"] for block in blocks if block["type"] == "actions")
    value = next(one["value"] for one in buttons if one["action_id"] == FIX_STEPS)
    codes = [fix.code for fix in read_value(value).fixes]
    assert codes == [Code.ROOT_MISMATCH, Code.VANTAGE_DIFFERS]


def test_words_that_mislead_are_marked() -> None:
    """Azure's text says root, the chain says intermediate.

    The reader is told which one to believe.
    """
    plain = gateway_card(
        answered(gateway_report(members("leaf-only", 2)), "The root certificate does not match."),
        AROUND,
    ).plain
    assert (
        "Azure's message (the actual cause is below): The root certificate does not match." in plain
    )
    assert "They disagree" not in plain


def test_unprobed_servers_are_not_called_fine() -> None:
    unseen = MemberReport(
        pool="shop", setting="https-be", member="10.0.0.9", skipped="not on the allow-list"
    )
    some, none = gateway_report(members("good", 2), (unseen,)), gateway_report((unseen,))
    assert (gateway_card(some, AROUND).text, gateway_card(none, AROUND).text) == (
        "WARN prod-gw: 2 of 3 servers fine, 1 not probed.",
        "WARN prod-gw: no server was probed.",
    )
    assert gateway_card(said_healthy(some), AROUND).text == "OK prod-gw: all 3 servers are healthy."


def test_missing_permission_is_said() -> None:
    refusal = Refusal(
        kind=RefusalKind.FORBIDDEN,
        sentence="My identity lacks the backend-health right on prod-gw.",
    )
    assert (
        "lacks the backend-health right"
        in gateway_card(add_backend_health(MIXED, refusal), AROUND).plain
    )


@pytest.mark.parametrize(
    ("health", "said", "step"),
    [
        (Health.UNKNOWN, GatewayMessage(code=Code.OK, text=""), "Rely on the direct probe"),
        (
            Health.UNHEALTHY,
            GatewayMessage(code=Code.VERIFY_FAILED, text="error code 10", error_code=10),
            "number 10 means: A certificate in the chain has expired",
        ),
    ],
    ids=["draining", "number"],
)
def test_first_step_fits_what_backend_health_says(
    health: Health, said: GatewayMessage, step: str
) -> None:
    report = gateway_report(members("good", 1))
    server = BackendServer(
        pool=report.members[0].pool,
        setting=report.members[0].setting,
        address=report.members[0].member,
        health=health,
        raw_health="Draining" if health is Health.UNKNOWN else "",
        message=said,
    )
    answer = GatewayHealth(gateway=GATEWAY_ID, servers=(server,), read_at=NOW)
    assert step in gateway_card(add_backend_health(report, answer), AROUND).plain


def test_gateway_alone_calls_a_server_unhealthy() -> None:
    silent = MemberReport(
        pool="shop", setting="http", member="10.0.0.9", skipped="This setting speaks plain HTTP."
    )
    report = answered(gateway_report((silent,)))
    assert [cause.code for cause in fold(report)] == [Code.ROOT_MISMATCH]


def test_all_fine_is_short() -> None:
    message = gateway_card(gateway_report(members("good", 3)), AROUND)
    assert message.text == "OK prod-gw: all 3 servers are healthy."
    assert lines_before_buttons(message) <= 4


EVERY = gateway_report(*(members(case, 3) for case in reports.CASES if case != "hostile"))
HOSTILE = answered(gateway_report(members("hostile", 3)), reports.HOSTILE)
LONG_NAMES = replace(
    MIXED, gateway=replace(GATEWAY, id=replace(GATEWAY_ID, name="g" * 80)), scope="p" * 80
)


@pytest.mark.parametrize(
    "report", [MIXED, answered(MIXED), EVERY, answered(EVERY), HOSTILE, LONG_NAMES], ids=range(6)
)
def test_card_keeps_its_budgets(report: GatewayReport) -> None:
    message = gateway_card(report, AROUND)
    assert len(message.text) <= TEXT_LIMIT
    assert lines_before_buttons(message) <= LINES_BEFORE_BUTTONS
    assert json_size(message.blocks) < JSON_LIMIT


def test_hostile_text_stays_text() -> None:
    message = gateway_card(HOSTILE, AROUND)
    for text in (message.text, message.plain, member_details(HOSTILE)):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "<!channel>" not in message.plain


@pytest.mark.parametrize(
    ("case", "who"),
    [("refused", ("server", "on the server")), ("silent", ("network", "in the network"))],
)
def test_lock_screen_and_card_name_the_same_party(case: str, who: tuple[str, str]) -> None:
    card = gateway_card(gateway_report(members(case, 1)), AROUND)
    assert (
        card.text.endswith(f"1 of 1 server. Fix: {who[0]}."),
        f"Fix {who[1]}: " in card.plain,
    ) == (True, True)


def test_one_server_is_no_servers() -> None:
    assert member_details(gateway_report(members("good", 1))).startswith(
        "gateway prod-gw, 1 server\n"
    )


def test_card_looks_as_reviewed() -> None:
    card = gateway_card(MIXED, AROUND)
    shown = {"text": card.text, "blocks": list(card.blocks), "plain": card.plain.split("\n")}
    check_snapshot("cards/gateway", shown)
