"""Groups equal causes of many backends into one line, sorted by severity, then by cause."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.digest.damping import flapping
from bot.digest.renewal import reminder_threshold
from bot.domain.digest import BackendState, DigestLine, LineKind, Member, Problem, ProblemState
from chainlib import Code, Severity

Occurrence = tuple[BackendState, ProblemState]

_SEVERITIES = tuple(Severity)
_KINDS = tuple(LineKind)


def fold(occurrences: Iterable[Occurrence], at: datetime) -> tuple[DigestLine, ...]:
    """One line per cause: the worst first, then those with most backends, then the oldest."""
    causes: dict[str, list[Occurrence]] = {}
    for state, problem in occurrences:
        causes.setdefault(problem.problem.cause, []).append((state, problem))
    lines = [_line(cause, found, at) for cause, found in causes.items()]
    return tuple(sorted(lines, key=_place))


def _place(line: DigestLine) -> tuple[int, int, int, datetime, str]:
    return (
        _SEVERITIES.index(line.severity),
        _KINDS.index(line.kind),
        -len(line.members),
        line.since,
        line.cause,
    )


def _line(cause: str, found: list[Occurrence], at: datetime) -> DigestLine:
    problem = min(
        (state.problem for _, state in found),
        key=lambda problem: _SEVERITIES.index(problem.severity),
    )
    members = sorted(
        {(backend.seen.label, backend.seen.key) for backend, _ in found if backend.seen.backend}
    )
    return DigestLine(
        kind=_kind(problem.code),
        code=problem.code,
        severity=problem.severity,
        cause=cause,
        subject=problem.subject,
        members=tuple(Member(key=key, label=label) for label, key in members),
        gateways=tuple(
            sorted({backend.seen.gateway for backend, _ in found if backend.seen.gateway})
        ),
        since=min(state.since for _, state in found),
        not_after=problem.not_after,
        step=_step(problem, at),
        flapping=any(flapping(state) for _, state in found),
    )


def _kind(code: Code) -> LineKind:
    if code is Code.CERTIFICATE_EXPIRING:
        return LineKind.RENEWAL
    return LineKind.SWITCHED_OFF if code is Code.VALIDATION_OFF else LineKind.PROBLEM


def _step(problem: Problem, at: datetime) -> int | None:
    if problem.not_before is None or problem.not_after is None:
        return None
    return reminder_threshold(problem.not_before, problem.not_after, at, is_ca=problem.is_ca)
