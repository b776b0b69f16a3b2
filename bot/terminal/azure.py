"""The ARM client for terminal commands, without the SDK's log on the screen."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from bot.azure.client import ArmClient
from bot.azure.configured import configured_client
from bot.settings import AzureSettings

_TALKERS = ("azure", "msal")


def terminal_client(settings: AzureSettings) -> ArmClient:
    """The client for the settings; close it at exit.

    Its libraries' log lines do not go to standard error.
    """
    for name in _TALKERS:
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(
                logging.NullHandler()
            )  # without a handler, logging writes warnings to standard error
    return configured_client(settings, clock=now)


def now() -> datetime:
    """The present instant."""
    return datetime.now(tz=UTC)
