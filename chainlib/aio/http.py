"""The health probe.

One GET over the connection that the chain was captured on, by the gateway's own rule.

The status line and the header are read, the body only where the rule asks for a text in it. No
redirect is followed, no credentials
are sent (azure-rules section 3.2).
"""

from __future__ import annotations

import http.client
import io
import re
from typing import Any, cast
from urllib.parse import quote

from chainlib.aio.stream import TlsStream
from chainlib.errors import InvalidTarget
from chainlib.handshake import Breakage, Failure
from chainlib.model import HttpFailure, HttpFailureKind, HttpResponse
from chainlib.policy import HttpProbeRule

MAX_STATUS_LINE = 8 * 1024
MAX_HEADER = 64 * 1024
MAX_BODY = 64 * 1024
_PROTOCOL = b"HTTP/"
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"[A-Za-z0-9._~%:\[\]-]+")
_PATH_SAFE = "/?&=%#:@!$'()*+,;~[]"


def request(rule: HttpProbeRule) -> bytes:
    """The bytes of the probe's request.

    Raises:
        InvalidTarget: the host header or the path cannot stand in a request, so that neither can
            smuggle a line into it.
    """
    if not _HOST.fullmatch(rule.host_header):
        raise InvalidTarget(
            f"{rule.host_header!r} cannot be a Host header; write a host name such as "
            "backend.contoso.com"
        )
    if not rule.path.startswith("/") or _CONTROL.search(rule.path):
        raise InvalidTarget(
            f"{rule.path!r} cannot be a probe path; it starts with a slash, for example /healthz"
        )
    host = (
        f"[{rule.host_header}]"
        if rule.host_header.count(":") > 1 and not rule.host_header.startswith("[")
        else rule.host_header
    )
    head = (
        f"GET {quote(rule.path, safe=_PATH_SAFE)} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: appgw-check",
        "Accept: */*",
        "Connection: close",
    )
    return "\r\n".join((*head, "", "")).encode("ascii")


async def ask(stream: TlsStream, rule: HttpProbeRule) -> HttpResponse | HttpFailure:
    """Send the probe's request and read its answer; the caller holds the deadline.

    Raises:
        InvalidTarget: as `request`.
    """
    stream.send(request(rule))
    received = bytearray()
    while True:
        data = await stream.read()
        received += data
        try:
            answer = _answer(received, rule, ended=not data)
        except http.client.HTTPException as error:
            return HttpFailure(
                kind=HttpFailureKind.NOT_HTTP,
                detail=f"{_first_line(received)} ({type(error).__name__})",
            )
        if answer is not None:
            return answer
        if not data:
            return _no_answer(stream, began=bool(received))


def _answer(received: bytearray, rule: HttpProbeRule, *, ended: bool) -> HttpResponse | None:
    """The answer as soon as it is known, `None` while more is needed.

    Raises HTTPException when it is no HTTP.
    """
    head_end = _head_end(received)
    while head_end is not None and received[9:10] == b"1" and received[9:12] != b"101":
        del received[
            :head_end
        ]  # an interim response (RFC 9110 section 15.2), of which a server may send any number
        head_end = _head_end(received)
    if head_end is None:
        return None
    response = _parse(bytes(received[: head_end + MAX_BODY]), head_end)
    if not rule.body:
        return _value(response, None)
    wire = received[head_end:]
    if not (ended or len(wire) >= MAX_BODY or _may_be_complete(response, wire)):
        return None
    body, complete = _body(response)
    if complete or ended or len(wire) >= MAX_BODY:
        return _value(response, rule.body.encode() in body)
    return None


def _head_end(received: bytearray) -> int | None:
    """Where the body begins, `None` while the header is incomplete."""
    if received[:5] != _PROTOCOL[: len(received)]:
        raise http.client.BadStatusLine("")
    if len(received) > MAX_STATUS_LINE and b"\n" not in received[:MAX_STATUS_LINE]:
        raise http.client.LineTooLong("status line")
    end = _HEADER_END.search(received, 0, MAX_HEADER)
    if end is None and len(received) > MAX_HEADER:
        raise http.client.LineTooLong("header")
    return end.end() if end else None


def _parse(data: bytes, head_end: int) -> http.client.HTTPResponse:
    """The answer; its status line stands by itself where http.client does not take the fields below it, a hundred and more of them."""
    try:
        return _begin(data)
    except http.client.HTTPException:
        return _begin(data.split(b"\n", 1)[0] + b"\n\r\n" + data[head_end:])


def _begin(data: bytes) -> http.client.HTTPResponse:
    response = http.client.HTTPResponse(cast("Any", _Bytes(data)), method="GET")
    response.begin()
    return response


class _Bytes:
    """What http.client wants of a socket: a file to read."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        """The bytes as a file."""
        return io.BytesIO(self._data)


def _may_be_complete(response: http.client.HTTPResponse, wire: bytearray) -> bool:
    """A cheap look whether parsing the body is worth it."""
    if response.chunked:
        return wire.endswith(b"\r\n\r\n")
    return response.length is not None and len(wire) >= response.length


def _body(response: http.client.HTTPResponse) -> tuple[bytes, bool]:
    try:
        return response.read(), True
    except http.client.IncompleteRead as error:
        return error.partial, False


def _value(response: http.client.HTTPResponse, matched: bool | None) -> HttpResponse:  # noqa: FBT001 -- the field's own three values
    return HttpResponse(
        status=response.status,
        reason=response.reason,
        body_matched=matched,
        server=response.getheader("Server", ""),
    )


def _no_answer(stream: TlsStream, *, began: bool) -> HttpFailure:
    """The connection ended before an answer came."""
    failure = stream.client.failure or Failure(kind=Breakage.CLOSED, detail="end of stream")
    if stream.client.client_certificate_refused and not began:
        return HttpFailure(kind=HttpFailureKind.CLIENT_CERTIFICATE_REQUIRED, detail=failure.detail)
    gone = failure.kind in {Breakage.CLOSED, Breakage.RESET}
    return HttpFailure(
        kind=HttpFailureKind.CLOSED if gone else HttpFailureKind.OTHER, detail=failure.detail
    )


def _first_line(received: bytearray) -> str:
    return repr(bytes(received[:60].split(b"\n", 1)[0]))
