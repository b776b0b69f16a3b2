"""Reads the messages of a thread (`conversations.replies`, scope `channels:history`)."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.delivery import DeliveryError
from bot.slack.outbound.client import SlackClient
from bot.slack.payload import Payload, items, word

MAX_READ = 50


async def messages_above(
    slack: SlackClient, channel: str, thread: str, before: str
) -> Sequence[Payload] | None:
    """The messages of a thread, newest first; `None` if the bot may not read the channel.

    Args:
        slack: the Slack client.
        channel: Slack ID of the channel.
        thread: `ts` of the thread's first message.
        before: `ts` of the mention, which is left out.
    """
    try:
        answer = await slack.call(
            slack.client.conversations_replies,
            repeatable=True,
            patience=2.0,
            channel=channel,
            ts=thread,
            limit=MAX_READ,
            latest=before,
            inclusive=False,
        )
    except DeliveryError:
        return None
    found = [one for one in items(answer.data, "messages") if word(one, "ts") != before]
    return sorted(found, key=lambda one: word(one, "ts"), reverse=True)
