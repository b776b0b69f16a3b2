"""A token that Slack revokes while the bot runs is noticed, and so is that it works again."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.transport.token import TokenWatch


async def until(watch: TokenWatch, *, refused: bool) -> None:
    async with asyncio.timeout(20):
        while (watch.trouble is not None) is not refused:  # noqa: ASYNC110 -- the watch tells nobody
            await asyncio.sleep(0.01)


async def test_revoked_token_is_noticed_and_mended() -> None:
    answers = {"ok": True, "error": ""}

    async def auth_test(_request: web.Request) -> web.Response:
        return web.json_response(answers)

    application = web.Application()
    application.router.add_route("*", "/api/auth.test", auth_test)
    async with TestServer(application) as server:
        client = AsyncWebClient(token="xoxb-1", base_url=str(server.make_url("/api/")))
        watch = TokenWatch(client=client, every=0.01)
        async with watch.running():
            answers.update(ok=False, error="token_revoked")
            await until(watch, refused=True)
            assert "token_revoked" in (watch.trouble or "")
            answers.update(error="internal_error")
            await asyncio.sleep(0.05)
            assert watch.trouble is not None, "another refusal says nothing about the token"
            answers.update(ok=True, error="")
            await until(watch, refused=False)
