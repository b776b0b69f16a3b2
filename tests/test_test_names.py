"""Names of tests are short enough to be read in a list of failures."""

from __future__ import annotations

import ast
from pathlib import Path

MAX_WORDS = 8


def _names(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node.name.removeprefix("test_")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[:5] == "test_"
    ]


def test_names_have_at_most_eight_words() -> None:
    files = list(Path(__file__).parent.rglob("test_*.py"))
    long = {
        f"{path.name}: {name}"
        for path in files
        for name in _names(path)
        if len(name.split("_")) > MAX_WORDS
    }
    assert len(files) > 100
    assert long == set()
