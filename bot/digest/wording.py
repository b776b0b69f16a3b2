"""A digest as plain text lines.

They are sent if Slack refuses the blocks, and they limit the length of a digest: at most twelve
lines with the header, nine causes, the number of omitted causes, and the counts. Text from outside
is not escaped here, but where it is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from bot.digest.zones import zone as zone_of
from bot.domain.digest import (
    DigestContent,
    DigestLine,
    LineKind,
    MutedNote,
    News,
    NextBreak,
)
from chainlib import and_more, counted

MAX_CAUSES = 9
_MARKS = {LineKind.PROBLEM: "!", LineKind.SWITCHED_OFF: "~", LineKind.RENEWAL: "#"}
_DAY = timedelta(days=1)


def plain_lines(content: DigestContent) -> tuple[str, ...]:
    """The digest as text, one string per line."""
    ahead = [ahead_line(content.ahead)] if content.ahead else []
    shown = content.lines[: MAX_CAUSES - len(ahead)]
    hidden = and_more(len(content.lines), len(shown))
    more = [f"{hidden}, in the thread"] if hidden else []
    foot = footer(content)
    return (
        header(content),
        *(cause_line(line, content) for line in shown),
        *more,
        *ahead,
        *([foot] if foot else []),
    )


def header(content: DigestContent) -> str:
    """The target, the time, and the counts."""
    local = content.at.astimezone(zone_of(content.schedule.zone))
    return f"{content.target.text}, {local:%a %H:%M} ({content.schedule.zone}): {counts(content)}"


def counts(content: DigestContent) -> str:
    """`2 problems, 1 renewal overdue, 37 fine`; `40 fine, nothing changed` if nothing is wrong."""
    renewals = sum(line.kind is LineKind.RENEWAL for line in content.lines)
    problems = len(content.lines) - renewals
    parts = [
        _many(problems, "problem"),
        f"{_many(renewals, 'renewal')} overdue" if renewals else "",
        f"{content.fine} fine",
    ]
    quiet = not content.lines and not content.fixed and not content.standing and not content.muted
    muted_count = sum(note.lines for note in content.muted)
    parts.insert(2, f"{muted_count} muted" if muted_count else "")
    known = [f"{len(content.standing)} as before"] if content.standing else []
    unchanged = ["nothing changed"] if quiet and content.since else []
    return ", ".join([part for part in parts if part] + known + unchanged)


def recovered(content: DigestContent, ended: Collection[str]) -> str:
    """The counts after some causes have ended: `1 problem left, 2 fixed`."""
    over = sum(line.cause in ended for line in content.lines)
    left = _many(len(content.lines) - over, "problem")
    return ", ".join(filter(None, (f"{left} left" if left else "", f"{over} fixed")))


def cause_line(line: DigestLine, content: DigestContent) -> str:
    """One cause: what it concerns, how many backends, since when."""
    parts = [
        f"{_MARKS[line.kind]} {title(line)}",
        *_extent(line, _members_of_several_places(content)),
        age(line, content),
    ]
    return " · ".join([*parts, *(["comes and goes"] if line.flapping else [])])


def title(line: DigestLine) -> str:
    """The cause in words."""
    if line.kind is LineKind.RENEWAL:
        return f"{line.subject}: renewal overdue"
    if line.kind is LineKind.SWITCHED_OFF:
        return f"Checks switched off on {line.subject}"
    return f"{line.code.replace('_', ' ').capitalize()}: {line.subject}"


def age(line: DigestLine, content: DigestContent) -> str:
    """`9 days left`, `off since Mon 3 Mar` or `since 06:40`."""
    if line.kind is LineKind.RENEWAL and line.not_after:
        return (
            f"{_many(max((line.not_after - content.at) // _DAY, 0), 'day') or 'less than a day'} "
            "left"
        )
    word = "off since" if line.kind is LineKind.SWITCHED_OFF else "since"
    return f"{word} {moment(line.since, content)}"


def ahead_line(ahead: NextBreak) -> str:
    """`Next: 3 December, 14 backends break, CN=Contoso Issuing CA 3 expires`."""
    verb = "breaks" if ahead.backends == 1 else "break"
    backends = counted(ahead.backends, "backend")
    return f"Next: {ahead.at.day} {ahead.at:%B}, {backends} {verb}, {ahead.subject} {ahead.turn}"


def moment(instant: datetime, content: DigestContent) -> str:
    """An instant in the digest's time zone: only the time within the last day, else the date."""
    local = instant.astimezone(zone_of(content.schedule.zone))
    return f"{local:%H:%M}" if content.at - instant < _DAY else f"{local:%a} {local.day} {local:%b}"


def footer(content: DigestContent, *, names: bool = True) -> str:
    """Numbers of new, fixed and muted causes; empty if there are none.

    `names` adds the Slack IDs of those who muted.
    """
    new = sum(line.news in {News.NEW, News.GROWN} for line in content.lines)
    since = f" since {moment(content.since, content)}" if content.since else ""
    muted = "; ".join(_muted(note, content, names=names) for note in content.muted)
    parts = (
        f"New{since}: {new}" if new else "",
        f"Fixed: {len(content.fixed)}" if content.fixed else "",
        f"Muted: {muted}" if muted else "",
    )
    return " · ".join(part for part in parts if part)


def _muted(note: MutedNote, content: DigestContent, *, names: bool) -> str:
    by, why = f" by {note.by}" if names else "", f" ({note.reason})" if note.reason else ""
    return f"{note.lines} until {moment_until(note.until, content)}{by}{why}"


def moment_until(instant: datetime, content: DigestContent) -> str:
    """The end of a mute in the digest's time zone."""
    local = instant.astimezone(zone_of(content.schedule.zone))
    same_day = local.date() == content.at.astimezone(local.tzinfo).date()
    return f"{local:%H:%M}" if same_day else f"{local:%a} {local.day} {local:%b %H:%M}"


def _members_of_several_places(content: DigestContent) -> Collection[str]:
    """The labels of servers that appear in more than one pool or setting.

    Their lines need the setting to be distinguished.
    """
    placements = {
        (member.label, member.key)
        for line in (*content.lines, *content.standing)
        for member in line.members
    }
    counted = Counter(label for label, _ in placements)
    return {label for label, count in counted.items() if count > 1}


def _extent(line: DigestLine, several: Collection[str]) -> Iterable[str]:
    if len(line.members) == 1:
        (member,) = line.members
        setting = member.setting if member.label in several else ""
        label = "" if member.label in line.subject else member.label
        yield from filter(
            None, (f"{label} ({setting})" if label and setting else label or setting,)
        )
    elif len(line.members) > 1:
        gateways = f", {_many(len(line.gateways), 'gateway')}" if len(line.gateways) > 1 else ""
        yield f"{_many(len(line.members), 'backend')}{gateways}"


def _many(number: int, noun: str) -> str:
    return counted(number, noun) if number else ""
