"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table of the first version."""
    _follow()
    _backends()
    _digest_runs()
    _deliveries()
    _memory()


def _follow() -> None:
    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("team", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("target_key", sa.String(length=400), nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused", sa.Text(), nullable=True),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
    )
    op.create_index("ix_subscription_channel", "subscription", ["team", "channel"], unique=False)
    op.create_index("ix_subscription_due", "subscription", ["next_run_at"], unique=False)
    op.create_index("ix_subscription_target_key", "subscription", ["target_key"], unique=False)
    op.create_table(
        "mute",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("team", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("target_key", sa.String(length=400), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mute")),
    )
    op.create_index("ix_mute_channel", "mute", ["team", "channel"], unique=False)
    op.create_table(
        "followed",
        sa.Column("key", sa.String(length=400), nullable=False),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_followed")),
    )
    op.create_index("ix_followed_next_look_at", "followed", ["next_look_at"], unique=False)
    op.create_table(
        "channel_setting",
        sa.Column("team", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("team", "channel", name=op.f("pk_channel_setting")),
    )


def _backends() -> None:
    op.create_table(
        "backend_state",
        sa.Column("key", sa.String(length=800), nullable=False),
        sa.Column("target_key", sa.String(length=400), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_backend_state")),
    )
    op.create_index("ix_backend_state_target_key", "backend_state", ["target_key"], unique=False)
    op.create_table(
        "backend_event",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=800), nullable=False),
        sa.Column("target_key", sa.String(length=400), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("change", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backend_event")),
    )
    op.create_index("ix_backend_event_at", "backend_event", ["at"], unique=False)
    op.create_index("ix_backend_event_key", "backend_event", ["key", "at"], unique=False)
    op.create_table(
        "expiry_sample",
        sa.Column("key", sa.String(length=800), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", "day", name=op.f("pk_expiry_sample")),
    )
    op.create_table(
        "last_good",
        sa.Column("key", sa.String(length=800), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("chain", sa.JSON(), nullable=False),
        sa.Column("setting", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_last_good")),
    )
    op.create_table(
        "learnt_intermediate",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("key_id", sa.String(length=128), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_learnt_intermediate")),
    )


def _digest_runs() -> None:
    op.create_table(
        "digest_run",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("subscription", sa.Integer(), nullable=False),
        sa.Column("team", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("target_key", sa.String(length=400), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("check", sa.String(length=500), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("content", sa.JSON(), nullable=True),
        sa.Column("message", sa.JSON(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest_run")),
    )
    op.create_index("ix_digest_run_check", "digest_run", ["check"], unique=False)
    op.create_index(
        "ix_digest_run_last", "digest_run", ["subscription", "outcome", "due_at"], unique=False
    )
    op.create_index("ix_digest_run_state", "digest_run", ["state", "claimed_at"], unique=False)


def _deliveries() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("doubtful", sa.Boolean(), nullable=False),
        sa.Column("ts", sa.String(length=40), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index("ix_delivery_planned_at", "delivery", ["planned_at"], unique=False)
    op.create_table(
        "delivery_channel",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("next_allowed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_delivery_channel")),
    )
    op.create_table(
        "replica",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.Column("dead", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replica")),
    )


def _memory() -> None:
    op.create_table(
        "watch",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("team", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch")),
    )
    op.create_index("ix_watch_until", "watch", ["until"], unique=False)
    op.create_table(
        "recent_host",
        sa.Column("team", sa.String(length=32), nullable=False),
        sa.Column("user", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=400), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("team", "user", "target", name=op.f("pk_recent_host")),
    )
    op.create_table(
        "processed",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processed")),
    )
    op.create_index("ix_processed_at", "processed", ["at"], unique=False)
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("team", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("user", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
