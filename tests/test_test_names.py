"""Names of tests are short enough to be read in a list of failures."""

from __future__ import annotations

import re
from pathlib import Path

MAX_WORDS = 8


# Parsing all tests takes a second and a half.
NAME = re.compile(r"^\s*(?:async )?def test_(\w+)", re.MULTILINE)


def test_names_have_at_most_eight_words() -> None:
    files = list(Path(__file__).parent.rglob("test_*.py"))
    long = {
        f"{path.name}: {name}"
        for path in files
        for name in NAME.findall(path.read_text(encoding="utf-8"))
        if len(name.split("_")) > MAX_WORDS
    }
    assert len(files) > 100
    assert long == set()
