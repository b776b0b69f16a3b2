"""To which workspace and organisation the person of a payload belongs.

Slack sends both the person's and the channel's: in Slack Connect and on Enterprise Grid these
differ. Only what is the person's own is read here; what is absent stays empty and counts as foreign
(`bot.access`). Pure.

Sources: payload pages of docs.slack.dev and the `extract_actor_*` functions of slack_bolt.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.slack.payload import Payload, inner, word

_ORGANISATION = "E"


@dataclass(frozen=True, slots=True, kw_only=True)
class Affiliation:
    """The person's own ids, each empty where the payload does not name it."""

    team: str = ""
    enterprise: str = ""


def of_command(body: Payload) -> Affiliation:
    """Of a slash command, whose `team_id` and `enterprise_id` are those of who typed it."""
    return Affiliation(team=word(body, "team_id"), enterprise=word(body, "enterprise_id"))


def of_event(body: Payload) -> Affiliation:
    """Of a message event.

    In a shared channel `user_team` and its like name the person's workspace or organisation, and
    `team` may be the channel's; where the former are absent the person is of `team`.
    """
    return _of_team(
        body, _team_of_person(inner(body, "event")) or word(inner(body, "event"), "team")
    )


def of_app_home(body: Payload) -> Affiliation:
    """Of `app_home_opened`, which as a rule names no team but that of who opened it, outside."""
    event = inner(body, "event")
    outside = "" if body.get("is_ext_shared_channel") is True else word(body, "team_id")
    return _of_team(body, _team_of_person(event) or word(event, "team") or outside)


def of_interaction(body: Payload) -> Affiliation:
    """Of an action, a shortcut or a view submission.

    The payload's `team` and `enterprise` are those of the place or of the installation. The
    organisation named inside `team` is the person's only where that team is the person's.
    """
    user, team = inner(body, "user"), inner(body, "team")
    own = word(user, "team_id")
    enterprise = word(user, "enterprise_id") or word(
        inner(user, "enterprise_user"), "enterprise_id"
    )
    if not enterprise and own and own == word(team, "id"):
        enterprise = word(team, "enterprise_id")
    return Affiliation(team=own, enterprise=enterprise)


def bots_of(event: Payload) -> tuple[str, ...]:
    """The ids under which the sender of an event could be named as a bot; empty for people."""
    profile = inner(event, "bot_profile")
    bots = {word(event, "bot_id"), word(profile, "id")} - {""}
    if not bots and word(event, "subtype") != "bot_message" and word(event, "user"):
        return ()
    more = {word(event, "app_id"), word(profile, "app_id"), word(event, "user")}
    return tuple(sorted((bots | more) - {""})) or ("unnamed",)


def _team_of_person(event: Payload) -> str:
    return word(event, "user_team", "source_team") or word(inner(event, "user_profile"), "team")


def _of_team(body: Payload, own: str) -> Affiliation:
    """The organisation outside is the team's only where the team is the one outside, unshared."""
    if own.startswith(_ORGANISATION):
        return Affiliation(enterprise=own)
    unshared = body.get("is_ext_shared_channel") is False
    same = bool(own) and own == word(body, "team_id") and unshared
    return Affiliation(team=own, enterprise=word(body, "enterprise_id") if same else "")
