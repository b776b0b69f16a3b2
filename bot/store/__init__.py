"""The database: SQLAlchemy Core tables and queries, the same on SQLite and PostgreSQL.

Every function takes a connection, so its caller decides what belongs to one transaction; `Store`
opens the connections. Instants are time zone aware, in UTC. Only `appgw serve` and `appgw db`
import this package.
"""

from bot.store.availability import outage_of
from bot.store.database import Store, open_store, upgrade
from bot.store.monitor import monitored
from bot.store.refusals import StoreLocked, UnusableDatabase
from bot.store.retention import export, purge
from bot.store.schema import SchemaUnknown
from bot.store.usable import check_database, describe

__all__ = [
    "SchemaUnknown",
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
