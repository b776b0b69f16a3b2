"""The chaos bench notices a readiness that is not true."""

from __future__ import annotations

import asyncio

import pytest

from bench.chaos_world import Readings, settled


async def window(readings: Readings) -> tuple[float, float]:
    """A trouble that lasted a moment; when it began and ended, as the readings know it."""
    async with readings.expecting("database", red=10.0, green=5.0):
        await asyncio.sleep(0)
    (found,) = readings._windows
    return found.begun, found.ended


@pytest.mark.parametrize(
    ("troubles", "after", "wrong"),
    [
        pytest.param({"database"}, 4.0, 0, id="told-within-its-time"),
        pytest.param({"database"}, 6.0, 1, id="still-told-when-over"),
        pytest.param(set(), 6.0, 0, id="over"),
        pytest.param({"token"}, 1.0, 1, id="another-trouble"),
        pytest.param({"slack"}, 1.0, 0, id="socket-is-away"),
    ],
)
async def test_reading_after_a_trouble_is_judged(
    troubles: set[str], after: float, wrong: int
) -> None:
    readings = Readings("")
    _, ended = await window(readings)
    readings._judge(troubles, ended + after)
    assert readings.wrong == wrong


@pytest.mark.parametrize(
    ("troubles", "after", "wrong"),
    [
        pytest.param(set(), 9.0, 0, id="not-yet-told"),
        pytest.param(set(), 11.0, 1, id="told-too-late"),
        pytest.param({"database"}, 11.0, 0, id="told"),
    ],
)
async def test_reading_during_a_trouble_is_judged(
    troubles: set[str], after: float, wrong: int
) -> None:
    readings = Readings("")
    async with readings.expecting("database", red=10.0, green=5.0):
        readings._judge(troubles, readings._windows[0].begun + after)
    assert readings.wrong == wrong


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param([28] * 9, False, id="too-few"),
        pytest.param([28] * 10, True, id="flat"),
        pytest.param([78, 60, 28, *[29] * 8], False, id="fell-a-moment-ago"),
        pytest.param([78, 60, 28, *[29] * 9], True, id="fell-ten-readings-ago"),
    ],
)
def test_usage_is_read_until_it_settles(counts: list[int], expected: bool) -> None:  # noqa: FBT001 -- a table column
    assert settled(counts) is expected
