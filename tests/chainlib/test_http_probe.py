"""The health probe over the captured connection.

Its question byte by byte, and every way of answering it.
"""

from __future__ import annotations

import asyncio

import pytest

from chainlib import HttpFailure, HttpFailureKind, HttpProbeRule, HttpResponse, InvalidTarget
from chainlib.aio import capture
from chainlib.aio.http import request
from playground.lab.servers import (
    HttpHandler,
    HttpRequest,
    TlsBackend,
    TlsConnection,
    respond,
    respond_raw,
)
from tests.support.slow_peers import no_answer
from tests.support.tls_server import NAME, Estate, target
from tests.support.waiting import LIMIT_S, stop_time

ESTATE = Estate()
OK = HttpResponse(status=200, reason="OK")


@pytest.fixture(autouse=True)
async def time_stands_still() -> None:
    """No limit ends unless a test lets time pass."""
    stop_time()


async def _ask(
    handler: HttpHandler, rule: HttpProbeRule | None = None
) -> HttpResponse | HttpFailure | None:
    async with ESTATE.backend(http=handler) as server:
        captured = await capture(
            target(server), timeout=LIMIT_S, probe=rule or HttpProbeRule(host_header=NAME)
        )
    assert captured.certificates == ESTATE.chain
    assert captured.handshake_error is None
    return captured.http


def test_request_bytes() -> None:
    rule = HttpProbeRule(host_header="backend.contoso.com", path="/health z?a=b&c=%20")
    assert request(rule) == (
        b"GET /health%20z?a=b&c=%20 HTTP/1.1\r\nHost: backend.contoso.com\r\n"
        b"User-Agent: appgw-check\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )


def test_request_host_of_ipv6_literal() -> None:
    assert b"\r\nHost: [::1]\r\n" in request(HttpProbeRule(host_header="::1"))


@pytest.mark.parametrize("host", ["", "a b", "a\r\nX: y", "a\n", "b\u00fccher.example", "a/b"])
def test_host_unsendable(host: str) -> None:
    with pytest.raises(InvalidTarget):
        request(HttpProbeRule(host_header=host))


@pytest.mark.parametrize("path", ["", "health", "/a\r\nX: y", "/a\nb", "/\x00", "/\x7f"])
def test_path_unsendable(path: str) -> None:
    with pytest.raises(InvalidTarget):
        request(HttpProbeRule(path=path))


async def test_unsendable_rule_is_refused_before_connecting() -> None:
    async with ESTATE.backend() as server:
        with pytest.raises(InvalidTarget):
            await capture(target(server), timeout=LIMIT_S, probe=HttpProbeRule(path="no-slash"))
    assert server.connections == 0


async def test_server_sees_the_rule() -> None:
    async with ESTATE.backend() as server:
        await capture(
            target(server), timeout=LIMIT_S, probe=HttpProbeRule(host_header=NAME, path="/healthz")
        )
    headers = {"host": NAME, "user-agent": "appgw-check", "accept": "*/*", "connection": "close"}
    assert server.requests == [HttpRequest(method="GET", path="/healthz", headers=headers)]


async def test_status_and_server() -> None:
    assert await _ask(respond(503, headers="Server: IIS\r\n")) == HttpResponse(
        status=503, reason="Error", server="IIS"
    )


async def test_redirect_is_not_followed() -> None:
    async with ESTATE.backend(http=respond(302, headers="Location: /other\r\n")) as server:
        captured = await capture(target(server), timeout=LIMIT_S, probe=HttpProbeRule())
    assert getattr(captured.http, "status", None) == 302
    assert [sent.path for sent in server.requests] == ["/"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", OK),
        (b"HTTP/1.0 200 OK\n\n", OK),
        (b"HTTP/1.1 204\r\n\r\n", HttpResponse(status=204)),
        (
            (
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: "
                b"x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
            ),
            OK,
        ),
        (b"HTTP/1.1 200 " + b"x" * 8000 + b"\r\n\r\n", HttpResponse(status=200, reason="x" * 8000)),
        (
            b"HTTP/1.1 503 Busy\r\n" + b"X-Trace: y\r\n" * 300 + b"\r\n",
            HttpResponse(status=503, reason="Busy"),
        ),
    ],
    ids=["no-header", "line-feeds-only", "no-reason", "interim", "long-reason", "many-fields"],
)
async def test_answer_read(answer: bytes, expected: HttpResponse) -> None:
    assert await _ask(respond_raw(answer)) == expected


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", HttpFailureKind.NOT_HTTP),
        (b"\x00\x00\x12\x04\x00", HttpFailureKind.NOT_HTTP),
        (b"HTTP/1.1 ok\r\n\r\n", HttpFailureKind.NOT_HTTP),
        (b"HTTP/1.1 200 " + b"x" * 9000 + b"\r\n\r\n", HttpFailureKind.HEADER_TOO_LARGE),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000 + b"\r\n", HttpFailureKind.HEADER_TOO_LARGE),
        (b"HTTP/1.1 200 OK\r\nContent-Le", HttpFailureKind.CLOSED),
        (b"", HttpFailureKind.CLOSED),
    ],
    ids=[
        "banner",
        "http-2",
        "no-status",
        "long-status-line",
        "endless-header",
        "cut-header",
        "nothing",
    ],
)
async def test_no_http_answer(answer: bytes, kind: HttpFailureKind) -> None:
    failure = await _ask(respond_raw(answer))
    assert isinstance(failure, HttpFailure)
    assert failure.kind is kind


async def test_slow_answer() -> None:
    failure = await _ask(no_answer, HttpProbeRule(timeout=30.5))
    assert failure == HttpFailure(
        kind=HttpFailureKind.TIMEOUT, detail="no complete answer within 30.5 seconds", waited=30.5
    )


async def test_overall_deadline_bounds_the_probe() -> None:
    async with ESTATE.backend(http=no_answer) as server:
        captured = await capture(target(server), timeout=LIMIT_S, probe=HttpProbeRule(timeout=900))
    assert captured.http == HttpFailure(
        kind=HttpFailureKind.TIMEOUT, detail="no complete answer within 60 seconds", waited=LIMIT_S
    )


@pytest.mark.parametrize(
    ("answer", "matched"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nI am ready", True),
        (b"HTTP/1.1 200 OK\r\n\r\nI am ready", True),
        (b"HTTP/1.1 200 OK\r\n" + b"X-Trace: y\r\n" * 300 + b"\r\nI am ready", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nI am ready", True),
        (
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nI am "
                b"r\r\n4\r\neady\r\n0\r\n\r\n"
            ),
            True,
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nrea\r\n\r\n", False),
        (
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nready\r\n"
                + b"f" * 40
                + b"\r\nx\r\n\r\n"
            ),
            True,
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\nI am ready", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno, ready", False),
        (b"HTTP/1.1 200 OK\r\nX: ready\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70000 + b"ready", False),
    ],
    ids=[
        "length",
        "until-close",
        "many-fields",
        "cut",
        "chunked",
        "cut-chunk",
        "huge-chunk",
        "huge-length",
        "past-length",
        "header-only",
        "past-64-kib",
    ],
)
async def test_body_match(answer: bytes, matched: bool) -> None:  # noqa: FBT001 -- a table column
    got = await _ask(respond_raw(answer), HttpProbeRule(body="ready"))
    assert got == HttpResponse(status=200, reason="OK", body_matched=matched)


class _KeepsOpen(TlsBackend):
    """A server that does not heed `Connection: close`."""

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = TlsConnection(reader, writer, self._main)
        await connection.handshake()
        await connection.read()
        await connection.write(await self._http(HttpRequest(method="GET", path="/", headers={})))
        await reader.read()


@pytest.mark.parametrize(
    ("answer", "matched"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nready\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12000\r\n" + b"x" * 70000, False),
    ],
    ids=["length", "chunked", "endless"],
)
async def test_body_complete_without_close(answer: bytes, matched: bool) -> None:  # noqa: FBT001 -- a table column
    async with _KeepsOpen(
        chain=ESTATE.chain, key=ESTATE.leaf.key, http=respond_raw(answer)
    ) as server:
        captured = await capture(target(server), timeout=LIMIT_S, probe=HttpProbeRule(body="ready"))
    assert captured.http == HttpResponse(status=200, reason="OK", body_matched=matched)
