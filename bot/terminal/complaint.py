"""Reports a wrong command line or a failed output: one line on standard error, exit status 2."""

from __future__ import annotations

import errno
import os
import sys
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

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


class _MaybeUnread(FileIO):
    """An output whose reader may leave (`| head -1`): what it does not read is dropped."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write, or drop everything from now on."""
        try:
            return super().write(data)
        except BrokenPipeError:
            drop_output(self.fileno())
            return memoryview(data).nbytes


def drop_output(descriptor: int) -> None:
    """Send an output to the null device, also the interpreter's last flush."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def open_stream(stream: TextIO | None, *, maybe_unread: bool = False) -> TextIO:
    """A stream that accepts every text.

    A stream that the caller closed (`>&-`) is replaced by the null device; one in ASCII shows `?`
    for other characters. With `maybe_unread` a reader that leaves is no error, so that the exit
    status stays the verdict.
    """
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 -- lives as long as the process
    if not isinstance(stream, TextIOWrapper):
        return stream
    stream.reconfigure(errors="replace")
    raw = getattr(stream.buffer, "raw", stream.buffer)  # there is no buffer under `python -u`
    if not maybe_unread or not isinstance(raw, FileIO):  # text in memory always has its reader
        return stream
    return TextIOWrapper(
        BufferedWriter(_MaybeUnread(raw.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def output_lost(error: OSError) -> int:
    """Report that the output could not be written, and return the exit status."""
    drop_output(sys.stdout.fileno())
    return usage_error(
        f"the output could not be written ({os.strerror(error.errno or 0).lower()}); send it "
        "elsewhere, as in > report.json"
    )
