"""Reports a wrong command line or a failed output: one line on standard error, exit status 2."""

from __future__ import annotations

import errno
import os
import sys
from io import TextIOWrapper
from typing import TextIO

UNUSABLE = 2
_LONGEST_WORD, _SHOWN = 300, 80
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})
"""Errors of an output that was closed or is full."""


def usage_error(sentence: str) -> int:
    """Print the sentence and return the exit status.

    Text from the command line in it cannot break the line, move the cursor or fill the screen.
    """
    words = (one if len(one) <= _LONGEST_WORD else f"{one[:_SHOWN]}..." for one in sentence.split())
    shown = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(words))
    sys.stderr.write(f"appgw: {shown}\n")
    return UNUSABLE


def open_stream(stream: TextIO | None) -> TextIO:
    """A stream that accepts every text.

    A stream that the caller closed (`>&-`) is replaced by the null device; one in ASCII shows `?`
    for other characters.
    """
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 -- lives as long as the process
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="replace")
    return stream


def output_lost(error: OSError) -> int:
    """Report that the output could not be written, and return the exit status."""
    # The interpreter flushes again at its end and would print a second, longer error.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return usage_error(
        f"the output could not be written ({os.strerror(error.errno or 0).lower()}); send it "
        "elsewhere, as in > report.json"
    )
