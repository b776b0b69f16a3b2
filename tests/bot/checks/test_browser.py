"""Why the browser is happy: said where it is known, left open where it depends on the device."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.checks.browser import browser_view
from bot.domain.report import BrowserView
from chainlib import (
    GatewayPolicy,
    HandshakeError,
    HandshakeErrorKind,
    HttpProbeRule,
    HttpResponse,
    PresentedChain,
    Target,
    TrustAnchors,
    TrustMode,
    UnreadableCertificate,
    judge,
)
from playground.lab import pki
from playground.lab.pki import NOW, Issued
from tests.support.tls_server import NAME, Estate

ESTATE = Estate()
PUBLIC = pki.root("Public Root")
PUBLIC_CA = pki.intermediate(PUBLIC, "Public Issuing CA")
PUBLIC_LEAF = pki.leaf(PUBLIC_CA, NAME)
EXPIRED = pki.leaf(PUBLIC_CA, NAME, not_after=NOW - timedelta(days=1))
OLD_CA = pki.intermediate(
    PUBLIC, "Public Issuing CA", key=PUBLIC_CA.key, not_after=NOW - timedelta(days=1)
)
WELL_KNOWN = TrustAnchors(mode=TrustMode.WELL_KNOWN, certificates=(PUBLIC.certificate,))
UPLOADED = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=(ESTATE.root.certificate,))


def seen(
    *sent: Issued | UnreadableCertificate,
    anchors: TrustAnchors = WELL_KNOWN,
    name: str = NAME,
    issuers: tuple[Issued, ...] = (),
    error: HandshakeErrorKind | None = None,
    **policy: Any,  # noqa: ANN401 -- members of the policy as a test wants them
) -> BrowserView:
    """How a browser sees what was sent."""
    broke = HandshakeError(kind=error, detail="") if error else None
    certificates = tuple(one.certificate if isinstance(one, Issued) else one for one in sent)
    http = HttpResponse(status=500)
    chain = PresentedChain(
        target=Target(host=NAME), certificates=certificates, handshake_error=broke, http=http
    )
    rules = GatewayPolicy(anchors=anchors, name=name, **policy)
    answer = browser_view(
        chain,
        rules,
        judge(chain, rules, at=NOW),
        public=WELL_KNOWN,
        issuers=tuple(i.certificate for i in issuers),
    )
    assert answer is not None
    assert answer.why.endswith(".")
    assert len(answer.why) <= 130, "the card has no room for more"
    return answer


def view(
    *sent: Issued,
    anchors: TrustAnchors = WELL_KNOWN,
    name: str = NAME,
    issuers: tuple[Issued, ...] = (),
) -> bool | None:
    """Whether a browser accepts what was sent."""
    return seen(*sent, anchors=anchors, name=name, issuers=issuers).accepted


@pytest.mark.parametrize(
    ("view_of", "accepted", "why"),
    [
        pytest.param(
            seen(PUBLIC_LEAF, PUBLIC_CA), True, "same complete chain", id="accepted by both"
        ),
        pytest.param(
            seen(PUBLIC_LEAF, issuers=(PUBLIC_CA,)),
            True,
            "downloads the right intermediate or already has it",
            id="missing intermediate",
        ),
        pytest.param(
            seen(PUBLIC_LEAF, PUBLIC, PUBLIC_CA), True, "reorders the certificates", id="order"
        ),
        pytest.param(
            seen(PUBLIC_LEAF, PUBLIC_CA, anchors=UPLOADED),
            True,
            "only what was uploaded",
            id="trust",
        ),
        pytest.param(
            seen(PUBLIC_LEAF, PUBLIC_CA, http=HttpProbeRule()),
            True,
            "not in the certificate",
            id="status 500",
        ),
        pytest.param(
            seen(PUBLIC_LEAF, PUBLIC_CA, error=HandshakeErrorKind.CLIENT_CERTIFICATE_REQUIRED),
            None,
            "none to offer",
            id="client certificate",
        ),
        pytest.param(
            seen(ESTATE.leaf, anchors=UPLOADED, issuers=(ESTATE.intermediate,)),
            None,
            "given the private root downloads the right intermediate",
            id="private, missing intermediate",
        ),
        pytest.param(
            seen(ESTATE.leaf, ESTATE.intermediate, anchors=UPLOADED),
            None,
            "private CA only on devices",
            id="private, complete",
        ),
        pytest.param(
            seen(ESTATE.leaf, ESTATE.intermediate),
            None,
            "issuer of the last CA",
            id="root unknown to everybody",
        ),
        pytest.param(
            seen(PUBLIC_LEAF, OLD_CA),
            None,
            "none could be found here",
            id="intermediate out of date",
        ),
        pytest.param(
            seen(PUBLIC_LEAF, OLD_CA, issuers=(PUBLIC_CA,)),
            True,
            "downloads the right intermediate or already has it",
            id="intermediate renewed",
        ),
        pytest.param(seen(pki.leaf(None, NAME)), None, "self-signed", id="self-signed"),
        pytest.param(
            seen(pki.leaf(ESTATE.root, NAME), anchors=UPLOADED),
            None,
            "private CA only on devices",
            id="private root, nothing missing",
        ),
        pytest.param(
            seen(pki.leaf(ESTATE.root, NAME), anchors=UPLOADED, http=HttpProbeRule()),
            None,
            "private CA only on devices",
            id="private root, refused for its answer",
        ),
        pytest.param(
            seen(pki.leaf(PUBLIC_CA, "*.contoso.com"), PUBLIC_CA, name="my_app.contoso.com"),
            True,
            "cover an underscore",
            id="underscore below a wildcard",
        ),
        pytest.param(
            seen(EXPIRED, PUBLIC_CA, validate_chain=False),
            False,
            "The gateway does not check this; a browser warns: certificate expired",
            id="accepted unchecked",
        ),
        pytest.param(
            seen(PUBLIC_LEAF, UnreadableCertificate(der=b"0", reason="x"), PUBLIC_CA),
            None,
            "may skip",
            id="unreadable entry",
        ),
        pytest.param(
            seen(pki.leaf(ESTATE.intermediate, "x.example")),
            False,
            "warns too: certificate for another name",
            id="name beside a gap",
        ),
    ],
)
def test_line_says_what_is_true(
    view_of: BrowserView,
    accepted: bool | None,  # noqa: FBT001 -- the columns of a table
    why: str,
) -> None:
    assert view_of.accepted is accepted
    assert why in view_of.why


@pytest.mark.parametrize(
    ("sent", "accepted"),
    [
        pytest.param((PUBLIC_LEAF, PUBLIC_CA), True, id="complete public chain"),
        pytest.param((PUBLIC_LEAF, PUBLIC, PUBLIC_CA), True, id="wrong order"),
        pytest.param((PUBLIC_LEAF,), None, id="issuer not at hand"),
        pytest.param((ESTATE.leaf, ESTATE.intermediate), None, id="private CA"),
        pytest.param(
            (
                pki.leaf(
                    PUBLIC_CA,
                    NAME,
                    not_before=NOW.replace(year=2025),
                    not_after=NOW.replace(month=1),
                ),
                PUBLIC_CA,
            ),
            False,
            id="expired",
        ),
        pytest.param((pki.leaf(PUBLIC_CA, "shop.contoso.com"), PUBLIC_CA), False, id="other name"),
    ],
)
def test_browser_judges_what_was_sent(sent: tuple[Issued, ...], accepted: bool | None) -> None:  # noqa: FBT001 -- the field's own three values
    assert view(*sent) is accepted


def test_browser_ignores_the_common_name() -> None:
    old = seen(pki.leaf(ESTATE.intermediate, NAME, dns=()), ESTATE.intermediate, anchors=UPLOADED)
    assert old.accepted is False
    assert old.why.startswith("The gateway accepts the common name")


def test_browser_with_the_missing_issuer_at_hand_accepts() -> None:
    assert view(PUBLIC_LEAF, issuers=(PUBLIC_CA,)) is True


def test_browser_follows_public_cas_whatever_was_uploaded() -> None:
    assert view(PUBLIC_LEAF, PUBLIC_CA, anchors=UPLOADED) is True


def test_browser_view_of_nothing_is_none() -> None:
    chain = PresentedChain(target=Target(host=NAME), certificates=())
    policy = GatewayPolicy(anchors=WELL_KNOWN, name=NAME)
    assert browser_view(chain, policy, judge(chain, policy, at=NOW), public=WELL_KNOWN) is None


def test_browser_that_warns_says_of_what_in_words() -> None:
    sent = (
        pki.leaf(
            PUBLIC_CA,
            "shop.contoso.com",
            not_before=NOW.replace(year=2025),
            not_after=NOW.replace(month=1),
        ),
        PUBLIC_CA,
    )
    chain = PresentedChain(
        target=Target(host=NAME), certificates=tuple(one.certificate for one in sent)
    )
    policy = GatewayPolicy(anchors=WELL_KNOWN, name=NAME)
    answer = browser_view(chain, policy, judge(chain, policy, at=NOW), public=WELL_KNOWN)
    assert answer is not None
    assert answer.why == "A browser warns too: certificate expired, certificate for another name."
