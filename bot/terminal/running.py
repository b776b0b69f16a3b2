"""Runs the asynchronous work of a command, and writes large JSON documents."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import Any, TypeVar

_Answer = TypeVar("_Answer")


def run(work: Coroutine[Any, Any, _Answer]) -> _Answer:
    """Run the work and return its result; exceptions pass through.

    The task of `asyncio.run` itself returns nothing. While asyncio removes its signal handler, an
    `enum` error message formats the finished task, and with it the `repr` of whatever it returned.
    """
    answers: list[_Answer] = []

    async def keep() -> None:
        answers.append(await work)

    asyncio.run(keep())
    return answers[0]


def json_line(document: dict[str, Any]) -> str:
    """The document as one line with a line end.

    Without `indent`, which would select CPython's slow encoder in Python.
    """
    return json.dumps(document, separators=(",", ":")) + "\n"
