"""Why the browser is happy.

The same chain judged as a browser would, which fetches or remembers what the gateway will not.

Pure. Said only where it is known: whether a private root is trusted depends on the device, and a
missing issuer that nobody supplied cannot
be judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.cards.lock_screen import PHRASES
from bot.domain.report import BrowserView
from chainlib import (
    Certificate,
    Code,
    Finding,
    GatewayPolicy,
    HandshakeErrorKind,
    PresentedChain,
    Severity,
    Strictness,
    TrustAnchors,
    Verdict,
    judge,
)

_LENIENT = Strictness(leaf_first=False, chain_order=False, ip_literal_never_matches=False)
_WORDS = {**PHRASES, Code.VERIFY_FAILED: "chain not trusted"}
_TRUST = frozenset(
    {
        Code.SERVER_UNKNOWN_CA,
        Code.INTERMEDIATE_UNKNOWN_CA,
        Code.ROOT_MISMATCH,
        Code.ROOT_NOT_ATTACHED,
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
    }
    | {Code.UPLOADED_ROOT_UNUSABLE, Code.AUTH_CERTIFICATE_MISMATCH}
)
_DATES = frozenset({Code.CERTIFICATE_EXPIRED, Code.CERTIFICATE_NOT_YET_VALID})
# These say only that a certificate was not at hand, or that this device may know it; everything
# else a browser warns of.
_OPEN = _TRUST | {Code.INTERMEDIATE_MISSING, Code.CERTIFICATE_UNREADABLE, Code.SELF_SIGNED_NOT_CA}
_NAMELESS = (
    "A browser warns here too: it ignores the common name, and the certificate has no other."
)
_WHY_NOT_THE_GATEWAY = (
    (
        {Code.CHAIN_OUT_OF_ORDER, Code.LEAF_NOT_FIRST},
        "A browser sorts what was sent by itself; the gateway takes it in the order sent.",
    ),
    (_TRUST, "A browser trusts public CAs; this setting trusts only what was uploaded."),
    (
        {Code.NAME_MISMATCH},
        (
            "A browser takes an address that stands in the certificate for the name; the gateway "
            "never does."
        ),
    ),
    (
        {Code.LIVE_NAME_MISMATCH},
        (
            "A browser that asks for the probe's name accepts the certificate; live traffic asks "
            "for another name."
        ),
    ),
)
_SAME = "A browser sees the same complete chain to a public CA."
_OTHER_FAULT = "A browser accepts this certificate as well; what fails here is another thing."
_FETCHES = "A browser fetches or remembers the right intermediate; the gateway never does."
_FETCHES_PRIVATELY = (
    "A browser on a device that was given the private root fetches or remembers the right "
    "intermediate; the gateway never does."
)
_PRIVATE = (
    "A browser accepts a private CA only on devices that were given its root, as managed company "
    "devices often are."
)
_UNKNOWN = (
    "A browser accepts this only where it knows, or can fetch, what stands above the last CA that "
    "was sent."
)
_SELF_SIGNED = "A browser accepts a self-signed certificate only where somebody has told it to."
_NOT_AT_HAND = (
    "A browser may fetch or remember the missing certificate, which the gateway never does; here "
    "it was not at hand."
)
_UNREADABLE = "A browser may pass over the certificate that cannot be read; the gateway does not."
_CLIENT_CERTIFICATE = (
    "A browser that holds a client certificate offers it; the gateway has none to offer."
)


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
        policy: the gateway's, for the name that the user types and the private roots that devices
            may have.
        verdict: the gateway's verdict, to compare with.
        public: the public roots that browsers trust.
        issuers: certificates that a browser could fetch or may remember, obtained by other means.
    """
    if not chain.certificates:
        return None
    sent = replace(chain, http=None, live=(), without_server_name=None, handshake_error=None)
    helped = replace(sent, certificates=(*sent.certificates, *issuers))
    if _nameless(verdict) and policy.name:
        return BrowserView(accepted=False, why=_NAMELESS)
    complete = not _blocking(sent, policy, public, verdict)
    codes = () if complete else _blocking(helped, policy, public, verdict)
    if warns := tuple(code for code in codes if code not in _OPEN):
        return BrowserView(
            accepted=False,
            why=f"A browser warns here too: {', '.join(_WORDS[code] for code in warns)}.",
        )
    if (
        chain.handshake_error is not None
        and chain.handshake_error.kind is HandshakeErrorKind.CLIENT_CERTIFICATE_REQUIRED
    ):
        return BrowserView(accepted=None, why=_CLIENT_CERTIFICATE)
    if codes:
        return BrowserView(accepted=None, why=_open(sent, helped, policy, public, verdict, codes))
    return BrowserView(accepted=True, why=_why_accepted(verdict) if complete else _FETCHES)


def _nameless(verdict: Verdict) -> bool:
    leaf = verdict.path.leaf
    return leaf is not None and not leaf.dns_names and not leaf.ip_addresses


def _blocking(
    chain: PresentedChain, policy: GatewayPolicy, trusted: TrustAnchors, verdict: Verdict
) -> tuple[Code, ...]:
    lenient = GatewayPolicy(anchors=trusted, name=policy.name, strictness=_LENIENT)
    return tuple(
        _as_browser(f, chain)
        for f in judge(chain, lenient, at=verdict.at).findings
        if f.severity is Severity.CRITICAL
    )


def _as_browser(finding: Finding, chain: PresentedChain) -> Code:
    """An intermediate that is out of date is one that a browser replaces by another edition, so it counts as missing."""
    position = finding.certificate
    at_fault = (
        chain.certificates[position] if finding.code in _DATES and position is not None else None
    )
    replaceable = isinstance(at_fault, Certificate) and at_fault.is_ca and not at_fault.self_issued
    return Code.INTERMEDIATE_MISSING if replaceable else finding.code


def _why_accepted(verdict: Verdict) -> str:
    """Why the gateway does not accept what the browser accepts as it was sent."""
    if verdict.accepted:
        return _SAME
    critical = {f.code for f in verdict.findings if f.severity is Severity.CRITICAL}
    return next((why for codes, why in _WHY_NOT_THE_GATEWAY if codes & critical), _OTHER_FAULT)


def _open(
    sent: PresentedChain,
    helped: PresentedChain,
    policy: GatewayPolicy,
    public: TrustAnchors,
    verdict: Verdict,
    codes: tuple[Code, ...],
) -> str:
    """What it depends on.

    A certificate that was not at hand, or whether the device has the private root.
    """
    said = {
        Code.CERTIFICATE_UNREADABLE: _UNREADABLE,
        Code.SELF_SIGNED_NOT_CA: _SELF_SIGNED,
        Code.INTERMEDIATE_MISSING: _NOT_AT_HAND,
    }
    if shown := next((why for code, why in said.items() if code in codes), None):
        return shown
    known = [
        *policy.anchors.certificates,
        *(one.certificate for one in policy.unattached),
        *helped.certificates,
    ]
    roots = (one for one in known if isinstance(one, Certificate) and one.self_issued and one.is_ca)
    given = replace(public, certificates=tuple(dict.fromkeys((*public.certificates, *roots))))
    if _blocking(helped, policy, given, verdict):
        return _UNKNOWN
    return _FETCHES_PRIVATELY if _blocking(sent, policy, given, verdict) else _PRIVATE
