"""One host or address at its place in an alert, and the role shared by a list of hosts. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.commands.alert_pages import is_page_path
from bot.commands.alert_text import AlertText
from bot.commands.alert_words import Role

_JOINED = re.compile(
    r"[\s`*_,]*(?:[,;/|+&\u00b7]|and|or|then|plus|as well as|und|et|\s)[\s`*_]*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One host or address at one place.

    Attributes:
        host: lower case, without brackets.
        port: as written; `None` if none was.
        role: its role in the alert.
        line: number of its line.
        start: where it begins on the line.
        end: where it ends.
    """

    host: str
    port: int | None
    role: Role
    is_ip: bool
    line: int = 0
    start: int = 0
    end: int = 0


def side_by_side(found: list[Mention], text: AlertText) -> list[Mention]:
    """Give hosts of one list the same role: `A and B return 502`, `hosts A, B`.

    Args:
        found: the mentions in the order of the text; the list is changed.
        text: the alert that contains them.
    """
    for place in range(len(found) - 1, 0, -1):
        first, second = found[place - 1], found[place]
        joined = _is_joined(first, second, text)
        if joined and first.role is Role.NAMED and second.role is Role.SUBJECT:
            found[place - 1] = replace(first, role=second.role)
    for place in range(1, len(found)):
        first, second = found[place - 1], found[place]
        said = first.role in {Role.BACKEND, Role.LABELLED, Role.SUBJECT}
        weaker = first.role < second.role <= Role.NAMED
        if said and weaker and _is_joined(first, second, text):
            found[place] = replace(second, role=first.role)
        link = text.lines[second.line].text[second.start : second.end]
        beside = first.line == second.line and first.role <= second.role is Role.LABELLED
        if beside and "://" in link and is_page_path(link.partition("://")[2]):
            found[place] = replace(second, role=Role.PAGE)
    return found


def _is_joined(first: Mention, second: Mention, text: AlertText) -> bool:
    between = text.lines[first.line].text[first.end : second.start]
    return first.line == second.line and bool(_JOINED.fullmatch(between))


def foremost(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    """The mentions with the strongest role, one for each host."""
    kept = list(mentions)
    best = min((one.role for one in kept), default=None)
    chosen: dict[str, Mention] = {}
    for one in kept:
        if one.role is best:
            chosen.setdefault(one.host, one)
    return tuple(chosen.values())
