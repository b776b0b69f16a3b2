"""Role and status of each presented certificate, and the certification path with its gap."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from chainlib.certificate import Certificate, UnreadableCertificate
from chainlib.findings import Code, Entry, Finding, Role, Status
from chainlib.judge.case import Case
from chainlib.judge.shape import misplaced_positions
from chainlib.model import CertificationPath, PathElement, Source, TrustMode
from chainlib.path import is_root
from chainlib.policy import Sku

ENTRIES, ELEMENTS = 256, 1024


def entries(case: Case, findings: tuple[Finding, ...]) -> tuple[Entry, ...]:
    """One entry for each presented certificate, in the order sent."""
    if case.is_path and case.in_date:  # true of most lists; nothing below would find a fault
        return tuple(
            _entry(position, _role(case, sent), Status.OK)
            for position, sent in enumerate(case.certificates)
        )
    unsigned = {f.certificate for f in findings if f.code is Code.SIGNATURE_INVALID}
    misplaced = {f.certificate for f in findings if f.code is Code.LEAF_NOT_FIRST}
    if any(f.code is Code.CHAIN_OUT_OF_ORDER for f in findings):
        misplaced.update(misplaced_positions(case))
    return tuple(
        _entry(position, _role(case, sent), _status(case, position, sent, unsigned, misplaced))
        for position, sent in enumerate(case.certificates)
    )


# Most lists have the same few entries, and most paths end in the same CAs.
@lru_cache(maxsize=ENTRIES)
def _entry(position: int, role: Role, status: Status) -> Entry:
    return Entry(position=position, role=role, status=status)


def _role(case: Case, sent: Certificate | UnreadableCertificate) -> Role:
    if isinstance(sent, UnreadableCertificate):
        return Role.OTHER
    if sent == case.leaf:
        return Role.LEAF
    if is_root(sent) and (sent.is_ca or sent.version == 1):
        return Role.ROOT
    return Role.INTERMEDIATE if sent.is_ca or sent in case.needed else Role.OTHER


def _status(  # noqa: PLR0911 -- one line for each status, in the order of weight
    case: Case,
    position: int,
    sent: Certificate | UnreadableCertificate,
    unsigned: set[int | None],
    misplaced: set[int | None],
) -> Status:
    if isinstance(sent, UnreadableCertificate):
        return Status.UNREADABLE
    if position in case.duplicates:
        return Status.DUPLICATE
    if sent in case.other_editions:
        return Status.OTHER_KEY
    if case.at > sent.not_after:
        return Status.EXPIRED
    if case.at < sent.not_before:
        return Status.NOT_YET_VALID
    if position in unsigned:
        return Status.BAD_SIGNATURE
    if position in misplaced:
        return Status.MISPLACED
    unused = case.policy.sku is not Sku.V1 and sent in case.unrelated
    return Status.UNRELATED if unused else Status.OK


def certification_path(case: Case) -> CertificationPath:
    """The path as far as it goes; a gap is an element of its own."""
    if case.lower is None:
        return CertificationPath(elements=(), complete=False)
    below = case.gap_below
    lower = [_element(case, c) for c in case.lower.certificates]
    gap = [PathElement(source=Source.MISSING, subject=below.issuer)] if below else []
    upper = [_element(case, c) for c in case.upper.certificates] if case.upper else []
    return CertificationPath(elements=(*lower, *gap, *upper), complete=case.lower.anchored)


def _element(case: Case, certificate: Certificate) -> PathElement:
    return _known_element(_source(case, certificate), certificate, case.position(certificate))


@lru_cache(maxsize=ELEMENTS)
def _known_element(source: Source, certificate: Certificate, position: int | None) -> PathElement:
    return PathElement(
        source=source,
        subject=certificate.subject,
        certificate=certificate,
        position=position,
    )


def _source(case: Case, certificate: Certificate) -> Source:
    if certificate != case.leaf and certificate in case.policy.anchors:
        return Source.WELL_KNOWN if case.policy.trust is TrustMode.WELL_KNOWN else Source.UPLOADED
    return Source.PRESENTED


def not_checked(case: Case, *, answered: bool) -> Iterator[str]:
    """What this verdict does not cover."""
    yield "revocation"
    if not case.policy.name:
        yield "the name: none was given"
    if not case.ordered:
        yield "the order: a PKCS #7 file has none"
    if case.policy.trust is TrustMode.WELL_KNOWN:
        yield (
            "Azure's own list of well-known CAs: it is not published, Mozilla's list stands in "
            "for it"
        )
    if case.trust_hidden and not case.trusted:
        yield f"trust: {case.trust_unseen}"
    if case.policy.http is not None and not answered:
        yield "the health probe's HTTP answer"


def in_order(case: Case, *, answered: bool) -> str:
    """The sentence about what was checked, for a chain without faults."""
    chain = (
        "The certificate is one of those that were uploaded to the v1 gateway"
        if case.policy.sku is Sku.V1
        else "The chain is complete and trusted"
    )
    fits = "the dates and the name fit" if case.policy.name else "the dates fit"
    return (
        f"{chain}, {fits}, and the health probe is answered."
        if answered and case.policy.http is not None
        else f"{chain}, and {fits}."
    )
