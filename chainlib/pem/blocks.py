r"""Finds PEM blocks in bytes (RFC 7468, with the deviations that occur in practice).

The content of a block is not examined. Tolerated are any text around it, a byte order mark in UTF-8
or UTF-16, CRLF or lone CR, indentation, dashes that a phone made longer, `\n` written out as in a
JSON string, and what `chainlib.pem.decorations` removes from the lines. Base64 itself is strict: a
damaged block is never guessed at.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from chainlib import der
from chainlib.frozen import dataclass
from chainlib.pem.base64text import decode_base64
from chainlib.pem.decorations import bodies

_DASHES = "[-\u2010-\u2015\u2212]"
_MARKER = re.compile(
    rf"{_DASHES}{{2,10}}[^\S\r\n]{{0,8}}(BEGIN|END)\s{{1,8}}"
    rf"([^-\r\n\u2010-\u2015\u2212]{{1,64}}?)[^\S\r\n]{{0,8}}{_DASHES}{{2,5}}",
    re.IGNORECASE,
)
_DER_START = b"\x30"
_LINE_END = re.compile(r"\r\n|\r|\n")
_FOREIGN = re.compile(r"[^A-Za-z0-9+/=\s]")
_AROUND = 200
_BODY_END = re.compile(r"[A-Za-z0-9+/=]{16}\s*$")
# `openssl s_client -showcerts` prints the first certificate twice.
_SHOWN_AGAIN = re.compile(
    r"^Server certificate\n(-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]{1,65536}?"
    r"-----END CERTIFICATE-----\n)",
    re.MULTILINE,
)
_MAX_MARKERS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One PEM block.

    Attributes:
        number: counted from 1, in the order of the file.
        label: the text of its BEGIN line, upper case, single spaces; of its END line if that is
            all there is.
        line: of that line, counted from 1.
        content: the decoded bytes; `None` if it cannot be decoded.
        fault: why it cannot be decoded, in a few words; otherwise empty.
    """

    number: int
    label: str
    line: int = 1
    content: bytes | None = None
    fault: str = ""


def without_repeat(text: str) -> str:
    """Remove the second copy of the first certificate that `openssl s_client -showcerts` prints.

    Any other text is unchanged.
    """
    again = _SHOWN_AGAIN.search(text)
    if again is None or again[1] not in text[: again.start()]:
        return text
    return text[: again.start()] + text[again.end() :]


def blocks(text: str) -> Iterator[Block]:
    """Every block with a BEGIN line, or with base64 before its END line, damaged ones included.

    One at a time, so that a caller can stop early.
    """
    markers = list(islice(_MARKER.finditer(text), _MAX_MARKERS))
    starts = [index for index in range(len(markers)) if _starts_block(text, markers, index)]
    line, counted_to = 1, 0
    for number, index in enumerate(starts, start=1):
        begin = markers[index]
        line += _line_ends(text, counted_to, begin.start())
        counted_to = begin.start()
        if _is_end(begin):
            fault = "its END line has no BEGIN line before it"
            yield Block(number=number, label=_label(begin), line=line, fault=fault)
            continue
        end = markers[index + 1] if index + 1 < len(markers) else None
        if end is None or not _is_end(end) or _label(end) != _label(begin):
            fault = "its BEGIN line has no END line of the same kind"
            yield Block(number=number, label=_label(begin), line=line, fault=fault)
            continue
        yield _block(text, begin, end, number, line)


def _starts_block(text: str, markers: Sequence[re.Match[str]], index: int) -> bool:
    """Whether a block begins here: at a BEGIN line, or at the END line of a body without one."""
    marker, before = markers[index], markers[index - 1] if index else None
    if not _is_end(marker):
        return True
    if before is not None and not _is_end(before):
        return False
    start = max(before.end() if before else 0, marker.start() - _AROUND)
    return _BODY_END.search(text, start, marker.start()) is not None


def _is_end(marker: re.Match[str]) -> bool:
    return marker[1].upper() == "END"


def _block(text: str, begin: re.Match[str], end: re.Match[str], number: int, line: int) -> Block:
    before = text[max(0, begin.start() - _AROUND) : begin.start()].splitlines(keepends=True)
    first = before[-1] if before and not before[-1].endswith(("\n", "\r")) else ""
    body = text[begin.end() : end.start()]
    behind = body.splitlines()[0] if body else ""
    label = _label(begin)
    read = [decode_base64(one) for one in bodies(body, first, behind)]
    # Only a complete DER value proves that the removed characters were no base64.
    whole = next((one for one in read if one and _is_whole(one)), None)
    content = whole or read[0]
    fault = "" if content else f"its text is not base64{_in_the_way(body, line)}"
    return Block(number=number, label=label, line=line, content=content, fault=fault)


def _is_whole(content: bytes) -> bool:
    outer = der.element(content)
    return outer is not None and outer.tag == der.SEQUENCE and outer.end <= len(content)


def _in_the_way(body: str, line: int) -> str:
    """The first line that contains something other than base64, and what that is."""
    found = _FOREIGN.search(body)
    if found is None:
        return ", or its end is missing"
    offset = _line_ends(body, 0, found.start())
    one = _LINE_END.split(body, offset + 1)[offset]
    where = f": line {line + offset} holds "
    if "..." in one or "\u2026" in one:
        return f"{where}an ellipsis, so that its middle was left out"
    sign = found[0]
    return where + (f'the character "{sign}"' if sign.isprintable() else "an unprintable one")


def _line_ends(text: str, start: int, end: int) -> int:
    return len(_LINE_END.findall(text, start, end))


def bare_base64(text: str) -> bytes | None:
    """Decode a text that is only base64, if the result is DER or contains PEM.

    `None` for other text.
    """
    decoded = decode_base64(text)
    return (
        decoded
        if decoded
        and (
            decoded.removeprefix(codecs.BOM_UTF8).startswith(_DER_START)
            or b"BEGIN" in decoded.replace(b"\0", b"")
        )
        else None
    )


def _label(marker: re.Match[str]) -> str:
    return " ".join(marker[2].upper().split())
