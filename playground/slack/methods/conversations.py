"""`conversations.*`: channels, their history and their members."""

from __future__ import annotations

from dataclasses import replace

from playground.slack.methods.chat import as_json
from playground.slack.registry import Call, Refused, method, scopes
from playground.slack.state import BOT_USER, TEAM_ID, Channel, Json, Message

READ = scopes("channels:read groups:read")
HISTORY = scopes("channels:history groups:history")
PAGE = 100


def describe(channel: Channel) -> Json:
    """A channel as the Web API shows it."""
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": not channel.private,
        "is_group": channel.private,
        "is_private": channel.private,
        "is_archived": channel.archived,
        "is_member": channel.has_bot,
        "is_shared": channel.foreign or channel.own_workspaces,
        "is_ext_shared": channel.foreign,
        "is_org_shared": channel.own_workspaces,
        "is_pending_ext_shared": channel.pending,
        "context_team_id": TEAM_ID,
    }


@method("conversations.info", READ)
def info(call: Call) -> Json:
    """One channel."""
    return {"channel": describe(_visible(call))}


def _visible(call: Call) -> Channel:
    channel = call.channel()
    if channel.private and not channel.has_bot:
        raise Refused("channel_not_found")
    return channel


@method("conversations.list", READ)
def list_channels(call: Call) -> Json:
    """Every channel that the bot can see, a page at a time."""
    return _channels(call, [one for one in _existing(call) if one.has_bot or not one.private])


@method("users.conversations", READ)
def list_own_channels(call: Call) -> Json:
    """Every channel in which the bot is, a page at a time."""
    return _channels(call, [one for one in _existing(call) if one.has_bot])


def _existing(call: Call) -> list[Channel]:
    archived = not call.flag("exclude_archived")
    return [one for one in call.workspace.channels.values() if archived or not one.archived]


def _channels(call: Call, seen: list[Channel]) -> Json:
    start, size = call.number("cursor", 0), min(call.number("limit", PAGE), 1000)
    page = [describe(one) for one in seen[start : start + size]]
    return {"channels": page, **_cursor(start + size, len(seen))}


def _cursor(following: int, total: int) -> Json:
    return {
        "has_more": following < total,
        "response_metadata": {"next_cursor": str(following) if following < total else ""},
    }


@method("conversations.history", HISTORY)
def history(call: Call) -> Json:
    """The top-level messages of a channel, newest first; metadata only when asked for."""
    channel = _member(call)
    top = [
        one
        for one in call.workspace.messages(channel.id)
        if one.thread_ts is None and _within(call, one)
    ]
    return _page(call, list(reversed(top)))


@method("conversations.replies", HISTORY)
def replies(call: Call) -> Json:
    """A thread with its parent, oldest first."""
    channel, parent = _member(call), call.need("ts")
    thread = [
        one
        for one in call.workspace.messages(channel.id)
        if parent in {one.ts, one.thread_ts} and _within(call, one)
    ]
    if not thread:
        raise Refused("thread_not_found")
    return _page(call, thread)


def _member(call: Call) -> Channel:
    channel = _visible(call)
    needed = "groups:history" if channel.private else "channels:history"
    if needed not in call.scopes:
        raise Refused("missing_scope", needed=needed, provided=",".join(sorted(call.scopes)))
    if not channel.has_bot:
        raise Refused("not_in_channel")
    return channel


def _within(call: Call, message: Message) -> bool:
    oldest, latest = call.text("oldest", "0"), call.text("latest", "99999999999")
    if call.flag("inclusive"):
        return float(oldest) <= float(message.ts) <= float(latest)
    return float(oldest) < float(message.ts) < float(latest)


def _page(call: Call, found: list[Message]) -> Json:
    start, size = call.number("cursor", 0), min(call.number("limit", PAGE), 999)
    shown = [as_json(one) for one in found[start : start + size]]
    if not call.flag("include_all_metadata"):
        shown = [{key: value for key, value in one.items() if key != "metadata"} for one in shown]
    return {"messages": shown, **_cursor(start + size, len(found))}


@method("conversations.members", READ)
def members(call: Call) -> Json:
    """The members of a channel: all users, and the bot if it was invited."""
    channel = _visible(call)
    people = [one for one in call.workspace.users if one not in {BOT_USER, *channel.left}]
    return {"members": [*people, *([BOT_USER] if channel.has_bot else [])], **_cursor(0, 0)}


@method("conversations.join", scopes("channels:join"))
def join(call: Call) -> Json:
    """Join a public channel."""
    channel = _visible(call)
    if channel.archived:
        raise Refused("is_archived")
    if channel.private:
        raise Refused("method_not_supported_for_channel_type")
    joined = replace(channel, has_bot=True)
    call.workspace.channels[channel.id] = joined
    return {"channel": describe(joined)}
