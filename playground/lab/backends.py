"""Starts the lab: one backend for each fault, with the verdict that is expected for it.

`Lab` creates the authorities, starts the backends on loopback and provides `LabBackend` values. It
only knows certificates and sockets; the gateway's view is given as plain facts (address, port,
names, roots, probe).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from chainlib import Certificate
from playground.lab.authority import Authority
from playground.lab.catalogue import CATALOGUE
from playground.lab.peers import LOOPBACK, LoopbackServer
from playground.lab.publisher import Publisher
from playground.lab.recipe import DOMAIN, BackendRecipe, Roots, World
from playground.lab.servers import TlsBackend
from playground.lab.starts import right


@dataclass(frozen=True, slots=True, kw_only=True)
class LabBackend:
    """A listening backend, with the setting that a gateway would use for it.

    Attributes:
        recipe: its fault.
        address, port: where it listens.
        host_name: the name that its setting sends and requires.
        roots: name -> trusted root attached to its setting; empty for well-known CAs.
        server: the server; `None` for the closed port.
    """

    recipe: BackendRecipe
    address: str
    port: int
    host_name: str
    roots: Roots
    server: LoopbackServer | None = None

    @property
    def name(self) -> str:
        """The recipe's name."""
        return self.recipe.name

    @property
    def first_chain(self) -> tuple[Certificate, ...]:
        """The chain that it presented first; empty if it is no TLS server."""
        return self.server.first_chain if isinstance(self.server, TlsBackend) else ()

    def arguments(self, folder: Path) -> list[str]:
        """The arguments of `appgw` that check it; the roots are written into `folder`."""
        options = ["--host-name", self.host_name, "--sni", self.host_name]
        for name, root in self.roots:
            path = folder / f"{name}.cer"
            path.write_bytes(root.der)
            options += ["--root", str(path)]
        return ["check", f"{self.address}:{self.port}", *options]


@dataclass(slots=True, kw_only=True)
class Lab:
    """Every backend of the lab on loopback.

    Args:
        now: the instant that the certificates are made for, aware.
        recipes: what to make; the whole catalogue by default.

    Attributes:
        backends: those that listen, in the order of their recipes; filled at start.
        world: the authorities; made at start.
        healed: names of those that are as they should be for the moment.
    """

    now: datetime
    recipes: tuple[BackendRecipe, ...] = CATALOGUE
    backends: tuple[LabBackend, ...] = ()
    world: World = field(init=False)
    healed: set[str] = field(default_factory=set)
    _live: dict[str, LoopbackServer] = field(default_factory=dict)
    _held: dict[str, socket.socket] = field(default_factory=dict)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        """Make the authorities and start everything.

        What was started ends again when something fails.
        """
        try:
            await self._start_all()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def _start_all(self) -> None:
        publisher = await self._stack.enter_async_context(Publisher())
        self.world = await asyncio.to_thread(_make_world, self.now, publisher.url)
        for authority in (self.world.contoso, self.world.northwind, self.world.fabrikam):
            publisher.publish((authority.root, authority.upper, authority.issuing))
        self.backends = tuple([await self._start(recipe) for recipe in self.recipes])

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything."""
        for name in list(self._live):
            await self._stop(name)
        await self._stack.aclose()

    async def _start(self, recipe: BackendRecipe) -> LabBackend:
        host_name = f"{recipe.name}.{DOMAIN}"
        server = await asyncio.to_thread(recipe.start, self.world, host_name)
        port = await self._listen(recipe.name, server) if server else self._hold(recipe.name)
        return LabBackend(
            recipe=recipe,
            address=LOOPBACK,
            port=port,
            host_name=host_name,
            roots=recipe.roots(self.world),
            server=server,
        )

    async def _listen(self, name: str, server: LoopbackServer) -> int:
        self._live[name] = await server.__aenter__()
        return server.port

    async def _stop(self, name: str) -> None:
        if (server := self._live.pop(name, None)) is not None:
            await server.__aexit__(None, None, None)

    def _hold(self, name: str, port: int = 0) -> int:
        """Bind a port without listening, so that nothing else can use it meanwhile."""
        held = self._held[name] = self._stack.enter_context(socket.socket())
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((LOOPBACK, port))
        return int(held.getsockname()[1])

    async def heal(self, name: str) -> None:
        """Correct a backend: the right chain, and status 200, on the same port."""
        if name in self.healed:
            return
        backend = self[name]
        good = await asyncio.to_thread(right, self.world, backend.host_name)
        good.port = backend.port
        await self._stop(name)
        if (held := self._held.pop(name, None)) is not None:
            held.close()
        await self._listen(name, good)
        self.healed.add(name)

    async def break_again(self, name: str) -> None:
        """Restore the fault of a backend, on the same port."""
        self.healed.discard(name)
        backend = self[name]
        await self._stop(name)
        if backend.server is None:
            self._hold(name, backend.port)
            return
        if isinstance(backend.server, TlsBackend):
            await backend.server.uninstall()
        await self._listen(name, backend.server)

    def roots(self) -> Iterator[tuple[str, Certificate]]:
        """Every root on the gateway, attached or not, each once."""
        yield from dict(
            (*(root for backend in self.backends for root in backend.roots), *self._unattached())
        ).items()

    def _unattached(self) -> Roots:
        return (("fabrikam-root-g2", self.world.fabrikam.root.certificate),)

    def __getitem__(self, name: str) -> LabBackend:
        """The backend with this name; raises `KeyError`."""
        return {backend.name: backend for backend in self.backends}[name]


def _make_world(now: datetime, publisher: str) -> World:
    made = {
        name: Authority.make(name.title(), now=now, publisher=publisher)
        for name in ("contoso", "northwind", "fabrikam")
    }
    return World(**made)
