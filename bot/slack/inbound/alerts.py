"""Which message events are alerts of a configured app. Pure.

Source: docs.slack.dev/reference/events/message and its subtypes. Edits, deletions, answers in a
thread and the bot's own messages are no alerts, so the bot never answers itself.
"""

from __future__ import annotations

from collections.abc import Collection

from bot.slack.affiliation import bots_of, is_shared, of_event
from bot.slack.payload import Payload, object_at, text_at

_KINDS = frozenset({"", "bot_message", "file_share"})
_CHANNELS = ("C", "G")


def is_alert(body: Payload, *, apps: Collection[str], own: Collection[str], home: str) -> bool:
    """Whether an event is a new message of a configured app in a channel, outside threads.

    Args:
        body: the event with its envelope.
        apps: IDs of the configured apps and bots.
        own: the bot's own IDs.
        home: ID of the bot's own workspace.
    """
    event = object_at(body, "event")
    if not apps or text_at(event, "subtype") not in _KINDS or event.get("hidden") is True:
        return False
    if text_at(event, "thread_ts") not in {"", text_at(event, "ts")} or not text_at(event, "ts"):
        return False
    if not text_at(event, "channel").startswith(_CHANNELS) or _is_direct(event):
        return False
    sender = set(bots_of(event))
    return bool(sender & set(apps)) and not sender & set(own) and not _is_foreign(body, home)


def _is_direct(event: Payload) -> bool:
    return text_at(event, "channel_type") in {"im", "mpim"}


def _is_foreign(body: Payload, home: str) -> bool:
    """Whether a message in a shared channel may come from another workspace."""
    if not is_shared(body):
        return False
    profile = object_at(body, "event", "bot_profile")
    named = {of_event(body).team, text_at(profile, "team_id")} - {""}
    return named != {home}
