"""Reads alerts with the names of the known gateways, and explains Azure's messages in them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.azure.messages import recognise
from bot.azure.sites import site_names
from bot.commands.alerts import AlertReading, read_alert, read_text
from bot.commands.known_names import KnownGateway, KnownNames
from bot.domain.azure import Gateway
from chainlib import CATALOGUE, Code

_NOT_EXPLAINED = frozenset({Code.OK, Code.UNRECOGNISED})


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

    def read(self, message: Mapping[str, Any]) -> AlertReading:
        """Find out which target a message is about."""
        return read_alert(message, self._names())

    async def prepare(self) -> None:
        """Read the list of gateways if there is none yet, as right after the start."""
        if self.load and self.gateways() is None:
            await self.load()

    def explained(self, message: Mapping[str, Any]) -> str | None:
        """What Azure's message in this text means and what is missing; `None` without one."""
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
