"""What a DER or BER value is by its shape (X.690): how long it is, and the tags inside it.

A reader of headers only, tolerant of truncation, so that a damaged file can still be named, a
damaged key still be recognised, and one field of a certificate be looked at without the others.
Nothing here decodes a value: OpenSSL and `cryptography` do.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

INTEGER, OCTET_STRING, OBJECT_ID, SEQUENCE = 0x02, 0x04, 0x06, 0x30
BOOLEAN = 0x01
_LONG_FORM, _MAX_LENGTH_BYTES = 0x80, 4
_MOST_ZEROS = 12  # BER allows zeros before a length, and OpenSSL passes over them
_END_MARK = b"\0\0"
_MOST_INSIDE, _DEEPEST = 500, 16  # of a certificate; more was made to keep this busy
_CONSTRUCTED = 0x20


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One tag-length-value, perhaps cut short.

    Attributes:
        tag: the identifier octet.
        start: offset of the content.
        end: offset behind the value, as the header states it; may lie behind the end of the data.
        content: the content that is there, not copied.
        encoded: header and content as they are there, not copied.
    """

    tag: int
    start: int
    end: int
    content: memoryview
    encoded: memoryview


def element(data: bytes | memoryview, offset: int = 0) -> Element | None:
    """The element that starts at `offset`, `None` where no header can be read.

    An indefinite length (BER) runs to its end mark, without one to the end of the data.
    """
    header = _header(data, offset)
    if header is None:
        return None
    tag, start, length = header
    view = memoryview(data)
    if length is None:
        end = _end_mark(data, start)
        content = view[start : end - len(_END_MARK) if end is not None else len(data)]
        end = len(data) if end is None else end
    else:
        end = start + length
        content = view[start:end]
    return Element(tag=tag, start=start, end=end, content=content, encoded=view[offset:end])


def _header(data: bytes | memoryview, offset: int) -> tuple[int, int, int | None] | None:
    """Tag, offset of the content and its length, `None` for an indefinite one."""
    header = bytes(data[offset : offset + 2 + _MAX_LENGTH_BYTES + _MOST_ZEROS])
    if len(header) < 2:  # noqa: PLR2004 -- one octet of tag and at least one of length
        return None
    tag, first = header[0], header[1]
    if first == _LONG_FORM:
        return tag, offset + 2, None
    extra = first & 0x7F if first & _LONG_FORM else 0
    if extra > len(header) - 2:
        return None
    length = int.from_bytes(header[2 : 2 + extra], "big") if extra else first
    if length >= 1 << 8 * _MAX_LENGTH_BYTES:
        return None
    return tag, offset + 2 + extra, length


def _end_mark(data: bytes | memoryview, offset: int) -> int | None:
    """Offset behind the end mark of a value of indefinite length whose content starts here."""
    open_values = 1
    for _ in range(_MOST_INSIDE):
        header = _header(data, offset)
        if header is None:
            return None
        tag, start, length = header
        if length is None:
            open_values, offset = open_values + 1, start
            continue
        offset = start + length
        open_values -= tag == 0 and length == 0
        if not open_values:
            return offset
    return None


def children(data: bytes | memoryview, *, at_most: int = 4) -> tuple[Element, ...]:
    """The first elements inside the SEQUENCE that the data starts with; empty when it is none."""
    header = _header(data, 0)
    if header is None or header[0] != SEQUENCE:
        return ()
    _, start, length = header
    view = memoryview(data)
    # Where the length is indefinite, its end mark is only sought by who comes that far.
    content = view[start:] if length is None else view[start : start + length]
    found = elements(content, at_most=at_most)
    return found if length is not None else tuple(takewhile(_is_no_end_mark, found))


def _is_no_end_mark(value: Element) -> bool:
    return value.tag != 0


def elements(content: bytes | memoryview, *, at_most: int) -> tuple[Element, ...]:
    """The first elements that stand in this content, one behind the other."""
    found: list[Element] = []
    offset = 0
    while len(found) < at_most and (child := element(content, offset)) is not None:
        found.append(child)
        offset = child.end
    return tuple(found)


def spans_all(data: bytes) -> bool:
    """Whether the data is exactly one SEQUENCE, from its first to its last byte."""
    outer = element(data)
    return outer is not None and outer.tag == SEQUENCE and outer.end == len(data)


def encode(tag: int, content: bytes) -> bytes:
    """One value with its header, in definite form."""
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    length = bytes([size]) if size < _LONG_FORM else bytes([_LONG_FORM | len(octets)]) + octets
    return bytes([tag]) + length + content


def definite(data: bytes | memoryview) -> bytes:
    """The same values with definite lengths in their shortest form, and TRUE as DER writes it.

    What cannot be read as BER stays as it is.
    """
    whole = bytes(data)
    # Nearly every certificate is; looking costs a fraction of writing it anew.
    definite_already = _is_definite(whole, _DEEPEST)
    return whole if definite_already else _rewritten(whole, _DEEPEST)


def _rewritten(data: bytes | memoryview, depth: int) -> bytes:
    found: list[bytes] = []
    offset = 0
    while offset < len(data):
        value = element(data, offset)
        if value is None or value.end > len(data):
            return b"".join(found) + bytes(data[offset:])
        found.append(_definite(value, depth))
        offset = value.end
    return b"".join(found)


def _definite(value: Element, depth: int) -> bytes:
    if value.tag & _CONSTRUCTED and depth:
        return encode(value.tag, _rewritten(value.content, depth - 1))
    if value.tag == BOOLEAN and any(value.content):
        return encode(BOOLEAN, b"\xff" * len(value.content))
    return encode(value.tag, bytes(value.content))


def _is_definite(data: bytes, depth: int) -> bool:
    """Whether `_rewritten` would leave these values as they are."""
    offset = 0
    while (header := _header(data, offset)) is not None:
        tag, start, length = header
        if length is None or start - offset != _shortest_header(length):
            return False
        offset = start + length
        if offset > len(data):
            return True
        if not _content_is_definite(tag, data[start:offset], depth):
            return False
    return True


def _content_is_definite(tag: int, content: bytes, depth: int) -> bool:
    if tag & _CONSTRUCTED and depth:
        return _is_definite(content, depth - 1)
    return tag != BOOLEAN or not any(content) or not content.strip(b"\xff")


def _shortest_header(length: int) -> int:
    return 2 if length < _LONG_FORM else 2 + (length.bit_length() + 7) // 8
