"""The connection to ARM: one credential, one connection pool, one SDK client per subscription.

Used by `client.ArmClient` alone. Functions here may raise the SDK's errors; `ArmClient` turns them
into refusals.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
from azure.core import AsyncPipelineClient
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import HttpResponseError
from azure.core.rest import AsyncHttpResponse, HttpRequest

from bot.azure.arm_json import documents, mapping, text
from bot.azure.credentials import endpoint, make_credential
from bot.azure.errors import UnexpectedAnswer
from bot.azure.pipeline import open_session, policies, transport_over
from bot.azure.settings import ArmSettings, ArmTiming
from bot.domain.gateway_ref import GatewayId
from bot.settings.trust import outgoing_trust

if TYPE_CHECKING:
    from azure.mgmt.network.aio import NetworkManagementClient

SUBSCRIPTIONS_VERSION = "2022-12-01"
MAX_DOCUMENTS = 20_000
"""Of one list; Azure allows 1,000 gateways in a subscription."""
MAX_CLIENTS = 50
"""One for each subscription; without APPGW_SUBSCRIPTIONS users may type any."""


@dataclass(slots=True, kw_only=True)
class Connection:
    """An open connection to ARM.

    Attributes:
        url: base URL of ARM, without a trailing slash.
        scopes: OAuth scopes of the tokens.
        credential: gives the tokens.
        session: the connection pool.
        timing: retries, poll interval and time budgets.
    """

    url: str
    scopes: tuple[str, ...]
    credential: AsyncTokenCredential
    session: aiohttp.ClientSession
    timing: ArmTiming
    _clients: dict[str, NetworkManagementClient] = field(default_factory=dict)

    async def subscriptions(self) -> tuple[str, ...]:
        """The ids of the enabled subscriptions that the identity can see."""
        client: AsyncPipelineClient[HttpRequest, AsyncHttpResponse] = await asyncio.to_thread(
            self._plain_client
        )
        found: list[str] = []
        seen: set[str] = set()
        url: str | None = f"{self.url}/subscriptions?api-version={SUBSCRIPTIONS_VERSION}"
        while url:
            _refuse_endless(url, seen, len(found))
            page = mapping(await _get_json(client, url))
            found += (
                text(item.get("subscriptionId"))
                for item in documents(page.get("value"))
                if _usable(item)
            )
            url = text(page.get("nextLink")) or None
        return tuple(filter(None, found))

    async def gateways(self, subscription: str) -> list[Mapping[str, Any]]:
        """Every gateway of one subscription, with its whole configuration."""
        client = await self._client(subscription)
        return await _all(client.application_gateways.list_all())

    async def public_addresses(self, subscription: str) -> list[Mapping[str, Any]]:
        """Every public IP address of one subscription.

        Needs the right `Microsoft.Network/publicIPAddresses/read`.
        """
        client = await self._client(subscription)
        return await _all(client.public_ip_addresses.list_all())

    async def gateway(self, identity: GatewayId) -> Mapping[str, Any]:
        """Read one gateway."""
        client = await self._client(identity.subscription)
        return await client.application_gateways.get(identity.group, identity.name)

    async def backend_health(self, identity: GatewayId) -> Mapping[str, Any]:
        """Read the backend health of every server; ARM needs 10 s and more."""
        operations = (await self._client(identity.subscription)).application_gateways
        poller = await operations.begin_backend_health(
            identity.group, identity.name, polling_interval=self.timing.poll_interval
        )
        return await poller.result()

    async def close(self) -> None:
        """Close the credential and the connections."""
        await self.credential.close()
        await self.session.close()

    async def _client(self, subscription: str) -> NetworkManagementClient:
        """The client of a subscription; the one that was used longest ago makes room."""
        key = subscription.lower()
        client = self._clients.pop(key, None)
        if client is None:
            client = await asyncio.to_thread(self._new_client, subscription)
        self._clients[key] = client
        while len(self._clients) > MAX_CLIENTS:  # they share the session; nothing to close
            del self._clients[next(iter(self._clients))]
        return client

    def _new_client(self, subscription: str) -> NetworkManagementClient:
        # Imported late and in this thread: the models of all Azure network services take 45 MB and
        # a quarter of the bot's start time.
        from azure.mgmt.network.aio import NetworkManagementClient  # noqa: PLC0415 -- see above

        return NetworkManagementClient(
            self.credential,
            subscription,
            self.url,
            credential_scopes=list(self.scopes),
            policies=policies(self.credential, self.scopes, self.url, self.timing),
            transport=transport_over(self.session),
        )

    def _plain_client(self) -> AsyncPipelineClient[HttpRequest, AsyncHttpResponse]:
        chain = policies(self.credential, self.scopes, self.url, self.timing)
        return AsyncPipelineClient(self.url, policies=chain, transport=transport_over(self.session))


async def open_connection(settings: ArmSettings, timing: ArmTiming) -> Connection:
    """Create the credential, the session and the connection; sends nothing yet.

    Raises:
        OSError: the configured CA file cannot be read.
        ClientAuthenticationError: a setting that the chosen credential needs is missing.
    """
    logging.getLogger("azure").setLevel(logging.WARNING)
    url, scopes = endpoint(settings)
    session = open_session(await asyncio.to_thread(outgoing_trust, settings.ca_bundle))
    try:
        credential = await asyncio.to_thread(
            make_credential, settings, partial(transport_over, session)
        )
    except BaseException:
        await session.close()
        raise
    return Connection(url=url, scopes=scopes, credential=credential, session=session, timing=timing)


async def _all(paged: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401 -- the SDK's pager is typed by its models
    """Every document of a list."""
    found: list[Mapping[str, Any]] = []
    seen: set[str] = set()
    pages = paged.by_page()
    async for page in pages:
        found += [document async for document in page]
        if pages.continuation_token:
            _refuse_endless(pages.continuation_token, seen, len(found))
    return found


def _refuse_endless(link: str, seen: set[str], documents: int) -> None:
    """Refuse a list whose next page was read before, or that does not end."""
    if link in seen or documents > MAX_DOCUMENTS:
        raise UnexpectedAnswer("a list without end")
    seen.add(link)


async def _get_json(
    client: AsyncPipelineClient[HttpRequest, AsyncHttpResponse], url: str
) -> object:
    response = await client.send_request(HttpRequest("GET", url))
    if response.status_code != 200:  # noqa: PLR2004 -- only status 200 carries a list
        raise HttpResponseError(response=response)
    return response.json()


def _usable(item: Mapping[str, object]) -> bool:
    return text(item.get("state")).lower() not in {"disabled", "deleted"}
