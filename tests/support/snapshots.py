"""Stored renderings: one pretty-printed JSON file each, reviewed like code.

They are only rewritten with WRITE_SNAPSHOTS=1.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "snapshots"


def check_snapshot(name: str, value: object) -> None:
    """Compare with the stored rendering; a missing one is a failure."""
    path = FOLDER / f"{name}.json"
    written = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("WRITE_SNAPSHOTS") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written)
    assert path.exists(), (
        f"{path} is missing; look at the rendering, then write it with WRITE_SNAPSHOTS=1"
    )
    assert written == path.read_text()
