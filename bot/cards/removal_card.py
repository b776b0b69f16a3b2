"""The card of `rehearse gw:... without=...`.

How many servers would break, for which reason, and what is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.cards.button_values import ask_again
from bot.cards.check_card import CHECK_AGAIN, SLASH_COMMAND, CardContext
from bot.cards.escaping import clean, shorten, shorten_middle
from bot.cards.lock_screen import PHRASES, SHAPES
from bot.cards.parts import (
    TEXT_LIMIT,
    Button,
    Buttons,
    Heading,
    Message,
    Part,
    SmallPrint,
    bold,
    compose,
    say,
)
from bot.domain.removal import Impact, MemberImpact, Removal
from chainlib import Code, counted, rank

MAX_LINES = 5
_LINE = 130
_NAMES_SHOWN = 2


def removal_card(found: Removal, context: CardContext) -> Message:
    """What the channel sees."""
    word = grade_of(found)
    parts: list[Part] = [
        Heading(text=f"{SHAPES[word]} {word} {shorten_middle(_names(found), 44)}"),
        say(bold(summary(found))),
        *(say(line) for line in remarks(found)),
        _buttons(context),
        _small_print(found, context),
    ]
    rest = f": {summary(found)}"
    return compose(
        f"{word} {shorten_middle(_names(found), TEXT_LIMIT - len(word) - 1 - len(rest))}{rest}",
        parts,
    )


def grade_of(found: Removal) -> str:
    """FAIL where something breaks, WARN where that is not fully known, else OK.

    A setting whose trust changes is a WARN as well.
    """
    if found.count(Impact.BREAKS):
        return "FAIL"
    return "WARN" if found.left_bare or found.count(Impact.NOT_SEEN) else "OK"


def summary(found: Removal) -> str:
    """The answer in one sentence of at most sixty characters."""
    breaking, total = found.count(Impact.BREAKS), len(found.members)
    if not found.settings:
        return "no backend setting uses this root."
    if not total:
        return "its settings have no servers."
    if not breaking:
        return f"none of {counted(total, 'server')} breaks."
    return f"{breaking} of {counted(total, 'server')} would break."


def remarks(found: Removal) -> Iterator[str]:
    """The lines under the summary.

    Folded causes, unaffected servers, servers not probed, Azure's condition.
    """
    yield from _fold(found)
    if failing := found.count(Impact.FAILS_ALREADY):
        yield f"■ {counted(failing, 'server')} already refused today, with the root in place"
    if holding := found.count(Impact.HOLDS):
        yield f"{SHAPES['OK']} {counted(holding, 'server')} would still be accepted"
    unseen = [member for member in found.members if member.impact is Impact.NOT_SEEN]
    if unseen:
        yield shorten(
            (
                f"○ {len(unseen)} not probed, so not judged: {_listed(unseen)}. "
                f"{clean(unseen[0].reason, 70)}"
            ),
            _LINE,
        )
    if found.left_bare:
        yield shorten(
            (
                f"{SHAPES['WARN']} Settings without a root afterwards (they then trust the "
                "well-known CAs): "
                f"{_shown(found.left_bare)}"
            ),
            _LINE,
        )
    if found.settings:
        yield shorten(
            (
                "Azure deletes a root only when no setting uses it; used now by "
                f"{_shown(found.settings)}"
            ),
            _LINE,
        )


def _fold(found: Removal) -> Iterator[str]:
    groups: dict[Code, list[MemberImpact]] = {}
    for member in found.members:
        if member.impact is Impact.BREAKS and member.after is not None:
            groups.setdefault(member.after, []).append(member)
    ordered = sorted(groups.items(), key=lambda group: rank(group[0]))
    for code, members in ordered[:MAX_LINES]:
        count = len(members)
        settings = _shown(dict.fromkeys(member.setting for member in members))
        yield shorten(
            (
                f"{SHAPES['FAIL']} {PHRASES[code]} · {counted(count, 'server')}: "
                f"{_listed(members)} · {settings}"
            ),
            _LINE,
        )
    if len(ordered) > MAX_LINES:
        yield f"… and {counted(len(ordered) - MAX_LINES, 'more cause')}, in the thread"


def _listed(members: Iterable[MemberImpact]) -> str:
    return _shown(dict.fromkeys(member.member for member in members))


def _shown(names: Iterable[str]) -> str:
    cleaned = [clean(name, 40) for name in names]
    return ", ".join(cleaned[:_NAMES_SHOWN]) + (
        f" +{len(cleaned) - _NAMES_SHOWN}" if len(cleaned) > _NAMES_SHOWN else ""
    )


def _names(found: Removal) -> str:
    scope = f"/{found.scope}" if found.scope else ""
    return clean(f"{found.gateway.name}{scope} without {found.root}", 160)


def _buttons(context: CardContext) -> Buttons:
    again = Button(
        label="Check again",
        action=CHECK_AGAIN,
        value=ask_again(context.command),
        primary=True,
    )
    return Buttons(elements=(again,), instead=f"Check again: {SLASH_COMMAND} {context.command}")


def _small_print(found: Removal, context: CardContext) -> SmallPrint:
    said = (
        f"rehearsal, nothing was changed · {clean(context.understood, 200)}",
        f"root sha256 {found.sha256[:16]}…"
        if found.sha256
        else "its data is not a readable certificate",
        f"run {context.run_id}",
        f"from {clean(context.probe_origin, 60)}",
    )
    return SmallPrint(text=" · ".join(said), user=context.user, at=found.at)


def removal_details(found: Removal) -> str:
    """Every server with its verdict before and after, as text for the thread's file."""
    lines = [
        (
            f"gateway {clean(found.gateway.name, 120)} without root {clean(found.root, 120)}, "
            f"{counted(len(found.members), 'server')}"
        )
    ]
    for member in found.members:
        seen = (
            f"{member.before} -> {member.after}"
            if member.after is not None
            else clean(member.reason, 300)
        )
        lines.append(
            f"- {member.impact}: {clean(member.pool)}/{clean(member.setting)} "
            f"{clean(member.member)}: {seen}"
        )
    return "\n".join(lines) + "\n"
