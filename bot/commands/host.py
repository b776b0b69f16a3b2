"""Parses one word as a backend: a host or an address, with a port and a path if they were typed.

Many notations are accepted, but nothing that is ambiguous.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from bot.commands.host_spelling import EXAMPLE, host_name, ip_literal
from bot.commands.typed_text import split
from bot.commands.usage import TargetError, UnreadableLine, shown
from chainlib import DEFAULT_PORT
from chainlib.frozen import dataclass

if TYPE_CHECKING:
    from bot.domain.request import HostTarget  # see `at`

MAX_PORT = 65535
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):/{1,3}(?!/)(.*)", re.IGNORECASE | re.DOTALL)
_COLON_MISSING = re.compile(r"https?//", re.IGNORECASE)
_AUTHORITY_END = re.compile(r"[/?#]")
_PREFIX_LENGTH = re.compile(r"/[0-9]{1,3}")
_BRACKETED = re.compile(r"\[([^\]]*)\](?::([^:]*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedHost:
    """A host as typed.

    Attributes:
        host: A-label in lower case or IP address without brackets.
        is_ip: whether `host` is an IP address.
        typed_port: the port; `None` if none was typed.
        path: the path of a pasted URL; `None` if there was none or only `/`.
    """

    host: str
    is_ip: bool
    typed_port: int | None
    path: str | None

    @property
    def port(self) -> int:
        """The port to connect to."""
        return DEFAULT_PORT if self.typed_port is None else self.typed_port

    def at(self, port: int | None) -> HostTarget:
        """The target, with a port that an option may have given."""
        from bot.domain.request import HostTarget  # noqa: PLC0415 -- the terminal, which has no requests, never calls this

        return HostTarget(
            host=self.host, is_ip=self.is_ip, port=self.port if port is None else port
        )


def host_target(text: str) -> TypedHost:
    """Parse one host from a terminal argument.

    Raises:
        TargetError: it cannot be probed; the text is one sentence.
    """
    try:
        words = split(text)
        if len(words) == 1:
            return read_host(words[0].bare)
    except UnreadableLine as error:
        raise TargetError(str(error)) from None
    raise TargetError(f"{shown(text)} is not one host; {EXAMPLE}.")


def read_host(word: str) -> TypedHost:
    """Parse one word as a host; a URL's query and fragment are dropped.

    Raises:
        TargetError: it cannot be probed; the text is one sentence.
    """
    scheme = _SCHEME.fullmatch(word)
    if scheme and scheme[1].lower() != "https":
        raise TargetError(
            f"{shown(word)} is not https, and certificates are sent with TLS only; {EXAMPLE} or "
            "https://backend.contoso.com/health."
        )
    if _COLON_MISSING.match(word):
        raise TargetError(
            f"{shown(word)} lacks the colon of a URL; write for example "
            "https://backend.contoso.com/health."
        )
    rest = scheme[2] if scheme else word
    end = _AUTHORITY_END.search(rest)
    authority, tail = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    _refuse_strange(authority, word)
    host, port = _split_port(authority, word)
    name, is_ip = host_name(host)
    if is_ip and port is None and not scheme and _PREFIX_LENGTH.fullmatch(tail):
        raise TargetError(
            f"{shown(word)} is a network; ask about one address at a time, for example 10.0.0.5."
        )
    return TypedHost(host=name, is_ip=is_ip, typed_port=port, path=_url_path(tail))


def port_number(text: str) -> int:
    """Parse a TCP port.

    Raises:
        TargetError: it is no number from 1 to 65535.
    """
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= MAX_PORT:
        raise TargetError(
            f"{shown(text)} is not a port; a port is a number from 1 to {MAX_PORT}, for example "
            "backend.contoso.com:8443."
        )
    return int(text)


def url_path(text: str) -> str:
    """A path as in an HTTP request line.

    It has a leading slash, and other alphabets are percent-encoded.
    """
    return quote(text if text.startswith("/") else f"/{text}", safe="/%:@!$&'()*+,;=-._~?")


def _url_path(tail: str) -> str | None:
    path = re.split(r"[?#]", tail, maxsplit=1)[0]
    return url_path(path) if path.strip("/") else None


def _refuse_strange(authority: str, word: str) -> None:
    if "@" in authority:
        raise TargetError(
            "That contains user info or is a mail address, and is not repeated here; write only "
            "the host, for example backend.contoso.com."
        )
    if "%" in authority:
        raise TargetError(
            f"{shown(word)} holds a zone or an encoded character; {EXAMPLE} or 10.0.0.5."
        )
    if "," in authority:
        raise TargetError(
            f"{shown(word)} looks like several targets; ask about one at a time, for example "
            "backend.contoso.com."
        )


def _split_port(authority: str, word: str) -> tuple[str, int | None]:
    bracketed = _BRACKETED.fullmatch(authority)
    if bracketed:
        if ip_literal(bracketed[1]) is None or ":" not in bracketed[1]:
            raise TargetError(
                f"{shown(word)} holds no IPv6 address between the brackets; write for example "
                "[2001:db8::5]:8443."
            )
        return bracketed[1], _port(bracketed[2])
    if authority.count(":") > 1:
        if ip_literal(authority) is None:
            raise TargetError(
                f"{shown(word)} is neither host:port nor an IPv6 address; write for example "
                "[2001:db8::5]:8443."
            )
        return authority, None
    host, _, port = authority.partition(":")
    if not host:
        raise TargetError(f"{shown(word)} contains no host; {EXAMPLE}.")
    return host, _port(port)


def _port(text: str | None) -> int | None:
    return port_number(text) if text else None
