"""The workspace and organisation of the user in a payload. Pure.

Slack sends the user's IDs and the channel's; in Slack Connect and on Enterprise Grid they differ.
Only the user's own are read here. What is absent stays empty and counts as foreign (`bot.access`).

Sources: payload pages of docs.slack.dev and the `extract_actor_*` functions of slack_bolt.
"""

from __future__ import annotations

from bot.access import UNREADABLE
from bot.slack.payload import Payload, object_at, text_at
from chainlib.frozen import dataclass

_ORGANISATION = "E"


@dataclass(frozen=True, slots=True, kw_only=True)
class Affiliation:
    """The user's own IDs, each empty if the payload does not contain it.

    `given_ids` are all that the payload contains for the user, in any field.
    """

    team: str = ""
    enterprise: str = ""
    given_ids: tuple[str, ...] = ()


def of_command(body: Payload) -> Affiliation:
    """From a slash command, whose `team_id` and `enterprise_id` are those of the user."""
    return Affiliation(
        team=text_at(body, "team_id"),
        enterprise=text_at(body, "enterprise_id"),
        given_ids=_given(body, "team_id", "enterprise_id"),
    )


def of_event(body: Payload) -> Affiliation:
    """From a message event.

    In a shared channel, `user_team` and similar keys contain the user's workspace or organisation,
    and `team` may be the channel's; without them the user belongs to `team`.
    """
    event = object_at(body, "event")
    given_ids = _given_of_person(event)
    own = _team_of_person(event) or text_at(event, "team")
    return _of_team(body, own, given_ids or _given(event, "team"))


def of_app_home(body: Payload) -> Affiliation:
    """From `app_home_opened`, whose outer team is normally that of the user."""
    event = object_at(body, "event")
    envelope: Payload = {} if is_shared(body) else body
    outside = text_at(envelope, "team_id", "enterprise_id")
    own = _team_of_person(event) or text_at(event, "team") or outside
    given_ids = _given_of_person(event) + _given(event, "team") + _given(envelope, "team_id")
    return _of_team(body, own, given_ids + _given(object_at(event, "view"), "team_id"))


def of_interaction(body: Payload) -> Affiliation:
    """From an action, a shortcut or a view submission.

    The payload's `team` and `enterprise` are those of the channel or of the installation. The
    organisation inside `team` is the user's only if that team is the user's.
    """
    user, team = object_at(body, "user"), object_at(body, "team")
    own = text_at(user, "team_id")
    at_home = bool(own) and own == text_at(team, "id")
    given_ids = (
        _given(user, "team_id", "enterprise_id")
        + _given(object_at(user, "enterprise_user"), "enterprise_id")
        + (_given(team, "enterprise_id") if at_home else ())
    )
    enterprise = next((one for one in given_ids if one.startswith(_ORGANISATION)), "")
    return Affiliation(team=own, enterprise=enterprise, given_ids=given_ids)


def bots_of(event: Payload) -> tuple[str, ...]:
    """The IDs by which a setting may name the sender as a bot; empty for people."""
    profile = object_at(event, "bot_profile")
    bots = {text_at(event, "bot_id"), text_at(profile, "id")} - {""}
    marked = event.get("bot_id") or event.get("bot_profile")
    if not marked and text_at(event, "subtype") != "bot_message" and text_at(event, "user"):
        return ()
    more = {text_at(event, "app_id"), text_at(profile, "app_id"), text_at(event, "user")}
    return tuple(sorted((bots | more) - {""})) or ("unnamed",)


def is_shared(body: Payload) -> bool:
    """Whether an event is from a channel that another organisation reads, as the payload says."""
    return body.get("is_ext_shared_channel") not in (None, False)


def _given(outer: Payload, *keys: str) -> tuple[str, ...]:
    """The ids under these keys; one that is no text is `UNREADABLE`, so that it counts."""
    values = (outer.get(key) for key in keys)
    return tuple(one if isinstance(one, str) else UNREADABLE for one in values if one)


def _given_of_person(event: Payload) -> tuple[str, ...]:
    profile = _given(object_at(event, "user_profile"), "team")
    return _given(event, "user_team", "source_team") + profile


def _team_of_person(event: Payload) -> str:
    return text_at(event, "user_team", "source_team") or text_at(
        object_at(event, "user_profile"), "team"
    )


def _of_team(body: Payload, own: str, given_ids: tuple[str, ...]) -> Affiliation:
    """The organisation of a team: the outer one counts only if the outer team is the user's."""
    if own.startswith(_ORGANISATION):
        return Affiliation(enterprise=own, given_ids=given_ids)
    unshared = body.get("is_ext_shared_channel") is False
    same = bool(own) and own == text_at(body, "team_id") and unshared
    return Affiliation(
        team=own, enterprise=text_at(body, "enterprise_id") if same else "", given_ids=given_ids
    )
