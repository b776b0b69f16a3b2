"""Subscriptions, observations and observers for tests, every field an override."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from bot.digest.schedule import schedule
from bot.domain.digest import (
    DigestContent,
    FollowedTarget,
    Observation,
    Problem,
    Subscription,
    TargetKind,
    TargetObservation,
)
from bot.domain.refusal import Refusal
from chainlib import Code, Severity

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
GATEWAY = (
    "/subscriptions/s/resourcegroups/rg/providers/microsoft.network/applicationgateways/prod-gw"
)


def answered(answer: T | Refusal) -> T:
    """The answer, where it must not be a refusal."""
    assert not isinstance(answer, Refusal), answer.sentence
    return answer


def gateway(name: str = "prod-gw", **fields: Any) -> FollowedTarget:  # noqa: ANN401 -- overrides of any field
    """A followed gateway."""
    base = FollowedTarget(
        kind=TargetKind.GATEWAY, key=GATEWAY.replace("prod-gw", name), text=f"gw:{name}"
    )
    return replace(base, **fields)


def subscription(**fields: Any) -> Subscription:  # noqa: ANN401 -- overrides of any field
    """A subscription to `gw:prod-gw`, weekdays 09:00 UTC, due at `NOW`."""
    base = Subscription(
        team="T1",
        channel="C1",
        target=gateway(),
        schedule=answered(schedule(zone="UTC")),
        created_by="U1",
        created_at=NOW - timedelta(days=1),
        next_run_at=NOW,
    )
    return replace(base, **fields)


def problem(
    code: Code = Code.INTERMEDIATE_MISSING,
    about: str = "CN=Contoso Issuing CA 3",
    **fields: Any,  # noqa: ANN401 -- overrides of any field
) -> Problem:
    """A problem."""
    return replace(
        Problem(code=code, severity=Severity.CRITICAL, cause=f"{code}:{about}", subject=about),
        **fields,
    )


def backend(
    number: int = 1,
    problems: Sequence[Problem] = (),
    target: FollowedTarget | None = None,
    **fields: Any,  # noqa: ANN401 -- overrides of any field
) -> Observation:
    """The observation of a backend."""
    key = (target or gateway()).key
    label = f"b{number}.contoso.com"
    base = Observation(
        key=f"{key}|shop|https-be|{label}",
        target_key=key,
        label=label,
        gateway=key.rsplit("/", 1)[-1],
        pool="shop",
        setting="https-be",
        problems=tuple(problems),
        fingerprint="f",
    )
    return replace(base, **fields)


class FixedObserver:
    """Always observes the same.

    Args:
        backends: backends of each target.
        broken: how many of them lack an intermediate.
    """

    def __init__(self, backends: int = 3, broken: int = 1) -> None:
        self.backends, self.broken = backends, broken
        self.observed: list[str] = []

    async def observe(self, target: FollowedTarget) -> TargetObservation:
        """The same every time."""
        self.observed.append(target.key)
        seen = [
            backend(n, (problem(),) if n <= self.broken else (), target)
            for n in range(1, self.backends + 1)
        ]
        return TargetObservation(target_key=target.key, seen=tuple(seen))


def render(subscription: Subscription, content: DigestContent) -> dict[str, Any]:
    """A minimal message."""
    return {"text": f"{subscription.id}: {len(content.lines)} lines"}
