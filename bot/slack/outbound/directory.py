"""Looks up in Slack to which workspaces and organisation a user belongs (Enterprise Grid).

`users.info` needs the optional scope `users:read`. Without it, `auth.teams.list`, which needs no
scope, still gives the organisation's workspaces for which the app is approved.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.delivery import DeliveryError
from bot.slack.outbound.calling import Caller
from bot.slack.payload import Payload, object_at, objects_at, text_at

log = logging.getLogger(__name__)

KEPT_S = 600.0
KEPT_UNKNOWN_S = 60.0
MAX_KEPT = 5_000
PATIENCE_S = 1.2
"""Time for two calls within the three seconds in which a view submission must be acknowledged."""
_MAX_ASKED_AT_ONCE = 8
_NO_SUCH_PERSON = frozenset({"user_not_found", "user_not_visible", "users_not_found"})

Affiliations = frozenset[str]


@dataclass(slots=True, kw_only=True)
class SlackDirectory:
    """Looks users up and caches each answer for ten minutes; `now` returns monotonic seconds."""

    client: AsyncWebClient
    caller: Caller = field(default_factory=Caller)
    now: Callable[[], float] = monotonic
    _kept: OrderedDict[str, tuple[float, Affiliations | None]] = field(default_factory=OrderedDict)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MAX_ASKED_AT_ONCE))

    async def affiliations(self, user: str, team: str) -> Affiliations | None:
        """The workspaces and organisations of a user; `None` if Slack cannot be asked.

        `team` is the workspace in the payload, `user` the user's Slack ID.
        """
        key = f"{user}/{team}"
        until, known = self._kept.get(key, (0.0, None))
        if self.now() < until:
            return known
        found = await self._ask(user, team)
        self._keep(key, found)
        return found

    async def _ask(self, user: str, team: str) -> Affiliations | None:
        try:
            person = object_at(await self._call(self.client.users_info, user=user), "user")
        except DeliveryError as error:
            if error.reason in _NO_SUCH_PERSON:
                return frozenset()
            log.warning(
                "Slack does not say which workspace a person belongs to",
                extra={"reason": error.reason},
            )
            return await self._approved(team)
        return _affiliations(person)

    async def _approved(self, team: str) -> Affiliations | None:
        """The bot's own organisation, if the app is approved for that workspace in it."""
        try:
            listed = await self._call(self.client.auth_teams_list, limit=1000)
            own = await self._call(self.client.auth_test)
        except DeliveryError:
            return None
        if team not in {text_at(one, "id") for one in objects_at(listed, "teams")}:
            return None
        return frozenset(filter(None, (team, text_at(own, "enterprise_id"))))

    async def _call(self, method: Any, **arguments: Any) -> Payload:  # noqa: ANN401 -- passed through to the client
        try:
            async with self._slots, asyncio.timeout(PATIENCE_S):
                answer = await self.caller.call(method, repeatable=True, patience=0.0, **arguments)
        except TimeoutError:
            raise DeliveryError("directory", "timeout") from None
        return answer.data if isinstance(answer.data, dict) else {}

    def _keep(self, key: str, found: Affiliations | None) -> None:
        kept_s = KEPT_UNKNOWN_S if found is None else KEPT_S
        self._kept[key] = (self.now() + kept_s, found)
        self._kept.move_to_end(key)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)


def _affiliations(person: Payload) -> Affiliations:
    """The IDs in a user object; `enterprise_user` contains the organisation and its workspaces."""
    grid = object_at(person, "enterprise_user")
    teams = grid.get("teams")
    listed = [one for one in teams if isinstance(one, str)] if isinstance(teams, list) else []
    ids = (
        text_at(person, "team_id"),
        text_at(person, "enterprise_id"),
        text_at(grid, "enterprise_id"),
    )
    return frozenset(filter(None, (*ids, *listed)))
