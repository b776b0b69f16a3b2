"""Names to addresses: distinct, in order, in time, or one sentence that says why not."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Sequence

import pytest

from chainlib import ResolveFailed
from chainlib.aio import Resolver, resolve
from tests.support.waiting import LIMIT_S, advance, for_ever

HOST = "backend.contoso.com"


def _answers(*addresses: str) -> Resolver:
    async def resolver(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolver


async def _never(_host: str, _port: int) -> Sequence[str]:
    advance(LIMIT_S)
    await for_ever()
    return ()


async def _broken(_host: str, _port: int) -> Sequence[str]:
    raise OSError("the name server refused")


@pytest.mark.parametrize("literal", ["10.0.0.5", "::1", "fe80::1%eth0"])
async def test_literal_is_its_own_address(literal: str) -> None:
    assert await resolve(literal, 443, timeout=LIMIT_S, resolver=_broken) == (literal,)


@pytest.mark.parametrize(
    "typed", ["https://backend.contoso.com/", "backend.contoso.com:8443", "backend.contoso.com/a"]
)
async def test_non_host_name_is_not_queried(typed: str) -> None:
    with pytest.raises(ResolveFailed, match="the name must stand alone"):
        await resolve(typed, 443, timeout=LIMIT_S, resolver=_never)


async def test_addresses_distinct_in_order() -> None:
    resolver = _answers("10.0.0.7", "10.0.0.5", "10.0.0.7")
    assert await resolve(HOST, 443, timeout=LIMIT_S, resolver=resolver) == ("10.0.0.7", "10.0.0.5")


async def test_system_resolver() -> None:
    assert "127.0.0.1" in await resolve("localhost", 443, timeout=LIMIT_S)


async def test_late_answer_is_dropped() -> None:
    """The lookup goes on by itself; its answer finds nobody waiting and disturbs nothing."""
    loop, disturbed = asyncio.get_running_loop(), list[object]()
    loop.set_exception_handler(lambda _loop, context: disturbed.append(context))
    with pytest.raises(ResolveFailed):
        await resolve("localhost", 443, timeout=0)
    for thread in threading.enumerate():
        if thread.name == "appgw-resolve":
            await asyncio.to_thread(thread.join)
    await asyncio.sleep(0)
    gc.collect()
    assert disturbed == []


@pytest.mark.parametrize(
    ("host", "resolver", "expected"),
    [
        (HOST, _answers(), f"{HOST} could not be resolved: the name has no address."),
        (HOST, _broken, f"{HOST} could not be resolved: the name server refused."),
        (
            HOST,
            _never,
            f"{HOST} could not be resolved: no name server answered within 60 seconds.",
        ),
        ("a..b", None, "a..b could not be resolved: "),
        ("x" * 64 + ".com", None, "could not be resolved: "),
    ],
    ids=["no-address", "error", "silence", "empty-label", "long-label"],
)
async def test_unresolved(host: str, resolver: Resolver | None, expected: str) -> None:
    with pytest.raises(ResolveFailed) as raised:
        await resolve(host, 443, timeout=LIMIT_S, resolver=resolver)
    assert expected in str(raised.value)
