"""Commands that read JSON lines on standard input and write one JSON object for each, in order."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.terminal.complaint import usage_error

TEXT = {"text": "help"}
MESSAGE = {"message": {"text": "502 on backend.contoso.com"}}


def answer_lines(
    command: str,
    answer: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    *,
    example: Mapping[str, object],
    as_json: bool,
) -> int:
    """Answer each line; the first one that cannot be used ends the command.

    Args:
        command: name of the command, for the example in an error.
        answer: makes the object to write.
        example: a usable line; its only key must be in each line, with a value of the same type.
        as_json: whether `--json` was given; without it nothing is read.

    Returns:
        The exit status.
    """
    if not as_json:
        return usage_error(
            "this command reads JSON lines and needs --json; write for example: "
            f"echo '{json.dumps(example)}' | appgw {command} --json"
        )
    ((key, usable),) = example.items()
    for number, row in _rows():
        if not isinstance(row, dict) or not isinstance(row.get(key), type(usable)):
            return usage_error(
                f'line {number} is not a JSON object with a "{key}"; write for example '
                f"{json.dumps(example)}"
            )
        sys.stdout.write(json.dumps(answer(row)) + "\n")
    return 0


def text_in(row: Mapping[str, Any], key: str) -> str:
    """A text of a line; empty where there is none."""
    value = row.get(key)
    return value if isinstance(value, str) else ""


def _rows() -> Iterator[tuple[int, object]]:
    """The lines with their numbers; `None` for one that is no JSON."""
    for number, line in enumerate(sys.stdin.buffer if sys.stdin else (), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                yield number, None
