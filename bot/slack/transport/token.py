"""Tests every fifteen seconds whether Slack still accepts the bot's token.

Over HTTP, requests arrive even with a revoked token; `/readyz` would stay 200 while nothing can be
answered.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

log = logging.getLogger(__name__)

EVERY_S = 15.0
TOKEN_REFUSED = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "not_allowed_token_type",
        "missing_scope",
        "team_access_not_granted",
    }
)


def error_code_of(error: SlackApiError) -> str:
    """Slack's error code."""
    data = getattr(error.response, "data", None)
    return str(data.get("error")) if isinstance(data, dict) else "no answer"


@dataclass(slots=True, kw_only=True)
class TokenWatch:
    """Calls `auth.test` periodically; `trouble` is a sentence while Slack refuses the token."""

    client: AsyncWebClient
    every: float = EVERY_S
    trouble: str | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Test while the context is open."""
        with_request = asyncio.create_task(self._ask())
        try:
            yield
        finally:
            with_request.cancel()
            with suppress(asyncio.CancelledError):
                await with_request

    async def _ask(self) -> None:
        while True:
            await asyncio.sleep(self.every)
            before = self.trouble
            try:
                await self.client.auth_test()
            except SlackApiError as error:
                word = error_code_of(error)
                if word in TOKEN_REFUSED:
                    self.trouble = (
                        f"Slack refuses the bot's token ({word}); install the app again and set "
                        "SLACK_BOT_TOKEN again."
                    )
            except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError):
                continue
            else:
                self.trouble = None
            if self.trouble != before:
                log.warning("the state of the token changed", extra={"trouble": self.trouble})
