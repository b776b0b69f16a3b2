"""Reads alerts with the names of the known gateways, and explains Azure's messages in them.

What reads alerts is imported late, because its expressions are a twentieth of the bot's start;
`load_alert_reading` imports it in a thread once the bot is ready.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from bot.azure.messages import recognise
from bot.azure.sites import site_names
from bot.commands.known_names import KnownGateway, KnownNames
from bot.domain.azure import Gateway
from chainlib import CATALOGUE, Code

if TYPE_CHECKING:
    from bot.commands.alerts import AlertReading

_NOT_EXPLAINED = frozenset({Code.OK, Code.UNRECOGNISED})


def load_alert_reading() -> None:
    """Import what reads alerts, so that the first one does not wait for it."""
    import_module("bot.commands.alerts")


def _no_gateways() -> Sequence[Gateway] | None:
    return None


@dataclass(slots=True, kw_only=True)
class AlertReader:
    """Reads alerts with the names that are known now; only `prepare` makes a request.

    Attributes:
        gateways: the list that ARM gave last; `None` before the first.
        load: reads the list from ARM; `None` without ARM.
    """

    gateways: Callable[[], Sequence[Gateway] | None] = _no_gateways
    load: Callable[[], Awaitable[object]] | None = None
    _read: Sequence[Gateway] | None = None
    _known: KnownNames = field(default_factory=KnownNames)

    async def read(self, message: Mapping[str, Any]) -> AlertReading:
        """Find out which target a message is about.

        In a thread: a message of 40,000 characters that is made for it takes a second.
        """
        from bot.commands.alerts import read_alert  # noqa: PLC0415 -- late, see the module docstring

        return await asyncio.to_thread(read_alert, message, self._names())

    def is_resolved(self, message: Mapping[str, Any]) -> bool:
        """Whether a message says that a problem is over."""
        from bot.commands.alerts import is_resolved  # noqa: PLC0415 -- late, see the module docstring

        return is_resolved(message)

    async def prepare(self) -> None:
        """Read the list of gateways if there is none yet, as right after the start."""
        if self.load and self.gateways() is None:
            await self.load()

    def explained(self, message: Mapping[str, Any]) -> str | None:
        """What Azure's message in this text means and what is missing; `None` without one."""
        from bot.commands.alerts import read_text  # noqa: PLC0415 -- late, see the module docstring

        text = "\n".join(line.text for line in read_text(message).lines)
        found = recognise(text)
        if found.code in _NOT_EXPLAINED or found.code not in CATALOGUE:
            return None
        return (
            f"{found.code.value}: {CATALOGUE[found.code].cause} The message does not say which "
            "gateway it is about; name the gateway."
        )

    def _names(self) -> KnownNames:
        """The index of names, rebuilt when ARM has listed other gateways."""
        gateways = self.gateways()
        if gateways is not self._read:
            self._known = KnownNames.of(map(_known, gateways or ()))
            self._read = gateways
        return self._known


def _known(gateway: Gateway) -> KnownGateway:
    members = (member.address for pool in gateway.pools for member in pool.members)
    return KnownGateway(
        ref=gateway.id.folded,
        members=tuple(dict.fromkeys(filter(None, members))),
        sites=site_names(gateway),
    )
