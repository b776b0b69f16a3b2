"""The migrations of the schema; loaded by Alembic and imported by nothing else."""
