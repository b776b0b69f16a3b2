"""Makes the repair of a presented chain: the files, and the verdict with both installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from chainlib.certificate import Certificate, verifies
from chainlib.findings import Code, Severity, Verdict
from chainlib.judge import judge
from chainlib.judge.build import short_name
from chainlib.judge.case import Case, make_case
from chainlib.judge.switches import CHAIN_SWITCH_CODES
from chainlib.model import HandshakeErrorKind, PresentedChain, TrustAnchors, TrustMode, UploadedRoot
from chainlib.path import is_root, issuer_candidates
from chainlib.policy import GatewayPolicy, Sku
from chainlib.repair.search import Ending, Found, make_search
from chainlib.repair.values import MissingIssuer, Repair

_FIXABLE = (CHAIN_SWITCH_CODES | {Code.CERTIFICATE_UNREADABLE}) - {
    Code.SELF_SIGNED_NOT_CA,
    Code.WEAK_CRYPTO,
}
_FIXABLE_WARNINGS = frozenset({Code.CHAIN_EXTRA, Code.ROOT_MISMATCH})


def repair(
    chain: PresentedChain,
    policy: GatewayPolicy,
    *,
    at: datetime,
    issuers: Iterable[Certificate] = (),
    verdict: Verdict | None = None,
) -> Repair | None:
    """Build the chain for the server and find the root for the gateway.

    Args:
        chain: the presented chain.
        policy: the gateway's requirements; its unattached and public roots are searched as well.
        at: the instant, time zone aware.
        issuers: certificates from elsewhere that may fill a gap; none of them is trusted.
        verdict: the result of `judge` for these arguments; without it the chain is judged here.

    Returns:
        The repair with the headline of the new verdict, or `None` if neither file would change
        anything.
    """
    before = verdict or judge(chain, policy, at=at)
    if not _fixable(before):
        return None
    known = before.case
    case = known if isinstance(known, Case) else _case_of(chain, policy, before.at)
    return _build_repair(case, chain, before, tuple(issuers))


def _case_of(chain: PresentedChain, policy: GatewayPolicy, at: datetime) -> Case:
    return make_case(
        chain.certificates, policy, at, ordered=chain.ordered, rehearsed=chain.tls is None
    )


def _fixable(verdict: Verdict) -> bool:
    """Whether a file could help.

    The fault must be in the chain or in trust, not in a name, a date of the leaf, or the HTTP
    response.
    """
    return bool(verdict.hidden & _FIXABLE) or any(
        (f.severity is Severity.CRITICAL and f.code in _FIXABLE)
        or (f.severity is Severity.WARNING and f.code in _FIXABLE_WARNINGS)
        for f in verdict.findings
    )


def _build_repair(
    case: Case, chain: PresentedChain, before: Verdict, issuers: tuple[Certificate, ...]
) -> Repair | None:
    policy = case.policy
    if case.leaf is None:
        return Repair(
            chain=(), root=None, root_name=None, verdict_after=before.headline, sources=()
        )
    if policy.sku is Sku.V1:
        return _authenticate(case, chain, case.leaf)
    found = _search(case, case.leaf, issuers)
    root = _to_give(found)
    missing = () if found.root else (_missing(found.certificates[-1]),)
    unchanged = _same_file(case, found.to_send)
    if unchanged and root is None and not missing:
        return None
    no_file = bool(missing) and _gap_inside(case, found)
    # Without a file or a root there is nothing to install, so the verdict stays the same.
    nothing = no_file or (unchanged and root is None)
    return Repair(
        chain=() if no_file or unchanged else found.to_send,
        root=root,
        root_name=_root_name(policy, root),
        verdict_after=(before if nothing else _proof(case, chain, found, root)).headline,
        sources=tuple(_sources(case, found, policy)),
        missing=missing,
        unchanged=unchanged and not no_file,
    )


def _search(case: Case, leaf: Certificate, issuers: tuple[Certificate, ...]) -> Found:
    policy = case.policy
    endings = dict.fromkeys(policy.public_roots, Ending.OTHER_ROOT)
    uploaded = sorted(policy.unattached, key=lambda root: not root.on_other_gateway)
    endings |= {
        u.certificate: Ending.ON_ANOTHER_GATEWAY if u.on_other_gateway else Ending.ON_THIS_GATEWAY
        for u in uploaded
    }
    endings |= dict.fromkeys(policy.anchors.certificates, Ending.TRUSTED)
    return make_search(given=case.unique, supplied=issuers, endings=endings, at=case.at).best(leaf)


def _to_give(found: Found) -> Certificate | None:
    """The root for the gateway.

    A certificate that only has its issuer's name as subject (a key rollover, a forgery) is none.
    """
    known = found.ending is not Ending.TRUSTED and found.root is not None
    return found.root if known and found.root is not None and found.root.self_signed else None


def _gap_inside(case: Case, found: Found) -> bool:
    """Whether the missing issuer is certainly an intermediate.

    Above the last CA it may be the root, which is not sent.
    """
    return len(found.certificates) == 1 or case.upper is not None


def _same_file(case: Case, to_send: tuple[Certificate, ...]) -> bool:
    if not all(isinstance(c, Certificate) for c in case.certificates):
        return False
    sent = list(case.unique)
    while len(sent) > 1 and is_root(
        sent[-1]
    ):  # at the end a root is harmless, in the middle it is a wrong order
        sent.pop()
    if not case.ordered:
        return {c for c in sent if c == case.leaf or not is_root(c)} == set(to_send)
    return tuple(sent) == to_send


def _proof(case: Case, chain: PresentedChain, found: Found, root: Certificate | None) -> Verdict:
    """Judge the repaired chain with the repaired trust and all other facts unchanged."""
    policy = (
        case.policy
        if root is None
        else replace(
            case.policy, anchors=_with_root(case.policy.anchors, root, found.to_send[-1], case.at)
        )
    )
    return judge(_installed(chain, found.to_send), policy, at=case.at)


def _installed(before: PresentedChain, to_send: tuple[Certificate, ...]) -> PresentedChain:
    mismatch = (
        before.handshake_error is not None
        and before.handshake_error.kind is HandshakeErrorKind.KEY_MISMATCH
    )
    put_first = before.certificates[0] != to_send[0]
    default = (
        to_send if before.without_server_name == before.certificates else before.without_server_name
    )
    live = tuple(
        replace(one, certificates=to_send) if one.certificates == before.certificates else one
        for one in before.live
    )
    # A key that belongs to the leaf, not to the CA in first position, is right once the leaf is
    # first.
    error = None if mismatch and put_first else before.handshake_error
    return replace(
        before,
        certificates=to_send,
        ordered=True,
        handshake_error=error,
        without_server_name=default,
        live=live,
    )


def _with_root(
    anchors: TrustAnchors, root: Certificate, child: Certificate, at: datetime
) -> TrustAnchors:
    """The anchors with the root added.

    It replaces uploads that are no roots or would be taken for the issuer, and its own expired
    editions. Beside well-known CAs, one upload means that only uploaded roots are trusted.
    """
    if anchors.mode is TrustMode.WELL_KNOWN:
        return TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=(root,))
    mistaken = [c for c in issuer_candidates(child, anchors.certificates) if not verifies(child, c)]
    ended = [
        c for c in anchors.certificates if c.subject_key == root.subject_key and c.not_after < at
    ]
    gone = {*mistaken, *ended}
    kept = tuple(c for c in anchors.certificates if is_root(c) and c not in gone)
    return replace(anchors, certificates=(*kept, root), undecodable=())


def _root_name(policy: GatewayPolicy, root: Certificate | None) -> str | None:
    own_first = sorted(policy.unattached, key=lambda uploaded: uploaded.on_other_gateway)
    return next((u.name for u in own_first if u.certificate == root), None)


def _missing(child: Certificate) -> MissingIssuer:
    key_id = child.authority_key_id
    return MissingIssuer(
        subject=child.issuer, key_id=key_id.hex() if key_id else None, ca_issuers=child.ca_issuers
    )


def _sources(case: Case, found: Found, policy: GatewayPolicy) -> Iterator[str]:
    trusted, uploaded = (
        frozenset(policy.anchors.certificates),
        {u.certificate: u for u in policy.unattached},
    )
    for certificate in found.certificates:
        if certificate in case.unique or (certificate in trusted and certificate == found.root):
            continue
        yield f"{short_name(certificate)}: {_origin(certificate, trusted, uploaded, policy)}"


def _origin(
    certificate: Certificate,
    trusted: frozenset[Certificate],
    uploaded: dict[Certificate, UploadedRoot],
    policy: GatewayPolicy,
) -> str:
    if certificate in trusted:
        return "uploaded to the gateway"
    if certificate in uploaded:
        gateway = f"the gateway {uploaded[certificate].gateway}".rstrip()
        return f"on {gateway} as {uploaded[certificate].name}"
    return (
        "public root list"
        if certificate in policy.public_roots
        else "known from elsewhere, its signature checked"
    )


def _authenticate(case: Case, chain: PresentedChain, leaf: Certificate) -> Repair | None:
    """v1 has no chain: the repair is to upload the leaf itself (azure-rules section 2.1)."""
    if leaf in case.policy.anchors:
        return None
    anchors = replace(case.policy.anchors, certificates=(*case.anchors, leaf))
    after = judge(chain, replace(case.policy, anchors=anchors), at=case.at)
    return Repair(
        chain=(),
        root=leaf,
        root_name=_root_name(case.policy, leaf),
        verdict_after=after.headline,
        sources=(),
        unchanged=True,
    )
