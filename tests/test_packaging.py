"""What an installation gets.

The wheel holds everything that the program reads at run time, and none of the stand-ins.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
NOT_CODE = {"bot/py.typed", "chainlib/py.typed", "bot/store/migrations/script.py.mako"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """The wheel as the Dockerfile builds it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(  # noqa: S603 -- our own build
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return ZipFile(built)


def contents(wheel: ZipFile) -> set[str]:
    """The files that are installed, without the wheel's own records."""
    return {name for name in wheel.namelist() if ".dist-info/" not in name}


def test_wheel_holds_every_module_and_nothing_else(wheel: ZipFile) -> None:
    ours = {
        str(path.relative_to(ROOT))
        for room in ("bot", "chainlib")
        for path in (ROOT / room).rglob("*.py")
    }
    assert contents(wheel) == ours | NOT_CODE


def test_wheel_installs_the_program_and_its_licence(wheel: ZipFile) -> None:
    records = {Path(name).name: name for name in wheel.namelist() if ".dist-info/" in name}
    assert b"appgw = bot.cli:main" in wheel.read(records["entry_points.txt"])
    assert wheel.read(records["LICENSE"]).startswith(b"MIT License")
