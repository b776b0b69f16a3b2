"""Whose people ask, in the payload shapes of Slack Connect and Enterprise Grid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.access import Access, AccessPolicy, HomeTeam, Person, RateLimiter
from bot.slack.affiliation import bots_of
from bot.slack.handlers.app_home import opened
from bot.slack.inbound.access import InvocationAccess
from bot.slack.invocation import (
    Invocation,
    Source,
    from_command,
    from_interaction,
    from_mention,
    from_submission,
)

Json = dict[str, Any]
OWN, SISTER, PARTNER, ORG, OTHER_ORG = "T0OURS", "T0ALSO", "T0THEM", "E0OURS", "E0THEM"
WORKSPACE, GRID = HomeTeam.of(OWN), HomeTeam.of(OWN, ORG)
CASES = Path(__file__).parents[4] / "shared" / "cases" / "slack.jsonl"


class Organisation:
    """Knows who belongs to our organisation, as `users.info` would."""

    def __init__(self, *people: str) -> None:
        self.people = people

    async def affiliations(self, user: str, team: str) -> frozenset[str]:
        """Whether ours, beside the workspace that the payload named."""
        return frozenset({team, ORG if user in self.people else OTHER_ORG})


def mention(team: str | None, *, outside: Json | None = None, **event: object) -> Invocation:
    base = {"type": "app_mention", "user": "U1", "text": "<@UB> x", "channel": "C1"}
    own = {} if team is None else {"team": team}
    return from_mention({**(outside or {}), "event": {**base, **own, **event}}, "UB")


def action(user: Json, **body: object) -> Invocation:
    payload = {"type": "block_actions", "user": {"id": "U1", **user}, "channel": {"id": "C1"}}
    return from_interaction({**payload, **body}, Source.ACTION)


def form(user: Json, **body: object) -> Invocation:
    return from_submission({"type": "view_submission", "user": {"id": "U1", **user}, **body}, "x")


def home_tab(team: str, enterprise: str | None = None, **body: object) -> Invocation:
    event = {"type": "app_home_opened", "user": "U1", "tab": "home"}
    found = opened({"team_id": team, "enterprise_id": enterprise, "event": event, **body})
    assert found
    return found


def command(team: str | None, enterprise: str | None = None) -> Invocation:
    return from_command({"user_id": "U1", "team_id": team, "enterprise_id": enterprise})


SHARED = {"is_ext_shared_channel": True}
UNSHARED = {"is_ext_shared_channel": False}
CONNECT = [
    pytest.param(command(OWN), True, id="own command"),
    pytest.param(command(PARTNER), False, id="partner's command"),
    pytest.param(command(None), False, id="command without team"),
    pytest.param(command(None, ORG), False, id="organisation that is not ours"),
    pytest.param(mention(OWN), True, id="own mention"),
    pytest.param(
        mention(PARTNER, user_team=OWN, outside={"team_id": PARTNER, **SHARED}),
        True,
        id="own mention in the partner's channel",
    ),
    pytest.param(
        mention(OWN, user_team=PARTNER, outside={"team_id": OWN, **SHARED}),
        False,
        id="partner's mention in our channel",
    ),
    pytest.param(
        mention(OWN, source_team=PARTNER, outside={"team_id": OWN}), False, id="source team only"
    ),
    pytest.param(
        mention(OWN, user_profile={"team": PARTNER}, outside={"team_id": OWN}),
        False,
        id="profile only",
    ),
    pytest.param(
        mention(PARTNER, outside={"team_id": PARTNER, "context_team_id": OWN, **SHARED}),
        False,
        id="delivered in our context",
    ),
    pytest.param(mention(None, outside={"team_id": OWN}), False, id="mention without team"),
    pytest.param(mention(OWN, user=None), False, id="mention without user"),
    pytest.param(mention(OWN, user=None, bot_id="B1"), False, id="workflow"),
    pytest.param(mention(OWN, bot_id="B1"), False, id="bot with a user"),
    pytest.param(mention(OWN, subtype="bot_message"), False, id="webhook"),
    pytest.param(action({"team_id": OWN}, team={"id": OWN}), True, id="own action"),
    pytest.param(
        action({"team_id": OWN}, team={"id": PARTNER}), True, id="own action in their channel"
    ),
    pytest.param(action({"team_id": PARTNER}, team={"id": OWN}), False, id="partner's action"),
    pytest.param(action({"team_id": PARTNER}, team=None), False, id="action without team"),
    pytest.param(action({}, team={"id": OWN}), False, id="action without the person's team"),
    pytest.param(form({"team_id": OWN}, team={"id": OWN}), True, id="own form"),
    pytest.param(
        form({"team_id": PARTNER}, team={"id": PARTNER}, view={"app_installed_team_id": OWN}),
        False,
        id="partner's form",
    ),
    pytest.param(home_tab(OWN), True, id="own App Home"),
    pytest.param(home_tab(PARTNER), False, id="partner's App Home"),
    pytest.param(home_tab(OWN, **SHARED), False, id="App Home of a shared channel"),
]
ON_GRID = [
    pytest.param(command(SISTER, ORG), True, id="colleague's command"),
    pytest.param(command(PARTNER, OTHER_ORG), False, id="partner's command"),
    pytest.param(mention(SISTER), True, id="colleague's mention"),
    pytest.param(
        mention(SISTER, outside={"team_id": SISTER, "enterprise_id": ORG, **UNSHARED}),
        True,
        id="colleague's mention in an own channel",
    ),
    pytest.param(
        mention(OWN, user_team=ORG, outside={"team_id": PARTNER, **SHARED}),
        True,
        id="organisation as user team",
    ),
    pytest.param(
        mention(OWN, user_team=OTHER_ORG, outside={"enterprise_id": ORG, **SHARED}),
        False,
        id="other organisation as user team",
    ),
    pytest.param(
        action({"team_id": SISTER}, team={"id": OWN, "enterprise_id": ORG}, enterprise={"id": ORG}),
        True,
        id="colleague's action",
    ),
    pytest.param(
        action({"team_id": SISTER}, team=None, enterprise={"id": ORG}, is_enterprise_install=True),
        True,
        id="installed for the organisation",
    ),
    pytest.param(form({"team_id": SISTER}, team={"id": OWN}), True, id="colleague's form"),
    pytest.param(home_tab(SISTER, ORG, **UNSHARED), True, id="colleague's App Home"),
]
CONTRADICTED = [
    pytest.param(
        mention(OWN, user_team=OWN, user_profile={"team": PARTNER}, outside=SHARED),
        WORKSPACE,
        id="profile of another workspace",
    ),
    pytest.param(
        mention(OWN, user_team=OWN, source_team=PARTNER, outside=SHARED),
        WORKSPACE,
        id="sent from another workspace",
    ),
    pytest.param(mention(OWN, user_team=[PARTNER], outside=SHARED), WORKSPACE, id="team in a list"),
    pytest.param(mention(OWN, user_team={"id": OWN}), WORKSPACE, id="team as an object"),
    pytest.param(mention(OWN, user_profile={"team": 7}), WORKSPACE, id="team as a number"),
    pytest.param(mention(OWN, bot_id=["B1"]), WORKSPACE, id="bot in a list"),
    pytest.param(mention(OWN, bot_profile={"name": "hook"}), WORKSPACE, id="bot without id"),
    pytest.param(
        home_tab(
            OWN, event={"type": "app_home_opened", "user": "U1", "view": {"team_id": PARTNER}}
        ),
        WORKSPACE,
        id="tab of another workspace",
    ),
    pytest.param(
        home_tab(OWN, is_ext_shared_channel="true"), WORKSPACE, id="shared in another kind"
    ),
    pytest.param(
        from_command({"user_id": " ", "team_id": OWN}), WORKSPACE, id="command of a blank user"
    ),
    pytest.param(command(OWN, OTHER_ORG), GRID, id="command of another organisation"),
    pytest.param(
        mention(OWN, user_team=OWN, source_team=OTHER_ORG, outside=SHARED),
        GRID,
        id="sent from another organisation",
    ),
    pytest.param(
        action({"team_id": OWN, "enterprise_user": {"enterprise_id": OTHER_ORG}}),
        GRID,
        id="action of another organisation",
    ),
    pytest.param(
        action(
            {
                "team_id": SISTER,
                "enterprise_id": ORG,
                "enterprise_user": {"enterprise_id": OTHER_ORG},
            }
        ),
        GRID,
        id="action of two organisations",
    ),
]
UNDIMINISHED = [
    pytest.param(command(OWN, OTHER_ORG), WORKSPACE, id="workspace that joined an organisation"),
    pytest.param(
        mention(PARTNER, user_team=ORG, source_team=SISTER, outside=SHARED),
        GRID,
        id="organisation and another own workspace",
    ),
    pytest.param(
        home_tab("", ORG, team_id=None), GRID, id="App Home of the whole organisation's app"
    ),
    pytest.param(
        action({"team_id": OWN}, team={"id": PARTNER, "enterprise_id": OTHER_ORG}),
        GRID,
        id="action in another organisation's channel",
    ),
]
STRANGERS_ON_GRID = [
    pytest.param(
        action(
            {"team_id": PARTNER}, team={"id": OWN, "enterprise_id": ORG}, enterprise={"id": ORG}
        ),
        id="action",
    ),
    pytest.param(
        action({"team_id": PARTNER}, team={"id": PARTNER}, enterprise={"id": ORG}),
        id="action with the installation's organisation",
    ),
    pytest.param(form({"team_id": PARTNER}, enterprise={"id": ORG}), id="form"),
    pytest.param(
        mention(PARTNER, outside={"team_id": PARTNER, "enterprise_id": ORG, **SHARED}),
        id="mention with the host's organisation",
    ),
]


async def admitted(invocation: Invocation, home: HomeTeam, *own: str) -> bool:
    policy = AccessPolicy(
        access=Access(), home=home, limiter=RateLimiter(), directory=Organisation(*own)
    )
    return await InvocationAccess(policy=policy).refuse(invocation, costs=True) is None


@pytest.mark.parametrize(("invocation", "passes"), CONNECT)
async def test_slack_connect_lets_own_people_pass(
    invocation: Invocation,
    passes: bool,  # noqa: FBT001 -- a table of values
) -> None:
    assert await admitted(invocation, WORKSPACE, "U1") is passes


@pytest.mark.parametrize(("invocation", "passes"), [*CONNECT[4:6], *CONNECT[6:10], *ON_GRID])
async def test_grid_lets_own_colleagues_pass(
    invocation: Invocation,
    passes: bool,  # noqa: FBT001 -- a table of values
) -> None:
    assert await admitted(invocation, GRID, *(["U1"] if passes else [])) is passes


@pytest.mark.parametrize("invocation", STRANGERS_ON_GRID)
async def test_grid_strangers_are_refused(invocation: Invocation) -> None:
    assert not await admitted(invocation, GRID)


@pytest.mark.parametrize(("invocation", "home"), CONTRADICTED)
async def test_what_contradicts_or_cannot_be_read_is_foreign(
    invocation: Invocation, home: HomeTeam
) -> None:
    assert not await admitted(invocation, home, "U1")


@pytest.mark.parametrize(("invocation", "home"), UNDIMINISHED)
async def test_own_people_in_rare_shapes_pass(invocation: Invocation, home: HomeTeam) -> None:
    assert await admitted(invocation, home)


def test_bot_is_known_by_each_of_its_ids() -> None:
    event = {"bot_id": "B1", "app_id": "A1", "user": "U1", "bot_profile": {"app_id": "A1"}}
    assert bots_of(event) == ("A1", "B1", "U1")
    assert bots_of({"user": "U1"}) == ()


def _rows() -> list[Any]:
    if not CASES.exists():
        return []
    rows = [json.loads(line) for line in CASES.read_text().splitlines()]
    kinds = {"who-own", "who-connect-own", "who-connect-outsider", "bots"}
    kinds |= {"grid-own", "grid-outsider"}
    return [pytest.param(row, id=row["id"]) for row in rows if row["kind"] in kinds]


def _invocation(body: Json) -> Invocation:
    kind = body.get("type", "")
    if "command" in body:
        return from_command(body)
    if kind == "view_submission":
        return from_submission(body, "x")
    if kind != "event_callback":
        return from_interaction(body, Source.ACTION)
    if body["event"]["type"] == "app_home_opened":
        found = opened(body)
        assert found
        return found
    return from_mention(body, "U0BOT")


@pytest.mark.shared
@pytest.mark.skipif(not CASES.exists(), reason="the domain folder is not beside the checkout")
@pytest.mark.parametrize("row", _rows())
async def test_recorded_payload_shapes(row: Json) -> None:
    grid = "enterprise E0ORG" in row["setting"]
    bots = {"B0WF"} if "ASKING_BOTS=B0WF" in row["setting"] else set()
    people = {"W0OWN": frozenset({"E0ORG"})}

    class Asked:
        async def affiliations(self, user: str, team: str) -> frozenset[str]:  # noqa: ARG002 -- the protocol's signature
            return people.get(user, frozenset({"E0OTHER"}))

    home = HomeTeam.of("T0HOME", "E0ORG" if grid else "")
    policy = AccessPolicy(
        access=Access(asking_bots=frozenset(bots)),
        home=home,
        limiter=RateLimiter(),
        directory=Asked(),
    )
    body = {
        key: value for key, value in row["payload"].items() if not isinstance(value, str) or value
    }
    invocation = _invocation(body)
    refusal = await policy.refuse(
        Person(
            user=invocation.user,
            team=invocation.team,
            enterprise=invocation.enterprise,
            bots=invocation.bots,
        ),
        channel="",
        now=0.0,
    )
    assert (refusal is None) is row["expect"].startswith("admitted"), refusal
