"""Decodes bytes as text, whatever their encoding."""

from __future__ import annotations

import codecs
import re

_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # its mark begins like that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def text_of(data: bytes) -> str:
    """Decode the data as text in any encoding; never raises.

    UTF-16 without a mark is decoded correctly if it is ASCII.
    """
    return _INVISIBLE.sub("", decoded(data)).replace("\\r", "\n").replace("\\n", "\n")


def decoded(data: bytes) -> str:
    """The same without removing escapes and invisible characters."""
    encoding = next((name for mark, name in _ENCODINGS if data.startswith(mark)), None)
    return (
        data.decode(encoding, "replace")
        if encoding
        else data.replace(b"\0", b"").decode("utf-8", "replace")
    )
