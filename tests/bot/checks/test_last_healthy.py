"""What changed since green, in one line, and that the memory is bounded."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.checks.last_healthy import (
    RecentFacts,
    changed_since_healthy,
    difference,
    facts_of,
    record_healthy,
)
from bot.domain.report import CheckReport
from chainlib import HttpProbeRule
from playground.lab.pki import Issued, intermediate, leaf
from tests.support.reports import CASES, HOST, ISSUING, LEAF, ROOT, report

R11 = intermediate(ROOT, "R11")
RENEWED = leaf(R11, HOST)
SAME_KEY = leaf(ISSUING, HOST, key=LEAF.key)
UPPER = intermediate(ROOT, "Contoso Policy CA")


def later(found: CheckReport, delta: timedelta) -> CheckReport:
    return replace(found, verdict=replace(found.verdict, at=found.verdict.at + delta))


def since_green(*sent: Issued, after: timedelta = timedelta(hours=2)) -> str:
    memory = RecentFacts()
    record_healthy(report(LEAF, ISSUING), memory)
    return changed_since_healthy(later(report(*sent), after), memory)


def test_the_line_names_what_is_different() -> None:
    said = since_green(RENEWED)
    assert said == (
        "Since Mon 09:00 UTC: leaf renewed, issuer Contoso Issuing CA 3 -> R11, intermediate "
        "no longer sent."
    )


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ((LEAF,), "intermediate no longer sent"),
        ((SAME_KEY,), "leaf renewed with the same key, intermediate no longer sent"),
        ((LEAF, ROOT, ISSUING), "Contoso Root G2 newly sent"),
        ((RENEWED, ISSUING), "leaf renewed, issuer Contoso Issuing CA 3 -> R11"),
    ],
    ids=["intermediate gone", "same key", "more is sent", "other issuer"],
)
def test_each_difference_has_its_words(sent: tuple[Issued, ...], said: str) -> None:
    assert since_green(*sent) == f"Since Mon 09:00 UTC: {said}."


def test_order_is_a_difference() -> None:
    before, now = facts_of(report(LEAF, ISSUING, UPPER)), facts_of(report(LEAF, UPPER, ISSUING))
    assert before is not None
    assert now is not None
    assert difference(before, now) == "Since Mon 09:00 UTC: other order."


def test_a_setting_is_a_difference() -> None:
    memory = RecentFacts()
    good = report(LEAF, ISSUING)
    record_healthy(good, memory)
    bad = report(LEAF, ISSUING, status=500)
    bad = replace(
        bad,
        request=replace(
            bad.request, policy=replace(bad.request.policy, http=HttpProbeRule(path="/health"))
        ),
    )
    assert (
        changed_since_healthy(bad, memory)
        == "Since Mon 09:00 UTC: setting probe path / -> /health."
    )


def test_longer_ago_names_the_day() -> None:
    assert since_green(LEAF, after=timedelta(days=9)).startswith("Since 23 Nov 09:00 UTC")


def test_clock_without_difference_says_nothing() -> None:
    assert changed_since_healthy(report(LEAF), RecentFacts()) == ""
    assert changed_since_healthy(CASES["dns"](), RecentFacts()) == ""
    memory = RecentFacts()
    record_healthy(report(LEAF, ISSUING), memory)
    assert changed_since_healthy(report(LEAF, ISSUING, status=500), memory) == ""


def test_the_memory_is_bounded() -> None:
    memory = RecentFacts(size=2)
    facts = facts_of(report(LEAF, ISSUING))
    assert facts is not None
    for key in "abca":
        memory.put(key, facts)
    assert [key for key in "abc" if memory.get(key)] == ["a", "c"]


def test_saved_facts_count_where_they_are_newer() -> None:
    now = facts_of(report(LEAF, ISSUING))
    assert now is not None
    memory = RecentFacts(size=2)
    memory.recall("a", now)
    memory.recall("a", replace(now, at=now.at - timedelta(days=1), issuer="older"))
    assert memory.get("a") == now
    newer = replace(now, at=now.at + timedelta(days=1), issuer="newer")
    memory.recall("a", newer)
    assert memory.get("a") == newer
    memory.recall("b", now)
    memory.recall("c", now)
    assert (memory.get("a"), memory.get("c"), memory.unsaved) == (None, now, {})


def test_unsaved_facts_stay_until_they_are_saved() -> None:
    first = facts_of(report(LEAF, ISSUING))
    assert first is not None
    second = replace(first, at=first.at + timedelta(minutes=1))
    memory = RecentFacts(size=2)
    memory.put("a", first)
    memory.recall("a", replace(first, at=first.at + timedelta(days=1)))
    assert memory.unsaved == {"a": first}
    memory.put("a", second)
    memory.mark_saved({"a": first})
    assert memory.unsaved == {"a": second}
    memory.mark_saved({"a": second})
    memory.put("b", first)
    memory.put("c", first)
    memory.put("d", first)
    assert set(memory.unsaved) == {"c", "d"}


def test_what_changed_is_said_without_writing() -> None:
    memory = RecentFacts()
    assert changed_since_healthy(report(LEAF, ISSUING), memory) == ""
    assert memory.unsaved == {}


def test_hypothetical_settings_are_not_last_healthy() -> None:
    memory, good = RecentFacts(), report(LEAF, ISSUING)
    admitted = replace(good, request=replace(good.request, hypothetical=True))
    record_healthy(admitted, memory)
    assert changed_since_healthy(later(report(RENEWED), timedelta(hours=1)), memory) == ""
