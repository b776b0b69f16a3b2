"""What cannot be seen is not bad: roots whose content nobody shows, and uploads in another form."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chainlib import (
    Certificate,
    Code,
    GatewayPolicy,
    PackedRoot,
    PresentedChain,
    Severity,
    Target,
    TrustAnchors,
    TrustMode,
    UndecodableRoot,
    Verdict,
    judge,
    repair,
)
from playground.lab import pki

ROOT = pki.root()
ISSUING = pki.intermediate(ROOT)
LEAF = pki.leaf(ISSUING)
EXPIRED = pki.leaf(
    ISSUING, not_before=pki.NOW.replace(year=2024), not_after=pki.NOW.replace(year=2025)
)
OTHER = pki.root("Another Root")
UPLOADED = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=())
HIDDEN = replace(UPLOADED, hidden=("kv-root",))


def verdict(anchors: TrustAnchors, *sent: pki.Issued, name: str = "backend.contoso.com") -> Verdict:
    """The verdict on a list under these anchors."""
    certificates: tuple[Certificate, ...] = tuple(one.certificate for one in sent)
    chain = PresentedChain(target=Target(host=name), certificates=certificates)
    return judge(chain, GatewayPolicy(anchors=anchors, name=name), at=pki.NOW)


def serious(found: Verdict) -> set[Code]:
    return {f.code for f in found.findings if f.severity is Severity.CRITICAL}


@pytest.mark.parametrize(
    ("sent", "critical"),
    [
        ((LEAF, ISSUING), set()),
        ((LEAF, ISSUING, ROOT), set()),
        ((LEAF,), {Code.INTERMEDIATE_MISSING}),
        ((LEAF, ROOT, ISSUING), {Code.CHAIN_OUT_OF_ORDER}),
        ((EXPIRED, ISSUING), {Code.CERTIFICATE_EXPIRED}),
        ((ISSUING, LEAF), {Code.LEAF_NOT_FIRST}),
    ],
    ids=["complete", "root sent", "leaf alone", "order", "dates", "leaf not first"],
)
def test_hidden_root_leaves_the_rest_judged(
    sent: tuple[pki.Issued, ...], critical: set[Code]
) -> None:
    found = verdict(HIDDEN, *sent)
    assert serious(found) == critical
    assert Code.TRUST_NOT_VISIBLE in found.codes
    assert any("kv-root" in one for one in found.not_checked)


def test_name_is_judged_beside_a_hidden_root() -> None:
    found = verdict(HIDDEN, LEAF, ISSUING, name="other.contoso.com")
    assert serious(found) == {Code.NAME_MISMATCH}


def test_visible_root_that_fits_needs_no_hidden_one() -> None:
    found = verdict(replace(HIDDEN, certificates=(ROOT.certificate,)), LEAF, ISSUING)
    assert (found.headline, Code.TRUST_NOT_VISIBLE in found.codes) == (Code.OK, False)


def test_unfitting_visible_root_leaves_it_open() -> None:
    found = verdict(replace(HIDDEN, certificates=(OTHER.certificate,)), LEAF, ISSUING)
    assert (found.headline, found.accepted) == (Code.TRUST_NOT_VISIBLE, True)


def test_nothing_is_repaired_that_is_only_hidden() -> None:
    chain = PresentedChain(
        target=Target(host="backend.contoso.com"),
        certificates=(LEAF.certificate, ISSUING.certificate),
    )
    assert repair(chain, GatewayPolicy(anchors=HIDDEN), at=pki.NOW) is None


@pytest.mark.parametrize("kind", ["undecodable", "double-encoded"])
def test_empty_upload_leads_where_it_is_needed(kind: str) -> None:
    broken = (UndecodableRoot(name="corp", reason="the file is a web page", kind=kind),)
    found = verdict(replace(UPLOADED, undecodable=broken), LEAF, ISSUING)
    assert found.headline is Code.UPLOADED_ROOT_UNUSABLE
    finding = next(f for f in found.findings if f.code is found.headline)
    assert (finding.evidence["kind"], "web page" in finding.summary) == (kind, True)


def test_empty_upload_beside_a_fitting_one_is_doubtful() -> None:
    broken = (UndecodableRoot(name="corp", reason="empty"),)
    anchors = replace(UPLOADED, certificates=(ROOT.certificate,), undecodable=broken)
    found = verdict(anchors, LEAF, ISSUING)
    assert (found.headline, found.accepted) == (Code.UPLOADED_ROOT_UNUSABLE, True)


@pytest.mark.parametrize(("kind", "words"), [("bundle", "a bundle of 2"), ("pkcs7", "PKCS #7")])
def test_packed_upload_is_said_as_what_it_is(kind: str, words: str) -> None:
    packed = (PackedRoot(name="corp", kind=kind, count=2),)
    anchors = replace(UPLOADED, certificates=(ROOT.certificate,), packed=packed)
    found = verdict(anchors, LEAF, ISSUING)
    (finding,) = (f for f in found.findings if f.severity is Severity.WARNING)
    assert (finding.evidence["kind"], words in finding.summary) == (kind, True)
