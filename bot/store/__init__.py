"""The database in SQLAlchemy Core tables, the same on SQLite and on PostgreSQL.

Every function takes a connection, so that callers decide what is one transaction; `Store` opens
them. Instants are aware, UTC.
Only `appgw serve` and `appgw db` load this room.
"""

from bot.store.availability import outage_of
from bot.store.database import Store, StoreLocked, UnusableDatabase, open_store, upgrade
from bot.store.monitor import monitored
from bot.store.retention import export, purge
from bot.store.schema import SchemaNewer
from bot.store.usable import check_database, describe

__all__ = [
    "SchemaNewer",
    "Store",
    "StoreLocked",
    "UnusableDatabase",
    "check_database",
    "describe",
    "export",
    "monitored",
    "open_store",
    "outage_of",
    "purge",
    "upgrade",
]
