"""The connection to ARM: one credential, one connection pool, and the five requests of the bot.

Used by `client.ArmClient` alone. Functions here may raise the SDK's errors; `ArmClient` turns them
into refusals.

The requests are those of azure-mgmt-network, which is not imported: its models of all of Azure's
network services take 41 MB and a quarter of the start (docs/decisions/0002-dependencies.md). A test
compares them with what it sends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import aiohttp
from azure.core import AsyncPipelineClient
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline import PipelineResponse
from azure.core.polling import AsyncLROPoller
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.mgmt.core.exceptions import ARMErrorFormat
from azure.mgmt.core.polling.async_arm_polling import AsyncARMPolling

from bot.azure.arm_json import mapping, text
from bot.azure.credentials import endpoint, make_credential
from bot.azure.pipeline import open_session, policies, transport_over
from bot.azure.settings import ArmSettings, ArmTiming
from bot.domain.gateway_ref import GatewayId
from bot.settings.trust import outgoing_trust

Client = AsyncPipelineClient[HttpRequest, AsyncHttpResponse]

SUBSCRIPTIONS_VERSION = "2022-12-01"
NETWORK_VERSION = "2026-03-01"
"""The API version of azure-mgmt-network 33.1."""

_HEADERS = {"Accept": "application/json"}


@dataclass(slots=True, kw_only=True)
class Connection:
    """An open connection to ARM.

    Attributes:
        client: sends requests through the policies of `pipeline`.
        credential: gives the tokens.
        session: the connection pool.
        timing: retries, poll interval and time budgets.
    """

    client: Client
    credential: AsyncTokenCredential
    session: aiohttp.ClientSession
    timing: ArmTiming

    async def subscriptions(self) -> tuple[str, ...]:
        """The ids of the enabled subscriptions that the identity can see."""
        found = await self._list("/subscriptions", SUBSCRIPTIONS_VERSION)
        return tuple(
            filter(None, (text(one.get("subscriptionId")) for one in found if _usable(one)))
        )

    async def gateways(self, subscription: str) -> list[Mapping[str, Any]]:
        """Every gateway of one subscription, with its whole configuration."""
        return await self._list(_network(subscription, "applicationGateways"), NETWORK_VERSION)

    async def public_addresses(self, subscription: str) -> list[Mapping[str, Any]]:
        """Every public IP address of one subscription.

        Needs the right `Microsoft.Network/publicIPAddresses/read`.
        """
        return await self._list(_network(subscription, "publicIPAddresses"), NETWORK_VERSION)

    async def gateway(self, identity: GatewayId) -> Mapping[str, Any]:
        """Read one gateway."""
        return mapping(await self._get(self._url(_gateway(identity), NETWORK_VERSION)))

    async def backend_health(self, identity: GatewayId) -> object:
        """Read the backend health of every server; ARM needs 10 s and more."""
        url = self._url(f"{_gateway(identity)}/backendhealth", NETWORK_VERSION)
        begun = await self._begin(HttpRequest("POST", url, headers=_HEADERS))
        polling = AsyncARMPolling(self.timing.poll_interval)
        poller: AsyncLROPoller[object] = AsyncLROPoller(
            self.client, begun, lambda ended: ended.http_response.json(), polling
        )
        return await poller.result()

    async def close(self) -> None:
        """Close the credential and the connections."""
        await self.credential.close()
        await self.session.close()

    def _url(self, path: str, version: str) -> str:
        return f"{self.client.format_url(path)}?api-version={version}"

    async def _get(self, url: str) -> object:
        response = await self.client.send_request(HttpRequest("GET", url, headers=_HEADERS))
        if response.status_code != HTTPStatus.OK:
            raise _refused(response)
        return response.json()

    async def _list(self, path: str, version: str) -> list[Mapping[str, Any]]:
        """The items of every page of a list; one that is no object is empty."""
        found: list[Mapping[str, Any]] = []
        url = self._url(path, version)
        while url:
            page = mapping(await self._get(self.client.format_url(url)))
            items = page.get("value")
            found += map(mapping, items if isinstance(items, list) else ())
            url = text(page.get("nextLink"))
        return found

    async def _begin(
        self, request: HttpRequest
    ) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        """Begin a long-running operation.

        The body is not decoded, since that of a 202 says nothing.
        """
        # As the SDK's own poller asks; it begins with such a response.
        begun = cast(
            "PipelineResponse[HttpRequest, AsyncHttpResponse]",
            await self.client.send_request(request, stream=True, _return_pipeline_response=True),
        )
        await begun.http_response.read()
        if begun.http_response.status_code not in {HTTPStatus.OK, HTTPStatus.ACCEPTED}:
            raise _refused(begun.http_response)
        return begun


async def open_connection(settings: ArmSettings, timing: ArmTiming) -> Connection:
    """Create the credential, the session and the connection; sends nothing yet.

    Raises:
        OSError: the configured CA file cannot be read.
        ClientAuthenticationError: a setting that the chosen credential needs is missing.
    """
    logging.getLogger("azure").setLevel(logging.WARNING)
    session = open_session(await asyncio.to_thread(outgoing_trust, settings.ca_bundle))
    try:
        # In a thread: azure-identity is imported, and a program is run for the name of the system.
        return await asyncio.to_thread(_connection, settings, session, timing)
    except BaseException:
        await session.close()
        raise


def _connection(
    settings: ArmSettings, session: aiohttp.ClientSession, timing: ArmTiming
) -> Connection:
    url, scopes = endpoint(settings)
    credential = make_credential(settings, partial(transport_over, session))
    chain = policies(credential, scopes, url, timing)
    client: Client = AsyncPipelineClient(url, policies=chain, transport=transport_over(session))
    return Connection(client=client, credential=credential, session=session, timing=timing)


def _network(subscription: str, kind: str) -> str:
    return f"/subscriptions/{quote(subscription, safe='')}/providers/Microsoft.Network/{kind}"


def _gateway(identity: GatewayId) -> str:
    subscription, group, name = (
        quote(part, safe="") for part in (identity.subscription, identity.group, identity.name)
    )
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.Network/applicationGateways/{name}"
    )


def _refused(response: AsyncHttpResponse) -> HttpResponseError:
    return HttpResponseError(response=response, error_format=ARMErrorFormat)


def _usable(item: Mapping[str, object]) -> bool:
    return text(item.get("state")).lower() not in {"disabled", "deleted"}
