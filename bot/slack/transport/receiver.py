"""What stands before Bolt over HTTP.

A request that Slack did not sign is turned away before anything in it is read.

Bolt takes a body apart before it looks at the signature, and answers what it cannot read with a
traceback in the log; whoever reaches the
port could fill the disk so.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from aiohttp import web
from aiohttp.typedefs import Middleware
from slack_sdk.signature import SignatureVerifier

log = logging.getLogger(__name__)

_CHARSETS = frozenset({"utf-8", "utf8"})
_MAX_TIMESTAMP = 12
_LONGEST_SSL_CHECK = 200


def signed_only(secret: str) -> Middleware:
    """The middleware that lets Slack's requests through, and answers 401 to others and 400 to what cannot be read."""
    verifier = SignatureVerifier(secret)

    @web.middleware
    async def admit(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        body = await request.read()
        if (request.charset or "utf-8").lower() not in _CHARSETS or not _is_utf8(body):
            return web.Response(status=400, text="this request is not UTF-8")
        if not (_is_signed(verifier, request, body) or _is_ssl_check(body)):
            return web.Response(status=401, text="this request is not signed by Slack")
        try:
            return await handler(request)
        except web.HTTPException:
            raise
        except Exception as error:
            log.exception(
                "a request of Slack's cannot be read", extra={"reason": type(error).__name__}
            )
            return web.Response(status=400, text="this request cannot be read")

    return admit


def _is_signed(verifier: SignatureVerifier, request: web.Request, body: bytes) -> bool:
    timestamp, signature = (
        request.headers.get("X-Slack-Request-Timestamp", ""),
        request.headers.get("X-Slack-Signature", ""),
    )
    if not (
        timestamp.isascii()
        and timestamp.isdigit()
        and len(timestamp) <= _MAX_TIMESTAMP
        and signature.isascii()
    ):
        return False
    return bool(verifier.is_valid(body, timestamp, signature))


def _is_ssl_check(body: bytes) -> bool:
    """Slack's look at the port's own certificate, which Bolt answers whatever it is signed with."""
    return len(body) <= _LONGEST_SSL_CHECK and parse_qs(body).get(b"ssl_check") == [b"1"]


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
