"""The bot's requests to ARM, compared with those of Azure's generated client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from azure.core import AsyncPipelineClient
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.network.aio import NetworkManagementClient

from bot.azure.connection import Client, Connection
from bot.azure.credentials import StaticCredential
from bot.azure.pipeline import open_session, policies, transport_over
from bot.domain.gateway_ref import GatewayId
from bot.settings.trust import outgoing_trust
from playground.arm import ArmStandIn, GatewaySpec
from tests.support.arm import FAST, TOKEN

SPEC = GatewaySpec(name="prod-gw", group="rg of (prod)")


class Sent(SansIOHTTPPolicy[Any, Any]):
    """The requests that were sent, those for next pages and results included."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Note method and URL, without the ID of an operation, which ARM makes."""
        url = request.http_request.url.partition("/operationResults/")[0]
        self.requests.append((request.http_request.method, url))


@asynccontextmanager
async def both(
    arm: ArmStandIn, ca_file: str
) -> AsyncIterator[tuple[Connection, Sent, NetworkManagementClient, Sent]]:
    """Our connection and the generated client, with what each sends."""
    session = open_session(await asyncio.to_thread(outgoing_trust, ca_file))
    ours, theirs = Sent(), Sent()
    line = await asyncio.to_thread(_ours, arm.url, session, ours)
    generated = await asyncio.to_thread(_theirs, arm.url, session, theirs)
    try:
        yield line, ours, generated, theirs
    finally:
        await session.close()


def _chain(url: str, sent: Sent) -> list[Any]:
    return [*policies(StaticCredential(TOKEN), ("scope",), url, FAST), sent]


def _ours(url: str, session: aiohttp.ClientSession, sent: Sent) -> Connection:
    client: Client = AsyncPipelineClient(
        url, policies=_chain(url, sent), transport=transport_over(session)
    )
    return Connection(
        client=client, credential=StaticCredential(TOKEN), session=session, timing=FAST
    )


def _theirs(url: str, session: aiohttp.ClientSession, sent: Sent) -> NetworkManagementClient:
    return NetworkManagementClient(
        StaticCredential(TOKEN),
        SPEC.subscription,
        url,
        policies=_chain(url, sent),
        transport=transport_over(session),
    )


async def test_requests_are_those_of_the_generated_client(arm: ArmStandIn, ca_file: str) -> None:
    arm.page_size = 1
    for spec in (SPEC, GatewaySpec(name="second-gw")):
        arm.add(spec)
    gateway = GatewayId(subscription=SPEC.subscription, group=SPEC.group, name=SPEC.name)
    async with both(arm, ca_file) as (line, ours, generated, theirs):
        read = [
            await line.gateways(SPEC.subscription),
            await line.public_addresses(SPEC.subscription),
            await line.gateway(gateway),
            await line.backend_health(gateway),
        ]
        operations = generated.application_gateways
        poller = await operations.begin_backend_health(
            gateway.group, gateway.name, polling_interval=FAST.poll_interval
        )
        expected = [
            [one.as_dict() async for one in operations.list_all()],
            [one.as_dict() async for one in generated.public_ip_addresses.list_all()],
            (await operations.get(gateway.group, gateway.name)).as_dict(),
            (await poller.result()).as_dict(),
        ]
    assert read == expected
    assert len(ours.requests) >= 6
    assert sorted(ours.requests) == sorted(theirs.requests)
