"""Rules about the presented chain itself: leaf first, order, superfluous certificates."""

from __future__ import annotations

from collections.abc import Iterator

from chainlib.certificate import Certificate
from chainlib.findings import Basis, Code, Finding
from chainlib.judge.build import critical, info, short_name, warning
from chainlib.judge.case import Case
from chainlib.path import is_root

_BRIEF = 36  # a card shows two names and their relation in one line


def leaf(case: Case) -> Iterator[Finding]:
    """There must be a leaf in first position that is not self-signed without CA:TRUE."""
    if not case.certificates:
        yield critical(
            Code.LEAF_MISSING, "The server sends no certificate at all.", Basis.DOCUMENTED
        )
    elif case.leaf is None and len(case.unique) + len(case.duplicates) == len(case.certificates):
        # If a certificate cannot be read, that one may be the leaf.
        yield critical(
            Code.LEAF_MISSING,
            "The server sends CA certificates only, not its own certificate.",
            Basis.DOCUMENTED,
            0,
        )
    if case.leaf is None:
        return
    position = case.position(case.leaf)
    if position and case.ordered and case.policy.strictness.leaf_first:
        summary = (
            f"The server's own certificate ({short_name(case.leaf)}) stands at place "
            f"{position + 1} of the list, not first."
        )
        yield critical(Code.LEAF_NOT_FIRST, summary, Basis.DOCUMENTED, position)
    if self_signed_not_ca(case):
        summary = (
            f"{short_name(case.leaf)} is signed by itself and is not marked as a CA, which the "
            "gateway refuses."
        )
        yield critical(Code.SELF_SIGNED_NOT_CA, summary, Basis.DOCUMENTED, position)


def self_signed_not_ca(case: Case) -> bool:
    """Whether the leaf is its own issuer without CA:TRUE.

    Azure refuses it even if it is uploaded; OpenSSL does not.
    """
    return (
        case.leaf is not None
        and is_root(case.leaf)
        and not case.leaf.is_ca
        and case.policy.strictness.self_signed_must_be_ca
    )


def order(case: Case) -> Iterator[Finding]:
    """Each certificate of the path must be followed by its issuer; unrelated ones are ignored."""
    misplaced = misplaced_positions(case)
    if misplaced and case.ordered and case.policy.strictness.chain_order:
        wanted = [short_name(c) for c in case.needed if case.position(c) is not None]
        summary = _first_move(case)
        yield critical(
            Code.CHAIN_OUT_OF_ORDER,
            summary,
            Basis.DOCUMENTED,
            misplaced[0],
            misplaced=list(misplaced),
            wanted=wanted,
        )


def _first_move(case: Case) -> str:
    """The first issuer, counted from the leaf, that is not in its position."""
    sent = [
        (certificate, place)
        for certificate in case.needed
        if (place := case.position(certificate)) is not None
    ]
    due = iter(sorted(place for certificate, place in sent if certificate != case.leaf))
    wrong = next(
        index
        for index, (certificate, place) in enumerate(sent)
        if certificate != case.leaf and place != next(due)
    )
    where = f"right behind {_brief(sent[wrong - 1][0])}" if wrong else "before the others"
    return f"{_brief(sent[wrong][0])} is sent as number {sent[wrong][1] + 1}, but belongs {where}."


def _brief(certificate: Certificate) -> str:
    name = short_name(certificate)
    return name if len(name) <= _BRIEF else f"{name[: _BRIEF - 1]}…"


def misplaced_positions(case: Case) -> tuple[int, ...]:
    """Positions of presented issuers that are not where the path requires them.

    The position of the leaf is another rule.
    """
    issuers = [case.position(c) for c in case.needed if c != case.leaf]
    positions = [p for p in issuers if p is not None]
    in_order = sorted(positions)
    if positions == in_order:
        return ()
    return tuple(sorted(p for p, due in zip(positions, in_order, strict=True) if p != due))


def extras(case: Case) -> Iterator[Finding]:
    """Superfluous certificates: the root, repetitions, certificates that no path uses."""
    for position in case.duplicates:
        yield _extra(case, position, "duplicate", "is sent twice")
    root = case.sent_root
    if case.leaf is not None and root is not None and root != case.leaf:
        yield _extra(case, case.position(root), "root", "is the root, which need not be sent")
    for certificate in case.unrelated:
        yield _extra(
            case, case.position(certificate), "unrelated", "belongs to no path from the leaf"
        )


def _extra(case: Case, position: int | None, kind: str, what: str) -> Finding:
    certificate = case.certificates[position or 0]
    assert isinstance(certificate, Certificate)
    stale = not certificate.not_before <= case.at <= certificate.not_after
    summary = f"{short_name(certificate)} {what}{', and it is out of date' if stale else ''}."
    found = warning if stale else info
    return found(
        Code.CHAIN_EXTRA, summary, Basis.INFERRED, position, kind=kind, subject=certificate.subject
    )
