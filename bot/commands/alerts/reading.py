"""What an alert is about, as values and as JSON. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from bot.commands.alerts.gateway_names import NamedGateway
from chainlib.frozen import dataclass

_DEFAULT_PORT = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTarget:
    """The target that an alert names.

    Attributes:
        host: name or address of a backend or a site; `None` if only a gateway is named.
        port: as in the alert; `None` if there is none.
        is_site: whether the inventory has the host as a site and in no pool.
        gateway: the gateway; `None` if the alert names none and the inventory does not have exactly
            one for it.
        pool: the pool of that gateway.
    """

    host: str | None = None
    port: int | None = None
    is_ip: bool = False
    is_site: bool = False
    gateway: NamedGateway | None = None
    pool: str | None = None

    @property
    def line(self) -> str:
        """The target as a command line, which is parsed as if it had been typed."""
        if self.host is None:
            return self._gateway_line()
        host = f"[{self.host}]" if ":" in self.host else self.host
        target = f"site:{host}" if self.is_site else f"{host}:{self.port}" if self.port else host
        gateway = f" gw={self.gateway.ref.short}" if self.gateway else ""
        pool = f" pool={self.pool}" if self.pool and self.gateway else ""
        return f"{target}{gateway}{pool}"

    def _gateway_line(self) -> str:
        if self.gateway is None:
            return ""
        ref = self.gateway.ref
        return replace(ref, pool=self.pool or ref.pool).text


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertReading:
    """The result of reading a message.

    Attributes:
        target: the target; `None` if none is named or none is the best.
        reason: why, in one sentence; it repeats hostile text.
        choices: equally likely targets, offered as buttons.
        is_known: whether the inventory contains the target.
        is_other_product: it is about another product of Azure, and the reason says so to users.
    """

    target: AlertTarget | None
    reason: str
    choices: tuple[AlertTarget, ...] = ()
    is_known: bool = False
    is_other_product: bool = False


def reading_json(reading: AlertReading) -> dict[str, Any]:
    """The object that `appgw read-alert --json` prints for one message."""
    reason = re.sub(r"\s+", " ", reading.reason)
    if reading.target is None:
        return {"target": None, "options": {}, "reason": reason}
    target = reading.target
    options = {}
    if target.host is not None and target.gateway:
        options["gw"] = target.gateway.ref.short
    if target.pool and target.host is not None:
        options["pool"] = target.pool
    return {"target": _target_json(target), "options": options, "reason": reason}


def _target_json(target: AlertTarget) -> dict[str, Any]:
    if target.is_site:
        return {"kind": "site", "host": target.host}
    if target.host is not None:
        kind = "ip" if target.is_ip else "host"
        return {"kind": kind, "host": target.host, "port": target.port or _DEFAULT_PORT}
    assert target.gateway is not None
    return {
        "kind": "gateway",
        "subscription": target.gateway.ref.subscription,
        "group": target.gateway.ref.group,
        "name": target.gateway.name,
        "pool": target.pool,
        "setting": target.gateway.ref.setting,
    }
