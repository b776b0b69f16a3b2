"""The ARM client that the settings describe; composition for those who start a process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.azure.client import ArmClient
from bot.azure.settings import ArmSettings
from bot.settings import AzureSettings


def arm_settings(settings: AzureSettings) -> ArmSettings:
    """How ARM is reached, as plain values."""
    token = settings.azure_static_token
    return ArmSettings(
        subscriptions=settings.subscriptions,
        credential=settings.azure_credential.value,
        static_token=token.get_secret_value() if token else None,
        cloud=settings.cloud.value,
        arm_url=settings.arm_url,
        client_id=settings.azure_client_id,
        ca_bundle=str(settings.ca_bundle) if settings.ca_bundle else None,
    )


def configured_client(settings: AzureSettings, *, clock: Callable[[], datetime]) -> ArmClient:
    """A client that nothing has been asked of yet; close it at exit."""
    return ArmClient(arm_settings(settings), clock=clock)
