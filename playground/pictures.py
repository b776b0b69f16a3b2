"""`make pictures`: every stored card as a picture at phone width, light and dark.

Draws `tests/snapshots/cards` with the playground's own components in Chromium, writes
`docs/pictures/` and `docs/gallery.md`. Needs Node 20 or newer, Chromium and Playwright.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playground.phone.build import WEB, CannotBuild, build

ROOT = Path(__file__).parents[1]
CARDS = ROOT / "tests" / "snapshots" / "cards"
PICTURES, GALLERY = ROOT / "docs" / "pictures", ROOT / "docs" / "gallery.md"
WIDTH, SCREEN = 390, 844
SCHEMES = ("light", "dark")


def names() -> list[str]:
    """The stored cards, in the order of the gallery."""
    return sorted(path.stem for path in CARDS.glob("*.json"))


def card(name: str) -> dict[str, Any]:
    """A stored card."""
    found = json.loads((CARDS / f"{name}.json").read_text(encoding="utf-8"))
    return dict(found)


def gallery() -> str:
    """The page that shows all of them."""
    return "\n".join(_gallery()) + "\n"


def _gallery() -> Iterator[str]:
    yield "# Gallery"
    yield ""
    yield (
        "Every stored card at the width of a phone, light and dark. Drawn by `make pictures` from "
        "`tests/snapshots/cards`; do not edit."
    )
    for name in names():
        yield ""
        yield f"## {name.replace('-', ' ')}"
        yield ""
        if text := card(name).get("text"):
            yield f"Lock screen: `{str(text).replace('`', '')}`"
            yield ""
        yield " ".join(f"![{name}, {scheme}](pictures/{name}-{scheme}.png)" for scheme in SCHEMES)


def draw(chromium: str) -> list[str]:
    """Draw all cards; returns one line for each that is too wide."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- a tool of developers only

    PICTURES.mkdir(exist_ok=True)
    wide: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": SCREEN})
        page.goto((WEB / "gallery.html").as_uri())
        for scheme in SCHEMES:
            page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
            for name in names():
                size = page.evaluate("([card, key]) => window.show(card, key)", [card(name), name])
                page.locator(".picture").screenshot(path=PICTURES / f"{name}-{scheme}.png")
                if size["sidewaysPx"]:
                    wide.append(f"{name}: {size['sidewaysPx']} px too wide")
        browser.close()
    return wide


def main() -> int:
    """Draw, write the gallery, and report what is too wide."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("== the pictures need Chromium, for example: apt-get install chromium")
        return 1
    try:
        build()
    except CannotBuild as missing:
        print(f"== {missing}")
        return 1
    wide = draw(chromium)
    GALLERY.write_text(gallery(), encoding="utf-8")
    print("\n".join(wide) or f"{len(names()) * len(SCHEMES)} pictures in docs/pictures, all fit")
    return 1 if wide else 0


if __name__ == "__main__":
    sys.exit(main())
