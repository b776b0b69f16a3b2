"""What chainlib reads without a library stands in a decision, with its reason."""

from __future__ import annotations

import re
from pathlib import Path

REPO = Path(__file__).parents[2]
PAGE = (REPO / "docs/decisions/0011-by-hand.md").read_text(encoding="utf-8")


def test_every_reader_of_bytes_has_its_reason() -> None:
    uses = re.compile(r"^from chainlib(?:\.der)? import (?:der\b|children|element)", re.MULTILINE)
    readers = {
        path.name
        for path in (REPO / "chainlib").rglob("*.py")
        if uses.search(path.read_text(encoding="utf-8"))
    }
    table = {name.rpartition("/")[2] for name in re.findall(r"`([\w/]+\.py)`", PAGE)}
    assert "lenient.py" in readers
    # The readers of files only ask where a value ends and which of the others fits.
    assert readers - table == {"ordinary.py", "unusual.py"}
