"""One host or address at its place in an alert, and the role shared by a list of hosts. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import takewhile

from bot.commands.alerts.pages import is_page_host, is_page_path
from bot.commands.alerts.roles import Role
from bot.commands.alerts.text import AlertText
from bot.commands.host_endings import registered_domain
from chainlib.frozen import dataclass

_JOINED = re.compile(
    r"[\s`*_,]*(?:[,;/|+&\u00b7]|and|or|then|plus|as well as|und|et|\s)[\s`*_]*", re.IGNORECASE
)
_FAILS = re.compile(
    r"\b(?:5\d\d|down|fail(?:s|ed|ing|ure)?|unhealthy|critical|unreachable|offline|error|timeout)\b"
    r"|:(?:x|red_circle):|[\U0001f534\u274c]",
    re.IGNORECASE,
)
_FINE = re.compile(
    r"\b(?:2\d\d|up|ok|okay|healthy|passed|online|fine|green)\b"
    r"|:(?:white_check_mark|heavy_check_mark|large_green_circle):|[\U0001f7e2\u2705]",
    re.IGNORECASE,
)
"""The states that rows of a list give."""
_PAGE_LABEL = re.compile(r"(?i)\W{0,4}(?:web\s?)?page\W{1,8}$")
_CAUSE = re.compile(
    r"(?i)\W{0,4}(?:cause|status|error|result|response|reason|code)\W{1,6}(?:\w{1,12}\s){0,3}5\d\d\b"
)
_LOOKUP = re.compile(
    r"(?i)\bnslookup\b|\bnon-authoritative\s+answer|\b(?:can.t|cannot)\s+find\s\S{1,253}:\s"
)
_RESOLVER_HEAD = re.compile(r"(?i)\s*(?:(?:default\s+)?server|address(?:es)?):\s+\S+\s*$")
"""The first two lines of `nslookup`, which give the DNS server."""
_REACH, _CELLS = 120, 4


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


def without_resolvers(found: list[Mention], text: AlertText) -> list[Mention]:
    """The hosts without the DNS servers that `nslookup` and `dig` print: `10.0.0.4#53`.

    Args:
        found: every host of the alert.
        text: the alert that contains them.
    """
    lines = [line.text for line in text.lines]
    heads = {
        place + after
        for place in range(len(lines) - 1)
        for after in (0, 1)
        if lines[place].lower().lstrip().startswith(("server:", "default server:"))
        and all(map(_RESOLVER_HEAD.match, lines[place : place + 2]))
        and any(map(_LOOKUP.search, lines))
    }
    resolvers = {
        one.host for one in found if one.line in heads or lines[one.line][one.end :][:1] == "#"
    }
    return [one for one in found if one.host not in resolvers]


def with_watched_page(found: list[Mention], text: AlertText) -> list[Mention]:
    """The hosts; behind `Page:` is the monitored one if nothing else is named and a cause is told.

    Args:
        found: every host of the alert.
        text: the alert that contains them.
    """
    if any(one.role < Role.PAGE for one in found) or not any(
        _CAUSE.match(f"{line.label}: {line.text}") or _CAUSE.match(line.text) for line in text.lines
    ):
        return found
    return [_watched(one, text) for one in found]


def _watched(one: Mention, text: AlertText) -> Mention:
    line = text.lines[one.line]
    written = line.text[one.start : one.end].rpartition("://")[2]
    is_tool = is_page_path(f"/{written.partition('/')[2]}") or is_page_host(
        one.host, registered_domain(one.host)
    )
    labelled = _PAGE_LABEL.match(line.text[: one.start] or f"{line.label}:")
    return replace(one, role=Role.LABELLED) if labelled and not is_tool else one


def only_failing(mentions: Sequence[Mention], text: AlertText) -> tuple[Mention, ...]:
    """Of rows that each give a host and its state, the one that fails, if the others are fine.

    Args:
        mentions: the hosts among which the roles do not decide.
        text: the alert that contains them.
    """
    if len({one.line for one in mentions}) != len(mentions):
        return tuple(mentions)
    rows = {one.line for one in mentions}
    states = [_state(one, rows, text) for one in mentions]
    failing = [one for one, state in zip(mentions, states, strict=True) if _FAILS.search(state)]
    fine = [state for state in states if _FINE.search(state) and not _FAILS.search(state)]
    is_clear = len(failing) == 1 and len(fine) == len(mentions) - 1
    if not is_clear or not fine:
        return tuple(mentions)
    return (replace(failing[0], role=min(failing[0].role, Role.LABELLED)),)


def _state(one: Mention, rows: set[int], text: AlertText) -> str:
    """What stands behind a host on its line; in a table, the next cells of its row."""
    line = text.lines[one.line].text
    if line[one.end :].strip(" |`*") or line[: one.start].strip(" |`*"):
        return f"{line[: one.start]} {line[one.end :]}"[:_REACH]
    after = range(one.line + 1, min(one.line + _CELLS, len(text.lines)))
    cells = takewhile(lambda number: number not in rows, after)
    return " ".join(text.lines[number].text for number in cells)[:_REACH]


def foremost(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    """The mentions with the strongest role, one for each host."""
    kept = list(mentions)
    best = min((one.role for one in kept), default=None)
    chosen: dict[str, Mention] = {}
    for one in kept:
        if one.role is best:
            chosen.setdefault(one.host, one)
    return tuple(chosen.values())
