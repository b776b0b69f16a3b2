"""Remembers how each backend was when last healthy, and says what has changed since, in one line.

The likeliest cause of a new 502 is usually in this line. Pure; kept in memory here, and in the
database by `bot.checks.learned_facts`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from bot.cards.escaping import short_name
from bot.domain.report import CheckReport
from chainlib import Certificate, GatewayPolicy
from chainlib.frozen import dataclass

REMEMBERED = 2000
_WEEK = timedelta(days=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The compared facts; hostile names among them.

    Attributes:
        at: when they were observed, time zone aware, UTC.
        leaf, issuer, key: SHA-256 of the leaf, short name of its issuer, SHA-256 of its key.
        above: SHA-256 -> short name of the other presented certificates, in order.
        settings: what the gateway required, name -> value for users; empty if it was assumed.
    """

    at: datetime
    leaf: str
    issuer: str
    key: str | None
    above: Mapping[str, str]
    settings: Mapping[str, str]


class RecentFacts:
    """The facts of the backends that were healthy most recently, at most `size`."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._facts: OrderedDict[str, Facts] = OrderedDict()
        self._unsaved: set[str] = set()

    def get(self, key: str) -> Facts | None:
        """The facts from when a backend was last healthy; `None` if unknown."""
        return self._facts.get(key)

    def put(self, key: str, facts: Facts) -> None:
        """Store the facts of a healthy backend; of too many, the oldest entry is dropped."""
        self._unsaved.add(key)
        self._keep(key, facts)

    def recall(self, key: str, facts: Facts) -> None:
        """Add facts from the database, unless newer or unsaved ones are known."""
        known = self._facts.get(key)
        if key not in self._unsaved and (known is None or known.at < facts.at):
            self._keep(key, facts)

    @property
    def unsaved(self) -> dict[str, Facts]:
        """Facts that are not saved yet."""
        return {key: self._facts[key] for key in self._unsaved}

    def mark_saved(self, written: Mapping[str, Facts]) -> None:
        """Mark facts as saved, except those that changed meanwhile."""
        self._unsaved -= {key for key, one in written.items() if self._facts.get(key) == one}

    def _keep(self, key: str, facts: Facts) -> None:
        self._facts[key] = facts
        self._facts.move_to_end(key)
        if len(self._facts) > self._size:
            self._unsaved.discard(self._facts.popitem(last=False)[0])


def record_healthy(report: CheckReport, memory: RecentFacts) -> None:
    """Store the facts of a healthy report, unless it used hypothetical settings."""
    facts = (
        facts_of(report) if report.verdict.accepted and not report.request.hypothetical else None
    )
    if facts is not None:
        memory.put(key_of(report), facts)


def changed_since_healthy(report: CheckReport, memory: RecentFacts) -> str:
    """What has changed since the backend was healthy.

    Empty for a healthy report, and if nothing is known or different.
    """
    now, before = facts_of(report), memory.get(key_of(report))
    return difference(before, now) if now and before and not report.verdict.accepted else ""


def key_of(report: CheckReport) -> str:
    """The key of a backend: host, port and the name that is sent.

    In lower case, because names are compared without case.
    """
    target = report.request.target
    return f"{target.host}:{target.port} {target.server_name or ''}".lower()


def chain_of(facts: Facts) -> dict[str, Any]:
    """The part of the facts about the chain, as JSON-compatible data."""
    return {
        "leaf": facts.leaf,
        "issuer": facts.issuer,
        "key": facts.key,
        "above": [list(one) for one in facts.above.items()],
    }


def facts_from(at: datetime, chain: object, setting: Mapping[str, Any]) -> Facts | None:
    """Rebuild the facts from the output of `chain_of`.

    `None` if another version wrote a different format.
    """
    try:
        read = dict(chain)  # type: ignore[call-overload]
        above = MappingProxyType({str(sha256): str(name) for sha256, name in read["above"]})
        leaf, issuer, key = str(read["leaf"]), str(read["issuer"]), read["key"]
    except (KeyError, TypeError, ValueError):
        return None
    settings = MappingProxyType({str(name): str(value) for name, value in setting.items()})
    return Facts(
        at=at,
        leaf=leaf,
        issuer=issuer,
        key=key if isinstance(key, str) else None,
        above=above,
        settings=settings,
    )


def facts_of(report: CheckReport) -> Facts | None:
    """The facts of a report; `None` if no chain was presented or its leaf cannot be parsed."""
    sent = (
        [one for one in report.chain.certificates if isinstance(one, Certificate)]
        if report.chain
        else []
    )
    if not sent:
        return None
    leaf, *above = sent
    return Facts(
        at=report.verdict.at,
        leaf=leaf.sha256,
        issuer=short_name(leaf.issuer)[:60],
        key=leaf.key_sha256,
        above=MappingProxyType({one.sha256: short_name(one.subject)[:60] for one in above}),
        settings=MappingProxyType(
            {} if report.request.assumed else _settings(report.request.policy)
        ),
    )


def _settings(policy: GatewayPolicy) -> dict[str, str]:
    roots = sorted(policy.anchors.names.values())
    given = {key: str(value) for key, value in policy.as_json().items()}
    return given | {
        "probe path": policy.http.path if policy.http else "none",
        "roots": ", ".join(roots) or policy.trust.value,
    }


def difference(before: Facts, now: Facts) -> str:
    """The differences in one line; empty if there are none.

    Example: `Since Tue 21:04 UTC: leaf renewed, issuer R10 -> R11, intermediate no longer sent.`
    """
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
        yield (
            "intermediate no longer sent"
            if len(gone) == 1
            else f"{len(gone)} intermediates no longer sent"
        )
    elif gone:
        yield f"{gone[0]} no longer sent"
    if new:
        yield f"{new[0]} newly sent"
    if not gone and not new and list(before.above) != list(now.above):
        yield "other order"


def _demands(before: Facts, now: Facts) -> Iterator[str]:
    for name, value in now.settings.items():
        was = before.settings.get(name)
        if was is not None and was != value:
            yield f"setting {name.replace('_', ' ')} {was} -> {value}"


def _when(then: datetime, now: datetime) -> str:
    return then.astimezone(UTC).strftime(
        "%a %H:%M UTC" if now - then < _WEEK else "%d %b %H:%M UTC"
    )
