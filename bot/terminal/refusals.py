"""Prints a refusal; exit status 2."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from bot.cards.escaping import clean
from bot.cards.lock_screen import SHAPES
from bot.domain.refusal import Refusal
from bot.reports.health_json import refusal_json
from bot.terminal.complaint import UNUSABLE
from bot.terminal.running import json_line

_SENTENCE, _REMEDY = 300, 2000


def refused(no: Refusal, *, json_wanted: bool = False) -> int:
    """Print why there is no answer and what to do; return the exit status.

    One JSON object on standard output, or lines on standard error.
    """
    if json_wanted:
        document = {"schema": 1, "gateway": None, "refusal": refusal_json(no)}
        sys.stdout.write(json_line(document))
    else:
        for line in (no.sentence, *no.remedy):
            sys.stderr.write(f"appgw: {clean(line, _REMEDY)}\n")
    return UNUSABLE


def refusal_lines(no: Refusal) -> Iterator[str]:
    """A refusal among other answers: the sentence, then what to do."""
    yield f"{SHAPES['WARN']} {clean(no.sentence, _SENTENCE)}"
    yield from (f"    {clean(line, _REMEDY)}" for line in no.remedy)
