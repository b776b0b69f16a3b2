"""Collects the checks of `doctor` in Slack: `/readyz`, Slack's side, and those of other parts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.checks.doctor import DoctorCheck, clock, history
from bot.checks.scopes import missing_scopes
from bot.observability.health import Readiness
from bot.settings import Settings
from bot.slack.handlers.simple_verbs import VERSION
from bot.slack.transport.app import Identity, granted
from bot.slack.transport.token import FAILURES, error_code_of, refusal_of
from chainlib.frozen import dataclass

SLACK_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorChecks:
    """Checks the running bot, within a few seconds.

    Attributes:
        readiness: the conditions of `/readyz`.
        settings: the bot's settings.
        identity: the bot's identity in Slack, with its granted scopes.
        client: reads Slack's time.
        probe_origin: the machine that probes.
        more: the checks of other parts.
    """

    readiness: Readiness
    settings: Settings
    identity: Identity
    client: AsyncWebClient
    probe_origin: str
    more: Callable[[], Awaitable[Sequence[DoctorCheck]]]

    async def states(self) -> Mapping[str, str]:
        """Name -> state, in reading order."""
        more, (headers, refused) = await asyncio.gather(self.more(), self._slacks_headers())
        scopes = granted(headers) or self.identity.scopes
        checks = (
            *more,
            *missing_scopes(scopes),
            history(scopes, self.settings.without_history),
            clock(datetime.now(tz=UTC), headers.get("date")),
        )
        troubles = {**({"slack": refused} if refused else {}), **self.readiness.troubles()}
        conditions = {
            name: troubles.get(name, "ok") for name in {**self.readiness.probes, **troubles}
        }
        rows = {check.what: check.text for check in checks}
        return {
            "transport": self.settings.transport.value,
            **conditions,
            **rows,
            "probes from": self.probe_origin,
            "version": VERSION,
        }

    async def _slacks_headers(self) -> tuple[Mapping[str, str], str]:
        """The headers of a Slack response (its time, the scopes of now), and why there is none."""
        try:
            async with asyncio.timeout(SLACK_PATIENCE_S):
                answer = await self.client.auth_test()
        except SlackApiError as error:
            code = error_code_of(error)
            return {}, refusal_of(error) or f"Slack answers with an error now ({code})."
        except FAILURES as error:
            return {}, f"Slack cannot be reached now ({type(error).__name__})."
        return {name.lower(): str(value) for name, value in answer.headers.items()}, ""
