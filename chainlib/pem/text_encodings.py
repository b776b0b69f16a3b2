r"""Undoes encodings that mail programs, web pages, shells and source code apply to a text.

Each step undoes one encoding of a whole text and leaves other text unchanged. Nothing is decided
here: a resulting block is only used if it is a complete DER value.
"""

from __future__ import annotations

import html
import quopri
import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import unquote, unquote_plus

_MAX_FORMS = 6
_BREAKS = re.compile(r"<(?:br|/p|/div|/tr|/li)\b[^<>]{0,200}>", re.IGNORECASE)
_CELLS = re.compile(r"</t[dh]\s*>", re.IGNORECASE)
_TAGS = re.compile(r"</?[a-z][^<>]{0,200}>", re.IGNORECASE)
_REFERENCES = re.compile(
    r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|amp|nbsp|lt|gt|quot|plus|sol|equals|newline|tab|hyphen|dash)"
    r";",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"%(?:0[ad]|20|2[bdf]|3d|25(?=[0-9a-f]{2}))", re.IGNORECASE)
_PLUS_LABEL = re.compile(r"(?:BEGIN|END)\+[A-Z0-9]", re.IGNORECASE)
_QUOTED = re.compile(r"=(?:3D|0D|0A|20|2B|2D|2F)|=[ \t]*\r?\n[A-Za-z0-9+/]")
_ESCAPES = re.compile(r"\\(?:u00([0-9a-fA-F]{2})|x([0-9a-fA-F]{2}))")
_OCTAL_BREAKS = re.compile(r"\\01[25]")
# Only after base64 or a marker: inline code that begins with n is no line end.
_POWERSHELL = re.compile(r"(?<=[A-Za-z0-9+/=-])(?:`r)?`n")
_ESCAPED_SIGNS = re.compile(r"\\([/+=\-])")


def forms(text: str) -> Iterator[str]:
    """The text as it is, then with one more encoding undone each time; at most six."""
    yield text
    for count in range(1, _MAX_FORMS):
        undone = next((new for step in _STEPS if (new := step(text)) != text), None)
        if undone is None or count == _MAX_FORMS:
            return
        text = undone
        yield text


def _percent(text: str) -> str:
    """Undo URL encoding, as in X-SSL-Cert headers and form fields."""
    if not _PERCENT.search(text):
        return text
    return unquote_plus(text) if _PLUS_LABEL.search(text) else unquote(text)


def _plus_for_blank(text: str) -> str:
    """Undo plus signs for blanks in labels only, for a partially decoded form field."""
    return re.sub(
        r"-{2,10}(?:BEGIN|END)\+[A-Z0-9+]{1,64}-{2,10}",
        lambda label: label[0].replace("+", " "),
        text,
        flags=re.IGNORECASE,
    )


def _web_page(text: str) -> str:
    """Undo character references, line breaks and tags of HTML."""
    if _BREAKS.search(text) or _REFERENCES.search(text):
        return html.unescape(_TAGS.sub("", _CELLS.sub(" ", _BREAKS.sub("\n", text)))).replace(
            "\u00a0", " "
        )
    return text


def _quoted_printable(text: str) -> str:
    """Undo quoted-printable, which mail uses for long lines and equals signs."""
    if not _QUOTED.search(text):
        return text
    return quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def _escapes(text: str) -> str:
    """Undo the escapes of JSON, of C strings and of PowerShell."""
    plain = _ESCAPES.sub(lambda found: chr(int(found[1] or found[2], 16)), text)
    plain = _OCTAL_BREAKS.sub("\n", plain)
    if "`n" in plain:
        plain = _POWERSHELL.sub("\n", plain)
    return _ESCAPED_SIGNS.sub(r"\1", plain).replace("\\t", "\t")


_STEPS: Final[tuple[Callable[[str], str], ...]] = (
    _quoted_printable,
    _percent,
    _plus_for_blank,
    _web_page,
    _escapes,
)
