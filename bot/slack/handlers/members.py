"""In which channels a user is a member, so that those who left see nothing of a channel."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from bot.domain.delivery import DeliveryError
from bot.slack.outbound.client import SlackClient
from bot.slack.payload import inner, word

PATIENCE_S = 2.5
_MAX_CHANNELS, _MAX_PAGES, _PAGE = 20, 10, 1000
_NO_SUCH_METHOD = "unknown_method"
"""The answer of a Slack stand-in without members and private channels."""


async def channels_of(slack: SlackClient, user: str, channels: Collection[str]) -> set[str]:
    """Those of the channels in which the user is a member.

    If Slack does not answer, for lack of a scope or of time, the user counts as no member. Direct
    messages have a fixed list of members.

    Args:
        slack: the Slack client.
        user: Slack ID of the user.
        channels: Slack IDs; at most twenty are looked up.
    """
    direct = {one for one in channels if one.startswith("D")}
    asked = sorted(set(channels) - direct)[:_MAX_CHANNELS]
    answers = await asyncio.gather(*(_is_member(slack, user, one) for one in asked))
    return direct | {one for one, member in zip(asked, answers, strict=True) if member}


async def _is_member(slack: SlackClient, user: str, channel: str) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await _stands_in_list(slack, user, channel)
    except DeliveryError as error:
        return error.reason == _NO_SUCH_METHOD
    except TimeoutError:
        return False


async def _stands_in_list(slack: SlackClient, user: str, channel: str) -> bool:
    cursor = ""
    for _ in range(_MAX_PAGES):
        page = await slack.call(
            slack.client.conversations_members,
            repeatable=True,
            channel=channel,
            limit=_PAGE,
            **({"cursor": cursor} if cursor else {}),
        )
        if user in (page.get("members") or ()):
            return True
        cursor = word(inner(page.get("response_metadata")), "next_cursor")
        if not cursor:
            break
    return False
