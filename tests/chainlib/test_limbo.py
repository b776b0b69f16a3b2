"""Path acceptance over x509-limbo's cases, compared with OpenSSL alone.

The data is not ours, so it is read where it lies.

The strict rules beyond OpenSSL are switched off here: the question is only whether the judge
accepts the paths that OpenSSL accepts.
Both classes are reported, since a judge that refuses everything would score nine in ten.

Of the 9,491 name-constraint cases, which are one grid, one in a hundred is tried;
`make test-every-case` tries all of them.
"""

from __future__ import annotations

import json
import lzma
import warnings
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chainlib import (
    Certificate,
    GatewayPolicy,
    MalformedCertificate,
    PresentedChain,
    Strictness,
    Target,
    TrustAnchors,
    TrustMode,
    UnusableFile,
    judge,
)
from chainlib.judge.identity import name_fits
from chainlib.openssl import verify_path
from chainlib.pem import load_certificates
from tests.support.sampling import every

LIMBO = Path(__file__).parents[3] / "shared" / "limbo" / "limbo.json.xz"
LENIENT = Strictness(
    leaf_first=False,
    chain_order=False,
    self_signed_must_be_ca=False,
    ip_literal_never_matches=False,
)

SOME_TIME = "2026-01-01T00:00:00+00:00"
GRID = "bettertls::nameconstraints::"
# Prime to the sides of the grid, so that no row or column of it is passed over.
STRIDE = 101

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(
        not LIMBO.exists(), reason="the x509-limbo data is not beside this checkout"
    ),
    pytest.mark.timeout(600),
]


def cases() -> Iterator[dict[str, Any]]:
    """Server cases without revocation lists or a depth limit, which the gateway does not have."""
    known = json.loads(lzma.decompress(LIMBO.read_bytes()))["testcases"]
    unlike_a_gateway = {"has-crl", "max-chain-depth"}
    fitting = [
        c
        for c in known
        if c["validation_kind"] == "SERVER" and not unlike_a_gateway & set(c["features"])
    ]
    yield from (c for c in fitting if not c["id"].startswith(GRID))
    yield from every([c for c in fitting if c["id"].startswith(GRID)], STRIDE)


def read(pem: str) -> Certificate:
    """One certificate of a case."""
    return load_certificates(pem.encode())[0]


def judged(case: dict[str, Any]) -> tuple[bool, bool]:
    """Whether the judge accepts, and whether OpenSSL and the name rule alone accept."""
    at = datetime.fromisoformat(case["validation_time"] or SOME_TIME)
    name = (case["expected_peer_name"] or {}).get("value")
    try:
        peer = read(case["peer_certificate"])
        untrusted = [read(pem) for pem in case["untrusted_intermediates"]]
        roots = tuple(read(pem) for pem in case["trusted_certs"])
    except (MalformedCertificate, UnusableFile):
        return False, False
    anchors = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=roots)
    policy = GatewayPolicy(anchors=anchors, name=name, strictness=LENIENT)
    chain = PresentedChain(target=Target(host="limbo"), certificates=(peer, *untrusted))
    ours = judge(chain, policy, at=at).accepted
    alone = verify_path(peer, untrusted, roots, at=at).accepted and (
        not name or name_fits(peer, name, policy)
    )
    return ours, alone


def test_judge_accepts_what_openssl_accepts(capsys: pytest.CaptureFixture[str]) -> None:
    tally: Counter[str] = Counter()
    different: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # the cases hold malformed serial numbers on purpose, of which the parser warns
        for case in cases():
            ours, alone = judged(case)
            kind = "valid" if case["expected_result"] == "SUCCESS" else "invalid"
            tally[f"{kind}-{'accepted' if ours else 'refused'}"] += 1
            if ours != alone:
                different.append(f"{case['id']}: ours {ours}, OpenSSL {alone}")
    with capsys.disabled():
        print(  # noqa: T201 -- the figure the suite reports
            (
                "\nlimbo: accepted of valid "
                f"{tally['valid-accepted']}/{tally['valid-accepted'] + tally['valid-refused']}, "
            ),
            end="",
        )
        print(  # noqa: T201 -- the figure the suite reports
            "refused of invalid "
            f"{tally['invalid-refused']}/{tally['invalid-accepted'] + tally['invalid-refused']}"
        )
    assert different == []
    assert tally["valid-accepted"] > 0
