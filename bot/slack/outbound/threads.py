"""Reads the messages of a thread (`conversations.replies`, scope `channels:history`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from bot.domain.delivery import DeliveryError
from bot.slack.outbound.client import SlackClient
from bot.slack.payload import Payload, object_at, objects_at, text_at

PAGE, MAX_PAGES = 200, 5
MAX_READ = 50


async def messages_above(
    slack: SlackClient, channel: str, thread: str, before: str
) -> Sequence[Payload] | None:
    """The newest messages of a thread and its first one, newest first.

    Args:
        slack: the Slack client.
        channel: Slack ID of the channel.
        thread: `ts` of the thread's first message.
        before: `ts` of the mention, which is left out.

    Returns:
        The messages; `None` if the bot may not read the channel.
    """
    pages = [page async for page in _pages(slack, channel, thread, before)]
    if not pages:
        return None
    found = [one for page in pages for one in page if text_at(one, "ts") != before]
    newest_first = sorted(found, key=lambda one: text_at(one, "ts"), reverse=True)
    return newest_first[:MAX_READ] + newest_first[MAX_READ:][-1:]


async def _pages(
    slack: SlackClient, channel: str, thread: str, before: str
) -> AsyncIterator[Sequence[Payload]]:
    """The pages, of which Slack sends the oldest first.

    They end early at an error: what came before a rate limit is still of use.
    """
    cursor: dict[str, str] = {}
    for _ in range(MAX_PAGES):
        try:
            answer = await slack.call(
                slack.client.conversations_replies,
                repeatable=True,
                patience=2.0,
                channel=channel,
                ts=thread,
                limit=PAGE,
                latest=before,
                inclusive=False,
                **cursor,
            )
        except DeliveryError:
            return
        yield objects_at(answer.data, "messages")
        cursor = {"cursor": text_at(object_at(answer.data, "response_metadata"), "next_cursor")}
        if not cursor["cursor"]:
            return
