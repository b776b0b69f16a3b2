"""The Slack client: posting, updating, ephemeral messages and modals.

If Slack refuses blocks, the same content is sent as plain text at once. Links are never unfurled.
`calling` decides about repeats and errors; `files` handles files.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import field
from functools import partial
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook import WebhookResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.cards.details import Attachment
from bot.cards.parts import Block, Message
from bot.domain.delivery import DeliveryError, NotAccepted
from bot.slack.invocation import Invocation
from bot.slack.outbound import files
from bot.slack.outbound.calling import LONG_S, REFUSED_BLOCKS, SOME_TIME_S, Caller
from bot.slack.outbound.places import Place, Posted
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)

_OK, _TOO_MANY, _SERVER_ERROR = 200, 429, 500
_SHORT_TEXT = 3000
_QUIET = {"unfurl_links": False, "unfurl_media": False}
TRIGGER_LIVES_S = 2.5


@dataclasses.dataclass(slots=True)
class _Updates:
    """The pending updates of one message; `newest` counts them."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    newest: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackClient:
    """Calls Slack with the bot's token; all calls share `session`."""

    client: AsyncWebClient
    session: aiohttp.ClientSession
    caller: Caller = field(default_factory=Caller)
    _updates: dict[tuple[str, str], _Updates] = field(default_factory=dict)

    async def call(
        self,
        method: Callable[..., Awaitable[Any]],
        *,
        repeatable: bool,
        **arguments: Any,  # noqa: ANN401 -- passed through to the client's method
    ) -> Any:  # noqa: ANN401 -- the client's own response
        """Call any other method of the client, as `Caller.call`; raises `DeliveryError`."""
        return await self.caller.call(method, repeatable=repeatable, **arguments)

    async def post(
        self,
        place: Place,
        message: Message,
        *,
        patience: float = SOME_TIME_S,
        metadata: Block | None = None,
    ) -> Posted:
        """Post a message; raises `DeliveryError`.

        It is never sent twice, so a lost response is an error.
        """
        channel = {
            "channel": place.channel,
            **({"thread_ts": place.thread} if place.thread else {}),
            **({"metadata": metadata} if metadata else {}),
        }
        response = await self._with_blocks(
            self.client.chat_postMessage,
            message,
            repeatable=False,
            patience=patience,
            **channel,
            **_QUIET,
        )
        return Posted(
            place=Place(channel=response["channel"], thread=place.thread), ts=response["ts"]
        )

    async def update(self, posted: Posted, message: Message, *, patience: float = LONG_S) -> None:
        """Replace the content of a message; raises `DeliveryError`.

        Updates of one message are sent in order. One is dropped if a newer one waits.
        """
        key = (posted.place.channel, posted.ts)
        updates = self._updates.setdefault(key, _Updates())
        updates.newest += 1
        updates.waiting += 1
        mine = updates.newest
        try:
            async with updates.lock:
                await self._with_blocks(
                    self.client.chat_update,
                    message,
                    repeatable=True,
                    patience=patience,
                    wanted=lambda: updates.newest == mine,
                    channel=posted.place.channel,
                    ts=posted.ts,
                )
        finally:
            updates.waiting -= 1
            if not updates.waiting:
                self._updates.pop(key, None)

    async def remove(self, posted: Posted) -> None:
        """Delete a message; raises `DeliveryError`."""
        await self.call(
            self.client.chat_delete, repeatable=True, channel=posted.place.channel, ts=posted.ts
        )

    async def send_ephemeral(
        self, invocation: Invocation, message: Message, *, replace: bool = False
    ) -> None:
        """Answer only the user of the invocation, in the first way that works.

        If none does, it is logged, because nobody else can be told.

        Args:
            invocation: the user, and the possible ways to answer.
            message: the message.
            replace: replace the ephemeral message to which the response URL belongs.
        """
        for way in self._ways(invocation, message, replace=replace):
            try:
                await way()
            except DeliveryError as error:
                log.warning(
                    "an ephemeral answer is sent another way", extra={"reason": error.reason}
                )
            else:
                return
        log.error("an ephemeral answer could not be delivered", extra={"user": invocation.user})

    def _ways(
        self, invocation: Invocation, message: Message, *, replace: bool
    ) -> Iterator[Callable[[], Awaitable[Any]]]:
        """The ways to answer, in order.

        The response URL (five messages), an ephemeral message (the bot must be in the channel), a
        direct message.
        """
        if invocation.response_url:
            yield partial(self._respond, invocation.response_url, message, replace=replace)
        send = partial(self._with_blocks, repeatable=False)
        if invocation.channel:
            where = {
                "channel": invocation.channel,
                "user": invocation.user,
                **({"thread_ts": invocation.thread} if invocation.thread else {}),
            }
            yield partial(send, self.client.chat_postEphemeral, message, **where)
        yield partial(send, self.client.chat_postMessage, message, channel=invocation.user)

    async def open_modal(self, trigger: str, view: Block) -> str:
        """Open a modal within the three seconds that a trigger lives; returns its ID."""
        response = await self.call(
            self.client.views_open,
            repeatable=False,
            patience=TRIGGER_LIVES_S,
            trigger_id=trigger,
            view=view,
        )
        return str(response["view"]["id"])

    async def update_modal(self, view_id: str, view: Block) -> None:
        """Update an open modal; errors are ignored, because it may be closed."""
        try:
            await self.call(self.client.views_update, repeatable=True, view_id=view_id, view=view)
        except DeliveryError as error:
            log.info("a view could not be updated", extra={"reason": error.reason})

    async def attach(self, posted: Posted, file: Attachment) -> None:
        """Upload a file into the thread; as text if the bot may not upload files."""
        place = posted.thread
        try:
            await self.call(
                self.client.files_upload_v2,
                repeatable=False,
                channel=place.channel,
                thread_ts=place.thread,
                filename=file.name,
                title=file.title,
                content=file.content,
            )
        except DeliveryError as error:
            log.warning(
                "a file goes out as text", extra={"file": file.name, "reason": error.reason}
            )
            for page in files.pages(file):
                await self.post(place, page)

    async def react(self, channel: str, ts: str, name: str) -> None:
        """Add a reaction to a message, unless it is there already. Raises `DeliveryError`."""
        try:
            await self.call(
                self.client.reactions_add,
                repeatable=True,
                channel=channel,
                timestamp=ts,
                name=name,
            )
        except NotAccepted as error:
            if error.reason != "already_reacted":
                raise

    async def permalink(self, posted: Posted) -> str | None:
        """The URL of a message; `None` if Slack does not give it."""
        try:
            response = await self.call(
                self.client.chat_getPermalink,
                repeatable=True,
                channel=posted.place.channel,
                message_ts=posted.ts,
            )
        except DeliveryError:
            return None
        return str(response["permalink"])

    async def download(self, url: str) -> bytes:
        """Download a file from a modal; see `files.download`. Raises `DeliveryError`."""
        return await files.download(self.client, self.session, url)

    async def _with_blocks(
        self,
        method: Callable[..., Awaitable[Any]],
        message: Message,
        **arguments: Any,  # noqa: ANN401 -- passed through to the client's method
    ) -> Any:  # noqa: ANN401 -- the client's own response
        *preferred, last = _forms(message)
        for form in preferred:
            try:
                return await self.caller.call(method, **{**form, **arguments})
            except DeliveryError as error:
                if error.reason not in REFUSED_BLOCKS:
                    raise
                log.warning(
                    "blocks refused, sent as plain text",
                    extra={"reason": error.reason, "blocks": [b["type"] for b in message.blocks]},
                )
        return await self.caller.call(method, **{**last, **arguments})

    async def _respond(self, url: str, message: Message, *, replace: bool) -> None:
        webhook = AsyncWebhookClient(
            url, session=self.session, retry_handlers=[], ssl=self.client.ssl
        )
        common = {"response_type": "ephemeral", "replace_original": replace, **_QUIET}
        for form in _forms(message):
            response = await self.caller.call(
                _raising(webhook), repeatable=False, pace=url, body={**common, **form}
            )
            if response.status_code == _OK:
                return
        raise NotAccepted(f"http_{response.status_code}", "response_url")


def _forms(message: Message) -> tuple[Block, ...]:
    """The message with blocks, then as plain text, then shortened."""
    return (
        {"text": message.text, "blocks": list(message.blocks)},
        {"text": message.plain, "blocks": []},
        {"text": message.plain[:_SHORT_TEXT], "blocks": []},
    )


def _raising(webhook: AsyncWebhookClient) -> Callable[..., Awaitable[WebhookResponse]]:
    """Send through a response URL, with 429 and 5xx raised like the Web API client does."""

    async def response_url(*, body: dict[str, Any]) -> WebhookResponse:
        response = await webhook.send_dict(body)
        if response.status_code == _TOO_MANY or response.status_code >= _SERVER_ERROR:
            raise SlackApiError("refused for now", response)  # type: ignore[no-untyped-call]
        return response

    return response_url
