"""Publishes the App Home when a user opens it.

It only uses stored data, so that it appears at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from bot.cards.app_home import Followed, app_home_view, refused_view
from bot.cards.parts import Block
from bot.domain.delivery import DeliveryError
from bot.domain.digest import Subscription
from bot.domain.outage import DatabaseUnavailable
from bot.domain.refusal import Refusal
from bot.slack.affiliation import of_app_home
from bot.slack.handlers.subscription_replies import SubscriptionReplies
from bot.slack.invocation import Invocation, Source
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.digest_messages import check_command
from bot.slack.payload import object_at, text_at
from bot.subscriptions.app_home import app_home_content
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)
MEMBERSHIP_S = 2.5
_MAX_CHANNELS, _MAX_PAGES, _PAGE = 20, 10, 1000
_NO_SUCH_METHOD = "unknown_method"
"""The answer of a Slack stand-in without members and private channels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppHome:
    """Publishes the App Home.

    Attributes:
        replies: shared by the handlers of the digest verbs.
        troubles: the failed conditions of `/readyz`, name -> sentence.
    """

    replies: SubscriptionReplies
    troubles: Callable[[], Mapping[str, str]]

    async def draw(self, user: str, refusal: Refusal | None) -> None:
        """Publish a user's App Home, or why they may not see it."""
        try:
            view = refused_view(refusal) if refusal else await self._view(user)
        except DatabaseUnavailable as error:
            view = refused_view(error.refusal)
        try:
            await self.replies.slack.call(
                self.replies.slack.client.views_publish, repeatable=True, user_id=user, view=view
            )
        except DeliveryError as error:
            log.warning(
                "App Home could not be published", extra={"reason": error.reason, "user": user}
            )

    async def _view(self, user: str) -> Block:
        service = self.replies.service
        shown = await app_home_content(
            service.records, user, partial(_channels_of, self.replies.slack, user), service.clock()
        )
        return app_home_view(
            [(line, check_command(line, target)) for line, target in shown.problems],
            shown.hosts,
            [
                Followed(target=one.target.text, plan=_plan(one), channel=one.channel)
                for one in shown.followed
            ],
            self.troubles(),
            muted=shown.muted,
            hidden=shown.hidden,
        )


def _plan(value: Subscription) -> str:
    return f"{value.schedule.text} ({value.schedule.zone}){' · paused' if value.paused else ''}"


def opened(body: Mapping[str, Any]) -> Invocation | None:
    """The invocation of a user who opened the App Home; `None` for the app's messages tab."""
    event = object_at(body, "event")
    user = text_at(event, "user")
    if event.get("tab", "home") != "home" or not user:
        return None
    own = of_app_home(body)
    return Invocation(
        source=Source.ACTION,
        text="home",
        user=user,
        team=own.team,
        enterprise=own.enterprise,
        given_ids=own.given_ids,
        channel="",
    )


async def _channels_of(slack: SlackClient, user: str, channels: Collection[str]) -> set[str]:
    """Those of the channels in which the user is a member; who left sees nothing of a channel.

    If Slack does not answer, for lack of a scope or of time, the user counts as no member. Direct
    messages have a fixed list of members.

    Args:
        slack: the Slack client.
        user: Slack ID of the user.
        channels: Slack IDs; at most twenty are looked up.
    """
    direct = {one for one in channels if one.startswith("D")}
    looked_up = sorted(set(channels) - direct)[:_MAX_CHANNELS]
    answers = await asyncio.gather(*(_is_member(slack, user, one) for one in looked_up))
    return direct | {one for one, member in zip(looked_up, answers, strict=True) if member}


async def _is_member(slack: SlackClient, user: str, channel: str) -> bool:
    try:
        async with asyncio.timeout(MEMBERSHIP_S):
            return await _is_listed(slack, user, channel)
    except DeliveryError as error:
        return error.reason == _NO_SUCH_METHOD
    except TimeoutError:
        return False


async def _is_listed(slack: SlackClient, user: str, channel: str) -> bool:
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
        cursor = text_at(object_at(page.get("response_metadata")), "next_cursor")
        if not cursor:
            break
    return False
