"""A channel service on loopback for testing delivery.

It accepts a post before it answers, so that after a kill in between the outcome is unknown to the
poster. With `limit` it accepts one message per second and channel, else 429 with Retry-After.
`find` finds everything that was posted before the request.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Self

import aiohttp
from aiohttp import web

from bot.domain.delivery import Message, MessageRefused, NotAccepted, OutcomeUnknown, RateLimited
from tests.support.waiting import for_ever

_TOO_MANY, _SERVER_TROUBLE = 429, 500


class Channels:
    """The service.

    Args:
        before: seconds until a post is accepted.
        after: seconds from there until it is answered.

    Attributes:
        accepted: when, in which channel, and which delivery.
        limit: least seconds between two accepted posts to a channel, 0 for none.
        clock: the seconds that `limit` counts.
        open: posts are accepted while it is set.
        admitted: set once a post has come.
        silent_from: the post of this number and later ones are accepted and never answered.
    """

    def __init__(self, before: float = 0.02, after: float = 0.02) -> None:
        self.accepted: list[tuple[float, str, str]] = []
        self.refusals: dict[str, str] = {}
        self.limit, self.limited = 0.0, 0
        self.clock: Callable[[], float] = time.monotonic
        self.open = asyncio.Event()
        self.open.set()
        self.admitted = asyncio.Event()
        self.silent_from = sys.maxsize
        self._before, self._after = before, after
        self._entering = 0
        self._last: dict[str, float] = {}
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        app = web.Application()
        app.add_routes([web.post("/post", self._post), web.get("/find", self._find)])
        # time: posts that are still unanswered when a test is over
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def doubled(self) -> dict[str, int]:
        """Delivery ids that were accepted more than once."""
        return {
            name: count
            for name, count in Counter(name for _, _, name in self.accepted).items()
            if count > 1
        }

    @property
    def arrived(self) -> set[str]:
        """Delivery ids that were accepted."""
        return {name for _, _, name in self.accepted}

    async def _post(self, request: web.Request) -> web.Response:
        body = await request.json()
        channel = body["channel"]
        if channel in self.refusals:
            return web.json_response({"error": self.refusals[channel]}, status=400)
        self.admitted.set()
        self._entering += 1
        await self.open.wait()
        await asyncio.sleep(self._before)  # time: the pace of the service
        self._entering -= 1
        now = self.clock()
        if self.limit and now - self._last.get(channel, -self.limit) < self.limit:
            self.limited += 1
            return web.json_response({}, status=_TOO_MANY, headers={"Retry-After": "1"})
        self._last[channel] = now
        self.accepted.append((now, channel, body["delivery_id"]))
        ts = f"{len(self.accepted)}.0"
        if len(self.arrived) >= self.silent_from:
            await for_ever()
        await asyncio.sleep(self._after)  # time: the pace of the service
        return web.json_response({"ts": ts})

    async def _find(self, request: web.Request) -> web.Response:
        await asyncio.sleep(0)  # a post that arrived with this request counts as earlier
        while self._entering:  # noqa: ASYNC110 -- a number, and no event
            await asyncio.sleep(0.005)  # time: asks again and again
        wanted = (request.query["channel"], request.query["delivery_id"])
        found = [
            f"{place}.0"
            for place, (_, channel, name) in enumerate(self.accepted, 1)
            if (channel, name) == wanted
        ]
        return web.json_response({"ts": found[0] if found else None})


class ChannelPoster:
    """A `Poster` that speaks to the service.

    Args:
        url: where it listens.
        session: opened inside the running loop.
    """

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url, self._session = url, session

    async def post(self, channel: str, message: Message, delivery_id: str) -> str:
        """Post one message."""
        body = {"channel": channel, "delivery_id": delivery_id, "message": dict(message)}
        return str((await self._ask("POST", "/post", json=body))["ts"])

    async def find(
        self, channel: str, delivery_id: str, since: datetime, until: datetime
    ) -> str | None:
        """Look for one message."""
        del since, until  # the service keeps everything in one page
        query = {"channel": channel, "delivery_id": delivery_id}
        found: str | None = (await self._ask("GET", "/find", params=query))["ts"]
        return found

    async def _ask(self, method: str, path: str, **options: Any) -> Mapping[str, Any]:  # noqa: ANN401 -- passed through to aiohttp
        try:
            async with self._session.request(method, self._url + path, **options) as response:
                answer: Mapping[str, Any] = await response.json()
        except aiohttp.ClientConnectorError as error:
            raise NotAccepted(str(error)) from error
        except aiohttp.ClientError as error:
            raise OutcomeUnknown(str(error)) from error
        if response.status == _TOO_MANY:
            raise RateLimited(float(response.headers["Retry-After"]))
        if response.status >= _SERVER_TROUBLE:
            raise OutcomeUnknown(str(response.status))
        if "error" in answer:
            raise MessageRefused(answer["error"])
        return answer
