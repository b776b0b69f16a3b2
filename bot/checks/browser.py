"""How a browser judges the same chain, and why it may accept what the gateway refuses. Pure.

Only computed results are stated. Whether a private root is trusted depends on the device; a chain
whose missing issuer was not found cannot be judged; and if nothing is missing, no browser downloads
or remembers a certificate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.domain.check_report import BrowserView
from chainlib import (
    Certificate,
    Code,
    Finding,
    GatewayPolicy,
    HandshakeError,
    HandshakeErrorKind,
    PresentedChain,
    Severity,
    Sku,
    Strictness,
    TrustAnchors,
    TrustMode,
    Verdict,
    is_ip_literal,
    judge,
)
from chainlib.frozen import dataclass

_LENIENT = Strictness(leaf_first=False, chain_order=False, ip_literal_never_matches=False)
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
# These only mean that a certificate was not available, or that this device may know it. A browser
# warns of every other code.
_OPEN = _TRUST | {Code.INTERMEDIATE_MISSING, Code.CERTIFICATE_UNREADABLE, Code.SELF_SIGNED_NOT_CA}
# Rules about the order, the connection and live traffic, which browsers do not have.
_OTHER_RULES = frozenset(
    {
        Code.CHAIN_OUT_OF_ORDER,
        Code.LEAF_NOT_FIRST,
        Code.LIVE_NAME_MISMATCH,
        Code.TLS_FAILED,
        Code.CLIENT_CERTIFICATE_REQUIRED,
        Code.PROBE_TIMEOUT,
        Code.HTTP_STATUS_MISMATCH,
        Code.HTTP_BODY_MISMATCH,
        Code.HTTP_FAILED,
        Code.ROOT_NOT_ATTACHED,
    }
)
_NAMELESS = (
    "A browser warns too: it ignores the common name, and the certificate has no other name."
)
_NAMELESS_ACCEPTED = (
    "The gateway accepts the common name; a browser ignores it and warns, since there is no other "
    "name."
)
_SHA1 = "The gateway accepts this; a browser warns, because it no longer accepts SHA-1 signatures."
_UNDERSCORE = (
    "A browser lets a wildcard cover an underscore; OpenSSL, the library of the gateway, does not."
)
_UNCHECKED = "The gateway does not check this; a browser warns"
_WHY_NOT_THE_GATEWAY = (
    (
        {Code.CHAIN_OUT_OF_ORDER, Code.LEAF_NOT_FIRST},
        (
            "A browser reorders the certificates it receives; the gateway takes them in the order "
            "sent."
        ),
    ),
    (_TRUST, "A browser trusts public CAs; this setting trusts only what was uploaded."),
    (
        {Code.NAME_MISMATCH},
        ("A browser accepts an IP address that is in the certificate; the gateway never does."),
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
_OTHER_FAULT = "A browser accepts this certificate as well; the fault is not in the certificate."
_FETCHES = "A browser downloads the right intermediate or already has it; the gateway does neither."
_FETCHES_PRIVATELY = (
    "A browser that was given the private root downloads the right intermediate or already has "
    "it; the gateway does neither."
)
_PRIVATE = (
    "A browser accepts a private CA only on devices that were given its root, as managed company "
    "devices often are."
)
_UNKNOWN = (
    "A browser accepts this only where it knows, or can fetch, the issuer of the last CA that "
    "was sent."
)
_SELF_SIGNED = (
    "A browser accepts a self-signed certificate only where a user has made an exception for it."
)
_OUT_OF_DATE = (
    "A browser may know a current edition of the CA certificate that is out of date; none could be "
    "found here."
)
_NOT_AT_HAND = (
    "A browser may fetch or remember the missing certificate, which the gateway never does; it "
    "could not be found here either."
)
_ONE_CERTIFICATE = (
    "A v1 gateway looks at this certificate alone; a browser needs its issuer too, which is not "
    "sent."
)
_UNREADABLE = "A browser may skip the certificate that cannot be read; the gateway does not."
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
    """How a browser would judge the presented chain.

    The chain is judged again only if the gateway's verdict does not determine the answer.

    Args:
        chain: the presented chain.
        policy: the gateway's, for the name that a user would type and the private roots that
            devices may have.
        verdict: the gateway's verdict, for comparison.
        public: the public roots that browsers trust.
        issuers: certificates that a browser could download or may remember, found by other means.
    """
    if not chain.certificates:
        return None
    judged = _Judged(
        sent=replace(chain, http=None, live=(), without_server_name=None, handshake_error=None),
        policy=policy,
        verdict=verdict,
        public=public,
        issuers=tuple(issuers),
    )
    if warned := _warned_in_any_case(judged):
        return BrowserView(accepted=False, why=warned)
    if verdict.accepted and not verdict.hidden and policy.sku is not Sku.V1:
        return _of_accepted(judged)
    return _of_refused(judged, chain.handshake_error)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """The inputs of the comparison: chain, gateway policy and verdict, and a browser's roots."""

    sent: PresentedChain
    policy: GatewayPolicy
    verdict: Verdict
    public: TrustAnchors
    issuers: tuple[Certificate, ...]

    @property
    def helped(self) -> PresentedChain:
        """The chain with the issuers that a browser could download or may remember."""
        return replace(self.sent, certificates=(*self.sent.certificates, *self.issuers))

    def blocking(self, chain: PresentedChain, trusted: TrustAnchors) -> tuple[Code, ...]:
        """What a browser that trusts these roots rejects in this chain."""
        lenient = GatewayPolicy(anchors=trusted, name=self.policy.name, strictness=_LENIENT)
        findings = judge(chain, lenient, at=self.verdict.at).findings
        return tuple(
            _as_browser(f, chain)
            for f in findings
            if f.severity is Severity.CRITICAL and not _is_underscore(f)
        )

    def as_sent(self) -> tuple[Code, ...]:
        """What a browser that only knows public CAs rejects.

        Taken from the gateway's verdict if the gateway trusts the same roots.
        """
        same_trust = self.policy.trust is TrustMode.WELL_KNOWN and self.policy.sku is Sku.V2
        if (
            not same_trust
            or self.policy.anchors.certificates != self.public.certificates
            or is_ip_literal(self.policy.name or "")
        ):
            return self.blocking(self.sent, self.public)
        hidden = self.verdict.hidden
        return tuple(
            _as_browser(f, self.sent)
            for f in self.verdict.findings
            if (f.severity is Severity.CRITICAL or f.code in hidden)
            and f.code not in _OTHER_RULES
            and not _is_underscore(f)
        )


def _warned_in_any_case(judged: _Judged) -> str | None:
    """A fault that every browser rejects, although the gateway may accept it."""
    if Code.LEAF_MISSING in judged.verdict.codes:
        return None
    leaf = judged.verdict.path.leaf
    accepted = judged.verdict.accepted
    if leaf is not None and judged.policy.name and not leaf.dns_names and not leaf.ip_addresses:
        return _NAMELESS_ACCEPTED if accepted else _NAMELESS
    weak = (f for f in judged.verdict.findings if f.code is Code.WEAK_CRYPTO)
    if accepted and any("SHA1" in reason for f in weak for reason in f.evidence["reasons"]):
        return _SHA1
    return None


def _of_accepted(judged: _Judged) -> BrowserView:
    """A browser accepts the gateway's path too, unless a presented CA may lead elsewhere."""
    anchor = judged.verdict.path.trust_anchor
    if anchor is not None and anchor in judged.public:
        return BrowserView(accepted=True, why=_SAME)
    certificates = (one for one in judged.sent.certificates if isinstance(one, Certificate))
    may_be_public = any(one.issuer_key in judged.public.by_subject for one in certificates)
    if may_be_public and not judged.blocking(judged.sent, judged.public):
        return BrowserView(accepted=True, why=_SAME)
    return BrowserView(accepted=None, why=_PRIVATE)


def _of_refused(judged: _Judged, error: HandshakeError | None) -> BrowserView:
    """A browser's view of a chain that the gateway refuses, or accepts without validation."""
    codes = judged.as_sent()
    complete = not codes
    if codes and judged.issuers:
        codes = judged.blocking(judged.helped, judged.public)
    if warns := tuple(dict.fromkeys(code for code in codes if code not in _OPEN)):
        start = _UNCHECKED if judged.verdict.accepted else "A browser warns too"
        words = ", ".join(map(_word, warns))
        return BrowserView(accepted=False, why=f"{start}: {words}.")
    if error is not None and error.kind is HandshakeErrorKind.CLIENT_CERTIFICATE_REQUIRED:
        return BrowserView(accepted=None, why=_CLIENT_CERTIFICATE)
    if judged.policy.sku is Sku.V1 and Code.INTERMEDIATE_MISSING in codes:
        return BrowserView(accepted=None, why=_ONE_CERTIFICATE)
    if codes:
        return BrowserView(accepted=None, why=_open(judged, codes))
    return BrowserView(accepted=True, why=_why_accepted(judged.verdict) if complete else _FETCHES)


def _word(code: Code) -> str:
    from bot.cards.lock_screen import PHRASES  # noqa: PLC0415 -- an accepted chain needs none of the cards' words

    return "chain not trusted" if code is Code.VERIFY_FAILED else PHRASES[code]


def _is_underscore(finding: Finding) -> bool:
    """Browsers let a wildcard match a name with an underscore, OpenSSL does not."""
    return finding.code is Code.NAME_MISMATCH and finding.evidence.get("reason") == "underscore"


def _as_browser(finding: Finding, chain: PresentedChain) -> Code:
    """The code, with an expired intermediate as a missing one, because a browser replaces it."""
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
    if any(map(_is_underscore, verdict.findings)):
        return _UNDERSCORE
    return next((why for codes, why in _WHY_NOT_THE_GATEWAY if codes & critical), _OTHER_FAULT)


def _open(judged: _Judged, codes: tuple[Code, ...]) -> str:
    """What the answer depends on: a missing certificate, or a private root of the device."""
    if Code.CERTIFICATE_UNREADABLE in codes:
        return _UNREADABLE
    if Code.SELF_SIGNED_NOT_CA in codes:
        return _SELF_SIGNED
    given = _with_private_roots(judged)
    if given.certificates != judged.public.certificates:
        if not judged.blocking(judged.sent, given):
            return _PRIVATE
        codes = judged.blocking(judged.helped, given)
        if not codes:
            return _FETCHES_PRIVATELY
    if Code.INTERMEDIATE_MISSING not in codes:
        return _UNKNOWN
    out_of_date = Code.INTERMEDIATE_MISSING not in judged.verdict.codes
    return _OUT_OF_DATE if out_of_date and _DATES & judged.verdict.codes else _NOT_AT_HAND


def _with_private_roots(judged: _Judged) -> TrustAnchors:
    """The public roots, and every known private root that a device may have."""
    known = [
        *judged.policy.anchors.certificates,
        *(one.certificate for one in judged.policy.unattached),
        *judged.helped.certificates,
    ]
    roots = (one for one in known if isinstance(one, Certificate) and one.self_issued and one.is_ca)
    every = tuple(dict.fromkeys((*judged.public.certificates, *roots)))
    return replace(judged.public, certificates=every)
