"""nginx as a stand-in for the gateway.

The same chains through `proxy_ssl_verify on`, every difference listed with its reason.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chainlib import (
    GatewayPolicy,
    PresentedChain,
    Target,
    TlsSession,
    TrustAnchors,
    TrustMode,
    judge,
)
from playground.lab import pki
from playground.lab.pki import Issued
from tests.support.nginx import NGINX, Setup, accepts, gateway

HOST = "backend.contoso.com"

# Where Microsoft documents a refusal that OpenSSL, and so nginx, does not make.
STRICTER_THAN_NGINX = {
    "intermediates_swapped": "the order after the leaf: CHAIN_OUT_OF_ORDER",
    "root_in_the_middle": "the order after the leaf: CHAIN_OUT_OF_ORDER",
    "self_signed_uploaded": "a self-signed leaf without CA:TRUE: SELF_SIGNED_NOT_CA",
}

pytestmark = [
    pytest.mark.nginx,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed here"),
]


def setups(now: datetime) -> dict[str, Setup]:
    """The lab's faults that nginx can serve (it never sends a leaf that is not first)."""
    days = timedelta(days=1)
    root = pki.root(not_before=now - 9 * days, not_after=now + 900 * days)
    stranger = pki.root("Fabrikam Root", not_before=now - 9 * days, not_after=now + 900 * days)
    dates = {"not_before": now - 2 * days, "not_after": now + 200 * days}
    upper = pki.intermediate(root, "Policy CA", **dates)
    lower = pki.intermediate(upper, "Issuing CA", **dates)
    leaf = pki.leaf(lower, HOST, **dates)
    old = pki.intermediate(root, "Old CA", not_before=now - 9 * days, not_after=now - days)
    own = pki.leaf(None, HOST, **dates)
    own_ca = pki.leaf(None, HOST, ca=True, key_usage=None, **dates)
    expired = {"not_before": now - 9 * days, "not_after": now - days}
    reissued = pki.root(key=root.key, not_before=now - days, not_after=now + 90 * days)
    fake = pki.intermediate(root, "No CA", ca=False, key_usage=None, **dates)

    def of(*chain: Issued, trust: Issued = root) -> Setup:
        return Setup(chain=chain, roots=(trust,), host=HOST)

    return {
        "complete": of(leaf, lower, upper),
        "complete_with_root": of(leaf, lower, upper, root),
        "leaf_only": of(leaf),
        "lower_missing": of(leaf, upper),
        "upper_missing": of(leaf, lower),
        "intermediates_swapped": of(leaf, upper, lower),
        "root_in_the_middle": of(leaf, root, lower, upper),
        "duplicate_and_stranger": of(leaf, lower, lower, stranger, upper),
        "wrong_root": of(leaf, lower, upper, trust=stranger),
        "wrong_root_and_root_sent": of(leaf, lower, upper, root, trust=stranger),
        "intermediate_uploaded": of(leaf, lower, upper, trust=upper),
        "leaf_uploaded": of(leaf, lower, upper, trust=leaf),
        "reissued_root": of(leaf, lower, upper, trust=reissued),
        "leaf_expired": of(pki.leaf(root, HOST, **expired)),
        "intermediate_expired": of(pki.leaf(old, HOST, **dates), old),
        "not_yet_valid": of(pki.leaf(root, HOST, not_before=now + days, not_after=now + 90 * days)),
        "wrong_name": of(pki.leaf(root, "other.contoso.com", **dates)),
        "name_in_cn_beside_san": of(pki.leaf(root, HOST, dns=("other.contoso.com",), **dates)),
        "name_in_cn_only": of(pki.leaf(root, HOST, dns=(), **dates)),
        "wildcard": of(pki.leaf(root, "x", dns=("*.contoso.com",), **dates)),
        "self_signed": of(own),
        "self_signed_uploaded": of(own, trust=own),
        "self_signed_ca_uploaded": of(own_ca, trust=own_ca),
        "intermediate_is_no_ca": of(pki.leaf(fake, HOST, **dates), fake),
        "client_only": of(
            pki.leaf(root, HOST, eku=(pki.ExtendedKeyUsageOID.CLIENT_AUTH,), **dates)
        ),
    }


def our_word(setup: Setup, now: datetime) -> bool:
    """Whether the judge accepts the same chain."""
    anchors = TrustAnchors(
        mode=TrustMode.UPLOADED_ROOTS, certificates=tuple(r.certificate for r in setup.roots)
    )
    chain = PresentedChain(
        target=Target(host=HOST, server_name=HOST),
        certificates=tuple(c.certificate for c in setup.chain),
        tls=TlsSession(version="TLSv1.3", cipher="x"),
    )
    return judge(chain, GatewayPolicy(anchors=anchors, name=HOST), at=now).accepted


def test_nginx_and_judge_differ_only_where_documented(tmp_path: Path) -> None:
    now = datetime.now(tz=UTC).replace(microsecond=0)
    every = setups(now)
    with gateway(every, tmp_path) as ports:
        words = {
            name: (accepts(ports[name]), our_word(setup, now)) for name, setup in every.items()
        }
    differences = {name: word for name, word in words.items() if word[0] is not word[1]}
    assert differences == dict.fromkeys(STRICTER_THAN_NGINX, (True, False))
