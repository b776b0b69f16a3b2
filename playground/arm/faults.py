"""Faults of ARM, each with the answer of the real service.

Answers of which there is no recording are invented, and a comment says so.
"""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from aiohttp import web

EVERYWHERE = frozenset({"list", "get", "health", "poll", "subscriptions"})


class FaultKind(StrEnum):
    """How the stand-in ARM can fail a request."""

    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    THROTTLED = "throttled"
    BUSY = "busy"
    LOCKED = "locked"
    CONFLICT = "conflict"
    SERVER_ERROR = "server-error"
    UNAVAILABLE = "unavailable"
    SLOW = "slow"
    BAD_JSON = "bad-json"
    BAD_SHAPE = "bad-shape"
    PROXY_PAGE = "proxy-page"
    ENDLESS = "endless"
    ELSEWHERE = "elsewhere"
    LOOP = "loop"
    BOMB = "bomb"


_ERRORS = {
    FaultKind.UNAUTHORIZED: (401, "AuthenticationFailed", "Authentication failed."),
    FaultKind.FORBIDDEN: (
        403,
        "AuthorizationFailed",
        (
            "The client 'c' does not have authorization to perform action "
            "'Microsoft.Network/applicationGateways/backendhealth/action' over s."
        ),
    ),
    FaultKind.NOT_FOUND: (404, "ResourceNotFound", "The Resource was not found."),
    FaultKind.THROTTLED: (429, "TooManyRequests", "The request was throttled."),
    FaultKind.BUSY: (
        429,
        "RetryableErrorDueToAnotherOperation",
        "Another operation is in progress.",
    ),
    FaultKind.LOCKED: (
        409,
        "ScopeLocked",
        (
            "The scope cannot perform write operation because following scope(s) are locked. "
            "Please "
            "remove the lock and try again."
        ),
    ),
    FaultKind.CONFLICT: (409, "GatewayInFailedState", "Made up: nobody recorded other conflicts."),
    FaultKind.SERVER_ERROR: (500, "InternalServerError", "An error occurred."),
    FaultKind.UNAVAILABLE: (503, "ServiceUnavailable", "The service is unavailable."),
}
_BODIES = {
    FaultKind.BAD_JSON: ('{"value": [', "application/json"),
    FaultKind.BAD_SHAPE: ('{"unexpected": ["shape", 1, null]}', "application/json"),
    FaultKind.PROXY_PAGE: ("<html><body>Please sign in to the proxy</body></html>", "text/html"),
}


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        kind: what happens.
        on: the operations that fail.
        retry_after: seconds in the Retry-After header, `None` for no header.
        seconds: how long `SLOW` waits.
        times: how often it happens; `None` for always.
    """

    kind: FaultKind
    on: frozenset[str] = EVERYWHERE
    retry_after: int | None = None
    seconds: float = 5.0
    times: int | None = None

    def strikes(self, operation: str) -> bool:
        """Whether this request fails; counts down."""
        if operation not in self.on or self.times == 0:
            return False
        if self.times is not None:
            self.times -= 1
        return True

    async def answer(self) -> web.Response | None:
        """The faulty answer; `None` for faults without one (slow, endless)."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.kind is FaultKind.SLOW:
            await asyncio.sleep(self.seconds)
        if self.kind in _ERRORS:
            status, code, message = _ERRORS[self.kind]
            return web.json_response(
                {"error": {"code": code, "message": message}}, status=status, headers=headers
            )
        if self.kind is FaultKind.BOMB:
            headers |= {"Content-Encoding": "gzip", "Content-Type": "application/json"}
            return web.Response(body=_bomb(), headers=headers)
        if self.kind in _BODIES:
            text, content_type = _BODIES[self.kind]
            return web.Response(text=text, content_type=content_type, headers=headers)
        return None


@cache
def _bomb() -> bytes:
    """Valid JSON, a few kilobytes on the wire and 40 MiB in memory."""
    return gzip.compress(b'{"value": [' + b" " * 40 * 2**20 + b"]}", compresslevel=1)
