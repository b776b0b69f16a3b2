"""Why the browser is happy: said where it is known, left open where it depends on the device."""

from __future__ import annotations

import pytest

from bot.browser import browser_view
from bot.model.report import BrowserView
from chainlib import Certificate, GatewayPolicy, PresentedChain, Target, TrustAnchors, TrustMode, judge
from playground.lab import pki
from playground.lab.pki import NOW, Issued
from tests.support.tls_server import NAME, Estate

ESTATE = Estate()
PUBLIC = pki.root("Public Root")
PUBLIC_CA = pki.intermediate(PUBLIC, "Public Issuing CA")
PUBLIC_LEAF = pki.leaf(PUBLIC_CA, NAME)
WELL_KNOWN = TrustAnchors(mode=TrustMode.WELL_KNOWN, certificates=(PUBLIC.certificate,))
UPLOADED = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=(ESTATE.root.certificate,))


def view(*sent: Issued, anchors: TrustAnchors = WELL_KNOWN, name: str = NAME, issuers: tuple[Certificate, ...] = ()) -> bool | None:
    """Whether a browser accepts what was sent."""
    return _answer(*sent, anchors=anchors, name=name, issuers=issuers).accepted


def _answer(*sent: Issued, anchors: TrustAnchors = WELL_KNOWN, name: str = NAME, issuers: tuple[Certificate, ...] = ()) -> BrowserView:
    chain = PresentedChain(target=Target(host=NAME), certificates=tuple(one.certificate for one in sent))
    policy = GatewayPolicy(anchors=anchors, name=name)
    answer = browser_view(chain, policy, judge(chain, policy, at=NOW), public=WELL_KNOWN, issuers=issuers)
    assert answer is not None
    assert answer.why.endswith(".")
    return answer


@pytest.mark.parametrize(
    ("sent", "accepted"),
    [
        pytest.param((PUBLIC_LEAF, PUBLIC_CA), True, id="complete public chain"),
        pytest.param((PUBLIC_LEAF, PUBLIC, PUBLIC_CA), True, id="wrong order"),
        pytest.param((PUBLIC_LEAF,), None, id="issuer not at hand"),
        pytest.param((ESTATE.leaf, ESTATE.intermediate), None, id="private CA"),
        pytest.param(
            (pki.leaf(PUBLIC_CA, NAME, not_before=NOW.replace(year=2025), not_after=NOW.replace(month=1)), PUBLIC_CA), False, id="expired"
        ),
        pytest.param((pki.leaf(PUBLIC_CA, "shop.contoso.com"), PUBLIC_CA), False, id="other name"),
    ],
)
def test_browser_judges_what_was_sent(sent: tuple[Issued, ...], accepted: bool | None) -> None:  # noqa: FBT001 -- the field's own three values
    assert view(*sent) is accepted


def test_browser_names_only_what_does_not_depend_on_the_device() -> None:
    expired = pki.leaf(ESTATE.intermediate, NAME, not_before=NOW.replace(year=2025), not_after=NOW.replace(month=1))
    assert _answer(expired, ESTATE.intermediate).why == "A browser warns here too (CERTIFICATE_EXPIRED)."


def test_self_signed_certificate_depends_on_the_device() -> None:
    assert view(pki.leaf(None, NAME)) is None


def test_browser_ignores_the_common_name() -> None:
    old = pki.leaf(ESTATE.intermediate, NAME, dns=())
    assert view(old, ESTATE.intermediate, anchors=UPLOADED) is False
    assert "common name" in _answer(old, ESTATE.intermediate).why


def test_browser_with_the_missing_issuer_at_hand_accepts() -> None:
    assert view(PUBLIC_LEAF, issuers=(PUBLIC_CA.certificate,)) is True


def test_browser_follows_public_cas_whatever_was_uploaded() -> None:
    assert view(PUBLIC_LEAF, PUBLIC_CA, anchors=UPLOADED) is True


def test_browser_view_of_nothing_is_none() -> None:
    chain = PresentedChain(target=Target(host=NAME), certificates=())
    policy = GatewayPolicy(anchors=WELL_KNOWN, name=NAME)
    assert browser_view(chain, policy, judge(chain, policy, at=NOW), public=WELL_KNOWN) is None
