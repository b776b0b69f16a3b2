"""Finds certificates in a text without BEGIN lines.

They may be base64 after a key (Kubernetes secrets, LDIF, XML, JSON), in folded lines or not, or hex
dumps. A match only counts if it is a complete DER value or contains PEM.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from chainlib import der
from chainlib.pem.base64text import decode_base64

_MAX_VALUES = 200
_LONGEST_ROW, _MAX_ROWS = 200, 20_000
_SHORTEST = 40  # characters of a first line; a certificate is never as short
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")
_MORE = re.compile(
    r"[\"'\\,]?[ \t]{0,80}(?:\r\n|\r|\n)[ \t]{0,80}[\"']?"
    r"([A-Za-z0-9+/_-]{1,2000}={0,2})(?=[ \t\"'\\,]{0,80}(?:[\r\n<]|$))"
)
_ONLY_BASE64 = re.compile(rb"\A[A-Za-z0-9+/_\s-]{100,}+={0,2}\s*")
_MAX_TOKENS, _MAX_LINES, _LONG_RUN = 5000, 5000, 200
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){4,}")
_NO_DIGIT = re.compile(r"[^0-9a-fA-F]")
_HEX_ROW = re.compile(
    r"\s{0,80}(?:[0-9a-fA-F]{2}){1,64}(?:[ ,:\\]{1,3}(?:[0-9a-fA-F]{2}){1,64}){0,64}[\s,\\]{0,8}"
)
_DECIMAL = re.compile(r"-?[0-9]{1,3}")
_DECIMALS = re.compile(r"(?:-?[0-9]{1,3}\s{0,8},\s{0,8}){100,}+-?[0-9]{1,3}")
_OFFSET = re.compile(r"^\s*(?:0x)?[0-9a-fA-F]{4,16}(?::|\s{2,}|\s(?=[0-9a-fA-F]{2}\s))\s*")
_BARS = re.compile(r"\s{0,8}\|.{0,40}\|?\s{0,8}$")
_COLUMN = re.compile(r"\s{2,}\S.{0,40}$")
_BETWEEN = re.compile(r"^.{0,80}?[=:]\s*(?=\{|0x|\\x)|0x|\\x|[\s,:{}\[\];()\"'=\\]", re.IGNORECASE)


def values(text: str) -> Iterator[bytes]:
    """Every DER value and every PEM text that is encoded in this text, in order."""
    found = 0
    for value in islice(_base64_values(text), _MAX_VALUES):
        yield from _apart(value)
        found += 1
    if found:
        return
    if (dump := hex_dump(text)) is not None:
        yield dump
    else:
        yield from _decimal_arrays(text)


def _apart(value: bytes) -> Iterator[bytes]:
    """The DER values after each other, if the base64 of several was joined."""
    found = der.elements(value, at_most=_MAX_VALUES)
    if all(one.tag == der.SEQUENCE for one in found) and found and found[-1].end == len(value):
        yield from (bytes(one.encoded) for one in found)
    else:
        yield value


def _base64_values(text: str) -> Iterator[bytes]:
    behind = 0
    for token in islice(_TOKEN.finditer(text), _MAX_TOKENS):
        if token.start() < behind:
            continue
        behind, value = _longest(text, token)
        if value is not None:
            yield value


def _longest(text: str, token: re.Match[str]) -> tuple[int, bytes | None]:
    """The value of a token and the lines that continue it, and where it ends."""
    parts, ends = [token[0]], [token.end()]
    while len(parts) < _MAX_LINES and not parts[-1].endswith("="):
        more = _MORE.match(text, ends[-1])
        if more is None:
            break
        parts.append(more[1])
        ends.append(more.end(1))
    # The last line that looks like base64 may be a word after it.
    for taken in dict.fromkeys((len(parts), len(parts) - 1, 1)):
        decoded = decode_base64("".join(parts[:taken])) if taken else None
        if decoded is not None and is_content(decoded):
            return ends[taken - 1], decoded
    return ends[0 if len(parts) < _LONG_RUN else -1], None


def is_content(decoded: bytes) -> bool:
    """Whether decoded bytes are a complete DER value, contain PEM, or are base64 again."""
    outer = der.element(decoded)
    whole = outer is not None and outer.tag == der.SEQUENCE and outer.end <= len(decoded)
    packed = decoded.replace(b"\0", b"")
    return (
        (whole and len(decoded) > _SHORTEST)
        or b"-BEGIN " in packed
        or _ONLY_BASE64.fullmatch(packed) is not None
    )


def hex_dump(text: str) -> bytes | None:
    """The bytes of a hex dump; `None` if the text is none.

    Accepted are pairs with or without separators, and the output of xxd and hexdump with offsets
    and the column of characters.
    """
    lines = text.strip().splitlines()
    if len(lines) > _MAX_ROWS:
        return None
    for clean in (_plain, _of_hexdump, _of_xxd, _rows_alone):
        digits = _digits(map(clean, lines))
        if len(digits) > 2 * _SHORTEST and _HEX.fullmatch(digits):
            decoded = bytes.fromhex(digits)
            if is_content(decoded):
                return decoded
    return None


def _digits(lines: Iterable[str]) -> str:
    """The hex digits of the lines; empty as soon as a line holds something else."""
    every = []
    for line in lines:
        digits = _BETWEEN.sub("", line)
        if _NO_DIGIT.search(digits):
            return ""
        every.append(digits)
    return "".join(every)


def _decimal_arrays(text: str) -> Iterator[bytes]:
    """The bytes of decimal arrays, signed as in Java or not."""
    for found in islice(_DECIMALS.finditer(text), _MAX_VALUES):
        numbers = [int(one) for one in _DECIMAL.findall(found[0])]
        if all(-128 <= one <= 255 for one in numbers):  # noqa: PLR2004 -- of one byte
            decoded = bytes(one % 256 for one in numbers)
            if is_content(decoded):
                yield decoded


def _plain(line: str) -> str:
    return line


def _of_hexdump(line: str) -> str:
    return _BARS.sub("", _OFFSET.sub("", line)) if len(line) <= _LONGEST_ROW else line


def _of_xxd(line: str) -> str:
    return _COLUMN.sub("", _OFFSET.sub("", line)) if len(line) <= _LONGEST_ROW else line


def _rows_alone(line: str) -> str:
    """Only the rows of hex, as in a configuration that shows a certificate between its words."""
    return line if _HEX_ROW.fullmatch(line) else ""
