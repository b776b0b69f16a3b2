"""Resolves host names, with a deadline that also holds if a name server does not answer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence

from chainlib.errors import ResolveFailed
from chainlib.model import is_ip_literal
from chainlib.wording import counted

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]


_NO_NAME = frozenset(" /:?#@\\")
"""Characters that no host name contains; a URL was probably typed instead."""


async def resolve(
    host: str,
    port: int,
    *,
    timeout: float,  # noqa: ASYNC109 -- when it ends, the error names the host
    resolver: Resolver | None = None,
) -> tuple[str, ...]:
    """The distinct addresses of a host, in the resolver's order; an IP address gives itself.

    Args:
        host: A-label or IP address without brackets.
        port: passed to the resolver.
        timeout: seconds.
        resolver: resolves the name; `None` for the system's.

    Raises:
        ResolveFailed: no address, or no answer in time.
    """
    if is_ip_literal(host):
        return (host,)
    if not _NO_NAME.isdisjoint(host):
        raise ResolveFailed(
            f"{host} is no host name and cannot be resolved: the name must stand alone, without "
            "https://, port or path.",
            reason="not-a-name",
        )
    try:
        async with asyncio.timeout(timeout):
            found = await (resolver or system_resolver)(host, port)
    except TimeoutError as error:
        raise ResolveFailed(
            f"{host} could not be resolved: no name server answered within "
            f"{counted(timeout, 'second')}."
        ) from error
    except (OSError, UnicodeError) as error:
        raise ResolveFailed(f"{host} could not be resolved: {_reason(error)}.") from error
    if not found:
        raise ResolveFailed(f"{host} could not be resolved: the name has no address.")
    return tuple(dict.fromkeys(found))


async def system_resolver(host: str, port: int) -> tuple[str, ...]:
    """Call getaddrinfo(3) on a daemon thread of its own.

    A lookup cannot be cancelled. On the loop's default executor it would delay the end of the
    process until the name server has timed out.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[str, ...]] = loop.create_future()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            _hand_over(loop, _settle, answer, tuple(str(entry[4][0]) for entry in found), None)
        except (OSError, UnicodeError) as error:
            _hand_over(loop, _settle, answer, (), error)

    threading.Thread(target=ask, name="appgw-resolve", daemon=True).start()
    return await answer


def _hand_over(
    loop: asyncio.AbstractEventLoop, callback: Callable[..., None], *values: object
) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits for the result
        loop.call_soon_threadsafe(callback, *values)


def _settle(
    answer: asyncio.Future[tuple[str, ...]], found: tuple[str, ...], error: Exception | None
) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(found)
    else:
        answer.set_exception(error)


def _reason(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return str(error.strerror).lower()
    return str(error) or type(error).__name__
