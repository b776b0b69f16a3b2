"""Removes what mail and editors add around each line of a PEM block.

These are quote marks of a mail, line numbers, file names from grep, quotes and backslashes of
source code, and signs of a diff. What is around the BEGIN line is expected around the other lines
too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_LONGEST = 80
# A plus sign is base64, unless a quote stands between them.
_LEADING = re.compile(r"^(?:[\s>|#*;:\"'`]|//|--\s|\+\s*(?=[\"']))+")
_NUMBER = re.compile(r"^\s*\d{1,6}\s*[:.|)\]\u2502\u2192]?\s+")
_BEHIND = " \t\r\n\\\"'`,;|.&"
_LONGEST_LINE = 1000  # longer ones are whole bodies, from which nothing is removed
_MAX_LINES = 6000  # of a hundred certificates
_SOFT_BREAK = re.compile(r"=[ \t]*\r?\n(?=[A-Za-z0-9+/])")
_BASE64_LINE = re.compile(r"(?=.*[A-Za-z0-9/=])[A-Za-z0-9+/=]+")
_SEPARATORS = re.compile(r"[;,|\u00b6\u21b5\u23ce]")
_TAGS = re.compile(r"<[^<>]{1,200}>")


def bodies(body: str, before: str, behind: str) -> Iterator[str]:
    """The text between BEGIN and END line, then with more and more removed from its lines.

    Args:
        body: the text as it is.
        before: what precedes the marker on the BEGIN line.
        behind: what follows it.
    """
    yield body
    lines = [line for line in re.split(r"[\r\n]+", body) if line.strip()]
    if len(lines) > _MAX_LINES or max(map(len, lines), default=0) > _LONGEST_LINE:
        return
    first, last = _pattern(before[-_LONGEST:]), _pattern(behind[:_LONGEST])
    cut = [_cut(line, first, last) for line in lines]
    if before.strip() or behind.strip():
        yield "\n".join(cut)
        yield "\n".join(_trimmed(_LEADING.sub("", line)) for line in cut)
    yield "\n".join(_trimmed(_LEADING.sub("", line)) for line in lines)
    yield "\n".join(_trimmed(_NUMBER.sub("", line)) for line in lines)
    yield "\n".join(
        _trimmed(_LEADING.sub("", _NUMBER.sub("", _LEADING.sub("", line)))) for line in lines
    )
    yield _SOFT_BREAK.sub("", _TAGS.sub("", body))
    # A line that was removed by mistake would be missing from the value, which is then incomplete.
    yield _pure(cut)
    yield _pure(_trimmed(_LEADING.sub("", line)) for line in cut)
    yield _SEPARATORS.sub("\n", body)
    if all(line.startswith("-") for line in lines):
        yield "\n".join(line[1:] for line in lines)  # the lines of a diff without their sign


def _pure(lines: Iterable[str]) -> str:
    """The lines that are base64, without headers, comments and code between them."""
    return "\n".join(line for line in lines if _BASE64_LINE.fullmatch(line.strip()))


def _pattern(around: str) -> re.Pattern[str]:
    """A pattern for what is around a line, with any number and any width of blanks."""
    parts = re.split(r"(\d+|\s+)", around.strip("\r\n"))
    return re.compile("".join(_piece(part) for part in parts))


def _piece(part: str) -> str:
    if part.isdecimal():
        return r"\d{1,12}"
    return r"\s*" if part.isspace() else re.escape(part)


def _cut(line: str, first: re.Pattern[str], last: re.Pattern[str]) -> str:
    start = first.match(line)
    rest = line[start.end() :] if start else line
    kept, tail = rest[:-_LONGEST], rest[-_LONGEST:]
    end = re.search(rf"(?:{last.pattern})$", tail) if last.pattern else None
    return kept + (tail[: end.start()] if end else tail).strip()


def _trimmed(line: str) -> str:
    """The line without what source code puts after a string."""
    for _ in range(3):
        line = line.rstrip(_BEHIND)
        before = line[:-1].rstrip()
        if not (line.endswith("+") and before.endswith(("'", '"'))):
            break
        line = before
    return line
