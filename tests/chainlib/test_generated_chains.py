"""Chains of our own, broken at random: the generator knows the verdict by construction.

Cryptography's verifier is the second opinion.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainlib import (
    Code,
    GatewayPolicy,
    PresentedChain,
    Target,
    TlsSession,
    TrustAnchors,
    TrustMode,
    judge,
)
from playground.lab import pki
from playground.lab.pki import NOW, Issued
from tests.support.sampling import of_all

NAME, OTHER = "backend.contoso.com", "other.contoso.com"
KEYS = [pki.root(f"key {i}").key for i in range(6)]
ROOT, STRANGER = pki.root("Right Root", key=KEYS[0]), pki.root("Wrong Root", key=KEYS[1])
# Of a third CA: one that leads to an uploaded root would count as the upper part of a broken path.
EXTRA = pki.intermediate(pki.root("Third Root", key=KEYS[5]), "Unrelated CA", key=KEYS[5])
# The gateway is stricter than any verifier about these two; nothing else may differ.
STRICTER = {Code.CHAIN_OUT_OF_ORDER, Code.LEAF_NOT_FIRST}


@dataclass(frozen=True)
class Plan:
    """How a chain is broken.

    Attributes:
        depth: number of intermediates.
        dropped: which of them are not sent, counted from the leaf.
        expired: index of the expired certificate (0 is the leaf), `None` for none.
        order: number of a permutation of everything but the leaf, 0 keeps the right order.
        leaf_at: where the leaf stands among the rest.
    """

    depth: int
    dropped: frozenset[int]
    root_sent: bool
    root_trusted: bool
    duplicate: bool
    extra: bool
    expired: int | None
    wrong_name: bool
    order: int
    leaf_at: int


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Every combination, biased towards chains with few faults."""
    depth = draw(st.integers(1, 3))
    rarely = st.sampled_from([False, False, False, True])
    return Plan(
        depth=depth,
        dropped=draw(st.frozensets(st.integers(0, depth - 1), max_size=2))
        if draw(st.booleans())
        else frozenset(),
        root_sent=draw(rarely),
        root_trusted=not draw(rarely),
        duplicate=draw(rarely),
        extra=draw(rarely),
        expired=draw(st.none() | st.integers(0, depth)) if draw(rarely) else None,
        wrong_name=draw(rarely),
        order=draw(st.integers(0, 23)) if draw(rarely) else 0,
        leaf_at=draw(st.integers(0, 2)) if draw(rarely) else 0,
    )


def build(plan: Plan) -> tuple[Issued, list[Issued]]:
    """The leaf and its intermediates, lowest first."""
    issuer, tiers = ROOT, list[Issued]()
    for tier in reversed(range(plan.depth)):
        not_after = (
            NOW - timedelta(days=1) if plan.expired == tier + 1 else NOW + timedelta(days=900)
        )
        issuer = pki.intermediate(issuer, f"Tier {tier}", key=KEYS[2 + tier], not_after=not_after)
        tiers.insert(0, issuer)
    not_after = NOW - timedelta(days=1) if plan.expired == 0 else NOW + timedelta(days=300)
    return pki.leaf(
        issuer, OTHER if plan.wrong_name else NAME, key=KEYS[5], not_after=not_after
    ), tiers


def sent_list(plan: Plan, leaf: Issued, tiers: list[Issued]) -> list[Issued]:
    """What the server sends, in its order."""
    rest = [tier for index, tier in enumerate(tiers) if index not in plan.dropped]
    rest += [ROOT] * plan.root_sent + [EXTRA] * plan.extra
    if plan.order:
        Random(plan.order).shuffle(rest)  # noqa: S311 -- a permutation by number, so that hypothesis can shrink it
    rest.insert(min(plan.leaf_at, len(rest)), leaf)
    return rest + [rest[-1]] * plan.duplicate


def used_above_gap(plan: Plan) -> list[int]:
    """Indices of sent intermediates above the lowest gap that lead to a root.

    Empty where they lead nowhere.
    """
    run = []
    for index in reversed(range(plan.depth)):
        if index in plan.dropped:
            break
        run.append(index)
    return run if plan.root_sent or plan.root_trusted else []


def expected_codes(plan: Plan, sent: list[Issued], leaf: Issued, tiers: list[Issued]) -> set[Code]:
    """What the generator knows, told from the plan alone."""
    gap = min(plan.dropped, default=None)
    below = list(range(plan.depth if gap is None else gap))
    above = [] if gap is None else used_above_gap(plan)
    codes = set(expected_trust(plan, gap, above))
    used = [tiers[i] for i in sorted({*below, *above})] + [ROOT] * plan.root_sent
    if sent[0] != leaf:
        codes.add(Code.LEAF_NOT_FIRST)
    order = [sent.index(certificate) for certificate in used]
    if order != sorted(order):
        codes.add(Code.CHAIN_OUT_OF_ORDER)
    if plan.root_sent or len(sent) > 1 + len(used):
        codes.add(Code.CHAIN_EXTRA)
    if plan.expired == 0 or (
        plan.expired is not None and plan.expired > 0 and tiers[plan.expired - 1] in used
    ):
        codes.add(Code.CERTIFICATE_EXPIRED)
    if plan.wrong_name:
        codes.add(Code.NAME_MISMATCH)
    return codes


def expected_trust(plan: Plan, gap: int | None, above: list[int]) -> set[Code]:
    """The rows about gaps and roots."""
    codes = set()
    if gap is not None:
        known_above = above or plan.root_sent
        codes.add(
            Code.INTERMEDIATE_MISSING
            if gap == 0 or known_above
            else Code.NO_UPLOADED_ROOT_SIGNS_CHAIN
        )
    elif not plan.root_trusted and not plan.root_sent:
        codes.add(Code.NO_UPLOADED_ROOT_SIGNS_CHAIN)
    if plan.root_sent and not plan.root_trusted:
        codes.add(Code.ROOT_MISMATCH)
    return codes


def second_opinion(leaf: Issued, sent: list[Issued], root: Issued) -> bool:
    """Whether cryptography's WebPKI verifier accepts."""
    verifier = (
        PolicyBuilder()
        .store(Store([root.certificate.parsed]))
        .time(NOW)
        .build_server_verifier(x509.DNSName(NAME))
    )
    try:
        verifier.verify(leaf.certificate.parsed, [s.certificate.parsed for s in sent if s != leaf])
    except VerificationError:
        return False
    return True


@settings(max_examples=of_all(300, 80), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=plans())
def test_verdict_is_what_the_generator_knows(plan: Plan) -> None:
    leaf, tiers = build(plan)
    sent = sent_list(plan, leaf, tiers)
    root = ROOT if plan.root_trusted else STRANGER
    chain = PresentedChain(
        target=Target(host=NAME, server_name=NAME),
        certificates=tuple(s.certificate for s in sent),
        tls=TlsSession(version="TLSv1.3", cipher="TLS_AES_128_GCM_SHA256"),
    )
    anchors = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=(root.certificate,))
    verdict = judge(chain, GatewayPolicy(anchors=anchors, name=NAME), at=NOW)
    assert verdict.codes == expected_codes(plan, sent, leaf, tiers)
    accepted_elsewhere = second_opinion(leaf, sent, root)
    if verdict.accepted:
        assert accepted_elsewhere
    elif accepted_elsewhere:
        assert verdict.codes & STRICTER
