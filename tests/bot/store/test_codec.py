"""Stored values keep the names of their keys, so that another version can read them."""

from __future__ import annotations

import pytest

from bot.digest.compose import compose
from bot.domain.alerts import AlertAnswer, AlertProblem
from bot.domain.digest import DigestContent
from bot.store.codec import dump, load
from tests.support.following import NOW, subscription

ANSWER = AlertAnswer(
    team="T1",
    channel="C1",
    problem=AlertProblem(gateway="/gw", pool="web", cause="EXPIRED"),
    command="gw:prod-gw",
    alerts=("1.1",),
    thread="1.1",
    begun=NOW,
    until=NOW,
    healthy=True,
)
CONTENT = compose(subscription(), (), (), None, NOW)


@pytest.mark.parametrize(
    ("value", "stored", "name"),
    [(ANSWER, "green", "healthy"), (CONTENT, "hushed", "muted_lines")],
    ids=["alert-answer", "digest-content"],
)
def test_stored_key_stays_whatever_its_field(
    value: AlertAnswer | DigestContent, stored: str, name: str
) -> None:
    data = dump(value)
    assert (stored in data, name in data) == (True, False)
    assert load(type(value), data) == value
