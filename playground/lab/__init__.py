"""The lab: a certification authority made at start and backends that are each broken in one way."""
