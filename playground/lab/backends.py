"""The lab: one backend for each way of being wrong, and what the verdict about it has to be.

`Lab` makes the authorities, starts all of them on loopback and hands out `LabBackend` values. The
lab
knows certificates and sockets; what a gateway makes of it is told as plain facts (address, port,
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
from playground.lab.recipe import DOMAIN, Recipe, Roots, World


@dataclass(frozen=True, slots=True, kw_only=True)
class LabBackend:
    """A backend that is listening, with the setting that a gateway would use for it.

    Attributes:
        recipe: what it is.
        address, port: where it listens.
        host_name: the name that its setting sends and that must match.
        roots: name -> trusted root attached to its setting, empty for well-known CAs.
        server: what listens, `None` for the closed port.
    """

    recipe: Recipe
    address: str
    port: int
    host_name: str
    roots: Roots
    server: LoopbackServer | None = None

    @property
    def name(self) -> str:
        """The recipe's name."""
        return self.recipe.name

    def arguments(self, folder: Path) -> list[str]:
        """The command line after `appgw` that asks about it.

        The roots are written into `folder`.
        """
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
    """

    now: datetime
    recipes: tuple[Recipe, ...] = CATALOGUE
    backends: tuple[LabBackend, ...] = ()
    world: World = field(init=False)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        """Make the authorities and start everything.

        What was started ends again when something fails.
        """
        try:
            await self._start_all()
        except BaseException:
            await self._stack.aclose()
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
        await self._stack.aclose()

    async def _start(self, recipe: Recipe) -> LabBackend:
        host_name = f"{recipe.name}.{DOMAIN}"
        server = await asyncio.to_thread(recipe.start, self.world, host_name)
        port = (
            (await self._stack.enter_async_context(server)).port if server else self._closed_port()
        )
        return LabBackend(
            recipe=recipe,
            address=LOOPBACK,
            port=port,
            host_name=host_name,
            roots=recipe.roots(self.world),
            server=server,
        )

    def _closed_port(self) -> int:
        """A port that stays bound and never listens, so that nothing else can take it meanwhile."""
        held = self._stack.enter_context(socket.socket())
        held.bind((LOOPBACK, 0))
        return int(held.getsockname()[1])

    def roots(self) -> Iterator[tuple[str, Certificate]]:
        """Every root that lies on the gateway, attached or not, each once."""
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
