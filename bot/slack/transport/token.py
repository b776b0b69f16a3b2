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
FAILURES = (
    SlackClientError,
    aiohttp.ClientError,
    TimeoutError,
    OSError,
    # A proxy between us and Slack may answer anything: text or JSON that is no object (the
    # SDK's AttributeError), and JSON that cannot be read.
    AttributeError,
    ValueError,
    RecursionError,
)
"""What a call of the Web API raises when Slack refuses it or gives no answer."""
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

_BOT_REFUSED = frozenset(  # docs.slack.dev/reference/methods/auth.test
    {
        "access_denied",
        "accesslimited",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "no_permission",
        "org_login_required",
        "two_factor_setup_required",
    }
)


def error_code_of(error: SlackApiError) -> str:
    """Slack's error code, or the HTTP status of an answer without one."""
    found = getattr(error.response, "data", error.response)
    data = found if isinstance(found, dict) else {}
    status = getattr(error.response, "status_code", None) or data.get("status")
    return str(data.get("error") or (f"http_{status}" if status else "no answer"))


def refusal_of(error: SlackApiError) -> str | None:
    """What an operator must do about a refused `auth.test`; `None` if the refusal may pass."""
    code = error_code_of(error)
    if code in TOKEN_REFUSED:
        return (
            f"Slack refuses the bot's token ({code}); install the app again and set "
            "SLACK_BOT_TOKEN again."
        )
    if code in _BOT_REFUSED:
        return f"Slack refuses every call of the bot ({code}); an admin has to allow it again."
    return None


@dataclass(slots=True, kw_only=True)
class TokenWatch:
    """Calls `auth.test` periodically; `trouble` is a sentence while Slack refuses the token."""

    client: AsyncWebClient
    every: float = EVERY_S
    trouble: str | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Test while the context is open."""
        testing = asyncio.create_task(self._ask())
        try:
            yield
        finally:
            testing.cancel()
            with suppress(asyncio.CancelledError):
                await testing

    async def _ask(self) -> None:
        while True:
            await asyncio.sleep(self.every)
            before = self.trouble
            try:
                await self.client.auth_test()
            except SlackApiError as error:
                self.trouble = refusal_of(error) or self.trouble
            except FAILURES:
                continue
            else:
                self.trouble = None
            if self.trouble != before:
                log.warning("the state of the token changed", extra={"trouble": self.trouble})
