"""Draws the presented chain with its gap, in lines of 32 columns that no phone wraps.

A mark is always beside a word (`X MISSING`), never a colour alone. Names are cleaned and shortened
in the middle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from bot.cards.escaping import clean, fit, short_name
from bot.cards.parts import DRAWING_WIDTH
from bot.domain.check_report import CheckReport
from chainlib import (
    Certificate,
    Code,
    Finding,
    PathElement,
    Severity,
    Source,
    Status,
    TrustMode,
    Verdict,
    is_ip_literal,
)
from chainlib.frozen import dataclass

LABEL_WIDTH = 7
_STAGES = ("DNS", "TCP", "TLS")
_STOPPED_AT: Mapping[Code, tuple[int, str]] = MappingProxyType(
    {Code.DNS_FAILED: (0, "X no address"), Code.TCP_FAILED: (1, "X no connection")}
)
_ROOT_TROUBLES = frozenset(
    {
        Code.ROOT_MISMATCH,
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
        Code.ROOT_NOT_ATTACHED,
        Code.UPLOADED_ROOT_UNUSABLE,
    }
)
# An intermediate may be missing, so a root that signed no presented certificate may still be the
# right one.
_ROOT_NOTES = {
    Code.UPLOADED_ROOT_UNUSABLE: "X UNUSABLE as a root",
    Code.NO_UPLOADED_ROOT_SIGNS_CHAIN: "X not the issuer asked for",
}
_MISSING = "X MISSING"
_NO_ROOT = "! UNUSABLE as a root"
_ANCHORS: Mapping[Source, str] = MappingProxyType(
    {Source.UPLOADED: "gw", Source.WELL_KNOWN: "public"}
)
_MODES: Mapping[TrustMode, str] = MappingProxyType(
    {TrustMode.UPLOADED_ROOTS: "gw", TrustMode.WELL_KNOWN: "public"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawingRow:
    """One certificate of the drawing: its position, its name and its fault (empty for none)."""

    label: str
    name: str
    note: str = ""

    def lines(self) -> tuple[str, ...]:
        """One line, or two if there is a fault."""
        label = f"{self.label:<{LABEL_WIDTH - 1}} "  # "sent 10" is as wide as the column
        first = f"{label}{fit(clean(self.name), DRAWING_WIDTH - len(label))}"
        return (
            (first, fit(f"{'':>{LABEL_WIDTH - 2}}{self.note}", DRAWING_WIDTH))
            if self.note
            else (first,)
        )


def draw(report: CheckReport, max_lines: int) -> tuple[str, ...]:
    """Draw what the worst address presented, or the last stage that the connection reached."""
    chain = report.chain
    if chain is None or not chain.certificates:
        return _stages(report.verdict.headline, named=not is_ip_literal(report.request.target.host))
    return _within(tuple(drawing_rows(report)), max_lines, report.verdict.headline)


def _stages(headline: Code, *, named: bool) -> tuple[str, ...]:
    """The stages that the connection reached; an address needs no DNS."""
    stop, trouble = _STOPPED_AT.get(headline, (len(_STAGES) - 1, "X no certificates came"))
    words = [
        "ok" if place < stop else trouble if place == stop else "not reached"
        for place in range(len(_STAGES))
    ]
    if not named and stop:
        words[0] = "not needed"
    return tuple(
        fit(f"{stage:<{LABEL_WIDTH}}{word}", DRAWING_WIDTH)
        for stage, word in zip(_STAGES, words, strict=True)
    )


def _within(rows: tuple[DrawingRow, ...], max_lines: int, headline: Code) -> tuple[str, ...]:
    """Fold rows without a fault into one line that counts them; above the limit, others too.

    The row with the fault of the headline always stays.
    """
    lines = [line for row in rows for line in row.lines()]
    if len(lines) <= max_lines:
        return tuple(lines)
    kept = [
        row
        for place, row in enumerate(rows)
        if row.note[:1] in {"X", "!"} or place in {0, len(rows) - 1}
    ]
    cause = next((row for row in rows if _shows(row, headline)), None)
    while kept and sum(len(row.lines()) for row in kept) > max_lines - 1:
        spare = [row for row in (kept[-1], *kept[:-1]) if row is not cause]
        kept.remove((spare or kept)[-1])
    gone = len(rows) - len(kept)
    shown = [line for row in kept[:1] for line in row.lines()]
    shown += [f"{'':>{LABEL_WIDTH}}… {gone} more, see the thread"]
    return (*shown, *(line for row in kept[1:] for line in row.lines()))


def _shows(row: DrawingRow, headline: Code) -> bool:
    """Whether the row is marked with the fault of the headline."""
    if headline is Code.INTERMEDIATE_MISSING:
        return row.note.startswith(_MISSING)
    return row.note[2:] == _FAULT_NOTES.get(headline)


def drawing_rows(report: CheckReport) -> Iterator[DrawingRow]:
    """The presented certificates in order, gaps, and roots; empty if nothing was presented."""
    verdict, chain = report.verdict, report.chain
    if chain is None or not chain.certificates:
        return
    gaps, anchors = _beyond_the_list(verdict.path.elements)
    gaps = _every_gap(report, gaps)
    for position, certificate in enumerate(chain.certificates):
        name = _name(certificate) if isinstance(certificate, Certificate) else "(unreadable)"
        yield DrawingRow(label=f"sent {position + 1}", name=name, note=_note(verdict, position))
        yield from (_gap(verdict, gap) for gap in gaps.pop(position, ()))
    yield from (_gap(verdict, gap) for rest in gaps.values() for gap in rest)
    yield from _trust_rows(report, anchors)


def _name(certificate: Certificate) -> str:
    """The name of a certificate; without a subject, its first DNS name."""
    unnamed = not certificate.subject and certificate.dns_names
    return clean(certificate.dns_names[0], 120) if unnamed else short_name(certificate.subject)


def _gap(verdict: Verdict, subject: str) -> DrawingRow:
    """The label of a gap.

    A client cannot tell a missing upper CA from an untrusted root.
    """
    missing = next((f for f in verdict.findings if f.code is Code.INTERMEDIATE_MISSING), None)
    if missing is None:
        unseen = any(f.code is Code.TRUST_NOT_VISIBLE for f in verdict.findings)
        note = "? not sent, trust unknown" if unseen else "X not sent, not trusted"
    elif missing.evidence.get("sent_sha256"):
        note = f"{_MISSING}: right edition"
    else:
        note = f"{_MISSING}: not sent"
    return DrawingRow(label=" gap", name=short_name(subject), note=note)


def _beyond_the_list(
    elements: Iterable[PathElement],
) -> tuple[dict[int, list[str]], list[PathElement]]:
    """Path elements that were not presented.

    Returns the subjects in each gap, by the position before the gap, and the elements that the
    gateway adds.
    """
    gaps: dict[int, list[str]] = {}
    anchors, last = list[PathElement](), -1
    for element in elements:
        if element.position is not None:
            last = element.position
        elif element.source in _ANCHORS:
            anchors.append(element)
        else:
            gaps.setdefault(last, []).append(element.subject)
    return gaps, anchors


def _every_gap(report: CheckReport, seen: dict[int, list[str]]) -> dict[int, list[str]]:
    """The missing certificates of each gap.

    The presented chain names only the lowest missing CA; the repaired chain also names those above
    it.
    """
    if (
        report.chain is None
        or report.repair is None
        or Code.INTERMEDIATE_MISSING not in report.verdict.codes
    ):
        return seen
    gaps: dict[int, list[str]] = {}
    last = -1
    for certificate in report.repair.chain:
        if _is_sent(report, certificate):
            last = report.chain.certificates.index(certificate)
        else:
            gaps.setdefault(last, []).append(certificate.subject)
    named = {subject for subjects in gaps.values() for subject in subjects}
    return gaps if all(named.issuperset(subjects) for subjects in seen.values()) else seen


def _trust_rows(report: CheckReport, anchors: list[PathElement]) -> Iterator[DrawingRow]:
    """The trusted roots, with the reason if they do not fit."""
    trouble = next(
        (
            f
            for f in report.verdict.findings
            if f.code in _ROOT_TROUBLES and f.severity is Severity.CRITICAL
        ),
        None,
    )
    if trouble is not None:
        yield from _wanted_root(report)
        yield from _given_roots(report, trouble)
        return
    if anchors:
        for anchor in anchors:
            yield DrawingRow(
                label=_ANCHORS[anchor.source],
                name=short_name(anchor.subject),
                note=_anchor_note(report.verdict, anchor),
            )
    else:
        yield from _root_above_the_gap(report)
    yield from _unusable_uploads(report, {anchor.sha256 for anchor in anchors})


def _unusable_uploads(report: CheckReport, drawn: set[str | None]) -> Iterator[DrawingRow]:
    """Uploaded certificates that cannot serve as a root and are not in the path."""
    for fault in report.verdict.findings:
        sha256 = fault.evidence.get("sha256")
        if fault.code is not Code.UPLOADED_ROOT_UNUSABLE or sha256 in drawn:
            continue
        named = fault.evidence.get("root_name") or short_name(fault.evidence.get("subject") or "")
        if named:
            yield DrawingRow(label="gw", name=named, note=_NO_ROOT)


def _anchor_note(verdict: Verdict, anchor: PathElement) -> str:
    """What is wrong with a trusted root: its constraints, its dates or its key."""
    faults = (
        f
        for f in verdict.findings
        if f.certificate is None
        and f.code in {*_FAULT_NOTES, Code.UPLOADED_ROOT_UNUSABLE}
        and f.severity is not Severity.INFO
        and f.evidence.get("subject") == anchor.subject
        and f.evidence.get("sha256", anchor.sha256) == anchor.sha256
    )
    fault = next(faults, None)
    if fault is None:
        return ""
    return _marked(fault) if fault.code in _FAULT_NOTES else _NO_ROOT


def _marked(fault: Finding) -> str:
    mark = "X" if fault.severity is Severity.CRITICAL else "!"
    return f"{mark} {_FAULT_NOTES.get(fault.code, 'AT FAULT')}"


def _root_above_the_gap(report: CheckReport) -> Iterator[DrawingRow]:
    """The gateway's root to which the repaired chain leads, so that no other is needed."""
    repair, anchors = report.repair, report.request.policy.anchors
    if repair is None or not repair.chain or repair.root is not None or anchors.mode not in _MODES:
        return
    if root := next(
        (one for one in anchors.certificates if one.subject_key == repair.chain[-1].issuer_key),
        None,
    ):
        yield DrawingRow(label=_MODES[anchors.mode], name=short_name(root.subject))


def _wanted_root(report: CheckReport) -> Iterator[DrawingRow]:
    if report.repair and report.repair.root and not _is_sent(report, report.repair.root):
        yield DrawingRow(
            label="root",
            name=short_name(report.repair.root.subject),
            note="X NOT TRUSTED: chain needs it",
        )


def _given_roots(report: CheckReport, trouble: Finding) -> Iterator[DrawingRow]:
    anchors = report.request.policy.anchors
    if anchors.mode is not TrustMode.UPLOADED_ROOTS:
        return
    note = _ROOT_NOTES.get(trouble.code, "X OTHER: not of this chain")
    gap_closed = (
        trouble.code is Code.NO_UPLOADED_ROOT_SIGNS_CHAIN
        and report.verdict.path.elements[-1].source is Source.UPLOADED
    )
    above = report.verdict.path.elements[-1].certificate if gap_closed else None
    for certificate in anchors.certificates:
        yield DrawingRow(
            label="gw",
            name=anchors.names.get(certificate.sha256) or short_name(certificate.subject),
            note="" if certificate == above else note,
        )


def _is_sent(report: CheckReport, certificate: Certificate) -> bool:
    return report.chain is not None and certificate in report.chain.certificates


_STATUS_NOTES: Mapping[Status, str] = MappingProxyType(
    {
        Status.EXPIRED: "X EXPIRED",
        Status.NOT_YET_VALID: "X NOT VALID YET",
        Status.MISPLACED: "X WRONG PLACE",
        Status.DUPLICATE: "- sent twice",
        Status.UNRELATED: "- not needed",
        Status.OTHER_KEY: "X OTHER KEY",
        Status.BAD_SIGNATURE: "X BAD SIGNATURE",
        Status.UNREADABLE: "X UNREADABLE",
    }
)


_DATES = frozenset({Status.EXPIRED, Status.NOT_YET_VALID})
_FAULT_NOTES: Mapping[Code, str] = MappingProxyType(
    {
        Code.AUTH_CERTIFICATE_MISMATCH: "NOT THE UPLOADED ONE",
        Code.LEAF_MISSING: "A CA: leaf not sent",
        Code.LEAF_NOT_FIRST: "NOT FIRST",
        Code.SELF_SIGNED_NOT_CA: "SELF-SIGNED, no CA",
        Code.CHAIN_OUT_OF_ORDER: "WRONG PLACE",
        Code.SERVER_UNKNOWN_CA: "UNKNOWN ROOT",
        Code.INTERMEDIATE_UNKNOWN_CA: "UNKNOWN ISSUER",
        Code.SIGNATURE_INVALID: "BAD SIGNATURE",
        Code.CA_CONSTRAINT_VIOLATED: "MAY NOT SIGN THIS",
        Code.VERIFY_FAILED: "REFUSED by OpenSSL",
        Code.CERTIFICATE_EXPIRED: "EXPIRED",
        Code.CERTIFICATE_NOT_YET_VALID: "NOT VALID YET",
        Code.NAME_MISMATCH: "OTHER NAME",
        Code.LIVE_NAME_MISMATCH: "OTHER LIVE NAME",
        Code.CERTIFICATE_EXPIRING: "EXPIRES SOON",
        Code.WEAK_CRYPTO: "WEAK KEY OR SIGNATURE",
    }
)


def _note(verdict: Verdict, position: int) -> str:
    """What is wrong with one certificate; the fault of the headline comes first."""
    faults = [f for f in verdict.findings if f.certificate == position and _worth_a_line(f)]
    headline = next(
        (f for f in faults if f.code is verdict.headline and f.code in _FAULT_NOTES), None
    )
    if headline is None:
        entry = next((entry for entry in verdict.entries if entry.position == position), None)
        if entry and (note := _STATUS_NOTES.get(entry.status)):
            harmless = entry.status in _DATES and not _is_critical(verdict, position)
            return note.replace("X", "!", 1) if harmless else note
    shown = headline or next(iter(faults), None)
    return "" if shown is None else _marked(shown)


def _is_critical(verdict: Verdict, position: int) -> bool:
    found = (f for f in verdict.findings if f.certificate == position)
    return any(f.severity is Severity.CRITICAL for f in found)


def _worth_a_line(finding: Finding) -> bool:
    """Whether a finding is noted here; gaps have rows, and informational ones are in the thread."""
    return finding.severity is not Severity.INFO and finding.code not in {
        Code.INTERMEDIATE_MISSING,
        *_ROOT_TROUBLES,
    }
