"""The lab: certification authorities, and backends that each have one fault."""
