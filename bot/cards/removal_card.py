"""The card of `rehearse gw:... without=...`: what would break if a root were removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.cards.check_card import CardContext
from bot.cards.details import Attachment
from bot.cards.escaping import clean, shorten, shorten_middle
from bot.cards.lock_screen import PHRASES, SHAPES
from bot.cards.parts import TEXT_LIMIT, Message
from bot.cards.what_if_card import WhatIfText, few_names, what_if_card
from bot.domain.removal import Impact, MemberImpact, Removal
from chainlib import Code, and_more, counted, rank

MAX_LINES = 5
_LINE = 130


def removal_card(found: Removal, context: CardContext) -> Message:
    """The card in the channel."""
    grade = grade_of(found)
    rest = f": {summary(found)}{' Keep the root.' if grade == 'FAIL' else ''}"
    name = shorten_middle(_names(found), TEXT_LIMIT - len(grade) - 1 - len(rest))
    text = WhatIfText(
        notification=f"{grade} {name}{rest}",
        grade=grade,
        heading=shorten_middle(_names(found), 44),
        summary=summary(found),
        remarks=remarks(found),
        basis=(
            f"rehearsal, nothing was changed · {clean(context.understood, 200)}",
            f"root sha256 {found.sha256[:16]}…"
            if found.sha256
            else "its data is not a readable certificate",
        ),
        at=found.at,
    )
    return what_if_card(text, context)


def grade_of(found: Removal) -> str:
    """The word of the verdict.

    FAIL if something would break; WARN if that is uncertain or if the trust of a setting changes;
    else OK.
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

    Grouped causes, unaffected servers, servers that were not probed, and Azure's condition.
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
                f"{few_names(found.left_bare)}"
            ),
            _LINE,
        )
    if found.settings:
        yield shorten(
            (
                "Azure deletes a root only when no setting uses it; used now by "
                f"{few_names(found.settings)}"
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
        settings = few_names(member.setting for member in members)
        yield shorten(
            (
                f"{SHAPES['FAIL']} {PHRASES[code]} · {counted(count, 'server')}: "
                f"{_listed(members)} · {settings}"
            ),
            _LINE,
        )
    if more := and_more(len(ordered), MAX_LINES, "cause"):
        yield f"… {more}, in the thread"


def _listed(members: Iterable[MemberImpact]) -> str:
    return few_names(member.member for member in members)


def _names(found: Removal) -> str:
    scope = f"/{found.scope}" if found.scope else ""
    return clean(f"{found.gateway.name}{scope} without {found.root}", 160)


def removal_files(found: Removal) -> list[Attachment]:
    """Every server in a file; no file if the root's settings have no servers."""
    if not found.members:
        return []
    return [
        Attachment(
            name="without-root.txt",
            title="Every server, with and without the root",
            content=removal_details(found),
        )
    ]


def removal_details(found: Removal) -> str:
    """Every server with its verdict before and after, as text for the file in the thread."""
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
