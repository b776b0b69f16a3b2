"""What changed since a backend was healthy.

The last healthy facts of each backend, and the difference to now in one line. Pure; kept in memory,
and beyond the process by `bot.checks.learned_facts`.

The likeliest cause of a new 502 is usually this line.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from bot.cards.escaping import short_name
from bot.domain.report import CheckReport
from chainlib import Certificate, GatewayPolicy

REMEMBERED = 2000
_WEEK = timedelta(days=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is compared; hostile names among it.

    Attributes:
        at: when it was seen, aware, UTC.
        leaf, issuer, key: the first certificate's SHA-256, its issuer's short name, its key's
        SHA-256.
        above: SHA-256 -> short name of what else was sent, in order.
        settings: what the gateway demands, name -> value, for people; empty where it was assumed.
    """

    at: datetime
    leaf: str
    issuer: str
    key: str | None
    above: Mapping[str, str]
    settings: Mapping[str, str]


class RecentFacts:
    """The backends that were healthy most recently, at most `size` of them."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._facts: OrderedDict[str, Facts] = OrderedDict()
        self._unsaved: set[str] = set()

    def get(self, key: str) -> Facts | None:
        """The facts of a backend when it was healthy last, `None` when that is not known."""
        return self._facts.get(key)

    def put(self, key: str, facts: Facts) -> None:
        """A backend is healthy now; the one that was healthy longest ago makes room."""
        self._unsaved.add(key)
        self._keep(key, facts)

    def recall(self, key: str, facts: Facts) -> None:
        """Take in what the database holds, unless what is known is newer or not saved yet."""
        known = self._facts.get(key)
        if key not in self._unsaved and (known is None or known.at < facts.at):
            self._keep(key, facts)

    @property
    def unsaved(self) -> dict[str, Facts]:
        """What was put and is not saved."""
        return {key: self._facts[key] for key in self._unsaved}

    def mark_saved(self, written: Mapping[str, Facts]) -> None:
        """These are saved; what was put anew meanwhile is not."""
        self._unsaved -= {key for key, one in written.items() if self._facts.get(key) == one}

    def _keep(self, key: str, facts: Facts) -> None:
        self._facts[key] = facts
        self._facts.move_to_end(key)
        if len(self._facts) > self._size:
            self._unsaved.discard(self._facts.popitem(last=False)[0])


def record_healthy(report: CheckReport, memory: RecentFacts) -> None:
    """Keep the facts of a healthy report, unless it was made with hypothetical settings."""
    facts = (
        facts_of(report) if report.verdict.accepted and not report.request.hypothetical else None
    )
    if facts is not None:
        memory.put(key_of(report), facts)


def changed_since_healthy(report: CheckReport, memory: RecentFacts) -> str:
    """What is different since the backend was healthy.

    Empty for a healthy report, and where nothing is known or different.
    """
    now, before = facts_of(report), memory.get(key_of(report))
    return difference(before, now) if now and before and not report.verdict.accepted else ""


def key_of(report: CheckReport) -> str:
    """By what a backend is known again: where it is, and which name it is asked for.

    Lower case, as names are compared.
    """
    target = report.request.target
    return f"{target.host}:{target.port} {target.server_name or ''}".lower()


def chain_of(facts: Facts) -> dict[str, Any]:
    """The part of the facts that is about the chain, as JSON-ready data."""
    return {
        "leaf": facts.leaf,
        "issuer": facts.issuer,
        "key": facts.key,
        "above": [list(one) for one in facts.above.items()],
    }


def facts_from(at: datetime, chain: object, setting: Mapping[str, Any]) -> Facts | None:
    """The facts out of what `chain_of` made.

    `None` where an older or newer version wrote something else.
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
    """What is worth comparing, `None` when no list came or its first entry is unreadable."""
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
    """The differences in one line, empty for none.

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
