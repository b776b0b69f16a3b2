"""One guarded download: checked URL, checked addresses, a bounded response.

Imported late, because aiohttp is slow to import. There is no proxy, no cookie, no environment and
no decompression; one redirect is followed, after the same checks.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from functools import cache
from typing import Any, Final
from urllib.parse import SplitResult, urljoin

import aiohttp
import certifi
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from chainlib.aio.download_rules import DownloadRules, parse_url
from chainlib.aio.resolve import resolve
from chainlib.errors import FetchError, ResolveFailed
from chainlib.limits import DOWNLOAD_WIRE_BYTES, FetchLimits
from chainlib.wording import counted, system_words

_HEADERS: Final = {
    "User-Agent": "appgw-check (issuer certificates)",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}
_OK = 200
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


async def download(url: str, rules: DownloadRules, limits: FetchLimits) -> bytes:
    """Download a small file.

    Args:
        url: hostile text from a certificate.
        rules: the rules for URLs and addresses.
        limits: bytes, seconds (for name, connection, redirect and body together), redirects.

    Raises:
        AddressRefused: the rules forbid it.
        FetchError: the request was made and gave nothing usable.
    """
    try:
        async with asyncio.timeout(limits.timeout):
            return await _follow(url, rules, limits)
    except FetchError:
        raise
    except TimeoutError:
        reason = f"no complete answer within {counted(limits.timeout, 'second')}"
    except ResolveFailed as error:
        reason = str(error).rstrip(".")
    except aiohttp.ClientConnectorCertificateError:
        reason = "its own TLS certificate is not trusted"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        reason = f"it could not be downloaded ({_why(error)})"
    raise FetchError(reason)


def _why(error: Exception) -> str:
    """What went wrong, in words instead of Python's names."""
    if isinstance(error, aiohttp.ClientSSLError):
        return "the TLS handshake failed"
    if isinstance(error, aiohttp.ClientConnectorError):
        return system_words(error.os_error)
    if isinstance(error, OSError):
        return system_words(error)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed the connection without an answer"
    return "the answer is not usable HTTP"


async def _follow(url: str, rules: DownloadRules, limits: FetchLimits) -> bytes:
    for _ in range(limits.redirects + 1):
        answer = await _hop(url, rules, limits)
        if isinstance(answer, bytes):
            return answer
        url = urljoin(url, answer)
    raise FetchError(f"it redirects more than {counted(limits.redirects, 'time')}")


async def _hop(url: str, rules: DownloadRules, limits: FetchLimits) -> bytes | str:
    """The body, or the target of a redirect."""
    parts = parse_url(url)
    addresses = await resolve(
        parts.hostname or "", parts.port or 0, timeout=limits.timeout, resolver=rules.resolver
    )
    rules.check(parts, addresses)
    async with (
        _session(addresses, await _tls(parts)) as session,
        session.get(_as_checked(parts), headers=_HEADERS, allow_redirects=False) as response,
    ):
        if response.status in _REDIRECTS and "Location" in response.headers:
            return str(response.headers["Location"])
        if response.status != _OK:
            raise FetchError(f"the answer is HTTP status {response.status}")
        return await _body(response, limits.max_bytes)


def _as_checked(parts: SplitResult) -> URL:
    """The URL rebuilt from its checked parts, so that no other parser finds another host."""
    return URL.build(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=parts.port,
        path=parts.path or "/",
        query_string=parts.query,
        encoded=True,
    )


async def _body(response: aiohttp.ClientResponse, at_most: int) -> bytes:
    too_long = f"the answer is longer than {at_most // 1024} KiB"
    if (response.content_length or 0) > at_most:
        raise FetchError(too_long)
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > at_most:
            raise FetchError(too_long)
    return bytes(body)


def _session(addresses: Sequence[str], tls: ssl.SSLContext | bool) -> aiohttp.ClientSession:  # noqa: FBT001 -- aiohttp's own type
    connector = _Bounded(
        resolver=_Checked(addresses), use_dns_cache=False, force_close=True, limit=1, ssl=tls
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        read_bufsize=16 * 1024,
    )


async def _tls(parts: SplitResult) -> ssl.SSLContext | bool:
    # Reading certifi's bundle takes tens of milliseconds, so the loop is not kept waiting for it.
    return await asyncio.to_thread(_tls_context) if parts.scheme == "https" else True


@cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


class _Bounded(aiohttp.TCPConnector):
    """A connector that counts all received bytes.

    Chunk extensions and 1xx responses reach no reader, so a limit on the body would miss them.
    """

    async def connect(self, *words: Any, **options: Any) -> aiohttp.connector.Connection:  # noqa: ANN401 -- aiohttp defines the signature
        """A connection that is closed at the limit."""
        connection = await super().connect(*words, **options)
        transport, protocol = connection.transport, connection.protocol
        if transport is not None and protocol is not None:
            transport.set_protocol(_Counted(protocol, transport))
        return connection


class _Counted(asyncio.Protocol):
    """Passes everything on until too much was received."""

    def __init__(self, inner: asyncio.Protocol, transport: asyncio.BaseTransport) -> None:
        self._inner, self._transport = inner, transport
        self._left = DOWNLOAD_WIRE_BYTES

    def data_received(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left >= 0:
            self._inner.data_received(data)
        elif isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()


class _Checked(AbstractResolver):
    """A resolver that returns the checked addresses for every name."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the checked addresses; `family` is ignored, because the connector asks for any."""
        del family
        return [self._one(host, address, port) for address in self._addresses]

    async def close(self) -> None:
        """Nothing is held open."""

    def _one(self, host: str, address: str, port: int) -> ResolveResult:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return ResolveResult(
            hostname=host,
            host=address,
            port=port,
            family=family,
            proto=0,
            flags=socket.AI_NUMERICHOST,
        )
