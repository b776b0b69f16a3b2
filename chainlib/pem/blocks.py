r"""From bytes to the PEM blocks in them (RFC 7468, read as laxly as the field writes it). What a block holds is not looked at here.

Read laxly: any text around, a byte order mark in UTF-8 or UTF-16, CRLF or lone CR, indentation, dashes that a phone made longer,
`\n` written out as a JSON string has it. Base64 itself is strict: a damaged block is never guessed at.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

_DASHES = "[-\u2010-\u2015\u2212]"
_MARKER = re.compile(
    rf"{_DASHES}{{2,10}}[^\S\r\n]{{0,8}}(BEGIN|END)\s{{1,8}}([^-\r\n\u2010-\u2015\u2212]{{1,64}}?)[^\S\r\n]{{0,8}}{_DASHES}{{2,5}}",
    re.IGNORECASE,
)
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_INVISIBLE = re.compile("[\u200b-\u200d\u2060\ufeff]")
_DER_START = b"\x30"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One PEM block.

    Attributes:
        number: counted from 1, in the order of the file.
        label: the text of its BEGIN line, upper case, single spaces.
        content: the decoded bytes, `None` when it cannot be decoded.
        fault: why it cannot be decoded, in a few words; empty when it can.
    """

    number: int
    label: str
    content: bytes | None = None
    fault: str = ""


def text_of(data: bytes) -> str:
    """The data as text, whatever its encoding; never raises.

    Text in UTF-16 without a mark comes out right where it is ASCII.
    """
    encoding = next((name for mark, name in _ENCODINGS if data.startswith(mark)), None)
    text = (
        data.decode(encoding, "replace")
        if encoding
        else data.replace(b"\0", b"").decode("utf-8", "replace")
    )
    return _INVISIBLE.sub("", text).replace("\\r", "\n").replace("\\n", "\n")


def blocks(text: str) -> Iterator[Block]:
    """Every block that has a BEGIN line, damaged ones included, one at a time so that a caller can stop early."""
    markers = list(_MARKER.finditer(text))
    begins = [index for index, marker in enumerate(markers) if marker[1].upper() == "BEGIN"]
    for number, index in enumerate(begins, start=1):
        label = _label(markers[index])
        end = markers[index + 1] if index + 1 < len(markers) else None
        if end is None or end[1].upper() != "END" or _label(end) != label:
            yield Block(
                number=number, label=label, fault="its BEGIN line has no END line of the same kind"
            )
            continue
        content = decode_base64(text[markers[index].end() : end.start()])
        yield Block(
            number=number,
            label=label,
            content=content,
            fault="" if content else "its text is not base64",
        )


def decode_base64(text: str) -> bytes | None:
    """The bytes behind base64 with any white space in it, `None` when it is empty or not base64."""
    try:
        return base64.b64decode("".join(text.split()), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def bare_base64(text: str) -> bytes | None:
    """The bytes of a text that is nothing but base64, when they are DER or hold PEM.

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
