"""Sentences that would be wrong, or could not be followed, if they were a little less exact."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from chainlib import Code, PresentedChain, Severity, Target, repair
from chainlib.judge.case import Case
from playground.lab import pki
from playground.lab.pki import NOW
from tests.chainlib.test_advice import HOST, ISSUING, ROOT, judged, named, steps_for, words


def test_rekeyed_root_is_told_from_its_namesake() -> None:
    again = pki.root("Fabrikam Root")
    verdict = judged(pki.leaf(ISSUING, HOST), ISSUING, ROOT, roots=(again,))
    assert (
        "another root of that name, with another key" in named(verdict, Code.ROOT_MISMATCH).summary
    )
    steps = "\n".join(steps_for(verdict, Code.ROOT_MISMATCH))
    assert ROOT.certificate.sha256 in steps
    assert again.certificate.sha256 in steps


@pytest.mark.parametrize(
    ("curve", "weak"),
    [
        pytest.param(ec.SECP192R1(), True, id="p-192"),
        pytest.param(ec.SECP224R1(), False, id="p-224"),
        pytest.param(ec.BrainpoolP256R1(), False, id="brainpool"),
    ],
)
def test_small_curve_of_a_ca_is_weak(curve: ec.EllipticCurve, weak: bool) -> None:  # noqa: FBT001 -- a row
    issuing = pki.intermediate(ROOT, "Small", key=ec.generate_private_key(curve))
    verdict = judged(pki.leaf(issuing, HOST), issuing)
    assert (Code.WEAK_CRYPTO in verdict.codes) is weak
    if weak:
        assert named(verdict, Code.WEAK_CRYPTO).severity is Severity.WARNING
        assert "owner of CN=Small" in steps_for(verdict, Code.WEAK_CRYPTO)[0]


def test_last_hours_are_no_day() -> None:
    verdict = judged(pki.leaf(ISSUING, HOST, not_after=NOW + timedelta(hours=3)), ISSUING)
    assert named(verdict, Code.CERTIFICATE_EXPIRING).summary.endswith("in less than a day.")


def test_refused_certificate_is_named() -> None:
    client = pki.intermediate(ROOT, "Client CA", eku=(pki.ExtendedKeyUsageOID.CLIENT_AUTH,))
    verdict = judged(pki.leaf(client, HOST), client)
    assert "refuses Client CA at depth 1" in named(verdict, Code.VERIFY_FAILED).summary


def test_intermediate_uploaded_beside_its_root_is_removed() -> None:
    verdict = judged(pki.leaf(ISSUING, HOST), roots=(ROOT, ISSUING))
    first, second, *_ = steps_for(verdict, Code.UPLOADED_ROOT_UNUSABLE)
    assert "CN=Fabrikam Root, is uploaded as well" in first
    assert second.startswith("Then remove it")


def test_underscore_is_asked_of_no_public_ca() -> None:
    verdict = judged(pki.leaf(ISSUING, "*.fabrikam.test"), ISSUING, name="my_app.fabrikam.test")
    assert "public CAs issue no underscore" in words(verdict)


def test_right_certificate_in_second_place_is_told() -> None:
    other = pki.leaf(ISSUING, "other.fabrikam.test")
    verdict = judged(other, pki.leaf(ISSUING, HOST), ISSUING)
    finding = named(verdict, Code.NAME_MISMATCH)
    assert "certificate 2 of the list is for it" in finding.summary
    assert "leave in only the one for app.fabrikam.test" in steps_for(verdict, finding.code)[0]


@pytest.mark.parametrize(
    ("carried", "said"),
    [
        pytest.param(" app.fabrikam.test", "<U+0020>app.fabrikam.test", id="blank"),
        pytest.param("app.fabrikam.test:443", "a character that no host name has", id="port"),
        pytest.param(".fabrikam.test", "does not take for a wildcard", id="leading-dot"),
    ],
)
def test_odd_name_is_shown_with_its_oddity(carried: str, said: str) -> None:
    verdict = judged(pki.leaf(ISSUING, "irrelevant", dns=(carried,)), ISSUING)
    assert said in named(verdict, Code.NAME_MISMATCH).summary


ENDED = pki.root("Ended Root", not_after=NOW - timedelta(days=3))
BELOW_ENDED = pki.intermediate(ENDED, "Below")


def test_sent_ended_root_needs_no_server_change() -> None:
    verdict = judged(pki.leaf(BELOW_ENDED, HOST), BELOW_ENDED, ENDED, roots=(ENDED,))
    assert steps_for(verdict, Code.CERTIFICATE_EXPIRED)[0] == (
        "Get the current edition of the root CN=Ended Root from the CA's owner."
    )


def test_sent_renewed_root_replaces_the_ended_one() -> None:
    again = pki.root("Ended Root", key=ENDED.key)
    verdict = judged(pki.leaf(BELOW_ENDED, HOST), BELOW_ENDED, again, roots=(ENDED,))
    assert again.certificate.sha256 in steps_for(verdict, Code.ROOT_MISMATCH)[0]
    case = verdict.case
    assert isinstance(case, Case)
    sent = PresentedChain(target=Target(host=HOST), certificates=case.certificates)
    mended = repair(sent, case.policy, at=NOW, verdict=verdict)
    assert mended is not None
    assert (mended.root, mended.verdict_after) == (again.certificate, Code.OK)


def test_leaf_without_a_subject_goes_by_its_name() -> None:
    unnamed = pki.leaf(ISSUING, HOST, subject=x509.Name([]))
    assert named(judged(unnamed), Code.INTERMEDIATE_MISSING).summary.endswith(f"signed {HOST}.")
