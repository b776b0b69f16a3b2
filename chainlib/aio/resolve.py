"""Host names to addresses, with a deadline that holds even when a name server does not answer."""

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
"""Signs that no host name holds, as in a URL that was typed in place of one."""


async def resolve(
    host: str,
    port: int,
    *,
    timeout: float,  # noqa: ASYNC109 -- the deadline is part of the question
    resolver: Resolver | None = None,
) -> tuple[str, ...]:
    """The distinct addresses of a host, in the resolver's order; an IP literal is its own address.

    Args:
        host: A-label name or IP literal without brackets.
        port: given to the resolver, which may need it.
        timeout: seconds.
        resolver: asks for the addresses; `None` is the system's.

    Raises:
        ResolveFailed: no address, or no answer in time.
    """
    if is_ip_literal(host):
        return (host,)
    if not _NO_NAME.isdisjoint(host):
        raise ResolveFailed(
            f"{host} is no host name and cannot be resolved: the name must stand alone, without "
            "https://, port or path."
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
    """Ask getaddrinfo(3) on a thread of its own.

    A lookup cannot be cancelled, and the loop's default executor would hold up the end of the
    process until a dead name server has
    been given up; a daemon thread does not.
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
    with contextlib.suppress(RuntimeError):  # the loop has ended, nobody waits any more
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
