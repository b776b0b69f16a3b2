"""The `response_url` endpoint: five messages within thirty minutes, each checked like others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from playground.slack.faults import Faults
from playground.slack.methods.chat import checked_content
from playground.slack.registry import Refused
from playground.slack.sending import Ack
from playground.slack.state import BOT_USER, Exchange, Json, Message, Workspace

MAX_USES: Final = 5
LIFETIME_SECONDS: Final = 30 * 60
_TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """Serves every response URL that was issued."""

    workspace: Workspace
    faults: Faults

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        return [web.post("/response/{id}", self._serve)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        exchange = self.workspace.responses.get(request.match_info["id"])
        fault = self.faults.take("response_url", None)
        if fault is not None and fault.status is not None:
            headers = {"Retry-After": str(fault.retry_after)} if fault.status == _TOO_MANY else {}
            return web.Response(status=fault.status, headers=headers)
        try:
            use(self.workspace, exchange, await request.json())
        except Refused as refused:
            return web.json_response(
                {"ok": False, "error": refused.error, **refused.more}, status=404
            )
        return web.Response(text="ok")


def use(workspace: Workspace, exchange: Exchange | None, body: Any) -> None:
    """Use a response URL once.

    Raises:
        Refused: `expired_url`, `used_url`, or what is wrong with the message.
    """
    if exchange is None or workspace.clock() - exchange.given_at > LIFETIME_SECONDS:
        raise Refused("expired_url")
    if exchange.uses >= MAX_USES:
        raise Refused("used_url")
    if not isinstance(body, dict):
        raise Refused("invalid_payload")
    exchange.uses += 1
    answer(workspace, exchange, body)


def answer(workspace: Workspace, exchange: Exchange, body: Json) -> Message | None:
    """Show the message of an acknowledgement or a response URL.

    As an ephemeral message unless it says `in_channel`.
    """
    origin = workspace.find(exchange.channel or "", exchange.message_ts or "")
    if body.get("delete_original"):
        if origin is not None:
            workspace.remove(origin)
        return None
    text = str(body.get("text") or "")
    blocks = checked_content(workspace, text, body.get("blocks"), "response_url")
    if body.get("replace_original") and origin is not None:
        return workspace.edit(origin, text=text, blocks=blocks)
    if exchange.channel is None:
        raise Refused("channel_not_found")
    thread = str(body["thread_ts"]) if body.get("thread_ts") else None
    if body.get("response_type") == "in_channel":
        return workspace.add(
            channel=exchange.channel, user=BOT_USER, text=text, blocks=blocks, thread_ts=thread
        )
    return workspace.add_ephemeral(
        channel=exchange.channel, only_for=exchange.user, text=text, blocks=blocks, thread_ts=thread
    )


def show_acknowledgement(workspace: Workspace, exchange: Exchange, ack: Ack) -> None:
    """Show the message in the acknowledgement of a slash command, if it contains one."""
    body = ack.body if isinstance(ack.body, dict) else {"text": ack.body}
    if not ack.ok or not (body.get("text") or body.get("blocks")):
        return
    try:
        answer(workspace, exchange, body)
    except Refused as refused:
        workspace.complaints.append(f"acknowledgement: {refused.error} {refused.more}")
