"""The chain of policies that every request to ARM passes.

What may leave, how long it is repeated, what is never logged.

It replaces the SDK's default chain, whose redirects, request logging and *automatic provider
registration* (a write) are not wanted.
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
_PLAIN_ID = re.compile(r"[A-Za-z0-9:._-]{1,100}")
_NOTED: ContextVar[list[str] | None] = ContextVar("noted_request_ids", default=None)


class RefusedToSend(AzureError):
    """A request that this program never sends.

    A write, or one that would carry the token to another host.
    """


class NotAList(AzureError):
    """ARM, or something in between, answered a list request with something else."""


class ReadOnlyPolicy(SansIOHTTPPolicy[Any, Any]):
    """Allows only GET and the two backend health POSTs, and only to ARM's own hosts."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        self._host, self._port = parts.hostname or "", parts.port

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Check method, path and host.

        The poll URL and the next page come from the answer before.
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
    """A list without `value` is no empty list.

    The SDK would read it as one, and people would be told that they have no gateway.
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
    """Notes the ids under which Azure's support finds a request again."""

    def on_response(
        self,
        request: PipelineRequest[Any],  # noqa: ARG002 -- the caller's signature
        response: PipelineResponse[Any, Any],
    ) -> None:
        """Note the answer's own id, where somebody collects them.

        What is no plain id is passed over.
        """
        noted = _NOTED.get()
        found = response.http_response.headers.get("x-ms-request-id", "")
        if noted is not None and _PLAIN_ID.fullmatch(found):
            noted.append(found)


@contextmanager
def noted_request_ids() -> Iterator[list[str]]:
    """The ids of the requests that are made inside, in the order answered."""
    noted: list[str] = []
    before = _NOTED.set(noted)
    try:
        yield noted
    finally:
        _NOTED.reset(before)


class PatientRetry(AsyncRetryPolicy[Any, Any]):
    """The SDK's retries; a Retry-After above our limit fails at once instead of waiting."""

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
        """Whether to try again: as the SDK says, unless ARM asks for more patience than we have."""
        if response.http_response.status_code < _ERROR_STATUS:
            return False
        wait = self.get_retry_after(response)
        return (wait is None or wait <= self._limit) and super().is_retry(settings, response)


def policies(
    credential: AsyncTokenCredential, scopes: tuple[str, ...], endpoint: str, timing: ArmTiming
) -> list[Any]:
    """The chain, outermost first.

    Retries stand before authentication so that an expired token is renewed.
    """
    return [
        RequestIdPolicy(),
        RequestIds(),
        HeadersPolicy(),
        UserAgentPolicy(sdk_moniker="appgw-check"),
        ListShape(),
        ContentDecodePolicy(),
        PatientRetry(timing),
        AsyncARMChallengeAuthenticationPolicy(credential, *scopes),
        ReadOnlyPolicy(endpoint),
    ]


def open_session(context: ssl.SSLContext) -> aiohttp.ClientSession:
    """One connection pool for ARM and the sign-in alike, on the running loop.

    No cookies, proxies from the environment.
    """
    connector = aiohttp.TCPConnector(ssl=context)
    return aiohttp.ClientSession(
        connector=connector,
        trust_env=True,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )


def transport_over(session: aiohttp.ClientSession) -> AioHttpTransport:
    """The SDK's transport over our session, which it does not close."""
    return AioHttpTransport(session=session, session_owner=False)
