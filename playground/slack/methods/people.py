"""Identities: `auth.test`, `users.info`, `team.info`, `bots.info`."""

from __future__ import annotations

from playground.slack.registry import Call, Refused, method, scopes
from playground.slack.state import APP_ID, BOT_ID, BOT_USER, TEAM_ID, Json


@method("auth.test")
def auth_test(call: Call) -> Json:
    """Whom the token belongs to."""
    organisation = call.workspace.enterprise
    return {
        **({"enterprise_id": organisation} if organisation else {}),
        "url": f"{call.base_url}/",
        "team": "Contoso",
        "user": "appgw-check",
        "team_id": TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


@method("users.info", scopes("users:read"))
def users_info(call: Call) -> Json:
    """One person, with the time zone."""
    user = call.workspace.users.get(call.need("user"))
    if user is None:
        raise Refused("user_not_found")
    described: Json = {
        "id": user.id,
        "team_id": user.team,
        "name": user.name,
        "real_name": user.name.title(),
        "deleted": False,
    }
    return {
        "user": {
            **described,
            "tz": user.tz,
            "tz_label": user.tz,
            "tz_offset": user.tz_offset,
            "is_bot": user.id == BOT_USER,
            **({"enterprise_user": {"enterprise_id": user.enterprise}} if user.enterprise else {}),
        }
    }


@method("team.info", scopes("team:read"))
def team_info(_call: Call) -> Json:
    """The workspace."""
    return {"team": {"id": TEAM_ID, "name": "Contoso", "domain": "contoso"}}


@method("bots.info", scopes("users:read"))
def bots_info(_call: Call) -> Json:
    """The bot as an app."""
    return {
        "bot": {
            "id": BOT_ID,
            "app_id": APP_ID,
            "user_id": BOT_USER,
            "name": "appgw-check",
            "deleted": False,
        }
    }
