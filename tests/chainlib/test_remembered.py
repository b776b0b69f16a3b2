"""What is remembered of a judgement: never anything of another list, trust, instant or name."""

from __future__ import annotations

import pickle
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from chainlib import (
    Certificate,
    Code,
    GatewayPolicy,
    PresentedChain,
    Severity,
    Sku,
    Target,
    TlsSession,
    TrustAnchors,
    TrustMode,
    Verdict,
    judge,
)
from chainlib.certificate import LARGEST_REMEMBERED
from chainlib.judge import _list_judgement, _listed
from chainlib.judge.case import Case
from playground.lab import pki
from playground.lab.pki import NOW, Issued

HOST, OTHER = "backend.contoso.com", "other.contoso.com"
ROOT = pki.root(not_after=NOW + timedelta(days=3000))
ISSUING = pki.intermediate(ROOT, not_after=NOW + timedelta(days=2000))
LEAF = pki.leaf(ISSUING, HOST, not_after=NOW + timedelta(days=365))
# The same CA once more: an edition that has ended, and the current one.
ENDED = pki.intermediate(ROOT, key=ISSUING.key, not_after=NOW - timedelta(days=1))


def _judged(
    *sent: Issued,
    roots: tuple[Issued, ...] = (ROOT,),
    at: datetime = NOW,
    name: str = HOST,
    chain: PresentedChain | None = None,
) -> Verdict:
    anchors = TrustAnchors(
        mode=TrustMode.UPLOADED_ROOTS, certificates=tuple(root.certificate for root in roots)
    )
    presented = chain or PresentedChain(
        target=Target(host=HOST, server_name=HOST),
        certificates=tuple(one.certificate for one in sent),
        tls=TlsSession(version="TLSv1.3", cipher="x"),
    )
    return judge(presented, GatewayPolicy(anchors=anchors, name=name), at=at)


@pytest.mark.parametrize(
    ("at", "code"),
    [
        pytest.param(LEAF.certificate.not_after, Code.CERTIFICATE_EXPIRING, id="last second"),
        pytest.param(
            LEAF.certificate.not_after + timedelta(seconds=1), Code.CERTIFICATE_EXPIRED, id="ended"
        ),
        pytest.param(LEAF.certificate.not_before, Code.OK, id="first second"),
        pytest.param(
            LEAF.certificate.not_before - timedelta(seconds=1),
            Code.CERTIFICATE_NOT_YET_VALID,
            id="before",
        ),
    ],
)
def test_other_instant_is_judged_anew(at: datetime, code: Code) -> None:
    assert _judged(LEAF, ISSUING).headline is Code.OK
    assert _judged(LEAF, ISSUING, at=at).headline is code
    assert _judged(LEAF, ISSUING).headline is Code.OK


def test_other_trust_is_judged_anew() -> None:
    stranger = pki.root("Stranger")
    for _ in range(2):
        assert _judged(LEAF, ISSUING).accepted
        assert not _judged(LEAF, ISSUING, roots=(stranger,)).accepted


def test_other_name_is_judged_anew() -> None:
    for _ in range(2):
        assert _judged(LEAF, ISSUING).accepted
        assert _judged(LEAF, ISSUING, name=OTHER).headline is Code.NAME_MISMATCH


@pytest.mark.parametrize("order", [(ISSUING, ENDED), (ENDED, ISSUING)], ids=["first", "last"])
def test_path_takes_the_edition_in_date(order: tuple[Issued, ...]) -> None:
    verdict = _judged(LEAF, *order)
    assert verdict.path.intermediates == (ISSUING.certificate,)
    assert Code.CERTIFICATE_EXPIRED not in verdict.codes


def test_uploaded_root_is_critical_once_it_has_ended() -> None:
    assert _judged(LEAF, ISSUING).accepted
    later = _judged(LEAF, ISSUING, at=ROOT.certificate.not_after + timedelta(days=1))
    found = next(f for f in later.findings if f.code is Code.UPLOADED_ROOT_UNUSABLE)
    assert found.severity is Severity.CRITICAL


def test_connection_of_the_same_list_counts() -> None:
    nameless = PresentedChain(
        target=Target(host=HOST),
        certificates=(LEAF.certificate, ISSUING.certificate),
        tls=TlsSession(version="TLSv1.3", cipher="x"),
    )
    assert Code.NO_SNI not in _judged(LEAF, ISSUING).codes
    assert Code.NO_SNI in _judged(chain=nameless).codes


DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
SHORT = pki.leaf(ISSUING, HOST, not_before=NOW - 10 * DAY, not_after=NOW + 10 * DAY + SECOND)
REISSUED = pki.root(key=ROOT.key, not_after=NOW + 40 * DAY)
UPLOADED, WELL_KNOWN = TrustMode.UPLOADED_ROOTS, TrustMode.WELL_KNOWN


@pytest.mark.parametrize(
    ("sent", "roots", "mode"),
    [
        pytest.param((LEAF, ISSUING), (ROOT,), UPLOADED, id="good"),
        pytest.param((LEAF, ISSUING), (ROOT,), WELL_KNOWN, id="well-known"),
        pytest.param((LEAF, ISSUING), (ROOT,), TrustMode.AUTH_CERTIFICATES, id="v1"),
        pytest.param((LEAF, ENDED, ISSUING), (ROOT,), UPLOADED, id="two editions"),
        pytest.param((SHORT, ISSUING, ROOT), (REISSUED,), UPLOADED, id="root reissued"),
        pytest.param((SHORT, ISSUING), (ROOT, REISSUED), WELL_KNOWN, id="two roots"),
        pytest.param((LEAF, LEAF, REISSUED), (ROOT,), UPLOADED, id="gap and repetition"),
        pytest.param((ISSUING, ROOT), (ISSUING, ENDED), UPLOADED, id="only CAs"),
        pytest.param((), (ROOT,), UPLOADED, id="empty"),
    ],
)
def test_remembered_list_equals_one_judged_at_instant(
    sent: tuple[Issued, ...], roots: tuple[Issued, ...], mode: TrustMode
) -> None:
    anchors = TrustAnchors(mode=mode, certificates=tuple(root.certificate for root in roots))
    policy = GatewayPolicy(anchors=anchors, name=HOST)
    if mode is TrustMode.AUTH_CERTIFICATES:
        policy = replace(policy, sku=Sku.V1)
    chain = PresentedChain(
        target=Target(host=HOST, server_name=HOST),
        certificates=tuple(one.certificate for one in sent),
    )
    for at in _instants_around(*sent, *roots):
        known = _listed(chain, policy, at)
        anew = _list_judgement.__wrapped__(
            chain.certificates, policy, at, ordered=True, rehearsed=True
        )
        assert (known.findings, known.entries, known.path) == (
            anew.findings,
            anew.entries,
            anew.path,
        )
        assert judge(chain, policy, at=at).at == at


def _instants_around(*certificates: Issued) -> list[datetime]:
    """Both ends of each validity, the beginnings of its last days, and what lies beside them."""
    ends = [one.certificate.not_after for one in certificates]
    begins = [one.certificate.not_before for one in certificates]
    last_days = [end - left for end in ends for left in (30 * DAY, 90 * DAY)]
    last_days += [end - (end - begin) / 3 for begin, end in zip(begins, ends, strict=True)]
    steps = (-2 * DAY, -SECOND, timedelta(0), SECOND, 3 * DAY / 2)
    found = {
        (date + step).replace(microsecond=0)
        for date in (*begins, *ends, *last_days)
        for step in steps
    }
    # In a random order, so that many are judged after another one of the same period.
    return Random(1).sample(sorted(found), len(found))  # noqa: S311 -- an order, no secret


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(datetime.min.replace(tzinfo=UTC), id="first"),
        pytest.param(datetime.max.replace(tzinfo=UTC), id="last"),
    ],
)
def test_year_at_either_end_is_judged(at: datetime) -> None:
    assert not _judged(LEAF, ISSUING, at=at).accepted


def test_days_left_are_counted_at_each_instant() -> None:
    last = LEAF.certificate.not_after
    left = [
        finding.evidence["days_left"]
        for days in (20, 19)
        for finding in _judged(LEAF, ISSUING, at=last - days * DAY).findings
    ]
    assert left == [20, 19]


def test_case_of_verdict_has_its_instant() -> None:
    at = NOW + 5 * DAY
    _judged(LEAF, ISSUING)
    assert _case_of(_judged(LEAF, ISSUING, at=at)).at == at


def test_same_bytes_are_one_certificate() -> None:
    many_names = tuple(f"host-{number}.contoso.com" for number in range(500))
    long = pki.leaf(ISSUING, HOST, dns=many_names).certificate
    assert len(long.der) > LARGEST_REMEMBERED
    copies = (
        Certificate.from_der(bytes(bytearray(long.der))),
        Certificate.from_x509(long.parsed),
        Certificate.from_bundle(long.der),
        copy(long),
        pickle.loads(pickle.dumps(long)),  # noqa: S301 -- pickled on the same line
    )
    assert all(one is long for one in copies)


def test_path_without_faults_needs_no_order_rule() -> None:
    in_order = _case_of(_judged(LEAF, ISSUING))
    assert in_order.is_path
    for others in ((LEAF, ISSUING, ROOT), (ISSUING, LEAF), (LEAF, ISSUING, ISSUING), (LEAF,)):
        assert not _case_of(_judged(*others)).is_path


def _case_of(verdict: Verdict) -> Case:
    assert isinstance(verdict.case, Case)
    return verdict.case
