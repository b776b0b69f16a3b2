"""What an installation gets.

The wheel holds everything that the program reads at run time, and none of the stand-ins; installed
into an environment of its own it works. Every mention of the version agrees.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.support.tls_server import Estate

ROOT = Path(__file__).parent.parent
NOT_CODE = {"bot/py.typed", "chainlib/py.typed", "bot/store/migrations/script.py.mako"}
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
pytestmark = pytest.mark.smoke
# What names the version of a release, and where.
MENTIONS = {
    "docs/pipelines.md": r"(?:@v|tags/v)(\d+\.\d[\w.]*)",
    "deploy/azure-pipelines/rehearse.yml": r"@v(\d+\.\d+\.\d+)",
    "docs/install.md": r"appgw-check:(\d[\w.]*)",
    "deploy/main.bicep": r"appgw-check:(\d[\w.]*\d)",
    "playground/web/package.json": r'"version": "([^"]+)"',
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as the Dockerfile builds it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(  # noqa: S603 -- our own build
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it; its dependencies are those of this environment."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    # Behind the wheel's own, and without what is there for editable installations.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    # pip's `--python` would start a second pip in the environment.
    pip = [folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    options = ["--no-deps", "--no-index", "--no-compile", "--ignore-installed"]
    subprocess.run([*pip, "install", *options, wheel], check=True, capture_output=True)  # noqa: S603 -- our own wheel
    return folder / "bin"


def run(program: Path, *words: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run an installed program away from the checkout, with nothing in its environment."""
    return subprocess.run(  # noqa: S603 -- our own program
        [program, *map(str, words)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "APPGW_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def contents(wheel: Path) -> set[str]:
    """The files that are installed, without the wheel's own records."""
    return {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}


def records(wheel: Path) -> dict[str, str]:
    """The wheel's own records."""
    with ZipFile(wheel) as opened:
        return {
            Path(name).name: opened.read(name).decode()
            for name in opened.namelist()
            if ".dist-info/" in name
        }


def test_wheel_holds_every_module_and_nothing_else(wheel: Path) -> None:
    ours = {
        str(path.relative_to(ROOT))
        for room in ("bot", "chainlib")
        for path in (ROOT / room).rglob("*.py")
    }
    assert contents(wheel) == ours | NOT_CODE


def test_wheel_names_program_licence_and_extra(wheel: Path) -> None:
    found = records(wheel)
    assert "appgw = bot.cli:main" in found["entry_points.txt"]
    assert found["LICENSE"].startswith("MIT License")
    assert f"\nVersion: {VERSION}\n" in found["METADATA"]
    assert "\nProvides-Extra: mcp\n" in found["METADATA"]


def test_installed_program_says_its_version(installed: Path, tmp_path: Path) -> None:
    ended = run(installed / "appgw", "--version", folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (0, f"appgw {VERSION}\n"), ended


def test_installed_program_rehearses(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    (tmp_path / "chain.pem").write_bytes(Estate().leaf.pem)
    unusable = run(installed / "appgw", "rehearse", "empty.pem", folder=tmp_path)
    judged = run(installed / "appgw", "rehearse", "chain.pem", "--json", folder=tmp_path)
    assert (unusable.returncode, unusable.stdout) == (2, ""), unusable
    assert (judged.returncode, judged.stderr) == (1, ""), judged
    assert json.loads(judged.stdout)["accepted"] is False


def test_installed_program_brings_its_migrations(installed: Path, tmp_path: Path) -> None:
    ended = run(installed / "appgw", "db", "upgrade", folder=tmp_path)
    assert ended.returncode == 0, ended
    assert any(file.stat().st_size for file in tmp_path.iterdir()), "the database's file"
    where = run(installed / "python", "-c", "import bot; print(bot.__file__)", folder=tmp_path)
    assert Path(where.stdout.strip()).is_relative_to(installed.parent)


def test_wheel_of_the_same_commit_is_the_same(wheel: Path, tmp_path: Path) -> None:
    subprocess.run(  # noqa: S603 -- our own build
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


@pytest.mark.parametrize("page", MENTIONS)
def test_every_mention_of_the_version_agrees(page: str) -> None:
    found = set(re.findall(MENTIONS[page], (ROOT / page).read_text()))
    assert found == {VERSION}


def test_changelog_dates_this_version() -> None:
    sections = re.findall(r"^## \[(.+?)\](.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert sections[0] == ("Unreleased", "")
    version, date = sections[1]
    assert version == VERSION
    assert re.fullmatch(r" - 20\d\d-\d\d-\d\d", date)
