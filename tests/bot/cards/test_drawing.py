"""The drawing marks the certificate that is at fault, sent or not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509

from bot.cards.drawing import draw
from bot.checks.probe import rehearse
from bot.domain.report import CheckReport
from chainlib import GatewayPolicy, TrustAnchors, TrustMode
from playground.lab import pki
from playground.lab.pki import NOW, Issued

HOST = "app.fabrikam.test"
ROOT = pki.root("Fabrikam Root")
ISSUING = pki.intermediate(ROOT, "Fabrikam Issuing")


def rehearsed(*sent: Issued, root: Issued = ROOT, beside: Issued | None = None) -> CheckReport:
    """The report on this list, judged with one uploaded root, or another upload beside it."""
    uploaded = (root, beside) if beside else (root,)
    anchors = TrustAnchors(
        mode=TrustMode.UPLOADED_ROOTS, certificates=tuple(one.certificate for one in uploaded)
    )
    policy = GatewayPolicy(anchors=anchors, name=HOST)
    return rehearse([one.certificate for one in sent], policy, at=NOW)


def limited(base: str) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    names = [x509.DNSName(base)]
    return ((x509.NameConstraints(permitted_subtrees=names, excluded_subtrees=None), True),)


def test_other_key_is_marked_and_not_called_unsent() -> None:
    again = pki.intermediate(ROOT, "Fabrikam Issuing")
    lines = [line.strip() for line in draw(rehearsed(pki.leaf(ISSUING, HOST), again), 12)]
    assert "X OTHER KEY" in lines
    assert "X MISSING: right edition" in lines
    assert not any("not sent" in line for line in lines)


def test_limited_root_that_was_not_sent_is_marked() -> None:
    root = pki.root("Limited Root", extensions=limited("contoso.test"))
    lines = draw(rehearsed(pki.leaf(root, HOST), root=root), 12)
    assert [line.strip() for line in lines[-2:]] == ["gw     Limited Root", "X MAY NOT SIGN THIS"]


def test_limited_intermediate_is_marked_where_it_stands() -> None:
    issuing = pki.intermediate(ROOT, "Limited", extensions=limited("contoso.test"))
    lines = draw(rehearsed(pki.leaf(issuing, HOST), issuing), 12)
    assert lines[1].startswith("sent 2 Limited")
    assert lines[2].strip() == "X MAY NOT SIGN THIS"


@pytest.mark.parametrize("room", [3, 4])
def test_missing_certificate_stays_where_room_is_short(room: int) -> None:
    lower = pki.intermediate(ISSUING, "Fabrikam Issuing 2")
    lines = draw(rehearsed(pki.leaf(lower, "other.test"), ISSUING, pki.root("Other")), room)
    assert [line.strip() for line in lines][:2] == [
        "gap   Fabrikam Issuing 2",
        "X MISSING: not sent",
    ]


@pytest.mark.parametrize("place", [9, 10, 12])
def test_label_keeps_its_blank(place: int) -> None:
    extra = [pki.root(f"Extra {number}") for number in range(12)]
    lines = draw(rehearsed(pki.leaf(ISSUING, HOST), ISSUING, *extra), 400)
    row = next(line for line in lines if line.startswith(f"sent {place}"))
    assert row.split(maxsplit=2)[:2] == ["sent", str(place)]
    assert row.split(maxsplit=2)[2].startswith("Extra")
    assert len(row) <= 32


def test_uploaded_intermediate_is_drawn_under_its_leaf() -> None:
    lines = draw(rehearsed(pki.leaf(ISSUING, HOST), beside=ISSUING), 12)
    assert [line.strip() for line in lines[1:]] == [
        "gw     Fabrikam Issuing",
        "! UNUSABLE as a root",
        "gw     Fabrikam Root",
    ]


def test_unusable_upload_beside_the_path_is_drawn() -> None:
    ended = pki.root("Ended Root", not_after=NOW)
    lines = draw(rehearsed(pki.leaf(ISSUING, HOST), ISSUING, beside=ISSUING), 12)
    assert [line.strip() for line in lines[-2:]] == [
        "gw     Fabrikam Issuing",
        "! UNUSABLE as a root",
    ]
    lines = draw(rehearsed(pki.leaf(ISSUING, HOST), ISSUING, root=ended), 12)
    assert sum("Ended Root" in line for line in lines) == 1


def test_expired_edition_beside_the_current_root_goes() -> None:
    ended = pki.root("Fabrikam Root", key=ROOT.key, not_after=NOW - timedelta(days=1))
    report = rehearsed(pki.leaf(ISSUING, HOST), ISSUING, beside=ended)
    assert [line.strip() for line in draw(report, 12)[-3:]] == [
        "gw     Fabrikam Root",
        "gw     Fabrikam Root",
        "! UNUSABLE as a root",
    ]
    assert report.explanation.steps[0].startswith("Remove the expired edition")


def test_ended_certificate_that_nothing_needs_is_no_failure() -> None:
    ended = pki.intermediate(ROOT, "Fabrikam Old", not_after=NOW - timedelta(days=1))
    lines = draw(rehearsed(pki.leaf(ISSUING, HOST), ISSUING, ended), 12)
    assert "! EXPIRED" in [line.strip() for line in lines]
    unnamed = pki.leaf(ISSUING, HOST, subject=x509.Name([]))
    assert draw(rehearsed(unnamed, ISSUING), 12)[0] == f"sent 1 {HOST}"
