r"""Decodes everything that a text may encode: base64, hex, decimal bytes, escapes.

Used to find private keys that users did not mean to show. Every possible reading is tried, complete
or not, from any start; wrong readings give noise, in which nothing is found. `chainlib.pem.loose`,
which is strict, reads certificates.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator

from chainlib.pem.base64text import without_separators
from chainlib.pem.packed import rare_readings

_APART = b"\n\0"
_SHORTEST = 32  # characters of an encoded value
_URL_ALPHABET = str.maketrans("-_", "+/")
# Line numbers, and what source code uses to join strings.
_ROW_MARKS = re.compile(
    r"^[^\S\n]{0,40}[0-9]{1,5}[:.|)]?[^\S\n]{1,8}|(?<!\s)[^\S\n]{1,8}[+&.][^\S\n]{0,8}$",
    re.MULTILINE,
)
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/]{32,}")
_HEX_RUN = re.compile(r"[0-9a-fA-F]{32,}")
_HEX_SIGNS = re.compile(r"\\x|0x|[\s:,;\"'{}\[\]()\\-]+", re.IGNORECASE)
_HEX_NUMBERS = re.compile(r"0x([0-9a-f]{1,2})(?![0-9a-f])", re.IGNORECASE)
_OFFSET = re.compile(
    r"^[^\S\n]{0,40}(?:0x)?[0-9a-f]{4,16}(?::|[^\S\n]{2,8}|[^\S\n](?=[0-9a-f]{1,4}[^\S\n]))",
    re.IGNORECASE | re.MULTILINE,
)
_CHARACTERS = re.compile(r"[^\S\n]{2}\S[^\n]{0,40}$|[^\S\n]\|[^\n]{0,40}$", re.MULTILINE)
_DECIMALS = re.compile(r"(?:-?[0-9]{1,3}[\s,;]{1,8}){15,}+(?:-?[0-9]{1,3})?")
_DECIMAL = re.compile(r"-?[0-9]+")
_ESCAPED = re.compile(
    r"\\(?:u00([0-9a-f]{2})|x([0-9a-f]{2})|([0-3][0-7]{2})|([^\n]))"
    r"|%([0-9a-f]{2})|&#x0{0,4}([0-9a-f]{1,2});|&#0{0,4}([0-9]{1,3});",
    re.IGNORECASE,
)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}
_QUOTED_SIGNS = 8
_QUOTED_PRINTABLE = re.compile(rf"(?:=[0-9A-F]{{2}}[^=]{{0,60}}){{{_QUOTED_SIGNS}}}")
_WORDS = re.compile(rb"[\t\n\r -~]{24,}")


def readings(text: str) -> Iterator[bytes]:
    """The bytes of each encoding that the text, or a part of it, may have."""
    yield from _base64(without_separators(_ROW_MARKS.sub("", text)))
    yield from rare_readings(text)
    bare = _CHARACTERS.sub("", _OFFSET.sub("", text))
    for dump in dict.fromkeys((text, bare)):
        yield from _hex(dump)
        yield from _decimal(dump)
    yield from _escapes(text)


def words(data: bytes) -> str:
    """The runs of printable characters in bytes, one per line.

    Both one and two octets per character are tried.
    """
    if data.count(0) * 3 > len(data):
        data = data.replace(b"\0", b"")
    return b"\n".join(_WORDS.findall(data)).decode("ascii")


def _base64(packed: str) -> Iterator[bytes]:
    """Base64 from any start, because a word before it may consist of the same characters."""
    runs = _BASE64_RUN.findall(packed.translate(_URL_ALPHABET))
    for start in range(4) if runs else ():
        yield _APART.join(base64.b64decode(run[start : _even(run, start, 4)]) for run in runs)


def _hex(dump: str) -> Iterator[bytes]:
    runs = _HEX_RUN.findall(_HEX_SIGNS.sub("", dump))
    for start in range(2) if runs else ():
        yield _APART.join(binascii.unhexlify(run[start : _even(run, start, 2)]) for run in runs)
    numbers = _HEX_NUMBERS.findall(dump)
    if len(numbers) >= _SHORTEST // 2:
        yield bytes(int(one, 16) for one in numbers)


def _even(run: str, start: int, size: int) -> int:
    return len(run) - (len(run) - start) % size


def _decimal(dump: str) -> Iterator[bytes]:
    for run in _DECIMALS.findall(dump):
        yield bytes(int(one) % 256 for one in _DECIMAL.findall(run))


def _escapes(text: str) -> Iterator[bytes]:
    plain = _ESCAPED.sub(_character, text) if _ESCAPED.search(text) else text
    if plain != text or not text.isascii():
        yield plain.encode("latin-1", "replace")
    if text.count("=") >= _QUOTED_SIGNS and _QUOTED_PRINTABLE.search(text):
        yield quopri.decodestring(text.encode("latin-1", "replace"))


def _character(found: re.Match[str]) -> str:
    if found[4]:
        return _CONTROLS.get(found[4], found[4])
    if found[3]:
        return chr(int(found[3], 8))
    if found[7]:
        return chr(int(found[7]))
    return chr(int(found[1] or found[2] or found[5] or found[6], 16))
