"""How the commands run their work, and how they write large documents."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import Any, TypeVar

_Answer = TypeVar("_Answer")


def run(work: Coroutine[Any, Any, _Answer]) -> _Answer:
    """The answer of the work; what it raises comes through.

    The task of `asyncio.run` ends without a result: while it removes its signal handler, an error
    message of `enum` prints the finished task, and with it the `repr` of whatever it returned.
    """
    answers: list[_Answer] = []

    async def keep() -> None:
        answers.append(await work)

    asyncio.run(keep())
    return answers[0]


def json_line(document: dict[str, Any]) -> str:
    """The document as one line with its line end.

    Without `indent`, which would select the encoder that is written in Python (CPython's json).
    """
    return json.dumps(document, separators=(",", ":")) + "\n"
