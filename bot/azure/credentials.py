"""The credential of the process, and the ARM endpoint and token scope that belong to it.

Called by `connection`. azure-identity is imported only when one of its credentials is made, in a
thread, and never for the `static` credential.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Self
from urllib.parse import urlsplit

from azure.core import AzureClouds
from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.mgmt.core.tools import get_arm_endpoints

from bot.azure.settings import ArmSettings

CLOUDS: Mapping[str, AzureClouds] = MappingProxyType(
    {
        "public": AzureClouds.AZURE_PUBLIC_CLOUD,
        "usgov": AzureClouds.AZURE_US_GOVERNMENT,
        "china": AzureClouds.AZURE_CHINA_CLOUD,
    }
)
_AUTHORITIES: Mapping[str, str] = MappingProxyType(
    {
        "usgov": "login.microsoftonline.us",  # as azure.identity.AzureAuthorityHosts
        "china": "login.chinacloudapi.cn",
    }
)
_FOREVER_S = 10**9


class StaticCredential:
    """Returns one configured token; for test servers and for proxies that sign in themselves."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:  # noqa: ANN401 -- the signature is the SDK's
        """Return the token, whatever the scope; it never expires."""
        return AccessToken(self._token, int(time.time()) + _FOREVER_S)

    async def close(self) -> None:
        """Nothing to close."""

    async def __aenter__(self) -> Self:
        """Nothing to open."""
        return self

    async def __aexit__(self, *_details: object) -> None:
        """Nothing to close."""


def endpoint(settings: ArmSettings) -> tuple[str, tuple[str, ...]]:
    """ARM's base URL without a trailing slash, and the scopes of its tokens.

    The scope of a cloud is not always its host (azure-rules section 4.5). An endpoint that is not
    the ARM host of the cloud gets an audience of its own, so that a token for Azure is never sent
    to another host.
    """
    facts = get_arm_endpoints(CLOUDS[settings.cloud])
    official = str(facts["resource_manager"]).rstrip("/")
    url = (settings.arm_url or official).rstrip("/")
    home, host = urlsplit(official).hostname or "", urlsplit(url).hostname or ""
    inside = host == home or host.endswith(f".{home}")
    return url, tuple(facts["credential_scopes"]) if inside else (f"{url}/.default",)


def make_credential(
    settings: ArmSettings, transport: Callable[[], AsyncHttpTransport[Any, Any]]
) -> AsyncTokenCredential:
    """Create the configured credential.

    There is no chain of fallbacks in production, as Microsoft advises (azure-rules section 4.6).

    Args:
        settings: `credential` chooses; an unknown value counts as `managed-identity`.
        transport: makes the HTTP transport to the sign-in service, with our trusted CAs.

    Raises:
        ClientAuthenticationError: a setting that the chosen credential needs is missing.
    """
    try:
        if settings.credential == "static":
            return _static(settings.static_token)
        return _of_identity(settings, transport)
    except ValueError as error:
        raise ClientAuthenticationError(str(error)) from error


def _of_identity(
    settings: ArmSettings, transport: Callable[[], AsyncHttpTransport[Any, Any]]
) -> AsyncTokenCredential:
    from azure.identity import aio as identity  # noqa: PLC0415 -- slow to import, see the module docstring

    authority = (
        {"authority": _AUTHORITIES[settings.cloud]} if settings.cloud in _AUTHORITIES else {}
    )
    match settings.credential:
        case "cli":
            return identity.AzureCliCredential()
        case "default":
            return identity.DefaultAzureCredential(transport=transport(), **authority)
        case "workload-identity":
            return identity.WorkloadIdentityCredential(transport=transport(), **authority)
        case _:
            return identity.ManagedIdentityCredential(
                client_id=settings.client_id, transport=transport()
            )


def _static(token: str | None) -> AsyncTokenCredential:
    if not token:
        raise ValueError("APPGW_AZURE_CREDENTIAL=static needs APPGW_AZURE_STATIC_TOKEN")
    return StaticCredential(token)
