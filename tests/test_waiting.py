"""No test rests on how fast the machine is: no fixed sleeps, no short limits, no stop-watches.

`tests/support/waiting.py` says how tests wait. What is right all the same says why, after `# time:`
on its line or the line above.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.waiting import LIMIT_S, advance, stop_time, until

TESTS = Path(__file__).parent
WAITING = TESTS / "support" / "waiting.py"
FILES = sorted(set(TESTS.rglob("*.py")) - {WAITING, Path(__file__)})
SHORTEST_S = 30.0
_LONG_CALL = 5  # lines of a call whose reason stands beside the limit
REASON = re.compile(r"# time: \w.{10,}")
STOP_WATCHES = {"monotonic", "perf_counter"}
LIMITS = re.compile(r"timeout|patience|within|total")


# A source without one of these has none of the habits: parsing all takes twice as long.
SUSPECT = re.compile(
    r"sleep|monotonic|perf_counter|wait_for|until\(|\w*(?:timeout|patience|within|total)\w*\s*[=(]"
)


def habits(source: str) -> list[tuple[int, str]]:
    """The lines that rest on time, and what is wrong with each."""
    if not SUSPECT.search(source):
        return []
    lines = source.splitlines()
    tree = ast.parse(source)
    found = sorted(set(_Looking(_constants(tree)).found_in(tree)))
    return [
        (number, what)
        for number, what in found
        if not any(REASON.search(line) for line in lines[max(number - 2, 0) : number + _LONG_CALL])
    ]


class _Looking:
    """Looks at each call."""

    def __init__(self, constants: dict[str, float]) -> None:
        self._constants = constants

    def found_in(self, tree: ast.Module) -> Iterator[tuple[int, str]]:
        """What is wrong, and where."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                for what in (*self._by_name(node), *self._by_keyword(node)):
                    yield node.lineno, what

    def _by_name(self, call: ast.Call) -> Iterator[str]:
        name = _name(call.func)
        given = [self._number(argument) for argument in call.args]
        if name == "sleep" and given and given[0] != 0:
            yield "a fixed sleep"
        if name in STOP_WATCHES:
            yield "a stop-watch"
        limit = {"timeout": given[:1], "wait_for": given[1:2], "until": given[1:2]}.get(name, [])
        if any(_short(one) for one in limit):
            yield "a short limit"

    def _by_keyword(self, call: ast.Call) -> Iterator[str]:
        for keyword in call.keywords:
            if LIMITS.search(keyword.arg or "") and _short(self._number(keyword.value)):
                yield "a short limit"

    def _number(self, node: ast.expr) -> float | None:
        if isinstance(node, ast.Constant) and type(node.value) in {int, float}:
            return float(node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.Name):
            return self._constants.get(node.id)
        if isinstance(node, ast.Call) and _name(node.func) == "timedelta":
            return sum(
                (self._number(keyword.value) or 0) * _SECONDS[keyword.arg or ""]
                for keyword in node.keywords
            )
        return None


_SECONDS = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0}


def _constants(tree: ast.Module) -> dict[str, float]:
    return {
        target.id: float(node.value.value)  # type: ignore[arg-type]
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        if type(node.value.value) in {int, float}
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _short(seconds: float | None) -> bool:
    """A limit of 0 is over before anything is awaited."""
    return seconds is not None and 0 < seconds < SHORTEST_S


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("await asyncio.sleep(0.5)", True),
        ("time.sleep(PAUSE)", True),
        ("await asyncio.sleep(0)", False),
        ("await asyncio.sleep(0.5)  # time: the pieces come apart", False),
        ("await asyncio.sleep(0.5)  # time: x", True),
        ("async with asyncio.timeout(5): pass", True),
        ("async with asyncio.timeout(PAUSE): pass", True),
        ("async with asyncio.timeout(30): pass", False),
        ("await asyncio.wait_for(task, 20)", True),
        ("await slack.until(shown, 15)", True),
        ("await capture(target, timeout=5)", True),
        ("await capture(target, timeout=LIMIT_S)", False),
        ("EngineSettings(post_timeout=timedelta(seconds=0.2))", True),
        ("begun = time.monotonic()", True),
        ("begun = time.process_time()", False),
    ],
)
def test_line_that_rests_on_time_is_found(line: str, wrong: bool) -> None:  # noqa: FBT001 -- a table column
    source = f"PAUSE = 0.2\nasync def test() -> None:\n    {line}\n"
    assert bool(habits(source)) is wrong


def test_no_test_rests_on_time() -> None:
    found = {
        f"{file.relative_to(TESTS.parent)}:{number}: {what}"
        for file in FILES
        for number, what in habits(file.read_text())
    }
    assert found == set()


async def test_moved_clock_ends_a_limit() -> None:
    stop_time()
    with pytest.raises(TimeoutError):
        await _patient()


async def _patient() -> None:
    import asyncio  # noqa: PLC0415 -- the module has no other use for it

    async with asyncio.timeout(LIMIT_S):
        advance(LIMIT_S)
        await asyncio.Event().wait()


async def test_missing_event_is_named() -> None:
    asked = 0

    def never() -> str:
        nonlocal asked
        asked += 1
        if asked == 2:
            advance(LIMIT_S)
        return ""

    with pytest.raises(TimeoutError, match=r"not within 60 s: the reply; last: ''"):
        await until(never, "the reply")
