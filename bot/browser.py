"""Why the browser is happy: the same chain judged as a browser would, which fetches or remembers what the gateway will not.

Pure. Said only where it is known: a chain that ends in a private root depends on the device, and a missing issuer that nobody
supplied cannot be judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.model.report import BrowserView
from chainlib import Certificate, Code, GatewayPolicy, PresentedChain, Severity, Strictness, TrustAnchors, Verdict, judge

_LENIENT = Strictness(leaf_first=False, chain_order=False, ip_literal_never_matches=False, self_signed_must_be_ca=False)
_TRUST_UNKNOWN = frozenset({Code.SERVER_UNKNOWN_CA, Code.INTERMEDIATE_UNKNOWN_CA, Code.SELF_SIGNED_NOT_CA})


def browser_view(
    chain: PresentedChain,
    policy: GatewayPolicy,
    verdict: Verdict,
    *,
    public: TrustAnchors,
    issuers: Iterable[Certificate] = (),
) -> BrowserView | None:
    """How a browser would judge what was sent.

    Args:
        chain: what was presented.
        policy: the gateway's, for the name that the user types.
        verdict: the gateway's verdict, to compare with.
        public: the public roots that browsers trust.
        issuers: certificates that a browser could fetch or may remember, obtained by other means.
    """
    if not chain.certificates:
        return None
    lenient = GatewayPolicy(anchors=public, name=policy.name, strictness=_LENIENT)
    sent = replace(chain, http=None, live=(), without_server_name=None, handshake_error=None)
    helped = replace(sent, certificates=(*sent.certificates, *issuers))
    as_sent, with_help = (_blocking(judge(c, lenient, at=verdict.at)) for c in (sent, helped))
    if _nameless(verdict) and policy.name:
        return BrowserView(accepted=False, why="A browser warns here too: it ignores the common name, and the certificate has no other.")
    if not as_sent:
        return BrowserView(accepted=True, why=_why_accepted(verdict))
    if not with_help:
        return BrowserView(accepted=True, why="A browser fetches or remembers the missing intermediate; the gateway never does.")
    return _refused(with_help)


def _nameless(verdict: Verdict) -> bool:
    leaf = verdict.path.leaf
    return leaf is not None and not leaf.dns_names and not leaf.ip_addresses


def _blocking(verdict: Verdict) -> tuple[Code, ...]:
    return tuple(f.code for f in verdict.findings if f.severity is Severity.CRITICAL)


def _why_accepted(verdict: Verdict) -> str:
    if verdict.accepted:
        return "A browser sees the same complete chain to a public CA."
    return "A browser sorts what was sent by itself and trusts public CAs; the gateway follows its setting and the order sent."


def _refused(codes: tuple[Code, ...]) -> BrowserView:
    if Code.INTERMEDIATE_MISSING in codes:
        return BrowserView(
            accepted=None,
            why="A browser may fetch or remember the missing certificate, which the gateway never does; here it was not at hand.",
        )
    if all(code in _TRUST_UNKNOWN for code in codes):
        return BrowserView(
            accepted=None,
            why="A browser accepts a private CA only on devices that were given its root, as managed company devices often are.",
        )
    certain = ", ".join(code.value for code in codes if code not in _TRUST_UNKNOWN)
    return BrowserView(accepted=False, why=f"A browser warns here too ({certain}).")
