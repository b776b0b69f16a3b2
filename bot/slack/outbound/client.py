"""Every Slack call of the bot, in one place: posting, editing, whispering, forms, files.

Blocks that Slack refuses go out as plain text at once, with the same content. Links are never
unfurled. What a refusal means and when a
call may be sent again is in `calling`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook import WebhookResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.cards.details import Attachment
from bot.cards.parts import Block, Message
from bot.slack.invocation import Invocation
from bot.slack.outbound.calling import REFUSED_BLOCKS, call
from bot.slack.outbound.places import DeliveryError, Place, Posted

log = logging.getLogger(__name__)

_OK, _TOO_MANY = 200, 429
_LOGIN_PAGE = "text/html"
_SNIPPET = 3500
MAX_DOWNLOAD = 1024 * 1024
_CHUNK = 65536
_SLACK = ("slack.com", "slack-gov.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackClient:
    """Speaks to Slack with the bot's token; `session` is shared by every call."""

    client: AsyncWebClient
    session: aiohttp.ClientSession

    async def post(self, place: Place, message: Message) -> Posted:
        """Post a message; raises `DeliveryError`.

        It is never sent twice, so an answer that was lost is an error.
        """
        channel = {
            "channel": place.channel,
            **({"thread_ts": place.thread} if place.thread else {}),
        }
        quiet = {"unfurl_links": False, "unfurl_media": False}
        response = await self._with_blocks(
            self.client.chat_postMessage, message, repeatable=False, **channel, **quiet
        )
        return Posted(
            place=Place(channel=response["channel"], thread=place.thread), ts=response["ts"]
        )

    async def edit(self, posted: Posted, message: Message, *, patient: bool = True) -> None:
        """Put this in place of what stands there; raises `DeliveryError`."""
        where = {"channel": posted.place.channel, "ts": posted.ts}
        await self._with_blocks(
            self.client.chat_update, message, repeatable=True, patient=patient, **where
        )

    async def remove(self, posted: Posted) -> None:
        """Take a message back; raises `DeliveryError`."""
        await call(
            self.client.chat_delete, repeatable=True, channel=posted.place.channel, ts=posted.ts
        )

    async def send_ephemeral(
        self, invocation: Invocation, message: Message, *, replace: bool = False, loud: bool = False
    ) -> None:
        """Tell only the person who asked, in the first way that works.

        When none does it is logged, for there is nobody else to tell.

        Args:
            invocation: who asked, and the ways back.
            message: what to say.
            replace: put it in place of the ephemeral message that the response URL belongs to.
            loud: tell the whole channel through the response URL.
        """
        for way in self._ways(invocation, message, replace=replace, loud=loud):
            try:
                await way()
            except DeliveryError as error:
                log.warning(
                    "an answer to one person takes another way", extra={"reason": error.reason}
                )
            else:
                return
        log.error("an answer to one person could not be delivered", extra={"user": invocation.user})

    def _ways(
        self, invocation: Invocation, message: Message, *, replace: bool, loud: bool
    ) -> Iterator[Callable[[], Awaitable[None]]]:
        """The response URL, which lives for five messages.

        An ephemeral, which needs the bot in the channel; a direct message.
        """
        if invocation.response_url:
            yield partial(
                self._respond, invocation.response_url, message, replace=replace, loud=loud
            )
        if invocation.channel:
            where = {
                "channel": invocation.channel,
                "user": invocation.user,
                **({"thread_ts": invocation.thread} if invocation.thread else {}),
            }
            yield partial(
                self._with_blocks,
                self.client.chat_postEphemeral,
                message,
                repeatable=False,
                **where,
            )
        yield partial(
            self._with_blocks,
            self.client.chat_postMessage,
            message,
            repeatable=False,
            channel=invocation.user,
        )

    async def open_form(self, trigger: str, view: Block) -> str:
        """Open a form within the three seconds that a trigger lives; its id."""
        response = await call(
            self.client.views_open, repeatable=False, trigger_id=trigger, view=view
        )
        return str(response["view"]["id"])

    async def change_form(self, view_id: str, view: Block) -> None:
        """Replace what an open form shows; a form that was closed meanwhile needs no answer."""
        try:
            await call(self.client.views_update, repeatable=True, view_id=view_id, view=view)
        except DeliveryError as error:
            log.info("a form could not be changed", extra={"reason": error.reason})

    async def attach(self, posted: Posted, file: Attachment) -> None:
        """Put a file into the thread; as text where the bot may not send files."""
        place = posted.thread
        try:
            await call(
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
            for page in _pages(file):
                await self.post(place, page)

    async def permalink(self, posted: Posted) -> str | None:
        """The address of a message, `None` when Slack does not tell."""
        try:
            response = await call(
                self.client.chat_getPermalink,
                repeatable=True,
                channel=posted.place.channel,
                message_ts=posted.ts,
            )
        except DeliveryError:
            return None
        return str(response["permalink"])

    async def download(self, url: str) -> bytes:
        """A file that somebody put into a form, at most 1 MiB and one chunk.

        Raises `DeliveryError`.

        A file may lie with another service, and that one is not shown the bot's token.
        """
        if not _is_of_slack(url, self.client.base_url):
            raise DeliveryError("download", "not_with_slack")
        headers = {"Authorization": f"Bearer {self.client.token}"}
        content = bytearray()
        try:
            async with self.session.get(url, headers=headers, allow_redirects=False) as response:
                if response.status != _OK:
                    raise DeliveryError("download", f"http_{response.status}")
                if (
                    response.content_type == _LOGIN_PAGE
                ):  # what Slack answers when the token lacks files:read
                    raise DeliveryError("download", "missing_scope")
                async for chunk in response.content.iter_chunked(_CHUNK):
                    content += chunk
                    if len(content) > MAX_DOWNLOAD:
                        break
                return bytes(content)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DeliveryError("download", type(error).__name__) from error

    async def _with_blocks(self, method: Any, message: Message, **arguments: Any) -> Any:  # noqa: ANN401 -- passed through to the client
        shown = {"text": message.text, "blocks": list(message.blocks)}
        try:
            return await call(method, **{**shown, **arguments})
        except DeliveryError as error:
            if error.reason not in REFUSED_BLOCKS:
                raise
            log.warning(
                "blocks refused, sent as plain text",
                extra={"reason": error.reason, "blocks": [b["type"] for b in message.blocks]},
            )
        return await call(method, text=message.plain, blocks=[], **arguments)

    async def _respond(self, url: str, message: Message, *, replace: bool, loud: bool) -> None:
        webhook = AsyncWebhookClient(
            url, session=self.session, retry_handlers=[], ssl=self.client.ssl
        )
        visible = "in_channel" if loud else "ephemeral"
        common = {
            "response_type": visible,
            "replace_original": replace,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        for shown in (
            {"text": message.text, "blocks": list(message.blocks)},
            {"text": message.plain},
        ):
            response = await call(_paced(webhook), repeatable=False, body={**common, **shown})
            if response.status_code == _OK:
                return
        raise DeliveryError("response_url", f"http_{response.status_code}")


def _paced(webhook: AsyncWebhookClient) -> Callable[..., Awaitable[WebhookResponse]]:
    """Sending through a response URL, with 429 raised as the Web API's client does, so that it is waited for."""

    async def response_url(*, body: dict[str, Any]) -> WebhookResponse:
        response = await webhook.send_dict(body)
        if response.status_code == _TOO_MANY:
            raise SlackApiError("too many messages", response)  # type: ignore[no-untyped-call]
        return response

    return response_url


def _is_of_slack(url: str, api: str) -> bool:
    """Whether a file lies on Slack's own hosts, or beside the Web API that the bot was told to use."""
    try:
        there, home = urlsplit(url), urlsplit(api)
    except ValueError:
        return False
    host = there.hostname or ""
    below = any(host == known or host.endswith(f".{known}") for known in (*_SLACK, home.hostname))
    return (there.scheme == "https" and below) or (there.scheme, there.netloc) == (
        home.scheme,
        home.netloc,
    )


def _pages(file: Attachment) -> Sequence[Message]:
    """A file's text as messages; a PEM body holds nothing that Slack could read as markup."""
    lines = file.content.replace("`", "'").splitlines()
    pages: list[list[str]] = [[]]
    for line in lines:
        if sum(map(len, pages[-1])) + len(pages[-1]) + len(line) > _SNIPPET:
            pages.append([])
        pages[-1].append(line[:_SNIPPET])
    return [_page(f"{file.title} ({file.name})", page) for page in pages if page]


def _page(title: str, lines: Sequence[str]) -> Message:
    from bot.cards.parts import Drawing, bold, compose, say  # noqa: PLC0415 -- only where files may not be sent

    return compose(title, [say(bold(title)), Drawing(lines=tuple(lines))])
