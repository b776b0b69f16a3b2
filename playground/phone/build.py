"""Builds the page: npm downloads the Block Kit components, esbuild bundles them.

Needs Node 20 or newer; every failure is one sentence.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

OLDEST_NODE = 20
WEB = Path(__file__).parents[1] / "web"


class CannotBuild(Exception):
    """The page cannot be built on this machine; the text says what is missing."""


def build(folder: Path = WEB) -> Path:
    """Make `dist/` in `folder` unless it is newer than its sources; returns `folder`.

    Raises:
        CannotBuild: Node is missing or too old, or npm failed.
    """
    sources = [
        folder / name
        for name in ("package.json", "page.jsx", "gallery.jsx", "blocks.jsx", "page.css")
    ]
    made = folder / "dist" / "page.js"
    with _alone(folder):
        _build(folder, made, sources)
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process build and others wait, because two npm installs would corrupt the folder."""
    (folder / "dist").mkdir(exist_ok=True)
    with (folder / "dist" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(folder: Path, made: Path, sources: Sequence[Path]) -> None:
    if made.exists() and made.stat().st_mtime >= max(source.stat().st_mtime for source in sources):
        return
    npm = _npm()
    _run(
        [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"], folder
    )
    _run([npm, "run", "--silent", "build"], folder)


def _npm() -> str:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise CannotBuild(
            f"the phone page needs Node {OLDEST_NODE} or newer with npm; `make demo` shows "
            "the same without it"
        )
    version = subprocess.run(  # noqa: S603 -- the node on the path
        [node, "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = re.match(r"v(\d+)", version)
    if found is None or int(found.group(1)) < OLDEST_NODE:
        raise CannotBuild(
            f"the phone page needs Node {OLDEST_NODE} or newer, this is {version.strip() or 'none'}"
        )
    return npm


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 -- npm with fixed words
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise CannotBuild(f"{' '.join(command[1:3])} failed in {folder.name}: {' '.join(last)}")
