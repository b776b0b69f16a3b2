"""Decodes base32, base85 and compressed data, to find private keys in them.

As in `chainlib.pem.nested`, every possible alignment is tried; wrong readings give noise, in which
nothing is found. Each run and stream is read up to a limit that is larger than any key.
"""

from __future__ import annotations

import bz2
import lzma
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final

_APART = b"\n\0"
_LONGEST_BASE32, _LONGEST_BASE85 = 64 * 1024, 16 * 1024
_BASE32_RUN = re.compile(r"[A-Z2-7]{40,}|[a-z2-7]{40,}")
# `int` reads base 32 with the digits 0-9a-v, and in linear time because 32 is a power of two.
_BASE32_DIGITS = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + "abcdefghijklmnopqrstuvwxyz" + "234567",
    "0123456789abcdefghijklmnop" * 2 + "qrstuv",
)
_BASE85_RUN = re.compile(r"[!-~]{40,}")
_LINE_ENDS = re.compile(r"[\r\n]+")
_IN_BASE64 = re.compile(r"[A-Za-z0-9+/=_-]+")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BASE85: Final = (
    "0123456789" + _LETTERS + _LETTERS.lower() + "!#$%&()*+-;<=>?@^_`{|}~",  # git, RFC 1924
    "".join(map(chr, range(ord("!"), ord("u") + 1))),  # Adobe's Ascii85
    "0123456789" + _LETTERS.lower() + _LETTERS + ".-:+=^!/*?&<>()[]{}@%$#",  # ZeroMQ's Z85
)
_DIGITS: Final = tuple(
    (
        alphabet.encode(),
        bytes(max(alphabet.find(chr(code)), 0) for code in range(256)),
    )
    for alphabet in _BASE85
)
_MAX_FOREIGN = 8  # characters around a value: a name, quotes, brackets
_MAX_BASE64_SHARE = 0.95  # share of characters; in base85 a fifth of them are outside base64
_ZLIB = b"\x78"
_STREAMS: Final = (b"\x1f\x8b\x08", _APART + _ZLIB, b"BZh", b"\xfd7zXZ\0", b"PK\x03\x04")
_MAX_STREAMS = 4  # of each kind
_LONGEST_STREAM = 256 * 1024
_MEMORY = 16 * 1024 * 1024  # for the dictionary of an xz stream
_GZIP_OR_ZLIB, _RAW = 47, -15  # `wbits` of zlib


def rare_readings(text: str) -> Iterator[bytes]:
    """The bytes of each alignment of base32 and base85 in the text."""
    bare = _LINE_ENDS.sub("", text)
    yield from _base32(_BASE32_RUN.findall(bare))
    yield from _base85([run for run in _BASE85_RUN.findall(bare) if _is_odd(run)])


def unpacked(data: bytes) -> Iterator[bytes]:
    """The content of the first gzip, zlib, bzip2, xz and zip streams, up to a limit."""
    for start in _starts(data):
        try:
            yield _unpack(data[start : start + _LONGEST_STREAM].removeprefix(_APART))
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
            continue


def _starts(data: bytes) -> Iterator[int]:
    if data.startswith(_ZLIB):
        yield 0
    for magic in _STREAMS:
        found = -1
        for _ in range(_MAX_STREAMS):
            found = data.find(magic, found + 1)
            if found < 0:
                break
            yield found


def _base32(runs: list[str]) -> Iterator[bytes]:
    """Decode from the end, at each of eight bit offsets, so that preceding text does not matter."""
    numbers = [
        (int(run.translate(_BASE32_DIGITS), 32), len(run))
        for run in _bounded(runs, _LONGEST_BASE32)
    ]
    for shift in range(8) if numbers else ():
        yield _APART.join(
            (number >> shift).to_bytes(length * 5 // 8 + 1, "big") for number, length in numbers
        )


def _base85(runs: list[str]) -> Iterator[bytes]:
    bounded = [run.encode("ascii") for run in _bounded(runs, _LONGEST_BASE85)]
    for alphabet, digits in _DIGITS:
        fitting = [run for run in bounded if len(run.translate(None, alphabet)) <= _MAX_FOREIGN]
        for start in range(5) if fitting else ():
            yield _APART.join(_of_digits(run[start:].translate(digits)) for run in fitting)


def _of_digits(digits: bytes) -> bytes:
    whole = digits[: len(digits) // 5 * 5]
    groups = zip(*(whole[place::5] for place in range(5)), strict=True)
    numbers = [
        (a * 85**4 + b * 85**3 + c * 85**2 + d * 85 + e) & 0xFFFFFFFF for a, b, c, d, e in groups
    ]
    return struct.pack(f">{len(numbers)}I", *numbers)


def _is_odd(run: str) -> bool:
    """Whether a run contains more punctuation than base64, addresses and words do."""
    return sum(map(len, _IN_BASE64.findall(run))) < _MAX_BASE64_SHARE * len(run)


def _bounded(runs: list[str], left: int) -> Iterator[str]:
    for run in runs:
        if left > 0:
            yield run[:left]
        left -= len(run)


def _unpack(stream: bytes) -> bytes:
    unpack: Callable[[bytes, int], bytes]
    if stream.startswith(b"PK"):
        stream, unpack = _zip_content(stream), zlib.decompressobj(_RAW).decompress
    elif stream.startswith(b"BZh"):
        unpack = bz2.BZ2Decompressor().decompress
    elif stream.startswith(b"\xfd"):
        unpack = lzma.LZMADecompressor(memlimit=_MEMORY).decompress
    else:
        unpack = zlib.decompressobj(_GZIP_OR_ZLIB).decompress
    return unpack(stream, _LONGEST_STREAM)


def _zip_content(stream: bytes) -> bytes:
    """What follows a zip entry's header (PKWARE's APPNOTE, section 4.3.7)."""
    name, extra = struct.unpack_from("<HH", stream.ljust(30, b"\0"), 26)
    return stream[30 + name + extra :]
