"""`chat.*` and `reactions.add`: posting, updating, deleting and reacting."""

from __future__ import annotations

from playground.slack.limits import advice, check_blocks, check_text
from playground.slack.registry import Call, Refused, method, refuse, scopes
from playground.slack.state import (
    BOT_ID,
    BOT_USER,
    TEAM_ID,
    Channel,
    Json,
    Message,
    Workspace,
)

WRITE = scopes("chat:write")


def checked_content(workspace: Workspace, text: str, blocks: object, what: str) -> tuple[Json, ...]:
    """The blocks as Slack stores them, with IDs.

    Refuses what Slack refuses, and records warnings.
    """
    refuse(check_text(text))
    if blocks is not None:
        refuse(check_blocks(blocks))
    stored = tuple(dict(block) for block in blocks) if isinstance(blocks, list) else ()
    if not text and not stored:
        raise Refused("no_text")
    workspace.complaints += [f"{what}: {one}" for one in advice(text, has_blocks=bool(stored))]
    return with_ids(workspace, stored)


def with_ids(workspace: Workspace, blocks: tuple[Json, ...]) -> tuple[Json, ...]:
    """Blocks with a `block_id` each and an `action_id` on every control, as Slack gives them."""
    return tuple(
        {
            **_control_ids(workspace, block),
            "block_id": block.get("block_id") or workspace.serial("b"),
        }
        for block in blocks
    )


def _control_ids(workspace: Workspace, block: Json) -> Json:
    named = dict(block)
    if block.get("type") == "actions":
        named["elements"] = [
            {"action_id": workspace.serial("a"), **element} for element in block["elements"]
        ]
    for key in ("accessory", "element"):
        if isinstance(block.get(key), dict):
            named[key] = {"action_id": workspace.serial("a"), **block[key]}
    return named


def writable(call: Call) -> Channel:
    """The channel to write to; refuses one that the bot cannot write to."""
    channel = call.channel()
    if channel.archived:
        raise Refused("is_archived")
    public = "chat:write.public" in call.scopes and not channel.private
    if not channel.has_bot and not public:
        raise Refused("not_in_channel")
    return channel


def as_json(message: Message) -> Json:
    """A message as the Web API shows it."""
    shown: Json = {
        "type": "message",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "blocks": list(message.blocks),
    }
    if message.by_bot:
        shown["bot_id"] = BOT_ID
    if message.app:
        profile = {"id": message.app.bot_id, "app_id": message.app.app_id, "team_id": TEAM_ID}
        shown |= {
            "subtype": "bot_message",
            "bot_id": message.app.bot_id,
            "app_id": message.app.app_id,
            "username": message.app.name,
            "bot_profile": {**profile, "name": message.app.name, "deleted": False},
        }
    if message.attachments:
        shown["attachments"] = list(message.attachments)
    if message.thread_ts:
        shown["thread_ts"] = message.thread_ts
    if message.metadata:
        shown["metadata"] = message.metadata
    if message.files:
        shown["files"] = [{"id": file} for file in message.files]
    return shown


@method("chat.postMessage", WRITE)
def post_message(call: Call) -> Json:
    """Post to a channel or into a thread."""
    channel = writable(call)
    text = call.text("text")
    blocks = checked_content(call.workspace, text, call.structure("blocks"), "chat.postMessage")
    posted = call.workspace.add(
        channel=channel.id,
        user=BOT_USER,
        text=text,
        blocks=blocks,
        thread_ts=_thread(call, channel),
        metadata=_metadata(call),
    )
    return {"channel": channel.id, "ts": posted.ts, "message": as_json(posted)}


def _thread(call: Call, channel: Channel) -> str | None:
    parent = call.text("thread_ts")
    if not parent:
        return None
    found = call.workspace.find(channel.id, parent)
    if found is None:
        raise Refused("thread_not_found")
    return found.thread_ts or found.ts


def _metadata(call: Call) -> Json | None:
    given = call.structure("metadata")
    if given is None:
        return None
    if (
        not isinstance(given, dict)
        or not isinstance(given.get("event_type"), str)
        or not isinstance(given.get("event_payload"), dict)
    ):
        raise Refused("metadata_must_be_sent_with_event_type_and_payload")
    return given


@method("chat.update", WRITE)
def update(call: Call) -> Json:
    """Change one of the bot's own messages.

    Blocks that are not sent stay, an empty list removes them.
    """
    channel = call.channel()
    if channel.archived:
        raise Refused("is_archived")
    message = _own(call, channel)
    sent = call.structure("blocks")
    text = call.text("text", message.text)
    kept = message.blocks if sent is None else ()
    blocks = kept or checked_content(call.workspace, text, sent, "chat.update")
    changed = call.workspace.edit(
        message, text=text, blocks=blocks, metadata=_metadata(call) or message.metadata
    )
    return {
        "channel": channel.id,
        "ts": changed.ts,
        "text": changed.text,
        "message": as_json(changed),
    }


def _own(call: Call, channel: Channel) -> Message:
    message = call.workspace.posts.get((channel.id, call.need("ts")))
    if message is None:
        raise Refused("message_not_found")
    if not message.by_bot:
        raise Refused("cant_update_message")
    return message


@method("chat.delete", WRITE)
def delete(call: Call) -> Json:
    """Take one of the bot's own messages back."""
    channel = call.channel()
    message = _own(call, channel)
    call.workspace.remove(message)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.postEphemeral", WRITE)
def post_ephemeral(call: Call) -> Json:
    """Show one person a message; needs the bot in the channel."""
    channel = writable(call)
    person = call.need("user")
    if person not in call.workspace.users:
        raise Refused("user_not_in_channel")
    text = call.text("text")
    blocks = checked_content(call.workspace, text, call.structure("blocks"), "chat.postEphemeral")
    shown = call.workspace.add_ephemeral(
        channel=channel.id,
        only_for=person,
        text=text,
        blocks=blocks,
        thread_ts=call.text("thread_ts") or None,
    )
    return {"message_ts": shown.ts}


@method("chat.getPermalink")
def get_permalink(call: Call) -> Json:
    """A link to a message."""
    channel = call.channel()
    ts = call.need("message_ts")
    if (channel.id, ts) not in call.workspace.posts:
        raise Refused("message_not_found")
    return {
        "channel": channel.id,
        "permalink": f"{call.base_url}/archives/{channel.id}/p{ts.replace('.', '')}",
    }


@method("reactions.add", scopes("reactions:write"))
def react(call: Call) -> Json:
    """Put a reaction on a message."""
    channel, ts, name = call.channel(), call.need("timestamp"), call.need("name")
    if (channel.id, ts) not in call.workspace.posts:
        raise Refused("message_not_found")
    if (channel.id, ts, name) in call.workspace.reactions:
        raise Refused("already_reacted")
    call.workspace.reactions.append((channel.id, ts, name))
    call.workspace.touch()
    return {}
