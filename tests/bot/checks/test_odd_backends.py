"""Lists as backends really send them: the headline, and what may never stand in the text.

Each is judged and rendered as `appgw rehearse` does it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from bot.checks.probe import rehearse
from bot.terminal.output import render
from chainlib import Code, GatewayPolicy, TrustAnchors, TrustMode
from playground.lab import pki
from playground.lab.pki import NOW, Issued

HOST = "app.fabrikam.test"
ROOT = pki.root("Fabrikam Root")
ISSUING = pki.intermediate(ROOT, "Fabrikam Issuing")
YESTERDAY = NOW - timedelta(days=1)
NEVER = re.compile(
    r"b'|b\"|<class|see the thread|to one of: [^\n]*(\*|https?:|localhost|\.\.?$)"
    r"|issued? [^\n]*with \d+\.\d+\.\d+\.\d+|\x00"
)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What is sent, what is uploaded, which name is asked for, and what must come of it."""

    sent: tuple[Issued, ...]
    headline: Code
    also: frozenset[Code] = frozenset()
    roots: tuple[Issued, ...] = (ROOT,)
    name: str = HOST
    never: str = "$^"


def ok(*sent: Issued, name: str = HOST, **more: tuple[Issued, ...]) -> Scene:
    """A list that the gateway accepts."""
    return Scene(sent=sent, headline=Code.OK, name=name, **more)  # type: ignore[arg-type]


def crossed() -> Scene:
    old = pki.root("Old Root")
    cross = pki.intermediate(old, "Fabrikam Root", key=ROOT.key, not_after=YESTERDAY, key_ids=False)
    return Scene(
        sent=(pki.leaf(ISSUING, HOST), ISSUING, cross),
        headline=Code.CHAIN_EXTRA,
        never="missing",
    )


def ended() -> Scene:
    old = pki.root("DST Root CA X3", not_after=YESTERDAY)
    cross = pki.intermediate(old, "New Root")
    below = pki.intermediate(cross, "R1")
    return Scene(
        sent=(pki.leaf(below, HOST), below, cross),
        headline=Code.UPLOADED_ROOT_UNUSABLE,
        also=frozenset({Code.CERTIFICATE_EXPIRED}),
        roots=(old,),
        never="current",
    )


def stale() -> Scene:
    old = pki.intermediate(ROOT, "Fabrikam Issuing 9", not_after=YESTERDAY)
    return Scene(sent=(pki.leaf(old, HOST), old), headline=Code.CERTIFICATE_EXPIRED)


def two_editions() -> Scene:
    again = pki.intermediate(ROOT, "Fabrikam Issuing")
    return ok(pki.leaf(ISSUING, HOST), again, ISSUING)


def two_editions_below_one_key() -> Scene:
    again = pki.intermediate(ROOT, "Fabrikam Issuing", key=ISSUING.key)
    return ok(pki.leaf(ISSUING, HOST), again)


def v1_root() -> Scene:
    old = pki.root("Version 1 like", ca=None, key_usage=None)
    return Scene(
        sent=(pki.leaf(old, HOST),),
        headline=Code.UPLOADED_ROOT_UNUSABLE,
        also=frozenset({Code.CA_CONSTRAINT_VIOLATED}),
        roots=(old,),
    )


def no_key_cert_sign() -> Scene:
    issuing = pki.intermediate(ROOT, "May not", key_usage=frozenset({"digital_signature"}))
    return Scene(sent=(pki.leaf(issuing, HOST), issuing), headline=Code.CA_CONSTRAINT_VIOLATED)


def client_only() -> Scene:
    leaf = pki.leaf(ISSUING, HOST, eku=(ExtendedKeyUsageOID.CLIENT_AUTH,))
    return Scene(sent=(leaf, ISSUING), headline=Code.VERIFY_FAILED)


def small_key() -> Scene:
    leaf = pki.leaf(ISSUING, HOST, key=rsa.generate_private_key(65537, 1024))  # noqa: S505 -- the weakness is the test
    return Scene(sent=(leaf, ISSUING), headline=Code.WEAK_CRYPTO)


def rekeyed_without_ids() -> Scene:
    again = pki.intermediate(ROOT, "Fabrikam Issuing 2", key_ids=False)
    first = pki.intermediate(ROOT, "Fabrikam Issuing 2", key_ids=False)
    leaf = pki.leaf(first, HOST, key_ids=False)
    return Scene(sent=(leaf, again), headline=Code.SIGNATURE_INVALID, never="does not send")


SCENES: dict[str, Callable[[], Scene]] = {
    "complete": lambda: ok(pki.leaf(ISSUING, HOST), ISSUING),
    "p-521": lambda: ok(
        pki.leaf(ISSUING, HOST, key=ec.generate_private_key(ec.SECP521R1())), ISSUING
    ),
    "wildcard of one label": lambda: ok(pki.leaf(ISSUING, "x", dns=("*.fabrikam.test",)), ISSUING),
    "a-label": lambda: ok(
        pki.leaf(ISSUING, "x", dns=("xn--bcher-kva.test",)), ISSUING, name="xn--bcher-kva.test"
    ),
    "underscore": lambda: ok(
        pki.leaf(ISSUING, "x", dns=("my_app.fabrikam.test",)), ISSUING, name="my_app.fabrikam.test"
    ),
    "common name only": lambda: ok(pki.leaf(ISSUING, HOST, dns=()), ISSUING),
    "common name beside an address": lambda: ok(
        pki.leaf(ISSUING, HOST, dns=(), ips=("10.0.0.1",)), ISSUING
    ),
    "empty subject": lambda: ok(
        pki.leaf(ISSUING, "x", subject=x509.Name([]), dns=(HOST,)), ISSUING
    ),
    "foreign root behind": lambda: ok(pki.leaf(ISSUING, HOST), ISSUING, ROOT, pki.root("Other")),
    "issuer of the leaf twice": lambda: ok(pki.leaf(ISSUING, HOST), ISSUING, ISSUING),
    "two editions": two_editions,
    "two editions of one key": two_editions_below_one_key,
    "far future": lambda: ok(pki.leaf(ISSUING, HOST, not_after=NOW.replace(year=9998)), ISSUING),
    "signed by the root itself": lambda: ok(pki.leaf(ROOT, HOST)),
    "cross-sign that ended": crossed,
    "root that ended": ended,
    "issuer that ended": stale,
    "root without a mark": v1_root,
    "CA that may not sign": no_key_cert_sign,
    "client certificate": client_only,
    "small key": small_key,
    "re-keyed without key ids": rekeyed_without_ids,
    "root before the issuer": lambda: Scene(
        sent=(pki.leaf(ISSUING, HOST), ROOT, ISSUING), headline=Code.CHAIN_OUT_OF_ORDER
    ),
    "root first": lambda: Scene(
        sent=(ROOT, pki.leaf(ISSUING, HOST), ISSUING),
        headline=Code.LEAF_NOT_FIRST,
        also=frozenset({Code.CHAIN_OUT_OF_ORDER}),
    ),
    "leaf alone": lambda: Scene(
        sent=(pki.leaf(ISSUING, HOST),), headline=Code.INTERMEDIATE_MISSING
    ),
}


@pytest.mark.parametrize("build", SCENES.values(), ids=SCENES)
def test_odd_backend_is_judged_and_explained(build: Callable[[], Scene]) -> None:
    scene = build()
    anchors = TrustAnchors(
        mode=TrustMode.UPLOADED_ROOTS, certificates=tuple(one.certificate for one in scene.roots)
    )
    policy = GatewayPolicy(anchors=anchors, name=scene.name)
    report = rehearse([one.certificate for one in scene.sent], policy, at=NOW)
    text = "\n".join(line.plain for line in render(report))
    critical = {f.code for f in report.verdict.findings if f.severity.value == "critical"}
    assert report.verdict.headline is scene.headline
    assert critical <= {scene.headline, *scene.also}
    assert not NEVER.search(text)
    assert not re.search(scene.never, text)


def test_sm2_key_is_never_a_bad_signature() -> None:
    """An SM2 certificate reads, and nothing is said about what cannot be verified here."""
    leaf = pki.leaf(ISSUING, HOST).certificate
    sm2, p256 = "06082a811ccf5501822d", "06082a8648ce3d030107"
    der = bytes.fromhex(ISSUING.certificate.der.hex().replace(p256, sm2, 1))
    issuing = type(leaf).from_der(der)
    anchors = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=(ROOT.certificate,))
    report = rehearse([leaf, issuing], GatewayPolicy(anchors=anchors, name=HOST), at=NOW)
    child = [f for f in report.verdict.findings if f.certificate == 0]
    assert Code.SIGNATURE_INVALID not in {f.code for f in child}
    assert "cannot be verified here" in "\n".join(f.summary for f in report.verdict.findings)
