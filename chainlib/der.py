"""What a DER value is by its shape (X.690): how long it is, and the tags inside it.

A reader of headers only, tolerant of truncation, so that a damaged file can still be named and a
damaged key still be recognised.
Nothing here decodes a value; certificates are parsed by `cryptography`.
"""

from __future__ import annotations

from dataclasses import dataclass

INTEGER, OCTET_STRING, OBJECT_ID, SEQUENCE = 0x02, 0x04, 0x06, 0x30
_LONG_FORM, _MAX_LENGTH_BYTES = 0x80, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One tag-length-value, perhaps cut short.

    Attributes:
        tag: the identifier octet.
        start: offset of the content.
        end: offset behind the content, as the header states it; may lie behind the end of the data.
        content: the content that is there, not copied.
    """

    tag: int
    start: int
    end: int
    content: memoryview


def element(data: bytes | memoryview, offset: int = 0) -> Element | None:
    """The element that starts at `offset`, `None` where no header can be read.

    An indefinite length runs to the end.
    """
    header = bytes(data[offset : offset + 2 + _MAX_LENGTH_BYTES])
    if len(header) < 2:  # noqa: PLR2004 -- one octet of tag and at least one of length
        return None
    tag, first = header[0], header[1]
    extra = first & 0x7F if first & _LONG_FORM else 0
    if extra > min(_MAX_LENGTH_BYTES, len(header) - 2):
        return None
    start = offset + 2 + extra
    length = int.from_bytes(header[2 : 2 + extra], "big") if extra else first
    end = len(data) if first == _LONG_FORM else start + length
    return Element(tag=tag, start=start, end=end, content=memoryview(data)[start:end])


def children(data: bytes | memoryview, *, at_most: int = 4) -> tuple[Element, ...]:
    """The first elements inside the SEQUENCE that the data starts with; empty when it is none."""
    outer = element(data)
    if outer is None or outer.tag != SEQUENCE:
        return ()
    found: list[Element] = []
    offset = 0
    while len(found) < at_most and (child := element(outer.content, offset)) is not None:
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
