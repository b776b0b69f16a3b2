"""Refuses replayed requests: Slack's signatures stay valid for five minutes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.access import ReplayCache

log = logging.getLogger("bot.audit")

_SIGNATURE, _TIMESTAMP = "x-slack-signature", "x-slack-request-timestamp"


async def nowhere(_signature: str) -> bool:
    """The default: no other replica receives requests."""
    return False


def refuse_replays(
    app: AsyncApp,
    cache: ReplayCache,
    now: Callable[[], float],
    known_elsewhere: Callable[[str], Awaitable[bool]] = nowhere,
) -> None:
    """Answer 401 to a signature that was used before, here or in another replica.

    Bolt has verified the signature by then. Socket Mode has none.
    """

    @app.middleware
    async def once(
        req: AsyncBoltRequest, next_: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse:
        signature, timestamp = req.headers.get(_SIGNATURE), req.headers.get(_TIMESTAMP)
        if (
            signature
            and timestamp
            and (
                cache.is_replay(signature[0], timestamp=float(timestamp[0]), now=now())
                or await known_elsewhere(signature[0])
            )
        ):
            log.warning("asked", extra={"outcome": "refused", "what": "a replayed request"})
            return BoltResponse(status=401, body="this request was sent before")
        return await next_()
