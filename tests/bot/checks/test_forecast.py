"""What breaks next: chains judged at every date at which something changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.cards.check_card import CardContext
from bot.cards.forecast_card import forecast_card, forecast_details, forecast_files, grade_of
from bot.cards.parts import JSON_LIMIT, LINES_BEFORE_BUTTONS, TEXT_LIMIT, json_size
from bot.checks.forecast import forecast, next_break
from bot.domain.forecast import ChainPosition, Effect, Forecast, ForecastDay, ValidityChange
from bot.domain.report import CheckReport, GatewayReport, MemberReport
from bot.terminal.forecast import document, status_of, text
from chainlib import Code, load_certificates
from playground.lab import pki
from playground.lab.pki import NOW, Issued
from tests.support import reports
from tests.support.blockkit import (
    assert_accepted_by_slack,
    assert_nothing_alive,
    lines_before_buttons,
)
from tests.support.gateways import GATEWAY
from tests.support.reports import HOST, HOSTILE, ISSUING, LEAF, ROOT
from tests.support.snapshots import check_snapshot

DAY = timedelta(days=1)
SOON = NOW + 5 * DAY
CONTEXT = CardContext(
    command="forecast gw:prod-gw",
    understood="forecast gw:prod-gw",
    run_id="r-1",
    probe_origin="snet-bots",
    user="U1",
)


def member(name: str, report: CheckReport | None, skipped: str = "") -> MemberReport:
    """A member of a pool, probed or not."""
    findings = report.verdict.findings if report else ()
    return MemberReport(
        pool="shop",
        setting="https-be",
        member=name,
        report=report,
        findings=findings,
        skipped=skipped,
    )


def over(members: Sequence[MemberReport], days: int = 90) -> Forecast:
    """The forecast of a gateway with these members."""
    return forecast(GatewayReport(gateway=GATEWAY, members=tuple(members), at=NOW), days)


def only(found: Forecast) -> ForecastDay:
    """The one date on which something changes."""
    (day,) = found.changes
    return day


def ending(*, days: int, issuer: Issued = ISSUING) -> Issued:
    """A leaf that ends so many days from now."""
    return pki.leaf(issuer, HOST, not_after=NOW + days * DAY)


def short_intermediate(**given: object) -> Issued:
    """An issuing CA that ends soon."""
    return pki.intermediate(ROOT, "Contoso Issuing CA 9", not_after=SOON, **given)  # type: ignore[arg-type]


def test_leaf_breaks_the_second_after_its_end() -> None:
    day = only(over([member("web1", reports.report(ending(days=5), ISSUING))]))
    assert (day.cause.at, day.cause.turn, day.cause.place) == (
        SOON + timedelta(seconds=1),
        ValidityChange.EXPIRES,
        ChainPosition.LEAF,
    )
    assert [(one.member, one.code) for one in day.breaks] == [("web1", Code.CERTIFICATE_EXPIRED)]


def test_one_intermediate_behind_many_is_one_line() -> None:
    issuing = short_intermediate()
    members = [
        member(f"web{number}", reports.report(pki.leaf(issuing, HOST), issuing))
        for number in range(14)
    ]
    found = over([*members, member("other", reports.report(LEAF, ISSUING))])
    day = only(found)
    assert (len(day.breaks), day.cause.place) == (14, ChainPosition.INTERMEDIATE)
    card = forecast_card(found, CONTEXT)
    assert "14 backends break, intermediate Contoso Issuing CA 9 expires" in card.plain
    assert "14 backends break, intermediate expires. Fix: server." in card.text


def test_root_that_ends_is_the_cause() -> None:
    root = pki.root("Contoso Root G9", not_after=SOON)
    issuing = pki.intermediate(root, "Contoso Issuing CA 9")
    report = reports.report(pki.leaf(issuing, HOST), issuing, rules=reports.policy(root))
    day = only(over([member("web1", report)]))
    assert (day.cause.place, len(day.breaks)) == (ChainPosition.ROOT, 1)


def test_cross_sign_that_ends_breaks_its_only_path() -> None:
    old = pki.root("Contoso Root G1")
    cross = pki.intermediate(old, "Contoso Root G2", key=ROOT.key, not_after=SOON)
    sent = (LEAF, ISSUING, cross)
    alone = only(over([member("web1", reports.report(*sent, rules=reports.policy(old)))]))
    assert (alone.cause.sha256, len(alone.breaks)) == (cross.certificate.sha256, 1)
    assert not over(
        [member("web1", reports.report(*sent, rules=reports.policy(old, ROOT)))]
    ).changes


def test_nothing_changes_within_the_days() -> None:
    found = over([member("web1", reports.report(ending(days=60), ISSUING))], days=30)
    assert (found.changes, found.next_end, status_of(found)) == ((), NOW + 60 * DAY, 0)
    assert grade_of(found) == "OK"
    assert (
        "nothing that works today breaks in the next 30 days" in forecast_card(found, CONTEXT).text
    )


def test_certificate_that_begins_recovers_its_backend() -> None:
    leaf = pki.leaf(ISSUING, HOST, not_before=SOON, not_after=NOW + 400 * DAY)
    found = over([member("web1", reports.report(leaf, ISSUING))])
    day = only(found)
    assert (day.cause.turn, len(day.recovers), found.breaking) == (ValidityChange.BEGINS, 1, ())
    assert len(found.refused) == 1


def test_refused_backend_differs_from_a_broken_one() -> None:
    leaf = ending(days=5)
    found = over(
        [member("web1", reports.report(leaf)), member("web2", reports.report(leaf, ISSUING))]
    )
    day = only(found)
    assert [one.member for one in day.breaks] == ["web2"]
    assert [one.member for one in day.stays_refused] == ["web1"]
    assert [one.member for one in found.refused] == ["web1"]


def test_setting_without_validation_does_not_break() -> None:
    rules = replace(reports.policy(ROOT), validate_chain=False)
    assert not over([member("web1", reports.report(ending(days=5), ISSUING, rules=rules))]).changes


def test_unseen_member_is_said() -> None:
    found = over([member("web1", None, skipped="It may not be probed.")])
    assert (found.members, [one.reason for one in found.unseen]) == (0, ["It may not be probed."])
    assert status_of(found) == 3
    assert "not judged" in forecast_details(found)


def test_backend_behind_several_addresses_breaks_with_the_first() -> None:
    one, other = reports.report(ending(days=9), ISSUING), reports.report(ending(days=5), ISSUING)
    both = replace(one, addresses=(*one.addresses, *other.addresses))
    step = next_break(both, 90)
    assert step is not None
    assert (step.effect, step.cause.at) == (Effect.BREAKS, SOON + timedelta(seconds=1))


def test_renewed_intermediate_of_a_neighbour_is_attached() -> None:
    ends = short_intermediate()
    renewed = pki.intermediate(ROOT, "Contoso Issuing CA 9", key=ends.key)
    leaf = pki.leaf(ends, HOST)
    found = over(
        [
            member("web1", reports.report(leaf, ends)),
            member("web2", reports.report(pki.leaf(renewed, HOST), renewed)),
        ]
    )
    (chain,) = only(found).chains
    assert load_certificates(chain.pem.encode())[1] == renewed.certificate
    names = [file.name for file in forecast_files(found)]
    assert names == ["forecast.txt", "fullchain-web1-1.pem"]


def test_date_in_the_last_year_is_no_error() -> None:
    leaf = pki.leaf(ISSUING, HOST, not_after=NOW.replace(year=9999, month=12, day=31))
    found = over([member("web1", reports.report(leaf, ISSUING))], days=3650)
    assert [day.cause.place for day in found.changes] == [ChainPosition.INTERMEDIATE]


@pytest.mark.parametrize("count", [1, 40], ids=["one", "crowd"])
def test_hostile_names_stay_text_and_the_card_fits(count: int) -> None:
    members = [
        member(f"{HOSTILE[:80]}{number}", reports.report(ending(days=number % 80 + 1), ISSUING))
        for number in range(count)
    ]
    found = over(members)
    card = forecast_card(found, CONTEXT)
    assert len(card.text) <= TEXT_LIMIT
    assert json_size(card.blocks) <= JSON_LIMIT
    assert lines_before_buttons(card) <= LINES_BEFORE_BUTTONS
    assert_accepted_by_slack(card)
    assert_nothing_alive(card)
    assert "\u202e" not in text(found)
    for file in forecast_files(found):
        assert "/" not in file.name


def test_json_names_every_date_and_member() -> None:
    shown = document(over([member("web1", reports.report(ending(days=5), ISSUING))]))
    (change,) = shown["changes"]
    assert (shown["breaks"], change["cause"]["place"]) == (True, "leaf certificate")
    assert change["breaks"][0]["member"] == "web1"


def test_card_looks_as_reviewed() -> None:
    issuing = short_intermediate()
    members = [
        *(member(f"web{n}", reports.report(pki.leaf(issuing, HOST), issuing)) for n in range(14)),
        member("api1", reports.report(ending(days=40), ISSUING)),
        member("old1", reports.report(LEAF)),
        member("new1", None, skipped="It may not be probed."),
    ]
    card = forecast_card(over(members), CONTEXT)
    shown = {"text": card.text, "blocks": list(card.blocks), "plain": card.plain.split("\n")}
    check_snapshot("cards/forecast", shown)


def test_many_other_dates_hide_no_leaf() -> None:
    """A server may send any number of certificates that end before its leaf does."""
    others = [
        pki.intermediate(
            ROOT,
            "Contoso Issuing CA 3",
            key=ISSUING.key,
            not_after=NOW + 10 * DAY + timedelta(minutes=number),
        )
        for number in range(45)
    ]
    found = over([member("web1", reports.report(ending(days=60), ISSUING, *others))])
    assert only(found).cause.place is ChainPosition.LEAF
