"""Slack asked whose a person is: once, within bounds, and never guessed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.outbound.directory import SlackDirectory

Json = dict[str, Any]


class Slack:
    """Answers by method, and counts."""

    def __init__(self) -> None:
        self.answers: dict[str, Json] = {}
        self.calls: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        """What was put down for this method."""
        name = request.match_info["method"]
        self.calls.append(name)
        return web.json_response(self.answers.get(name, {"ok": False, "error": "unknown_method"}))


@pytest.fixture
async def slack() -> AsyncIterator[tuple[Slack, SlackDirectory]]:
    peer = Slack()
    application = web.Application()
    application.router.add_route("*", "/api/{method}", peer.answer)
    async with TestServer(application) as server:
        client = AsyncWebClient(token="xoxb-1", base_url=str(server.make_url("/api/")))
        yield peer, SlackDirectory(client=client)


async def test_person_of_the_organisation_is_remembered(
    slack: tuple[Slack, SlackDirectory],
) -> None:
    peer, directory = slack
    grid = {"enterprise_id": "E1", "teams": ["T2", "T3", 7]}
    peer.answers["users.info"] = {"ok": True, "user": {"team_id": "T2", "enterprise_user": grid}}
    found = [await directory.affiliations("U1", "T2") for _ in range(3)]
    assert found == [frozenset({"T2", "T3", "E1"})] * 3
    assert peer.calls == ["users.info"]


async def test_unknown_person_belongs_nowhere(slack: tuple[Slack, SlackDirectory]) -> None:
    peer, directory = slack
    peer.answers["users.info"] = {"ok": False, "error": "user_not_found"}
    assert await directory.affiliations("U1", "T2") == frozenset()


@pytest.mark.parametrize(
    ("teams", "found"),
    [
        ([{"id": "T2"}], frozenset({"T2", "E1"})),
        ([{"id": "T3"}], None),
        (None, None),
    ],
    ids=["approved", "not approved", "no list"],
)
async def test_without_scope_the_approved_workspaces_decide(
    slack: tuple[Slack, SlackDirectory], teams: list[Json] | None, found: frozenset[str] | None
) -> None:
    peer, directory = slack
    peer.answers["users.info"] = {"ok": False, "error": "missing_scope"}
    peer.answers["auth.test"] = {"ok": True, "team_id": "T1", "enterprise_id": "E1"}
    if teams is not None:
        peer.answers["auth.teams.list"] = {"ok": True, "teams": teams}
    assert await directory.affiliations("U1", "T2") == found
