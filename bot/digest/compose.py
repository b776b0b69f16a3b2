"""Decides the content of a digest, and whether it is sent, from states, mutes and the last digest.

A problem that began and ended during a mute is not reported. One that is still open when a mute
ends is reported then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.digest.filters import is_included, severe_enough
from bot.digest.fold import Occurrence, fold
from bot.digest.mutes import mute_over, quiet_until
from bot.domain.digest import (
    BackendState,
    DigestContent,
    DigestLine,
    LineKind,
    Mute,
    MutedNote,
    News,
    NextBreak,
    Subscription,
)


def compose(
    subscription: Subscription,
    states: Iterable[BackendState],
    mutes: Sequence[Mute],
    last: DigestContent | None,
    at: datetime,
) -> DigestContent:
    """The content of the digest.

    Args:
        subscription: the subscription of the digest.
        states: the damped states of its target.
        mutes: the channel's mutes, including those that ended in the last weeks, because problems
            may have ended during them.
        last: the content of the last digest that was sent; `None` before the first.
        at: the instant of the digest.
    """
    all_states = tuple(states)
    included = [state for state in all_states if is_included(subscription, state.seen)]
    shown, muted, notes = _by_mute(_open(subscription, included), mutes, at)
    known = {line.cause: line for line in last.known} if last else {}
    lines = [replace(line, news=_news(line, known)) for line in fold(shown, at)]
    standing = [line for line in lines if subscription.only_changes and line.news is News.NONE]
    muted_lines = fold(muted, at)
    failing = {backend.seen.key for backend, _ in (*shown, *muted)}
    return DigestContent(
        at=at,
        target=subscription.target,
        schedule=subscription.schedule,
        lines=tuple(line for line in lines if line not in standing),
        standing=tuple(standing),
        muted_lines=tuple(known[line.cause] for line in muted_lines if line.cause in known),
        fixed=_fixed(last, {line.cause for line in (*lines, *muted_lines)}, all_states, mutes),
        muted=notes,
        fine=sum(state.seen.backend and state.seen.key not in failing for state in included),
        since=last.at if last else None,
        ahead=_ahead(subscription, included, mutes, at),
    )


def should_send(subscription: Subscription, content: DigestContent) -> bool:
    """Whether the digest is sent.

    It is if it has news, or if the subscription wants every digest, or if it is the first.
    """
    if subscription.heartbeat or content.news or content.fixed:
        return True
    return subscription.only_changes and content.since is None


def _ahead(
    subscription: Subscription,
    included: Iterable[BackendState],
    mutes: Sequence[Mute],
    at: datetime,
) -> NextBreak | None:
    """What will break next, for a weekly digest: the first date, and how many backends break."""
    if not subscription.schedule.text.startswith("weekly"):
        return None
    coming = [
        state.seen.next_break
        for state in included
        if state.seen.next_break is not None
        and state.seen.next_break.at > at
        and mute_over(mutes, state.seen, at) is None
    ]
    if not coming:
        return None
    first = min(coming, key=lambda one: (one.at, one.sha256))
    return replace(first, backends=sum(one == first for one in coming))


def _open(subscription: Subscription, included: Iterable[BackendState]) -> list[Occurrence]:
    return [
        (backend, state)
        for backend in included
        for state in backend.problems
        if state.open and severe_enough(state.problem.severity, subscription.minimum)
    ]


def _by_mute(
    occurrences: Iterable[Occurrence], mutes: Sequence[Mute], at: datetime
) -> tuple[list[Occurrence], list[Occurrence], tuple[MutedNote, ...]]:
    """Split open problems into shown and muted ones, with a note for each mute."""
    shown: list[Occurrence] = []
    hidden: dict[int, tuple[Mute, list[Occurrence]]] = {}
    for occurrence in occurrences:
        mute = mute_over(mutes, occurrence[0].seen, at)
        if mute is None:
            shown.append(occurrence)
        else:
            hidden.setdefault(mute.id, (mute, []))[1].append(occurrence)
    notes = tuple(_note(mute, found, at) for mute, found in hidden.values())
    return shown, [occurrence for _, found in hidden.values() for occurrence in found], notes


def _note(mute: Mute, found: list[Occurrence], at: datetime) -> MutedNote:
    return MutedNote(
        text=mute.target.text,
        lines=len(fold(found, at)),
        until=quiet_until(mute, at),
        by=mute.by,
        reason=mute.reason,
    )


def _news(line: DigestLine, known: Mapping[str, DigestLine]) -> News:
    before = known.get(line.cause)
    if before is None:
        return News.NEW
    if line.kind is LineKind.RENEWAL:
        return (
            News.STEP
            if line.step is not None and (before.step is None or line.step < before.step)
            else News.NONE
        )
    joined = {member.key for member in line.members} - {member.key for member in before.members}
    return News.GROWN if joined else News.NONE


def _fixed(
    last: DigestContent | None,
    listed: set[str],
    states: Sequence[BackendState],
    mutes: Sequence[Mute],
) -> tuple[DigestLine, ...]:
    """The causes of the last digest that have ended.

    One that ended while it was muted is not reported. A cause has ended when the backends of its
    line are healthy; backends that an edited subscription excludes do not count as fixed.
    """
    if last is None:
        return ()
    still_open = {
        (state.problem.cause, backend.seen.key)
        for backend in states
        for state in backend.problems
        if state.open
    }
    ended = {
        state.problem.cause: (backend, state)
        for backend in states
        for state in backend.problems
        if not state.open
    }
    missing = [line for line in last.known if line.cause not in listed]
    ended_lines = [
        line
        for line in missing
        if not any((line.cause, key) in still_open for key in _members_of(line, states))
    ]
    return tuple(
        line
        for line in ended_lines
        if line.cause not in ended or not _in_mute(ended[line.cause], mutes)
    )


def _members_of(line: DigestLine, states: Sequence[BackendState]) -> Iterable[str]:
    """The keys of the backends of a line.

    A line about the target itself (it could not be checked) names no backend.
    """
    return [member.key for member in line.members] or [state.seen.key for state in states]


def _in_mute(occurrence: Occurrence, mutes: Sequence[Mute]) -> bool:
    backend, state = occurrence
    return mute_over(mutes, backend.seen, state.since) is not None
