"""How the terminal's commands run their work and write large documents."""

from __future__ import annotations

import json

import pytest

from bot.terminal.running import json_line, run


class Large:
    """An answer that counts how often it is printed."""

    printed = 0

    def __repr__(self) -> str:
        """Count."""
        Large.printed += 1
        return "large"


async def answer() -> Large:
    return Large()


async def fail() -> None:
    message = "no answer"
    raise OSError(message)


def test_answer_is_never_printed_at_the_end() -> None:
    Large.printed = 0

    found = run(answer())

    assert Large.printed == 0
    assert isinstance(found, Large)


def test_error_of_the_work_comes_through() -> None:
    with pytest.raises(OSError, match="no answer"):
        run(fail())


def test_document_is_one_line_with_equal_content() -> None:
    document = {"name": "k\u00f6ln\n", "members": [{"healthy": None}, {"healthy": True}]}

    line = json_line(document)

    assert line.count("\n") == 1
    assert line.isascii()
    assert json.loads(line) == document
