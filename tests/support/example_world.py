"""The network of the documents' examples.

Its names lead to servers on loopback, so each command runs exactly as it is written. Only name
resolution and routing are replaced: getaddrinfo(3) and connect(2).
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from playground.arm import ArmStandIn, GatewaySpec, PoolSpec, RuleSpec, SettingSpec
from playground.arm.documents import ServerKey
from playground.lab import pki
from playground.lab.authority import url
from playground.lab.publisher import Publisher
from playground.lab.servers import TlsBackend
from playground.slack import Message, SlackStandIn
from playground.slack.state import Channel, OpenView
from playground.text import render
from tests.support.examples import Example, is_true
from tests.support.wholebot import World, whole_bot

DAY = timedelta(days=1)
USER = "U0ONCALL"
PATIENCE_S = 60.0
BACKEND, API, WEB = "backend.contoso.com", "api.contoso.com", "web.contoso.com"
PUBLISHER = "pki.contoso.com"
ADDRESSES = {BACKEND: "10.0.0.5", API: "10.0.0.6", WEB: "10.0.0.7", PUBLISHER: "10.0.0.20"}
SERVERS = (BACKEND, API, WEB)
MISSING = (
    "The Intermediate certificate is missing from the certificate chain presented by the backend "
    "server. Ensure the certificate chain is complete and correctly ordered on the backend server."
)
Routes = dict[tuple[str, int], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """The certificates of the examples, valid today."""

    now: datetime
    root: pki.Issued
    issuing: pki.Issued
    leaf: pki.Issued

    @classmethod
    def make(cls, now: datetime) -> Estate:
        """A root, an issuing CA, and the certificate of a server that omits its intermediate."""
        dates = {"not_before": now - 1500 * DAY, "not_after": now + 1500 * DAY}
        root = pki.root("Contoso Root G2", **dates)
        issuing = pki.intermediate(root, "Contoso Issuing CA 3", **dates)
        return cls(now=now, root=root, issuing=issuing, leaf=_leaf(now, issuing, BACKEND, 300))

    def servers(self) -> dict[str, TlsBackend]:
        """Three servers: one sends its leaf alone, one is correct, one expires in five days."""
        ends = {API: 300, WEB: 5}
        leaves = {host: _leaf(self.now, self.issuing, host, days) for host, days in ends.items()}
        whole = {host: _server(leaf, self.issuing) for host, leaf in leaves.items()}
        return {BACKEND: _server(self.leaf), **whole}

    def files(self) -> dict[str, bytes]:
        """The files in the reader's folder."""
        return {
            "corp-root.cer": self.root.pem,
            "certificates/corp-root.cer": self.root.pem,
            "leaf.pem": self.leaf.pem,
            "fullchain.pem": self.leaf.pem + self.issuing.pem,
        }

    def arm_identity(self) -> pki.Issued:
        """The certificate of the simulated ARM."""
        dates = {"not_before": self.now - DAY, "not_after": self.now + 30 * DAY}
        return pki.leaf(self.root, "localhost", ips=("127.0.0.1",), **dates)

    def gateway(self) -> GatewaySpec:
        """prod-gw: one pool, one setting, one site."""
        setting = SettingSpec(name="https-be", pick_host=True, roots=("corp-root-2024",))
        return GatewaySpec(
            name="prod-gw",
            pools=(PoolSpec(name="shop", fqdns=SERVERS),),
            settings=(setting,),
            roots={"corp-root-2024": self.root.certificate},
            rules=(RuleSpec(pool="shop", setting="https-be", hosts=("shop.contoso.com",)),),
        )


def words() -> dict[ServerKey, tuple[str, str]]:
    """Backend health of the servers."""
    return {("shop", "https-be", BACKEND): ("Unhealthy", MISSING)}


def _leaf(now: datetime, issuer: pki.Issued, host: str, days: int) -> pki.Issued:
    dates = {"not_before": now - 60 * DAY, "not_after": now + days * DAY}
    return pki.leaf(issuer, host, ca_issuers=(url(f"http://{PUBLISHER}", issuer),), **dates)


def _server(leaf: pki.Issued, *issuers: pki.Issued) -> TlsBackend:
    return TlsBackend(chain=[one.certificate for one in (leaf, *issuers)], key=leaf.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleWorld:
    """The running servers and the bot.

    Attributes:
        slack: the simulated Slack.
        settings: the reader's environment variables.
        files: name -> content of the files in the reader's folder.
        loop: the event loop that runs everything.
    """

    slack: SlackStandIn
    settings: Mapping[str, str]
    files: Mapping[str, bytes]
    loop: asyncio.AbstractEventLoop

    def ask(self, example: Example, channel: str) -> list[str]:
        """Send a command in a channel, and wait for the answer (or modal) that the page shows.

        Returns:
            The answers; only the right one if there was one.
        """
        asked = asyncio.run_coroutine_threadsafe(self._ask(example, channel), self.loop)
        return asked.result(2 * PATIENCE_S)

    async def _ask(self, example: Example, channel: str) -> list[str]:
        self.slack.workspace.channels.setdefault(channel, Channel(id=channel, name="incident"))
        before = {id(message) for message in self._answers(channel)}
        await self.slack.command(example.command.partition(" ")[2], channel=channel, user=USER)

        def new() -> list[str]:
            posts = [_read(one) for one in self._answers(channel) if id(one) not in before]
            return [*posts, *map(_form, self.slack.workspace.views.values())]

        try:
            return await self.slack.until(
                lambda: [one for one in new() if is_true(example.shown, one)], PATIENCE_S
            )
        except TimeoutError:
            return new()

    def _answers(self, channel: str) -> list[Message]:
        return [*self.slack.messages(channel), *self.slack.ephemerals(USER)]


def _read(message: Message) -> str:
    return "\n".join(render(message.blocks)) or message.text


def _form(opened: OpenView) -> str:
    return f"[{opened.view['title']['text']}]"


@contextmanager
def example_world(folder: Path) -> Iterator[ExampleWorld]:
    """Start everything in a thread, and redirect the examples' names there."""
    made: list[ExampleWorld] = []
    routes: Routes = {}
    ready, over = threading.Event(), threading.Event()

    async def live() -> None:
        async with _running(folder, routes) as world:
            made.append(world)
            ready.set()
            await asyncio.to_thread(over.wait)

    def begin() -> None:
        try:
            asyncio.run(live())
        finally:
            ready.set()

    thread = threading.Thread(target=begin, name="examples")
    with pytest.MonkeyPatch.context() as patch:
        _lead_to_loopback(patch, routes)
        thread.start()
        ready.wait()
        try:
            assert made, "the servers of the examples did not start"
            yield made[0]
        finally:
            over.set()
            thread.join(PATIENCE_S)


def _lead_to_loopback(patch: pytest.MonkeyPatch, routes: Routes) -> None:
    lookup, connect = socket.getaddrinfo, socket.socket.connect

    def resolve(host: Any, port: Any, *more: Any, **given: Any) -> Any:  # noqa: ANN401 -- getaddrinfo(3) as it is
        if str(host).endswith(".contoso.com") and host not in ADDRESSES:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return lookup(ADDRESSES.get(host, host), port, *more, **given)

    def route(self: socket.socket, address: Any) -> None:  # noqa: ANN401 -- connect(2) as it is
        port = routes.get(address[:2]) if isinstance(address, tuple) else None
        connect(self, ("127.0.0.1", port) if port else address)

    patch.setattr(socket, "getaddrinfo", resolve)
    patch.setattr(socket.socket, "connect", route)


@asynccontextmanager
async def _running(folder: Path, routes: Routes) -> AsyncIterator[ExampleWorld]:
    async with AsyncExitStack() as stack:
        now = datetime.now(UTC).replace(microsecond=0)
        estate = Estate.make(now)
        publisher = await stack.enter_async_context(Publisher())
        publisher.publish((estate.issuing,))
        routes[ADDRESSES[PUBLISHER], 80] = publisher.port
        for host, server in estate.servers().items():
            await stack.enter_async_context(server)
            routes[ADDRESSES[host], 443] = server.port
        arm = await stack.enter_async_context(ArmStandIn(estate.arm_identity(), retry_after=1))
        arm.add(estate.gateway(), words())
        ca_file = folder / "arm-root.pem"
        await asyncio.to_thread(ca_file.write_bytes, estate.root.pem)
        slack = await stack.enter_async_context(SlackStandIn())
        world = World(
            digests=True,
            arm_url=arm.url,
            ca_file=str(ca_file),
            arm_token=arm.token,
            slack=slack,
            allowed=("contoso.com",),
            clock=lambda: datetime.now(UTC),
        )
        await stack.enter_async_context(whole_bot(world, folder))
        yield ExampleWorld(
            slack=slack,
            settings=_settings(slack, arm, ca_file, folder),
            files=estate.files(),
            loop=asyncio.get_running_loop(),
        )


def _settings(slack: SlackStandIn, arm: ArmStandIn, ca_file: Path, folder: Path) -> dict[str, str]:
    return {
        **slack.environment(socket_mode=False),
        "APPGW_AZURE_CREDENTIAL": "static",
        "APPGW_AZURE_STATIC_TOKEN": arm.token,
        "APPGW_ARM_URL": arm.url,
        "APPGW_CA_BUNDLE": str(ca_file),
        "APPGW_ALLOWED_TARGETS": "contoso.com",
        "APPGW_DATA_DIR": str(folder / "reader"),
    }
