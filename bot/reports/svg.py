"""The chain and its dates as SVG for the HTML page. Pure.

Every text passes through `escaped`; nothing else from outside reaches the markup. Everything that
colours show is also visible as a shape or a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from html import escape

from bot.cards.drawing import drawing_rows
from bot.cards.escaping import clean, fit, short_name
from bot.domain.report import CheckReport
from chainlib import Certificate, TrustMode
from chainlib.frozen import dataclass

WIDTH = 720
_BOX, _STEP, _LABEL, _NAME_COLUMNS, _NOTE_COLUMNS = 40, 58, 84, 54, 40
_LEFT, _BAR, _ROW = 10, 14, 44
_YEAR = timedelta(days=365)
_BACK, _AHEAD = 2 * _YEAR, 3 * _YEAR
_MAX_BOXES, _MAX_BARS = 60, 60


def escaped(text: object, limit: int = 300) -> str:
    """Text from outside for use in markup: visible characters only, escaped, shortened."""
    return escape(clean(text, limit), quote=True)


def chain_svg(report: CheckReport) -> str:
    """Boxes in the order presented, the gap dashed, the roots below; empty without a chain."""
    rows = list(drawing_rows(report))[:_MAX_BOXES]
    if not rows:
        return ""
    height = len(rows) * _STEP + 4
    body = "".join(
        _box(number, row.label.strip(), row.name, row.note, last=number == len(rows) - 1)
        for number, row in enumerate(rows)
    )
    said = "; ".join(f"{row.label.strip()}: {row.name} {row.note}" for row in rows)
    return _svg(height, "The chain", said, body)


def _box(number: int, label: str, name: str, note: str, *, last: bool) -> str:
    top = number * _STEP + 2
    kind = {"X": "bad", "!": "doubt"}.get(note[:1], "plain")
    gap = " gap" if label == "gap" else ""
    middle = top + _BOX // 2 + 5
    line = (
        ""
        if last
        else f'<line class="wire{gap}" x1="{_LABEL + 24}" y1="{top + _BOX}" '
        f'x2="{_LABEL + 24}" y2="{top + _STEP}"/>'
    )
    where = top + 17 if note else middle
    noted = (
        f'<text class="note {kind}" x="{_LABEL + 12}" y="{top + 33}">'
        f"{escaped(fit(note, _NOTE_COLUMNS))}</text>"
        if note
        else ""
    )
    return (
        f'{line}<rect class="box {kind}{gap}" x="{_LABEL}" y="{top}" '
        f'width="{WIDTH - _LABEL - 6}" height="{_BOX}" rx="4"/>'
        f'<text class="label" x="{_LEFT}" y="{middle}">{escaped(label, 12)}</text>'
        f'<text x="{_LABEL + 12}" y="{where}">{escaped(fit(clean(name), _NAME_COLUMNS))}</text>'
        f"{noted}"
    )


_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """The period that is drawn."""

    begin: datetime
    end: datetime

    def x(self, at: datetime) -> float:
        """The position of an instant; the nearest edge if it is outside."""
        kept = min(max(at, self.begin), self.end)
        room = WIDTH - 2 * _LEFT
        return round(_LEFT + room * ((kept - self.begin) / (self.end - self.begin)), 1)


def dates_svg(report: CheckReport) -> str:
    """One bar per certificate that was presented or is in the path, and the judged instant."""
    certificates = list(_certificates(report))[:_MAX_BARS]
    if not certificates:
        return ""
    at = report.verdict.at
    span = _span(certificates, at)
    height = len(certificates) * _ROW + 34
    bars = "".join(_bar(number, one, at, span) for number, one in enumerate(certificates))
    said = "; ".join(f"{_name(one)} {_lifetime(one)}" for one in certificates)
    return _svg(height, "When each certificate is valid", said, _axis(at, span, height) + bars)


def _certificates(report: CheckReport) -> Iterator[Certificate]:
    sent = report.chain.certificates if report.chain else ()
    used = [element.certificate for element in report.verdict.path.elements]
    repair = report.repair.chain if report.repair else ()
    anchors = report.request.policy.anchors
    given = anchors.certificates if anchors.mode is TrustMode.UPLOADED_ROOTS else ()
    known = (*sent, *used, *repair, *given)
    seen = dict.fromkeys(one for one in known if isinstance(one, Certificate))
    return iter(seen)


def _span(certificates: Iterable[Certificate], at: datetime) -> _Span:
    """From the first date to the last, but at most a few years around the instant."""
    certificates = list(certificates)
    begin, end = _shifted(at, -_BACK), _shifted(at, _AHEAD)
    first = max(begin, min(one.not_before for one in certificates))
    last = min(end, max(one.not_after for one in certificates))
    return _Span(begin=min(first, _shifted(at, -_YEAR / 4)), end=max(last, _shifted(at, _YEAR / 4)))


def _shifted(at: datetime, by: timedelta) -> datetime:
    """An instant later or earlier, within the years that a date can have."""
    try:
        return at + by
    except OverflowError:
        return _FIRST if by < timedelta(0) else _LAST


def _axis(at: datetime, span: _Span, height: int) -> str:
    years = range(span.begin.year + 1, span.end.year + 1)
    ticks = "".join(
        f'<line class="tick" x1="{x}" y1="18" x2="{x}" y2="{height}"/>'
        f'<text class="year" x="{x}" y="13">{year}</text>'
        for year in years
        for x in [span.x(datetime(year, 1, 1, tzinfo=UTC))]
    )
    now = span.x(at)
    return f'{ticks}<line class="now" x1="{now}" y1="18" x2="{now}" y2="{height}"/>'


def _bar(number: int, one: Certificate, at: datetime, span: _Span) -> str:
    top = 24 + number * _ROW
    left, right = span.x(one.not_before), span.x(one.not_after)
    valid = one.not_before <= at <= one.not_after
    before = "◀ " if one.not_before < span.begin else ""
    after = " ▶" if one.not_after > span.end else ""
    state = "" if valid else " NOT VALID"
    return (
        f'<text x="{_LEFT}" y="{top + 12}">{escaped(fit(_name(one), _NAME_COLUMNS))}</text>'
        f'<rect class="bar {"plain" if valid else "bad"}" x="{left}" y="{top + 18}" '
        f'width="{max(right - left, 2)}" height="{_BAR}" rx="2"/>'
        f'<text class="dates" x="{WIDTH - _LEFT}" y="{top + 12}">'
        f"{escaped(before + _lifetime(one) + after + state)}</text>"
    )


def _name(one: Certificate) -> str:
    return clean(short_name(one.subject), 200)


def _lifetime(one: Certificate) -> str:
    return f"{_day(one.not_before)} to {_day(one.not_after)}"


def _day(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d") if instant.year > 1 else "no date"


def _svg(height: int, title: str, said: str, body: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escaped(title)}">'
        f"<title>{escaped(title)}</title><desc>{escaped(said, 4000)}</desc>{body}</svg>"
    )


def joined(parts: Sequence[str]) -> str:
    """Join markup that is already escaped."""
    return "\n".join(part for part in parts if part)
