"""The result of reading an alert as JSON, for `appgw read-alert --json`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.commands.alerts import AlertTarget, read_alert
from bot.commands.known_names import known_names

_DEFAULT_PORT = 443


def read_alert_json(document: Mapping[str, Any]) -> dict[str, Any]:
    """`read_alert` as the object that `appgw read-alert --json` prints."""
    message = document.get("message")
    reading = read_alert(
        message if isinstance(message, dict) else {}, known_names(document.get("inventory"))
    )
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
