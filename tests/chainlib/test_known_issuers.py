"""A fetched issuer decides which of two explanations holds, and takes its place in the path.

It never changes what the gateway says.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from chainlib import (
    Code,
    GatewayPolicy,
    PresentedChain,
    Source,
    UploadedRoot,
    Verdict,
    Where,
    explain,
    judge,
    with_known_issuers,
)
from playground.lab import pki
from playground.lab.pki import NOW, Issued
from tests.chainlib.test_judge import NAME, W, chain, trusting

SENT, MISSING, FETCHED, UPLOADED = Source.PRESENTED, Source.MISSING, Source.FETCHED, Source.UPLOADED
TWIN = pki.intermediate(W.root, "Contoso Policy CA")


def decided(presented: PresentedChain, policy: GatewayPolicy, *issuers: Issued) -> Verdict:
    """The verdict about this chain once these issuers are known."""
    return with_known_issuers(
        judge(presented, policy, at=NOW), policy, tuple(one.certificate for one in issuers)
    )


@pytest.mark.parametrize(
    ("presented", "policy", "issuers", "path"),
    [
        ((W.leaf, W.lower), trusting(W.root), (W.upper,), (SENT, SENT, FETCHED, UPLOADED)),
        ((W.leaf,), trusting(W.root), (W.upper, W.lower), (SENT, FETCHED, FETCHED, UPLOADED)),
        ((W.leaf,), trusting(W.root), (W.lower,), (SENT, FETCHED, MISSING)),
        ((W.leaf, W.upper), trusting(W.root), (W.lower,), (SENT, FETCHED, SENT, UPLOADED)),
        ((W.leaf, W.lower, W.upper), trusting(W.stranger), (W.root,), (SENT, SENT, SENT, FETCHED)),
        ((W.leaf, W.lower), trusting(W.root), (TWIN,), (SENT, SENT, MISSING)),
        ((W.leaf, W.lower), trusting(W.root), (), (SENT, SENT, MISSING)),
    ],
    ids=["upper", "both", "only the lower", "below a sent ca", "root", "another key", "nothing"],
)
def test_path_is_filled_in_with_what_was_fetched(
    presented: tuple[Issued, ...],
    policy: GatewayPolicy,
    issuers: tuple[Issued, ...],
    path: tuple[Source, ...],
) -> None:
    verdict = decided(chain(*presented), policy, *issuers)
    assert tuple(element.source for element in verdict.path.elements) == path
    assert not verdict.path.complete


@pytest.mark.parametrize(
    ("presented", "policy", "issuer", "code", "where", "said"),
    [
        (
            chain(W.leaf, W.lower),
            trusting(W.root),
            W.upper,
            Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
            Where.SERVER,
            "intermediate that is not sent",
        ),
        (
            chain(W.leaf, W.lower),
            trusting(),
            W.upper,
            Code.INTERMEDIATE_UNKNOWN_CA,
            Where.SERVER,
            "intermediate that is not sent",
        ),
        (
            chain(W.leaf, W.lower, W.upper),
            trusting(),
            W.root,
            Code.INTERMEDIATE_UNKNOWN_CA,
            Where.GATEWAY,
            "root that the gateway was not",
        ),
        (
            chain(W.leaf),
            trusting(W.stranger),
            W.lower,
            Code.INTERMEDIATE_MISSING,
            Where.SERVER,
            "does not send",
        ),
        (
            chain(pki.leaf(W.root, NAME)),
            trusting(W.stranger),
            W.root,
            Code.INTERMEDIATE_MISSING,
            Where.GATEWAY,
            "root that the gateway was not given",
        ),
    ],
    ids=[
        "upper, uploaded roots",
        "upper, well-known",
        "root, well-known",
        "leaf alone",
        "leaf of a root",
    ],
)
def test_one_explanation_is_left(
    presented: PresentedChain,
    policy: GatewayPolicy,
    issuer: Issued,
    code: Code,
    where: Where,
    said: str,
) -> None:
    verdict = decided(presented, policy, issuer)
    answer, evidence = explain(verdict), verdict.findings[0].evidence
    assert (verdict.headline, answer.where, len(evidence["possibilities"])) == (code, where, 1)
    assert evidence["missing_sha256"] == issuer.certificate.sha256
    assert said in answer.cause


def test_root_of_another_gateway_decides_too() -> None:
    lying = UploadedRoot(
        name="corp", certificate=W.root.certificate, gateway="edge-gw", on_other_gateway=True
    )
    policy = replace(trusting(), unattached=(lying,))
    answer = explain(decided(chain(W.leaf, W.lower, W.upper), policy))
    assert (
        "Upload CN=Contoso Root G2 to the gateway: it is the root corp on edge-gw."
        in (answer.steps[0])
    )


def test_gap_that_was_certain_is_told_as_before() -> None:
    policy = trusting(W.root)
    before = judge(chain(W.leaf, W.upper), policy, at=NOW)
    assert with_known_issuers(before, policy, (W.lower.certificate,)).findings == before.findings


def test_issuer_of_another_key_decides_nothing() -> None:
    policy = trusting(W.root)
    before = judge(chain(W.leaf, W.lower), policy, at=NOW)
    assert with_known_issuers(before, policy, (TWIN.certificate,)) == before


def test_accepted_chain_is_left_alone() -> None:
    policy = trusting(W.root)
    before = judge(chain(W.leaf, W.lower, W.upper), policy, at=NOW)
    assert with_known_issuers(before, policy, (W.upper.certificate,)) is before
