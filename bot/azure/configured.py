"""Makes the ARM client from the settings; called by the bot's start and by `appgw`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.azure.client import ArmClient
from bot.azure.settings import ArmSettings
from bot.settings import AzureSettings


def arm_settings(settings: AzureSettings) -> ArmSettings:
    """The part of the settings that says how ARM is reached."""
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
    """Make a client that has made no request yet; the caller closes it."""
    return ArmClient(arm_settings(settings), clock=clock)
