"""What is remembered of a judgement: never anything of another list, trust, instant or name."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from chainlib import (
    Code,
    GatewayPolicy,
    PresentedChain,
    Severity,
    Target,
    TlsSession,
    TrustAnchors,
    TrustMode,
    Verdict,
    judge,
)
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
