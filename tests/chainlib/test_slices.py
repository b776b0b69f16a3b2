"""TLS steps of many connections let the event loop look at its timers in between."""

from __future__ import annotations

import asyncio

import pytest

from chainlib import HttpProbeRule, HttpResponse
from chainlib.aio import capture
from chainlib.aio import slices as module
from chainlib.aio.slices import SLICE_S, Step, slices
from tests.support.tls_server import Estate, target
from tests.support.waiting import LIMIT_S

AT_ONCE = 8


class Clock:
    """The loop's clock, moved by the steps themselves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self.now = loop.time()
        monkeypatch.setattr(loop, "time", lambda: self.now)


async def _next_look() -> None:
    """Until the loop has looked at its timers and sockets once more."""
    await asyncio.sleep(0)


async def test_steps_beyond_slice_wait_for_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, done = Clock(monkeypatch), list[int]()

    def step(number: int) -> Step:
        def work() -> None:
            clock.now += SLICE_S / 2
            done.append(number)

        return work

    for number in range(5):
        slices().run(step(number))
    assert done == [0, 1]
    await _next_look()
    assert done == [0, 1, 2, 3]
    # What comes later waits behind what came before.
    slices().run(step(5))
    await _next_look()
    assert done == [0, 1, 2, 3, 4, 5]


async def test_long_step_is_run_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, done = Clock(monkeypatch), list[int]()

    def work() -> None:
        clock.now += 3 * SLICE_S
        done.append(len(done))

    for _ in range(3):
        slices().run(work)
    for finished in (1, 2, 3):
        assert len(done) == finished
        await _next_look()


async def test_steps_after_a_failing_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, done, reported = Clock(monkeypatch), list[str](), list[str]()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: reported.append(str(context["exception"])))

    def fill() -> None:
        clock.now += 2 * SLICE_S

    def fail() -> None:
        raise ValueError("of the step")

    for step in (fill, fail, lambda: done.append("run")):
        slices().run(step)
    await _next_look()
    await _next_look()
    assert (done, reported) == (["run"], ["of the step"])


@pytest.mark.parametrize("slice_s", [0.0, SLICE_S], ids=["every-step-waits", "as-usual"])
async def test_captures_are_whole_whatever_the_slice(
    monkeypatch: pytest.MonkeyPatch, slice_s: float
) -> None:
    monkeypatch.setattr(module, "SLICE_S", slice_s)
    estate = Estate()
    async with estate.backend() as server:
        captured = await asyncio.gather(
            *(
                capture(target(server), timeout=LIMIT_S, probe=HttpProbeRule())
                for _ in range(AT_ONCE)
            )
        )
    assert {chain.certificates for chain in captured} == {estate.chain}
    assert all(chain.handshake_error is None for chain in captured)
    assert all(isinstance(chain.http, HttpResponse) for chain in captured)


async def test_closed_connection_ignores_its_waiting_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SLICE_S", 0.0)
    reported = list[object]()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: reported.append(context))
    estate = Estate()
    async with estate.backend() as server:
        cancelled = [
            asyncio.create_task(capture(target(server), timeout=LIMIT_S)) for _ in range(AT_ONCE)
        ]
        for task in cancelled:
            await _next_look()
            task.cancel()
        await asyncio.gather(*cancelled, return_exceptions=True)
        assert (await capture(target(server), timeout=LIMIT_S)).certificates == estate.chain
    assert not reported
