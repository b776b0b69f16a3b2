"""Settings: the environment and `appgw.yaml` as one frozen value.

No other package reads the environment.
"""

from bot.settings.load import (
    SettingsError,
    load_azure_settings,
    load_database_settings,
    load_settings,
)
from bot.settings.values import (
    AzureCredential,
    AzureSettings,
    Cloud,
    DatabaseSettings,
    Settings,
    Transport,
)

__all__ = [
    "AzureCredential",
    "AzureSettings",
    "Cloud",
    "DatabaseSettings",
    "Settings",
    "SettingsError",
    "Transport",
    "load_azure_settings",
    "load_database_settings",
    "load_settings",
]
