"""Check reports of chains with one fault each, judged and explained by the real code.

No connection is made.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from types import MappingProxyType

from cryptography import x509
from cryptography.x509.oid import NameOID

from bot.checks.browser import browser_view
from bot.domain.report import AddressReport, CheckReport, CheckRequest
from chainlib import (
    Code,
    ConnectFailed,
    ConnectRefused,
    ConnectTimedOut,
    GatewayPolicy,
    HttpProbeRule,
    HttpResponse,
    PresentedChain,
    Repair,
    ResolveFailed,
    Target,
    TlsSession,
    TrustAnchors,
    TrustMode,
    Verdict,
    explain,
    judge,
    judge_failure,
)
from playground.lab.pki import NOW, Issued, intermediate, leaf, root

HOST = "backend.contoso.com"
HOSTILE = (
    "<!channel> <@U123> <http://evil.example|bank> *bold* _it_ ~no~ `code` ```fence``` "
    ":skull: &amp; @here "
    "\u202egnitset\u202c \u200b\u0000\x1b[31m https://evil.example/a mailto:a@evil.example "
    + "A"
    * 5000
)
ROOT = root()
ISSUING = intermediate(ROOT)
LEAF = leaf(ISSUING, HOST)


def policy(*roots: Issued, name: str | None = HOST) -> GatewayPolicy:
    """A v2 gateway with these uploaded roots."""
    certificates = tuple(issued.certificate for issued in roots)
    anchors = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=certificates)
    return GatewayPolicy(anchors=anchors, name=name, http=HttpProbeRule())


def report(
    *sent: Issued,
    rules: GatewayPolicy | None = None,
    host: str = HOST,
    port: int = 443,
    status: int = 200,
) -> CheckReport:
    """The report about a server that sends exactly these."""
    rules = rules or policy(ROOT)
    target = Target(host=host, port=port, server_name=host, address="10.0.0.5")
    chain = PresentedChain(
        target=target,
        certificates=tuple(issued.certificate for issued in sent),
        tls=TlsSession(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384"),
        http=HttpResponse(status=status, reason="OK"),
    )
    verdict = judge(chain, rules, at=NOW)
    timings = MappingProxyType({"connect": 0.8, "handshake": 6.4})
    address = AddressReport(address="10.0.0.5", verdict=verdict, chain=chain, timings=timings)
    return _assemble(CheckRequest(target=target, policy=rules), address)


_PUBLIC = TrustAnchors(mode=TrustMode.WELL_KNOWN, certificates=(ROOT.certificate,))
_KNOWN = (ISSUING.certificate,)
"""What a browser trusts here, and the intermediate that it downloads."""


def _assemble(request: CheckRequest, address: AddressReport) -> CheckReport:
    verdict: Verdict = address.verdict
    return CheckReport(
        request=request,
        verdict=verdict,
        explanation=explain(verdict),
        addresses=(address,),
        browser=None
        if address.chain is None
        else browser_view(address.chain, request.policy, verdict, public=_PUBLIC, issuers=_KNOWN),
        not_checked=("revocation",),
        timings=address.timings,
    )


def failed(error: ResolveFailed | ConnectFailed) -> CheckReport:
    """The report when no chain was presented."""
    target = Target(host=HOST, server_name=HOST)
    verdict = judge_failure(error, policy(ROOT), at=NOW)
    return _assemble(
        CheckRequest(target=target, policy=policy(ROOT)), AddressReport(address="", verdict=verdict)
    )


def repaired(base: CheckReport, *chain: Issued) -> CheckReport:
    """The same report with the corrected chain."""
    fixed = Repair(
        chain=tuple(i.certificate for i in chain),
        root=None,
        root_name=None,
        verdict_after=Code.OK,
        sources=("the issuer's own page",),
    )
    return replace(base, repair=fixed)


def hostile() -> CheckReport:
    """A leaf whose subject and issuer contain everything that Slack might interpret."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # the certificate's parser warns of a common name over 64 characters
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTILE, _validate=False)])
        signer = intermediate(ROOT, subject=name)
        return report(leaf(signer, HOST, subject=name))


def crowd() -> CheckReport:
    """Thirty certificates of which two are needed."""
    others = [leaf(None, f"other-{number}.contoso.com") for number in range(28)]
    return report(LEAF, ISSUING, *others)


def unvalidated() -> CheckReport:
    """A setting that validates nothing, before a server where nearly nothing would pass."""
    rules = replace(policy(ROOT), validate_chain=False, validate_name=False)
    return report(
        leaf(ISSUING, "other.contoso.com", not_after=NOW - timedelta(days=1)), ROOT, rules=rules
    )


def long_host() -> CheckReport:
    """A host name of the greatest length, on another port."""
    host = ".".join(["a" * 60, "b" * 60, "c" * 60, "d" * 60, "contoso"])
    return report(LEAF, rules=policy(ROOT, name=host), host=host, port=8443)


_MADE: Mapping[str, Callable[[], CheckReport]] = MappingProxyType(
    {
        "good": lambda: report(LEAF, ISSUING),
        "leaf-only": lambda: repaired(report(LEAF), LEAF, ISSUING),
        "wrong-order": lambda: report(LEAF, ROOT, ISSUING),
        "other-root": lambda: report(LEAF, ISSUING, ROOT, rules=policy(root("Contoso Root G1"))),
        "no-root-signs": lambda: report(LEAF, ISSUING, rules=policy(root("Contoso Root G1"))),
        "expired": lambda: report(leaf(ISSUING, HOST, not_after=NOW - timedelta(days=3)), ISSUING),
        "expiring": lambda: report(leaf(ISSUING, HOST, not_after=NOW + timedelta(days=9)), ISSUING),
        "other-name": lambda: report(leaf(ISSUING, "other.contoso.com"), ISSUING),
        "self-signed": lambda: report(leaf(None, HOST)),
        "status-500": lambda: report(LEAF, ISSUING, status=500),
        "dns": lambda: failed(ResolveFailed(f"{HOST} has no address")),
        "refused": lambda: failed(ConnectRefused(f"{HOST}:443 refused", address="10.0.0.5")),
        "silent": lambda: failed(ConnectTimedOut(f"{HOST}:443 gave no answer", address="10.0.0.5")),
        "unvalidated": unvalidated,
        "everything": lambda: report(
            leaf(None, "x.example", not_after=NOW - timedelta(days=1)), ROOT, ISSUING, status=500
        ),
        "crowd": crowd,
        "long-host": long_host,
        "hostile": hostile,
    }
)
CASES: Mapping[str, Callable[[], CheckReport]] = MappingProxyType(
    {name: cache(made) for name, made in _MADE.items()}
)
"""Reports by name, each judged when it is first asked for."""
