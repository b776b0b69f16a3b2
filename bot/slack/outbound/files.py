"""Downloads files from modals, and makes messages of files that cannot be uploaded."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.cards.details import Attachment
from bot.cards.parts import Drawing, Message, bold, compose, say
from bot.domain.delivery import NotAccepted

MAX_DOWNLOAD = 1024 * 1024
_OK = 200
_LOGIN_PAGE = "text/html"
_SNIPPET = 3500
_CHUNK = 65536
_SLACK = ("slack.com", "slack-gov.com")


async def download(client: AsyncWebClient, session: aiohttp.ClientSession, url: str) -> bytes:
    """Download a file from a modal, at most 1 MiB.

    A file may be on another service, which must not get the bot's token.

    Raises:
        NotAccepted: it cannot be read.
    """
    if not _is_of_slack(url, client.base_url):
        raise NotAccepted("not_with_slack", "download")
    headers = {"Authorization": f"Bearer {client.token}"}
    content = bytearray()
    try:
        async with session.get(url, headers=headers, allow_redirects=False) as response:
            if response.status != _OK:
                raise NotAccepted(f"http_{response.status}", "download")
            if response.content_type == _LOGIN_PAGE:  # the response to a token without files:read
                raise NotAccepted("missing_scope", "download")
            async for chunk in response.content.iter_chunked(_CHUNK):
                content += chunk
                if len(content) > MAX_DOWNLOAD:
                    break
            return bytes(content)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise NotAccepted(type(error).__name__, "download") from error


def _is_of_slack(url: str, api: str) -> bool:
    """Whether a file is on Slack's own hosts, or on that of the configured Web API."""
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


def pages(file: Attachment) -> Sequence[Message]:
    """A file's text as messages; a PEM body contains nothing that Slack reads as markup."""
    found: list[list[str]] = [[]]
    for line in file.content.replace("`", "'").splitlines():
        if sum(map(len, found[-1])) + len(found[-1]) + len(line) > _SNIPPET:
            found.append([])
        found[-1].append(line[:_SNIPPET])
    return [_page(f"{file.title} ({file.name})", page) for page in found if page]


def _page(title: str, lines: Sequence[str]) -> Message:
    return compose(title, [say(bold(title)), Drawing(lines=tuple(lines))])
