"""Signed HTTP to the bot.

HMAC-SHA256 over `v0:timestamp:body`, three seconds for an answer, events retried.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp

from playground.slack.state import Json

ANSWER_SECONDS: Final = 3.0
EVENT_RETRIES: Final = (0.0, 60.0, 300.0)
_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """The response to one delivery.

    Attributes:
        ok: acknowledged in time; otherwise the user reads `error` ("operation_timeout", "http_404",
            "no_connection").
        body: the payload of the response: JSON, text, or nothing.
        seconds: how long it took.
        sent_at: when it was sent, in monotonic seconds.
    """

    ok: bool
    seconds: float
    sent_at: float
    status: int | None = None
    body: Any = None
    error: str | None = None


def signature(secret: str, timestamp: str, body: str) -> str:
    """Slack's signature of a request body."""
    return (
        "v0="
        + hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHttp:
    """Delivers payloads to a request URL.

    The signature has the time of the wall clock, with which the receiver compares it.

    Attributes:
        answer_seconds: how long an acknowledgement may take.
        clock: seconds since 1970, for the time in the signature.
    """

    session: aiohttp.ClientSession
    url: str
    secret: str
    answer_seconds: float = ANSWER_SECONDS
    clock: Callable[[], float] = time.time

    async def command(self, fields: Json) -> Ack:
        """A slash command."""
        return await self.post(urlencode(fields), "application/x-www-form-urlencoded")

    async def interactive(self, payload: Json) -> Ack:
        """An action, a view submission, a shortcut."""
        return await self.post(
            urlencode({"payload": json.dumps(payload)}), "application/x-www-form-urlencoded"
        )

    async def event(self, payload: Json, retries: Sequence[float] = EVENT_RETRIES) -> Ack:
        """An event, sent again after each of `retries` seconds until it is acknowledged."""
        ack = await self.post(json.dumps(payload), "application/json")
        for number, seconds in enumerate(retries, start=1):
            if ack.ok:
                break
            await asyncio.sleep(seconds)
            reason = "http_timeout" if ack.error == "operation_timeout" else "http_error"
            headers = {"x-slack-retry-num": str(number), "x-slack-retry-reason": reason}
            ack = await self.post(json.dumps(payload), "application/json", headers)
        return ack

    async def post(self, body: str, content_type: str, headers: Json | None = None) -> Ack:
        """Send one signed request."""
        timestamp = str(int(self.clock()))
        signed = {
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self.secret, timestamp, body),
        }
        started = time.monotonic()
        try:
            async with asyncio.timeout(self.answer_seconds):
                status, answer = await self._exchange(
                    body, {"Content-Type": content_type, **signed, **(headers or {})}
                )
        except TimeoutError:
            return Ack(
                ok=False,
                seconds=time.monotonic() - started,
                sent_at=started,
                error="operation_timeout",
            )
        except aiohttp.ClientError as failure:
            return Ack(
                ok=False,
                seconds=time.monotonic() - started,
                sent_at=started,
                error=type(failure).__name__,
            )
        error = None if status == _OK else f"http_{status}"
        return Ack(
            ok=status == _OK,
            seconds=time.monotonic() - started,
            sent_at=started,
            status=status,
            body=answer,
            error=error,
        )

    async def _exchange(self, body: str, headers: Json) -> tuple[int, Any]:
        async with self.session.post(self.url, data=body.encode(), headers=headers) as response:
            text = await response.text()
            is_json = response.content_type == "application/json" and text
            return response.status, json.loads(text) if is_json else text
