"""The history of the schema; Alembic loads what is here, nobody imports it."""
