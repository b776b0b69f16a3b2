"""`make demo` end to end: the real bot as a process, real signed HTTP, real broken servers."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from playground import demo
from playground.lab.catalogue import CATALOGUE
from playground.lab.recipe import BackendRecipe
from tests.support.warm import appgw

pytestmark = pytest.mark.may_block
ROOT = Path(__file__).parents[2]


def recipes(*names: str) -> tuple[BackendRecipe, ...]:
    return tuple(recipe for recipe in CATALOGUE if recipe.name in names)


async def test_demo_succeeds_when_cards_match_the_lab(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = recipes("good", "leaf-only", "plain-http")
    assert await demo.run(tmp_path, chosen, appgw("serve")) == 0
    shown = capsys.readouterr().out
    assert "3 of 3 verdicts" in shown
    assert "✖ FAIL 127.0.0.1 port" in shown
    assert "frown" not in shown


async def test_demo_fails_when_a_card_says_something_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (good,) = recipes("good")
    (wrong,) = recipes("leaf-only")
    mislabelled = BackendRecipe(
        name="good", description=good.description, expected=good.expected, start=wrong.start
    )
    assert await demo.run(tmp_path, (mislabelled,), appgw("serve")) == 1
    assert "INTERMEDIATE_MISSING  (expected OK)" in capsys.readouterr().out


async def test_interrupted_demo_leaves_nothing_behind() -> None:
    """In an interpreter and a process group of its own, as `make demo` starts it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import sys; from playground.demo import main; sys.exit(main(sys.argv[1:]))",
        *appgw("serve"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    while b"asking" not in await process.stdout.readline():
        assert process.returncode is None
    os.killpg(process.pid, signal.SIGINT)
    out, err = await process.communicate()
    assert (process.returncode, b"Traceback" in err) == (130, False)
    assert "interrupted" in out.decode()
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
