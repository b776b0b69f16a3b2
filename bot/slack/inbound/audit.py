"""The audit log: one record for each invocation, and the ID that finds its run in the log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from uuid import uuid4

from bot.observability.metrics import INVOCATIONS
from bot.slack.invocation import Invocation

audit = logging.getLogger("bot.audit")


def new_run_id() -> str:
    """Eight hex digits, enough to find a run in the log."""
    return uuid4().hex[:8]


def write_audit(invocation: Invocation, outcome: str, *, run_id: str, **more: str) -> None:
    """Write one audit record: who, what, where, the outcome, and the run ID."""
    INVOCATIONS.labels(source=invocation.source.value, outcome=outcome).inc()
    who: Mapping[str, str | None] = {
        "user": invocation.user,
        "team": invocation.team,
        "channel": invocation.channel,
        "thread_ts": invocation.thread,
    }
    audit.info(
        "asked",
        extra={
            **who,
            "source": invocation.source.value,
            "what": invocation.text,
            "outcome": outcome,
            "run_id": run_id,
            **more,
        },
    )
