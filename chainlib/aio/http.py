"""The health probe: one GET over the connection of the capture, by the gateway's own rule.

Status line and headers are read, the body only if the rule requires a text in it. No redirect is
followed and no credentials are sent (azure-rules section 3.2).
"""

from __future__ import annotations

import http.client
import io
import re
import sys
from typing import Any, TypeAlias, cast
from urllib.parse import quote

from chainlib.banners import BannerKind, banner_of
from chainlib.errors import InvalidTarget
from chainlib.handshake import Breakage, ClientHandshake, Failure
from chainlib.limits import BODY_BYTES, HEADER_BYTES, INTERIM_ANSWERS, STATUS_LINE_BYTES
from chainlib.model import HttpFailure, HttpFailureKind, HttpResponse
from chainlib.policy import HttpProbeRule
from chainlib.wording import shown_bytes

Answer: TypeAlias = HttpResponse | HttpFailure

_SETTINGS, _GOAWAY = 4, 7
_HTTP2_FRAMES = {_SETTINGS: "SETTINGS", _GOAWAY: "GOAWAY"}
_HTTP2_STARTS = frozenset(bytes([kind]) for kind in _HTTP2_FRAMES)
_FRAME_HEADER, _GOAWAY_BYTES = 9, 8
_PROTOCOL = b"HTTP/"
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"[A-Za-z0-9._~%:\[\]-]+")
_PATH_SAFE = "/?&=%#:@!$'()*+,;~[]"


def request(rule: HttpProbeRule) -> bytes:
    """The bytes of the probe's request.

    Raises:
        InvalidTarget: the host header or the path contains characters that would add lines to the
            request.
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


class AnswerReader:
    """Parses the response to the probe incrementally.

    It keeps at most `limits.HEADER_BYTES` and `limits.BODY_BYTES`, and accepts at most
    `limits.INTERIM_ANSWERS` bytes of 1xx responses.

    Args:
        rule: says whether the body is needed.
    """

    def __init__(self, rule: HttpProbeRule) -> None:
        self._rule = rule
        self._received = bytearray()
        self._interim = 0

    def feed(self, data: bytes) -> Answer | None:
        """Add received bytes; returns the answer once known, `None` while more is needed."""
        return self._answer(data, ended=False)

    def ended(self, client: ClientHandshake) -> Answer:
        """The connection has ended as `client` says; what was received may still be an answer."""
        return self._answer(b"", ended=True) or _no_answer(client, began=bool(self._received))

    def _answer(self, data: bytes, *, ended: bool) -> Answer | None:
        room = HEADER_BYTES + BODY_BYTES + 1 - len(self._received)
        self._received += data[:room]
        try:
            return self._parsed(ended=ended)
        except _Unusable as error:
            return error.failure
        except http.client.HTTPException:
            return self._not_http(ended=ended)

    def _not_http(self, *, ended: bool) -> Answer | None:
        begins_a_frame = bytes(self._received[3:4]) in _HTTP2_STARTS
        if begins_a_frame and len(self._received) < _FRAME_HEADER and not ended:
            return None
        return _other_protocol(bytes(self._received))

    def _parsed(self, *, ended: bool) -> HttpResponse | None:
        received = self._received
        head_end = _head_end(received)
        while head_end is not None and _is_interim(received):
            self._interim += 1
            if self._interim > INTERIM_ANSWERS:
                came = f"{self._interim} interim answers (1xx) and no final one"
                raise _Unusable(HttpFailureKind.OTHER, came)
            del received[:head_end]
            head_end = _head_end(received)
        if head_end is None:
            return None
        response = _parse(bytes(received[: head_end + BODY_BYTES]), head_end)
        if not self._rule.body:
            return _value(response, None, head_end)
        wire = received[head_end:]
        if not (ended or len(wire) >= BODY_BYTES or _may_be_complete(response, wire)):
            return None
        body, complete = _body(response)
        if complete or ended or len(wire) >= BODY_BYTES:
            return _value(response, self._rule.body.encode() in body, head_end)
        return None


class _Unusable(Exception):
    """The response is HTTP but exceeds a limit."""

    def __init__(self, kind: HttpFailureKind, detail: str) -> None:
        super().__init__(detail)
        self.failure = HttpFailure(kind=kind, detail=detail)


def _is_interim(received: bytearray) -> bool:
    """Whether it is a 1xx response, of which a server may send several before the final one.

    101 is final: the server changes the protocol (RFC 9110 section 15.2.2).
    """
    return received[9:10] == b"1" and received[9:12] != b"101"


def _head_end(received: bytearray) -> int | None:
    """The offset of the body; `None` while the headers are incomplete."""
    if received[:5] != _PROTOCOL[: len(received)]:
        raise http.client.BadStatusLine("")
    if len(received) > STATUS_LINE_BYTES and b"\n" not in received[:STATUS_LINE_BYTES]:
        raise _Unusable(
            HttpFailureKind.HEADER_TOO_LARGE,
            f"the status line is longer than {STATUS_LINE_BYTES // 1024} KiB",
        )
    end = _HEADER_END.search(received, 0, HEADER_BYTES)
    if end is None and len(received) > HEADER_BYTES:
        raise _Unusable(
            HttpFailureKind.HEADER_TOO_LARGE,
            f"the header is longer than {HEADER_BYTES // 1024} KiB",
        )
    return end.end() if end else None


def _other_protocol(received: bytes) -> HttpFailure:
    """The failure if the answer is not HTTP/1; HTTP/2 is recognised (RFC 9113 section 3.4)."""
    if len(received) >= _FRAME_HEADER and _is_http2_frame(received):
        detail = f"an HTTP/2 {_HTTP2_FRAMES[received[3]]} frame"
        return HttpFailure(kind=HttpFailureKind.HTTP2_ONLY, detail=detail)
    banner = banner_of(received)
    protocol_prefix = f"{banner.protocol}: " if banner and banner.kind is not BannerKind.WEB else ""
    return HttpFailure(
        kind=HttpFailureKind.NOT_HTTP, detail=f"{protocol_prefix}{shown_bytes(received)}"
    )


def _is_http2_frame(received: bytes) -> bool:
    """Whether a SETTINGS or GOAWAY frame of stream 0 begins here (RFC 9113 sections 6.5, 6.8)."""
    length, kind, stream = int.from_bytes(received[:3]), received[3], received[5:_FRAME_HEADER]
    fits = length % 6 == 0 if kind == _SETTINGS else length >= _GOAWAY_BYTES
    return kind in _HTTP2_FRAMES and not any(stream) and fits and length <= HEADER_BYTES


def _parse(data: bytes, head_end: int) -> http.client.HTTPResponse:
    """Parse the response.

    If http.client rejects the headers (a hundred and more of them), only the status line is used.
    """
    try:
        return _begin(data)
    except http.client.HTTPException:
        return _begin(data.split(b"\n", 1)[0] + b"\n\r\n" + data[head_end:])


def _begin(data: bytes) -> http.client.HTTPResponse:
    response = http.client.HTTPResponse(cast("Any", _Bytes(data)), method="GET")
    response.begin()
    return response


class _Bytes:
    """The bytes in the form of a socket, as http.client requires."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        """The bytes as a file."""
        return _File(self._data)


class _File(io.BytesIO):
    """The bytes as a file that may be asked for more than any file can hold.

    A peer writes the length of a body or of a chunk with as many digits as it likes, and
    http.client reads that many bytes; `io` raises `OverflowError` for a number beyond 64 bits.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        """Read at most `size` bytes."""
        return super().read(size if size is None else min(size, sys.maxsize))


def _may_be_complete(response: http.client.HTTPResponse, wire: bytearray) -> bool:
    """A cheap test whether parsing the body is worthwhile."""
    if response.chunked:
        return wire.endswith(b"\r\n\r\n")
    return response.length is not None and len(wire) >= response.length


def _body(response: http.client.HTTPResponse) -> tuple[bytes, bool]:
    try:
        return response.read(), True
    except http.client.IncompleteRead as error:
        return error.partial, False


def _value(
    response: http.client.HTTPResponse,
    matched: bool | None,  # noqa: FBT001 -- the field's own three values
    header_bytes: int,
) -> HttpResponse:
    return HttpResponse(
        status=response.status,
        reason=response.reason,
        body_matched=matched,
        server=response.getheader("Server", ""),
        header_bytes=header_bytes,
    )


def _no_answer(client: ClientHandshake, *, began: bool) -> HttpFailure:
    """The failure if the connection ended before an answer."""
    failure = client.failure or Failure(kind=Breakage.CLOSED, detail="end of stream")
    if client.client_certificate_refused and not began:
        return HttpFailure(kind=HttpFailureKind.CLIENT_CERTIFICATE_REQUIRED, detail=failure.detail)
    gone = failure.kind in {Breakage.CLOSED, Breakage.RESET}
    return HttpFailure(
        kind=HttpFailureKind.CLOSED if gone else HttpFailureKind.OTHER, detail=failure.detail
    )
