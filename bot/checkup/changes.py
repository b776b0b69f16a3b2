"""What changed since green: the last good facts of each backend, and the difference to now in one line. Pure; kept in memory.

The likeliest cause of a new 502 is usually this line. A store may take the memory's place: it keeps `Facts` by a text.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from bot.model.report import CheckReport
from chainlib import Certificate, GatewayPolicy

REMEMBERED = 2000
_WEEK = timedelta(days=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is compared; hostile names among it.

    Attributes:
        at: when it was seen, aware, UTC.
        leaf, issuer, key: the first certificate's SHA-256, its issuer's short name, its key's SHA-256.
        above: SHA-256 -> short name of what else was sent, in order.
        settings: what the gateway demands, name -> value, for people; empty where it was assumed.
    """

    at: datetime
    leaf: str
    issuer: str
    key: str | None
    above: Mapping[str, str]
    settings: Mapping[str, str]


class Memory(Protocol):
    """Where the last good facts are kept."""

    def get(self, key: str) -> Facts | None:
        """What was good last."""

    def put(self, key: str, facts: Facts) -> None:
        """This is good now."""


class RecentFacts:
    """The memory of one process: the backends that were good most recently, at most `size` of them."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._facts: OrderedDict[str, Facts] = OrderedDict()

    def get(self, key: str) -> Facts | None:
        """What was good last, `None` when that is not known."""
        return self._facts.get(key)

    def put(self, key: str, facts: Facts) -> None:
        """Keep it; the one that was good longest ago makes room."""
        self._facts[key] = facts
        self._facts.move_to_end(key)
        if len(self._facts) > self._size:
            self._facts.popitem(last=False)


def changed_since_green(report: CheckReport, memory: Memory) -> str:
    """Remember a good report; for a bad one say what is different since the last good one, empty when nothing is known or different."""
    key, now = key_of(report), facts_of(report)
    if now is None:
        return ""
    if report.verdict.accepted:
        memory.put(key, now)
        return ""
    before = memory.get(key)
    return difference(before, now) if before else ""


def key_of(report: CheckReport) -> str:
    """By what a backend is known again: where it is, and which name it is asked for."""
    target = report.request.target
    return f"{target.host}:{target.port} {target.server_name or ''}"


def facts_of(report: CheckReport) -> Facts | None:
    """What is worth comparing, `None` when no list came or its first entry is unreadable."""
    sent = [one for one in report.chain.certificates if isinstance(one, Certificate)] if report.chain else []
    if not sent:
        return None
    leaf, *above = sent
    return Facts(
        at=report.verdict.at,
        leaf=leaf.sha256,
        issuer=_short(leaf.issuer),
        key=leaf.key_sha256,
        above=MappingProxyType({one.sha256: _short(one.subject) for one in above}),
        settings=MappingProxyType({} if report.request.assumed else _settings(report.request.policy)),
    )


def _settings(policy: GatewayPolicy) -> dict[str, str]:
    roots = sorted(policy.anchors.names.values())
    given = {key: str(value) for key, value in policy.as_json().items()}
    return given | {"probe path": policy.http.path if policy.http else "none", "roots": ", ".join(roots) or policy.trust.value}


def difference(before: Facts, now: Facts) -> str:
    """One line: `Since Tue 21:04 UTC: leaf renewed, issuer R10 -> R11, intermediate no longer sent.`; empty for none."""
    found = [*_leaf(before, now), *_above(before, now), *_demands(before, now)]
    return f"Since {_when(before.at, now.at)}: {', '.join(found)}." if found else ""


def _leaf(before: Facts, now: Facts) -> Iterator[str]:
    if before.leaf == now.leaf:
        return
    yield "leaf renewed with the same key" if before.key == now.key else "leaf renewed"
    if before.issuer != now.issuer:
        yield f"issuer {before.issuer} -> {now.issuer}"


def _above(before: Facts, now: Facts) -> Iterator[str]:
    gone = [name for sha256, name in before.above.items() if sha256 not in now.above]
    new = [name for sha256, name in now.above.items() if sha256 not in before.above]
    if gone and not now.above:
        yield "intermediate no longer sent" if len(gone) == 1 else f"{len(gone)} intermediates no longer sent"
    elif gone:
        yield f"{gone[0]} no longer sent"
    if new:
        yield f"{new[0]} sent anew"
    if not gone and not new and list(before.above) != list(now.above):
        yield "other order"


def _demands(before: Facts, now: Facts) -> Iterator[str]:
    for name, value in now.settings.items():
        was = before.settings.get(name)
        if was is not None and was != value:
            yield f"setting {name.replace('_', ' ')} {was} -> {value}"


def _when(then: datetime, now: datetime) -> str:
    return then.astimezone(UTC).strftime("%a %H:%M UTC" if now - then < _WEEK else "%d %b %H:%M UTC")


def _short(distinguished: str) -> str:
    """The common name where there is one; people say `R11`."""
    parts = dict(part.partition("=")[::2] for part in reversed(distinguished.split(",")))
    return (parts.get("CN") or distinguished)[:60]
