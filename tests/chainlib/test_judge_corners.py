"""Chains that are wrong in uncommon ways.

Version 1, serial numbers in the key identifier, empty lists, what v1 gateways look at.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from chainlib import (
    Certificate,
    Code,
    ConnectFailed,
    GatewayPolicy,
    HandshakeError,
    HandshakeErrorKind,
    PresentedChain,
    Role,
    Source,
    Status,
    TrustAnchors,
    TrustMode,
    UnreadableCertificate,
    Where,
    explain,
    judge,
    judge_failure,
)
from playground.lab import pki
from playground.lab.pki import NOW, Issued
from tests.chainlib.test_judge import NAME, W, chain, trusting, v1
from tests.support.version_one import as_version_one

V1_ROOT = as_version_one(pki.root("Contoso Root 1998", key_ids=False))
BELOW_V1 = pki.intermediate(V1_ROOT, "Contoso Below 1998", key_ids=False)
V1_INTERMEDIATE = as_version_one(
    pki.intermediate(V1_ROOT, "Contoso Intermediate 1998", key_ids=False), V1_ROOT
)
UNREADABLE = UnreadableCertificate(der=b"\x30\x03junk", reason="not X.509")
OLD_ROOT, CROSS_ROOT = pki.root("Contoso Root G1"), pki.root("Contoso Root G2")
CROSS_SIGN = pki.intermediate(OLD_ROOT, "Contoso Root G2", key=CROSS_ROOT.key)
STALE_CROSS_SIGN = pki.intermediate(
    OLD_ROOT, "Contoso Root G2", key=CROSS_ROOT.key, not_after=NOW - timedelta(days=1)
)
BELOW_CROSS = pki.intermediate(CROSS_ROOT, "Contoso Issuing CA 9")
CROSS_LEAF = pki.leaf(BELOW_CROSS, NAME)


def _tampered(issued: Issued) -> Issued:
    der = bytearray(issued.certificate.der)
    der[-5] ^= 1
    return Issued(certificate=Certificate.from_der(bytes(der)), key=issued.key)


def _pinned_to(issuer: Issued, serial: int) -> Issued:
    """A leaf whose authority key identifier holds the issuer's name and serial number.

    OpenSSL writes this form for `issuer:always`.
    """
    name = x509.DirectoryName(issuer.certificate.parsed.issuer)
    pin = x509.AuthorityKeyIdentifier(
        key_identifier=None, authority_cert_issuer=[name], authority_cert_serial_number=serial
    )
    return pki.leaf(issuer, NAME, key_ids=False, extensions=((pin, False),))


Corner = tuple[PresentedChain, GatewayPolicy, str, set[str]]
CORNERS: dict[str, Corner] = {
    "nothing sent": (chain(), trusting(W.root), "LEAF_MISSING", {"LEAF_MISSING"}),
    "nothing sent to v1": (
        chain(),
        v1(W.leaf),
        "AUTH_CERTIFICATE_MISMATCH",
        {"AUTH_CERTIFICATE_MISMATCH"},
    ),
    "the unreadable one may be the leaf": (
        chain(certificates=(UNREADABLE, W.lower.certificate, W.upper.certificate)),
        trusting(W.root),
        "CERTIFICATE_UNREADABLE",
        {"CERTIFICATE_UNREADABLE"},
    ),
    "version 1 root alone is a remark": (
        chain(pki.leaf(BELOW_V1, NAME), BELOW_V1),
        trusting(V1_ROOT),
        "UPLOADED_ROOT_UNUSABLE",
        {"UPLOADED_ROOT_UNUSABLE"},
    ),
    "version 1 root beside a gap": (
        chain(pki.leaf(BELOW_V1, NAME), V1_ROOT),
        trusting(V1_ROOT),
        "INTERMEDIATE_MISSING",
        {"INTERMEDIATE_MISSING", "UPLOADED_ROOT_UNUSABLE", "CHAIN_EXTRA"},
    ),
    "version 1 intermediate": (
        chain(pki.leaf(V1_INTERMEDIATE, NAME, key_ids=False), V1_INTERMEDIATE),
        trusting(V1_ROOT),
        "CA_CONSTRAINT_VIOLATED",
        {"CA_CONSTRAINT_VIOLATED", "UPLOADED_ROOT_UNUSABLE"},
    ),
    "issuer pinned by serial number": (
        chain(_pinned_to(W.lower, W.lower.certificate.serial), W.lower, W.upper),
        trusting(W.root),
        "OK",
        set(),
    ),
    "issuer issued anew under another serial number": (
        chain(_pinned_to(W.lower, 99), W.lower, W.upper),
        trusting(W.root),
        "INTERMEDIATE_MISSING",
        {"INTERMEDIATE_MISSING"},
    ),
    "cross-sign beside its trusted root": (
        chain(CROSS_LEAF, CROSS_SIGN, BELOW_CROSS),
        trusting(CROSS_ROOT),
        "OK",
        {"CHAIN_EXTRA"},
    ),
    "cross-sign up to the older root": (
        chain(CROSS_LEAF, BELOW_CROSS, CROSS_SIGN),
        trusting(OLD_ROOT),
        "OK",
        set(),
    ),
    "cross-sign that ran out, not needed": (
        chain(CROSS_LEAF, BELOW_CROSS, STALE_CROSS_SIGN),
        trusting(CROSS_ROOT),
        "CHAIN_EXTRA",
        {"CHAIN_EXTRA"},
    ),
    "cross-sign that ran out, needed": (
        chain(CROSS_LEAF, BELOW_CROSS, STALE_CROSS_SIGN),
        trusting(OLD_ROOT),
        "CERTIFICATE_EXPIRED",
        {"CERTIFICATE_EXPIRED"},
    ),
    "an anchor's own signature does not count": (
        chain(W.leaf, W.lower, W.upper),
        trusting(_tampered(W.root)),
        "OK",
        set(),
    ),
    "circle of cross-signs": (
        chain(
            pki.leaf(OLD_ROOT, NAME),
            pki.intermediate(CROSS_ROOT, "Contoso Root G1", key=OLD_ROOT.key),
            CROSS_SIGN,
        ),
        trusting(W.root),
        "NO_UPLOADED_ROOT_SIGNS_CHAIN",
        {"NO_UPLOADED_ROOT_SIGNS_CHAIN"},
    ),
    "v1 checks the name on the leaf wherever it stands": (
        chain(W.lower, W.leaf),
        v1(W.leaf),
        "AUTH_CERTIFICATE_MISMATCH",
        {"AUTH_CERTIFICATE_MISMATCH"},
    ),
    "v1 with a CA as the only certificate": (
        chain(W.lower),
        v1(W.lower),
        "NAME_MISMATCH",
        {"NAME_MISMATCH"},
    ),
    "v1 does not look above the leaf": (
        chain(
            W.leaf,
            pki.intermediate(
                W.upper, "Contoso Issuing CA 3", key=W.lower.key, not_after=NOW - timedelta(days=1)
            ),
        ),
        v1(W.leaf),
        "OK",
        set(),
    ),
}


@pytest.mark.parametrize("named", CORNERS, ids=str)
def test_corner_gives_exactly_these_codes(named: str) -> None:
    presented, policy, headline, codes = CORNERS[named]
    verdict = judge(presented, policy, at=NOW)
    assert {f.code.value for f in verdict.findings} == codes, [
        f"{f.severity}:{f.code} {f.summary}" for f in verdict.findings
    ]
    assert verdict.headline.value == headline


ANEW = pki.root("Contoso Root", key_ids=False)
BEFORE = pki.root("Contoso Root", key_ids=False)
WELL_KNOWN_BEFORE = TrustAnchors(mode=TrustMode.WELL_KNOWN, certificates=(BEFORE.certificate,))


@pytest.mark.parametrize(
    ("presented", "policy", "kind", "where"),
    [
        (
            chain(pki.leaf(ANEW, NAME, key_ids=False)),
            trusting(BEFORE),
            "same-name-other-key",
            Where.GATEWAY,
        ),
        (chain(pki.leaf(ANEW, NAME, key_ids=False), BEFORE), trusting(BEFORE), None, Where.SERVER),
        (
            chain(pki.leaf(ANEW, NAME, key_ids=False)),
            replace(trusting(), anchors=WELL_KNOWN_BEFORE),
            None,
            Where.SERVER,
        ),
    ],
    ids=["uploaded only", "sent as well", "well-known"],
)
def test_reissued_ca_replaces_the_old_one_in_place(
    presented: PresentedChain, policy: GatewayPolicy, kind: str | None, where: Where
) -> None:
    verdict = judge(presented, policy, at=NOW)
    at_fault = next(f for f in verdict.findings if f.code is Code.SIGNATURE_INVALID)
    assert (verdict.headline, at_fault.evidence.get("kind"), explain(verdict).where) == (
        Code.SIGNATURE_INVALID,
        kind,
        where,
    )


def test_leaf_of_reissued_ca_is_fixed_on_gateway() -> None:
    """The issuer has the very name of an uploaded root, so it is a root.

    Nothing has to be added on the server.
    """
    verdict = judge(
        chain(pki.leaf(pki.root("Contoso Root"), NAME)), trusting(pki.root("Contoso Root")), at=NOW
    )
    assert (verdict.headline, explain(verdict).where) == (Code.INTERMEDIATE_MISSING, Where.GATEWAY)
    assert "another key" in explain(verdict).cause


def test_version_one_root_never_refuses() -> None:
    """OpenSSL accepts a self-signed version 1 certificate as a root: a remark, not a refusal."""
    verdict = judge(chain(pki.leaf(BELOW_V1, NAME), V1_ROOT), trusting(V1_ROOT), at=NOW)
    assert {f.code for f in verdict.findings if f.severity == "critical"} == {
        Code.INTERMEDIATE_MISSING
    }


def test_v1_shows_the_leaf_as_its_whole_path() -> None:
    verdict = judge(chain(W.leaf, W.lower), v1(W.leaf), at=NOW)
    assert [element.source for element in verdict.path.elements] == [Source.PRESENTED]
    assert [(entry.role, entry.status) for entry in verdict.entries] == [
        (Role.LEAF, Status.OK),
        (Role.INTERMEDIATE, Status.OK),
    ]


def test_validation_off_hides_no_broken_handshake() -> None:
    off = replace(trusting(W.root), validate_chain=False, validate_name=False)
    error = HandshakeError(kind=HandshakeErrorKind.RESET, detail="connection reset")
    verdict = judge(chain(pki.leaf(W.lower, "api.contoso.com"), handshake_error=error), off, at=NOW)
    assert (verdict.headline, verdict.accepted) == (Code.TLS_FAILED, False)


@pytest.mark.parametrize("switch", ["validate_chain", "validate_name"])
def test_validation_off_is_listed_where_no_list_came(switch: str) -> None:
    """Otherwise an outage would look as if validation had been switched on and off again."""
    verdict = judge_failure(
        ConnectFailed("no"), replace(trusting(W.root), **{switch: False}), at=NOW
    )
    assert [f.code for f in verdict.findings] == [Code.TCP_FAILED, Code.VALIDATION_OFF]


def _with_common_name(text: str) -> Issued:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text, _validate=False)])
    return pki.leaf(W.lower, "unused", subject=name, dns=(NAME,))


def test_names_over_their_length_are_judged_in_silence() -> None:
    """Warnings are errors in tests, so a library's warning about the length would fail this."""
    with pytest.warns(UserWarning, match="length"):
        leaf = _with_common_name("B" * 5000)
    again = Certificate.from_der(leaf.certificate.der)
    verdict = judge(
        chain(certificates=(again, W.lower.certificate, W.upper.certificate)),
        trusting(W.root),
        at=NOW,
    )
    assert (verdict.headline, again.common_names) == (Code.OK, ("B" * 5000,))
