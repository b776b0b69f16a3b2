"""Why the bot cannot post in a channel: one sentence for each of Slack's error codes.

Source: https://docs.slack.dev/reference/methods/chat.postMessage. An invitation is suggested only
where it helps: in a channel without the bot, never in a direct message.
"""

from __future__ import annotations

from dataclasses import replace

from bot.cards.escaping import clean
from bot.cards.parts import Drawing, Message, Part, Span, compose, say

_TOKEN = "Slack does not accept my token ({code}); an operator has to replace it."  # noqa: S105 -- a sentence
_SENTENCES = {
    "access_denied": "Slack denies me access to this channel.",
    "account_inactive": _TOKEN,
    "cannot_dm_bot": "This is a direct message with another bot, and bots cannot write to it.",
    "cannot_reply_to_message": "Slack accepts no replies to this message.",
    "channel_is_limited_access": "Only chosen people may post in this channel.",
    "channel_not_found": "I cannot see this conversation.",
    "ekm_access_denied": (
        "Your organisation's key management (EKM) has suspended posting in this channel."
    ),
    "enterprise_is_restricted": "Your organisation does not let me post here.",
    "external_channel_migrating": "This shared channel is being moved; posting works again soon.",
    "internal_error": "Slack had a problem and did not accept my message.",
    "invalid_auth": _TOKEN,
    "is_archived": "This channel is archived, so nothing can be posted in it.",
    "message_limit_exceeded": "This workspace has reached Slack's limit of messages.",
    "messages_tab_disabled": (
        "My messages tab is switched off, so I cannot write to you directly; an admin can switch "
        "it on in the app's settings."
    ),
    "method_not_supported_for_channel_type": "Slack does not let me post here.",
    "missing_scope": (
        "My token lacks the permission chat:write; an admin has to install the app again."
    ),
    "msg_too_long": "Slack finds this answer too long for a message.",
    "no_permission": "My token may not post in this channel.",
    "no_text": "Slack refused the message as empty.",
    "not_allowed_token_type": _TOKEN,
    "not_authed": _TOKEN,
    "not_in_channel": "I am not in this channel, so I cannot post here.",
    "posting_to_channel_denied": "An admin does not let me post in this channel.",
    "ratelimited": "Slack asks me to wait before I post in this channel again.",
    "restricted_action": "An admin restricts who may post in this channel.",
    "restricted_action_non_threadable_channel": "This channel does not allow messages in threads.",
    "restricted_action_read_only_channel": "This channel is read-only for me.",
    "restricted_action_thread_locked": "This thread is locked.",
    "restricted_action_thread_only_channel": (
        "This channel allows messages in threads only; mention me in a thread to get the answer "
        "there."
    ),
    "team_access_not_granted": (
        "I am not approved for this workspace; an admin of the organisation has to add it."
    ),
    "team_added_to_org": "This workspace is being moved into an organisation; try again later.",
    "token_expired": _TOKEN,
    "token_revoked": _TOKEN,
    "user_not_found": "Slack does not find you in a conversation where I may write.",
    "user_not_in_channel": "You are not in this channel, so I cannot show you anything in it.",
}
_FAMILIES = {
    "restricted_action": "An admin restricts posting in this channel ({code}).",
    "slack_connect": "The rules of this shared channel do not let me post ({code}).",
}
_OTHER = "Slack does not let me post here ({code})."
_INVITE = frozenset({"not_in_channel", "channel_not_found"})
_CONVERSATION = "I am not in this conversation, so I cannot post here."
_ONLY_YOU = " Only you can see this answer."


def why_not_here(code: str, *, channel: str, channel_name: str = "") -> str:
    """The reason in one sentence.

    Args:
        code: Slack's error code.
        channel: ID of the channel or conversation.
        channel_name: its name in the command's payload (`directmessage`, `mpdm-...`); may be empty.
    """
    if code in _INVITE and _is_conversation(channel, channel_name):
        return _CONVERSATION
    family = next((text for start, text in _FAMILIES.items() if code.startswith(start)), _OTHER)
    return _SENTENCES.get(code, family).format(code=clean(code, 60))


def invitation_helps(code: str, *, channel: str, channel_name: str = "") -> bool:
    """Whether the bot could post after an invitation."""
    return code in _INVITE and not _is_conversation(channel, channel_name)


def with_reason(
    message: Message, code: str, *, bot_name: str, channel: str, channel_name: str = ""
) -> Message:
    """The message as an ephemeral one, with the reason below it."""
    sentence = why_not_here(code, channel=channel, channel_name=channel_name)
    how = (
        f" To get answers here, invite me and check again: {_invitation(bot_name)}"
        if invitation_helps(code, channel=channel, channel_name=channel_name)
        else ""
    )
    note = say(*_named(channel), f"{sentence}{_ONLY_YOU}{how}")
    return replace(
        message,
        blocks=(*message.blocks, note.block()),
        plain=f"{message.plain}\n{note.plain()}",
    )


def place_refusal(code: str, *, bot_name: str, channel: str, channel_name: str = "") -> Message:
    """The answer to a command that needs a channel and was used elsewhere."""
    sentence = why_not_here(code, channel=channel, channel_name=channel_name)
    parts: list[Part] = [say(*_named(channel), sentence)]
    if invitation_helps(code, channel=channel, channel_name=channel_name):
        parts = [
            say(*_named(channel), sentence, " Invite me and check again:"),
            Drawing(lines=(_invitation(bot_name),)),
        ]
    return compose(clean(sentence, 90), parts)


def _named(channel: str) -> tuple[Span | str, ...]:
    """The channel by name, because the reader may see this in a direct message."""
    named = channel.startswith(("C", "G")) and channel.isalnum() and channel.isascii()
    return (Span(text=channel, channel=True), ": ") if named else ()


def _invitation(bot_name: str) -> str:
    return f"/invite @{clean(bot_name, 80)}"


def _is_conversation(channel: str, channel_name: str) -> bool:
    """Whether it is a direct message of two or more people, to which no app can be invited."""
    return (
        channel.startswith("D")
        or channel_name == "directmessage"
        or (channel_name.startswith("mpdm-"))
    )
