"""Decodes base64 in its usual variants: with line breaks, URL-safe, without padding."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

# What stands between pieces of base64: white space, escaped or not, marks of quotes, of source code
# and of tables.
SEPARATORS: Final = re.compile(r"(?:\\[nrt]|[\s>|\"'`*\\,;])+")
_URL_ALPHABET = str.maketrans("-_", "+/")


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
