"""What a digest remembers of a check's report, and what folds it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.digest.observation import Placement, observation_of
from chainlib import Basis, Code, Severity
from playground.lab.pki import NOW, intermediate, leaf, root
from tests.support.reports import HOST, ISSUING, LEAF, ROOT, policy, report

SEAT = Placement(
    target_key="/g",
    label=HOST,
    gateway="prod-gw",
    pool="shop",
    setting="https-be",
    server="10.0.0.5",
)


def test_good_backend_has_no_problem() -> None:
    seen = observation_of(report(LEAF, ISSUING), SEAT)
    assert (seen.key, seen.problems, seen.not_after) == (
        "/g|shop|https-be|10.0.0.5",
        (),
        LEAF.certificate.not_after,
    )


def test_equal_gaps_behind_different_leaves_fold() -> None:
    other = leaf(ISSUING, "other.contoso.com")
    one = observation_of(report(LEAF), SEAT).problems
    two = observation_of(
        report(other, host="other.contoso.com", rules=policy(ROOT, name="other.contoso.com")), SEAT
    ).problems
    assert [found.code for found in one] == [Code.INTERMEDIATE_MISSING]
    assert [found.cause for found in one] == [found.cause for found in two]


def test_gaps_of_different_issuers_do_not_fold() -> None:
    other = leaf(intermediate(ROOT, "Contoso Issuing CA 4"), HOST)
    assert (
        observation_of(report(LEAF), SEAT).problems[0].cause
        != observation_of(report(other), SEAT).problems[0].cause
    )


def test_refused_backend_has_its_headline_as_problem() -> None:
    seen = observation_of(report(leaf(ISSUING, "wrong.contoso.com")), SEAT)
    assert [(found.code, found.severity) for found in seen.problems] == [
        (Code.INTERMEDIATE_MISSING, Severity.CRITICAL)
    ]


def test_certificate_that_expires_carries_its_lifetime() -> None:
    soon = leaf(
        ISSUING, HOST, not_before=NOW - timedelta(days=81), not_after=NOW + timedelta(days=9)
    )
    (found,) = observation_of(report(soon, ISSUING), SEAT).problems
    certificate = soon.certificate
    assert (found.code, found.subject, found.cause) == (
        Code.CERTIFICATE_EXPIRING,
        HOST,
        f"CERTIFICATE_EXPIRING:{certificate.sha256}",
    )
    assert (found.not_before, found.not_after, found.is_ca) == (
        certificate.not_before,
        certificate.not_after,
        False,
    )


def test_root_known_by_fingerprint_is_named() -> None:
    edition = root("Contoso Root G2", key=ROOT.key, not_after=NOW + timedelta(days=900))
    shown = report(LEAF, ISSUING, edition)
    findings = tuple(
        replace(one, severity=Severity.CRITICAL, basis=Basis.REPORTED)
        for one in shown.verdict.findings
    )
    (found,) = observation_of(
        replace(shown, verdict=replace(shown.verdict, findings=findings)), SEAT
    ).problems
    assert (found.cause, found.subject) == (
        f"ROOT_MISMATCH:{edition.certificate.sha256}",
        edition.certificate.subject,
    )


def test_order_of_the_list_changes_the_fingerprint() -> None:
    assert (
        observation_of(report(LEAF, ISSUING), SEAT).fingerprint
        != observation_of(report(ISSUING, LEAF), SEAT).fingerprint
    )


def test_switched_off_checks_fold_by_setting() -> None:
    rules = replace(policy(ROOT), validate_chain=False)
    seen = [
        observation_of(report(LEAF, rules=rules), replace(SEAT, server=server)).problems
        for server in ("10.0.0.5", "10.0.0.6")
    ]
    assert [
        [(found.code, found.cause, found.subject) for found in problems] for problems in seen
    ] == [[(Code.VALIDATION_OFF, "VALIDATION_OFF:/g/https-be", "https-be (prod-gw)")]] * 2
