"""`apps.connections.open`: a ticket for one Socket Mode connection."""

from __future__ import annotations

from playground.slack.registry import Call, method, scopes
from playground.slack.state import Json


@method("apps.connections.open", scopes("connections:write"), app_token=True)
def open_connection(call: Call) -> Json:
    """A WebSocket address that works once."""
    ticket = call.workspace.serial("ticket-")
    call.workspace.tickets.add(ticket)
    return {"url": f"{call.base_url.replace('http', 'ws', 1)}/link/?ticket={ticket}"}
