"""Decodes base64 in its usual variants: with line breaks, URL-safe, without padding."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

# What stands between pieces of base64: white space, escaped or not, marks of quotes, of source code
# and of tables.
SEPARATORS: Final = re.compile(r"(?:\\[nrt]|[\s>|\"'`*\\,;])+")
_SINGLE = dict.fromkeys(map(ord, " \t\n\r\v\f\x1c\x1d\x1e\x1f>|\"'`*,;"))
_URL_ALPHABET = str.maketrans("-_", "+/")


def without_separators(text: str) -> str:
    """The text without what stands between pieces of base64."""
    if text.isascii() and "\\" not in text:
        return text.translate(_SINGLE)  # the same in a tenth of the time
    return SEPARATORS.sub("", text)


def decode_base64(text: str) -> bytes | None:
    """Decode base64 with any white space in it; `None` if it is empty or not base64."""
    packed = "".join(text.split())
    if ("-" in packed or "_" in packed) and "+" not in packed and "/" not in packed:
        packed = packed.translate(_URL_ALPHABET)
    if not packed.endswith("="):
        packed += "=" * (-len(packed) % 4)
    try:
        return base64.b64decode(packed, validate=True) or None
    except (binascii.Error, ValueError):
        return None
