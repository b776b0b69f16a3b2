"""The definitions of all tables.

A change here needs a migration; a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)


class Instant(TypeDecorator[datetime]):
    """A time zone aware instant in UTC; SQLite has no zones, so it is stored there without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive instant and convert others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"A naive instant cannot be stored: {value!r}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 -- the signature is SQLAlchemy's
        """Make the instant time zone aware again."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)


def _column(name: str, kind: Any, **options: Any) -> Column[Any]:  # noqa: ANN401 -- SQLAlchemy's own types are as wide
    return Column(name, kind, **({"nullable": False} | options))


subscription = Table(
    "subscription",
    metadata,
    _column("id", Integer, primary_key=True, autoincrement=True),
    _column("team", String(32)),
    _column("channel", String(32)),
    _column("target_key", String(400)),
    _column("next_run_at", Instant),
    _column("paused", Text, nullable=True),
    _column("rev", Integer),
    _column("body", JSON),
    Index("ix_subscription_due", "next_run_at"),
    Index("ix_subscription_channel", "team", "channel"),
    Index("ix_subscription_target_key", "target_key"),
)

mute = Table(
    "mute",
    metadata,
    _column("id", Integer, primary_key=True, autoincrement=True),
    _column("team", String(32)),
    _column("channel", String(32)),
    _column("target_key", String(400)),
    _column("ends", Instant),
    _column("body", JSON),
    Index("ix_mute_channel", "team", "channel"),
)

followed = Table(
    "followed",
    metadata,
    _column("key", String(400), primary_key=True),
    _column("next_look_at", Instant),
    _column("body", JSON),
    Index("ix_followed_next_look_at", "next_look_at"),
)

backend_state = Table(
    "backend_state",
    metadata,
    _column("key", String(800), primary_key=True),
    _column("target_key", String(400)),
    _column("last_seen", Instant),
    _column("not_after", Instant, nullable=True),
    _column("body", JSON),
    Index("ix_backend_state_target_key", "target_key"),
)

backend_event = Table(
    "backend_event",
    metadata,
    _column("id", Integer, primary_key=True, autoincrement=True),
    _column("key", String(800)),
    _column("target_key", String(400)),
    _column("at", Instant),
    _column("change", String(16)),
    _column("detail", Text),
    Index("ix_backend_event_key", "key", "at"),
    Index("ix_backend_event_at", "at"),
)

expiry_sample = Table(
    "expiry_sample",
    metadata,
    _column("key", String(800), primary_key=True),
    _column("day", String(10), primary_key=True),
    _column("not_after", Instant),
)

digest_run = Table(
    "digest_run",
    metadata,
    _column("id", String(64), primary_key=True),
    _column("subscription", Integer),
    _column("team", String(32)),
    _column("channel", String(32)),
    _column("target_key", String(400)),
    _column("due_at", Instant),
    _column("state", String(16)),
    _column("check", String(500)),
    _column("outcome", String(16), nullable=True),
    _column("content", JSON(none_as_null=True), nullable=True),
    _column("message", JSON(none_as_null=True), nullable=True),
    _column("claimed_at", Instant),
    _column("finished_at", Instant, nullable=True),
    Index("ix_digest_run_check", "check"),
    Index("ix_digest_run_state", "state", "claimed_at"),
    Index("ix_digest_run_last", "subscription", "outcome", "due_at"),
)

delivery = Table(
    "delivery",
    metadata,
    _column("id", String(100), primary_key=True),
    _column("channel", String(32)),
    _column("state", String(16)),
    _column("attempts", Integer),
    _column("first_attempt_at", Instant, nullable=True),
    _column("attempt_at", Instant, nullable=True),
    _column("owner", String(200)),
    _column("epoch", Integer),
    _column("doubtful", Boolean),
    _column("ts", String(40), nullable=True),
    _column("error", Text, nullable=True),
    _column("planned_at", Instant),
    Index("ix_delivery_planned_at", "planned_at"),
)

delivery_channel = Table(
    "delivery_channel",
    metadata,
    _column("channel", String(32), primary_key=True),
    _column("next_allowed_at", Instant, nullable=True),
    _column("blocked_until", Instant, nullable=True),
)

replica = Table(
    "replica",
    metadata,
    _column("id", String(200), primary_key=True),
    _column("epoch", Integer),
    _column("beat", Integer),
    _column("dead", Boolean),
)

watch = Table(
    "watch",
    metadata,
    _column("id", String(100), primary_key=True),
    _column("team", String(32)),
    _column("channel", String(32)),
    _column("until", Instant),
    _column("body", JSON),
    Index("ix_watch_until", "until"),
)

last_good = Table(
    "last_good",
    metadata,
    _column("key", String(800), primary_key=True),
    _column("at", Instant),
    _column("chain", JSON),
    _column("setting", JSON),
)

learnt_intermediate = Table(
    "learnt_intermediate",
    metadata,
    _column("sha256", String(64), primary_key=True),
    _column("subject", Text),
    _column("key_id", String(128)),
    _column("der", LargeBinary),
    _column("source", Text),
    _column("seen_at", Instant),
)

channel_setting = Table(
    "channel_setting",
    metadata,
    _column("team", String(32), primary_key=True),
    _column("channel", String(32), primary_key=True),
    _column("zone", String(64)),
)

shared_channel = Table(
    "shared_channel",
    metadata,
    _column("team", String(32), primary_key=True),
    _column("channel", String(32), primary_key=True),
    _column("consent_by", String(32), nullable=True),
    _column("at", Instant),
)

alert_channel = Table(
    "alert_channel",
    metadata,
    _column("team", String(32), primary_key=True),
    _column("channel", String(32), primary_key=True),
    _column("user", String(32)),
    _column("at", Instant),
)

alert_answer = Table(
    "alert_answer",
    metadata,
    _column("id", String(64), primary_key=True),
    _column("team", String(32)),
    _column("channel", String(32)),
    _column("until", Instant),
    _column("look_at", Instant),
    _column("green", Boolean),
    _column("body", JSON),
    Index("ix_alert_answer_until", "until"),
)

recent_host = Table(
    "recent_host",
    metadata,
    _column("team", String(32), primary_key=True),
    _column("user", String(32), primary_key=True),
    _column("target", String(400), primary_key=True),
    _column("at", Instant),
)

processed = Table(
    "processed",
    metadata,
    _column("id", String(200), primary_key=True),
    _column("at", Instant),
    Index("ix_processed_at", "at"),
)

audit = Table(
    "audit",
    metadata,
    _column("id", Integer, primary_key=True, autoincrement=True),
    _column("at", Instant),
    _column("team", String(32)),
    _column("channel", String(32)),
    _column("user", String(32)),
    _column("action", String(40)),
    _column("detail", Text),
    Index("ix_audit_at", "at"),
)
