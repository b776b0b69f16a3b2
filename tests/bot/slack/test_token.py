"""A token that Slack revokes while the bot runs is noticed, and so is that it works again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.transport.token import TokenWatch
from tests.support.waiting import until

UNREADABLE = {
    "text": b"blocked",
    "no object": b'"blocked"',
    "not UTF-8": b'{"ok": true, "user": "\xff"}',
    "deep": b"[" * 50_000,
    "a number of many digits": b"1" * 5_000,
}


@asynccontextmanager
async def watched(
    answer: Callable[[web.Request], Awaitable[web.Response]],
) -> AsyncIterator[TokenWatch]:
    """A watch that asks a server which answers so."""
    application = web.Application()
    application.router.add_route("*", "/api/auth.test", answer)
    async with TestServer(application) as server:
        client = AsyncWebClient(token="xoxb-1", base_url=str(server.make_url("/api/")))
        watch = TokenWatch(client=client, every=0.01)
        async with watch.running():
            yield watch


async def test_revoked_token_is_noticed_and_mended() -> None:
    answers, asked = {"ok": True, "error": ""}, list[str]()

    async def auth_test(_request: web.Request) -> web.Response:
        asked.append(str(answers["error"]))
        return web.json_response(answers)

    async with watched(auth_test) as watch:
        answers.update(ok=False, error="token_revoked")
        await until(lambda: watch.trouble)
        assert "token_revoked" in (watch.trouble or "")
        answers.update(error="internal_error")
        await until(lambda: asked.count("internal_error") > 1)  # the first has been judged then
        assert watch.trouble is not None, "another refusal says nothing about the token"
        answers.update(ok=True, error="")
        await until(lambda: watch.trouble is None)
        answers.update(ok=False, error="org_login_required")
        await until(lambda: watch.trouble)
        assert "an admin" in (watch.trouble or "")


@pytest.mark.parametrize("kind", UNREADABLE)
async def test_unreadable_answer_does_not_end_the_watch(kind: str) -> None:
    answers = [UNREADABLE[kind], b'{"ok": false, "error": "token_revoked"}']

    async def auth_test(_request: web.Request) -> web.Response:
        first = len(answers) > 1
        content = "text/plain" if first and kind == "text" else "application/json"
        return web.Response(body=answers.pop(0) if first else answers[0], content_type=content)

    async with watched(auth_test) as watch:
        await until(lambda: watch.trouble)
        assert "token_revoked" in (watch.trouble or "")
