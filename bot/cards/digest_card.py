"""The digest: its card, its details, and the message about a recovery. Pure.

The card has at most twelve lines before its buttons. Every problem, shown on the card or not, has
its own line and `Check` button in the thread.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.button_values import repeat_command
from bot.cards.escaping import capital, clean, short_name, shorten, shorten_middle
from bot.cards.lock_screen import ACTORS, PHRASES, SHAPES
from bot.cards.parts import (
    TEXT_LIMIT,
    Button,
    Buttons,
    ContextBlock,
    Heading,
    Message,
    Paragraph,
    Part,
    bold,
    compose,
    say,
)
from bot.domain.digest import DigestLine, LineKind, Member
from chainlib import CATALOGUE, Severity, and_more, counted, listed
from chainlib.frozen import dataclass

RUN, RUN_APART = "follow_run", "follow_run_apart"
MAX_ROWS = 8
_PER_MESSAGE = 6
_LINE, _TITLE, _SUBJECT, _TARGET, _COUNTS = 150, 100, 60, 26, 60
_NAMED = 5
_MARKS = {LineKind.SWITCHED_OFF: "◌", LineKind.RENEWAL: "⌛"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestRow:
    """One line of a digest.

    Attributes:
        line: the cause.
        tail: how many backends, and since when, in words.
        check: the command that checks it now, without the slash command.
        fixed: how it ended, in words; empty while it is open.
    """

    line: DigestLine
    tail: str
    check: str
    fixed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestHead:
    """The parts of a digest besides its rows.

    Attributes:
        target: the subscribed target as typed; the buttons carry it too.
        when: day, time and zone in words.
        counts: `2 problems, 37 fine`.
        footer: numbers of new, fixed and muted problems; empty when there are none.
        ahead: which problem is expected next, in words; empty when none is known.
        schedule: in words, for the context block.
        muted_by: Slack ID of the user who muted, named in the context block.
        thread: whether there is a thread with the omitted lines; a preview has none.
    """

    target: str
    when: str
    counts: str
    footer: str
    schedule: str
    muted_by: str | None = None
    ahead: str = ""
    thread: bool = True


def digest_card(head: DigestHead, rows: Sequence[DigestRow]) -> Message:
    """The card in the channel: counts and the worst causes; the others are left to the thread."""
    word, target = _word(rows), clean(head.target, 200)
    parts: list[Part] = [
        Heading(text=f"{SHAPES[word]} {shorten_middle(target, _TARGET)}, {clean(head.when, 40)}")
    ]
    most = MAX_ROWS - bool(head.ahead)
    parts += [say(bold(clean(head.counts, 120))), *(_row(row) for row in rows[:most])]
    if more := and_more(len(rows), most):
        parts.append(say(f"{more}{', in the thread' if head.thread else ''}"))
    if head.ahead:
        parts.append(say(shorten(clean(f"⌛ {head.ahead}", _LINE), _LINE)))
    if head.footer:
        parts.append(say(shorten(clean(head.footer, _LINE), _LINE)))
    parts += [
        _buttons(target),
        ContextBlock(
            text=f"Digest: {clean(head.schedule, 60)}{' · muted' if head.muted_by else ''}",
            user=head.muted_by,
        ),
    ]
    return compose(_lock_screen(word, target, rows, head), parts)


def digest_details(rows: Sequence[DigestRow]) -> tuple[Message, ...]:
    """Every problem with its backends and one `Check` button, for the thread.

    Returns as many messages as needed.
    """
    return tuple(
        _page(rows[start : start + _PER_MESSAGE]) for start in range(0, len(rows), _PER_MESSAGE)
    )


def recovery(row: DigestRow, target: str) -> Message:
    """One line for the thread: a problem has ended.

    It names the target, because the notification does not show the card.
    """
    sentence = f"{SHAPES['OK']} Fixed: {title(row.line)}"
    named = shorten_middle(clean(target, 200).removeprefix("gw:"), _TARGET)
    return compose(
        f"OK {named}: fixed: {title(row.line)}",
        [say(bold(sentence), shorten(f" · {clean(row.fixed, 80)}", _LINE))],
    )


def title(line: DigestLine) -> str:
    """The cause in words, with the certificate or name that it concerns."""
    subject = short_name(clean(line.subject, 200))
    return shorten(f"{capital(PHRASES[line.code])}: {shorten_middle(subject, _SUBJECT)}", _TITLE)


def run_button(label: str, command: str, *, number: int = 0, apart: bool = False) -> Button:
    """A button that runs a command.

    `number` makes several in one message distinct; `apart` sends the answer as a new message.
    """
    action = f"{RUN_APART if apart else RUN}:{number}:{label.split(maxsplit=1)[0].lower()}"
    return Button(label=label, action=action, value=repeat_command(command))


def _page(rows: Sequence[DigestRow]) -> Message:
    parts: list[Part] = []
    for number, row in enumerate(rows):
        names = [_named(member) for member in row.line.members]
        parts.append(_row(row))
        if names:
            parts.append(say(f"    {listed(names, shown=_NAMED)}"))
        parts.append(
            Buttons(
                elements=(run_button("Check", row.check, number=number, apart=True),),
                instead=f"/appgw-check {row.check}",
            )
        )
    count = len(rows)
    return compose(f"Details: {counted(count, 'problem')}, each with a Check button", parts)


def _named(member: Member) -> str:
    """A backend with its setting, because several settings may use one server."""
    return clean(f"{member.label} ({member.setting})" if member.setting else member.label, 60)


def _lock_screen(word: str, target: str, rows: Sequence[DigestRow], head: DigestHead) -> str:
    """The notification text in 90 characters: target, worst cause, how many more, who must act.

    The counts if nothing is wrong.
    """
    lasting = [row.line for row in rows if not row.fixed]
    rest = f": {_worst(lasting)}" if lasting else f": {clean(head.counts, _COUNTS)}"
    named = target.removeprefix("gw:")  # with the prefix, Slack would read `:prod-gw:` as an emoji
    return f"{word} {shorten_middle(named, TEXT_LIMIT - len(word) - 1 - len(rest))}{rest}"


def _worst(lines: Sequence[DigestLine]) -> str:
    causes = listed([PHRASES[line.code] for line in lines], shown=1)
    return f"{causes}. Fix: {ACTORS[CATALOGUE[lines[0].code].where]}."


def _word(rows: Sequence[DigestRow]) -> str:
    lasting = [row for row in rows if not row.fixed]
    if any(row.line.severity is Severity.CRITICAL for row in lasting):
        return "FAIL"
    return "WARN" if lasting else "OK"


def _row(row: DigestRow) -> Paragraph:
    if row.fixed:
        return say(f"{SHAPES['OK']} fixed: {title(row.line)} · {clean(row.fixed, 60)}")
    serious = row.line.severity is Severity.CRITICAL
    mark = _MARKS.get(row.line.kind, SHAPES["FAIL" if serious else "WARN"])
    return say(
        bold(f"{mark} {title(row.line)}"), shorten(f" {clean(row.tail, _LINE)}", _LINE - _SUBJECT)
    )


def _buttons(target: str) -> Buttons:
    return Buttons(
        elements=(
            run_button("Preview", f"preview {target}", number=1, apart=True),
            run_button("Mute 2 h", f"mute {target} for=2h", number=2, apart=True),
            run_button("List", "list", number=3, apart=True),
        ),
        instead=f"/appgw-check preview {target}",
    )
