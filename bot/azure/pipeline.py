"""The chain of HTTP policies for every request to ARM: what may be sent, retried and logged.

Used by `connection`. It replaces the SDK's default chain because that one follows redirects, logs
requests and registers resource providers automatically (a write).
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    AsyncRetryPolicy,
    ContentDecodePolicy,
    HeadersPolicy,
    RequestIdPolicy,
    SansIOHTTPPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import AioHttpTransport
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy

from bot.azure.settings import ArmTiming

_HEALTH_POST = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Network/applicationGateways/[^/]+"
    r"/backendhealth",
    re.IGNORECASE,
)
_LIST_GET = re.compile(r"/(subscriptions|applicationGateways)$", re.IGNORECASE)
_ERROR_STATUS = 400
MAX_ANSWER = 32 * 1024 * 1024
"""Bytes of one answer; backend health of 1,000 servers has less than one million."""
_CHUNK = 65_536
_PLAIN_ID = re.compile(r"[A-Za-z0-9:._-]{1,100}")
_NOTED: ContextVar[list[str] | None] = ContextVar("noted_request_ids", default=None)


class RefusedToSend(AzureError):
    """Raised instead of sending a write, or sending the token to another host."""


class NotAList(AzureError):
    """Raised when the answer to a list request contains no list."""


class AnswerTooLarge(Exception):
    """Raised when an answer has more than `MAX_ANSWER` bytes; the SDK does not ask again."""


class ReadOnlyPolicy(SansIOHTTPPolicy[Any, Any]):
    """Allows only GET and the two backend health POSTs, and only to ARM's own hosts."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        self._host, self._port = parts.hostname or "", parts.port

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Check method, path and host; raises `RefusedToSend`.

        The URL to poll and the next page of a list come from the previous answer, so they are
        checked too.
        """
        method, url = request.http_request.method.upper(), urlsplit(request.http_request.url)
        reads = method == "GET" or (method == "POST" and _HEALTH_POST.fullmatch(url.path))
        host = url.hostname or ""
        home = (
            url.scheme == "https"
            and url.port == self._port
            and (host == self._host or host.endswith(f".{self._host}"))
        )
        if not (reads and home):
            raise RefusedToSend(
                f"{method} is not sent" if home else "the answer points to another host"
            )


class ListShape(SansIOHTTPPolicy[Any, Any]):
    """Rejects the answer to a list request when it has no `value`.

    The SDK would read it as an empty list, and users would be told that they have no gateway.
    """

    def on_response(
        self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]
    ) -> None:
        """Check the decoded answer of a list request; raises `NotAList`."""
        listed = _LIST_GET.search(urlsplit(request.http_request.url).path)
        if listed and response.http_response.status_code < _ERROR_STATUS:
            body = response.context.get(ContentDecodePolicy.CONTEXT_NAME)
            if not (isinstance(body, dict) and isinstance(body.get("value"), list)):
                raise NotAList("the answer holds no list")


class RequestIds(SansIOHTTPPolicy[Any, Any]):
    """Collects the request IDs by which Azure's support can find a request."""

    def on_response(
        self,
        request: PipelineRequest[Any],  # noqa: ARG002 -- the SDK defines the signature
        response: PipelineResponse[Any, Any],
    ) -> None:
        """Note the `x-ms-request-id` of the answer while `noted_request_ids` is active.

        An ID with unexpected characters is ignored.
        """
        noted = _NOTED.get()
        found = response.http_response.headers.get("x-ms-request-id", "")
        if noted is not None and _PLAIN_ID.fullmatch(found):
            noted.append(found)


@contextmanager
def noted_request_ids() -> Iterator[list[str]]:
    """Collect the IDs of the requests that are made in this context, in the order answered."""
    noted: list[str] = []
    before = _NOTED.set(noted)
    try:
        yield noted
    finally:
        _NOTED.reset(before)


class BoundedRetry(AsyncRetryPolicy[Any, Any]):
    """The SDK's retries, but a Retry-After above our limit fails at once instead of waiting."""

    def __init__(self, timing: ArmTiming) -> None:
        self._limit = timing.retry_after_limit
        tries = timing.retries
        super().__init__(
            retry_total=tries,
            retry_connect=tries,
            retry_read=tries,
            retry_status=tries,
            retry_backoff_factor=0.4,
        )

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """Whether to try again: the SDK's rule, unless Retry-After is above our limit."""
        if response.http_response.status_code < _ERROR_STATUS:
            return False
        wait = self.get_retry_after(response)
        return (wait is None or wait <= self._limit) and super().is_retry(settings, response)


def policies(
    credential: AsyncTokenCredential, scopes: tuple[str, ...], endpoint: str, timing: ArmTiming
) -> list[Any]:
    """The chain of policies, outermost first.

    Retries come before authentication so that an expired token is renewed.
    """
    return [
        RequestIdPolicy(),
        RequestIds(),
        HeadersPolicy(),
        UserAgentPolicy(sdk_moniker="appgw-check"),
        ListShape(),
        ContentDecodePolicy(),
        BoundedRetry(timing),
        AsyncARMChallengeAuthenticationPolicy(credential, *scopes),
        ReadOnlyPolicy(endpoint),
    ]


class BoundedResponse(aiohttp.ClientResponse):
    """An answer of at most `MAX_ANSWER` bytes, counted after it was decompressed."""

    _content: bytes | None = None

    async def read(self) -> bytes:
        """Read the body once; raises `AnswerTooLarge`."""
        if self._content is None:
            try:
                self._content = await self._bounded()
            except BaseException:  # also a cancelled one keeps no connection
                self.close()
                raise
        return self._content

    async def _bounded(self) -> bytes:
        taken = bytearray()
        async for chunk in self.content.iter_chunked(_CHUNK):
            taken += chunk
            if len(taken) > MAX_ANSWER:
                raise AnswerTooLarge("the answer is too large")
        return bytes(taken)


def open_session(context: ssl.SSLContext) -> aiohttp.ClientSession:
    """One connection pool for ARM and the sign-in service, on the running loop.

    It keeps no cookies. aiohttp decompresses the answers piece by piece, the SDK all at once.
    """
    connector = aiohttp.TCPConnector(ssl=context)
    return aiohttp.ClientSession(
        connector=connector,
        trust_env=True,
        cookie_jar=aiohttp.DummyCookieJar(),
        response_class=BoundedResponse,
    )


def transport_over(session: aiohttp.ClientSession) -> AioHttpTransport:
    """The SDK's HTTP transport over our session; the SDK does not close the session."""
    return AioHttpTransport(session=session, session_owner=False)
