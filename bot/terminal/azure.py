"""Azure as it is asked from a terminal.

Quiet, for a refusal is one sentence on the screen and not the SDK's log as well.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from bot.azure.client import ArmClient
from bot.azure.configured import configured_client
from bot.settings import AzureSettings

_TALKERS = ("azure", "msal")


def terminal_client(settings: AzureSettings) -> ArmClient:
    """The client that the settings describe; close it at exit.

    Log lines of its libraries are kept off standard error.
    """
    for name in _TALKERS:
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(
                logging.NullHandler()
            )  # without any, the interpreter writes warnings to standard error
    return configured_client(settings, clock=now)


def now() -> datetime:
    """The present instant."""
    return datetime.now(tz=UTC)
