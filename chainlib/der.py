"""Reads the structure of DER and BER values (X.690): tags and lengths.

It tolerates truncation, so that damaged files and keys can still be recognised and one field of a
certificate be read without the others. It decodes no value; OpenSSL and `cryptography` do that.
"""

from __future__ import annotations

from itertools import takewhile

from chainlib.frozen import dataclass

INTEGER, OCTET_STRING, OBJECT_ID, SEQUENCE = 0x02, 0x04, 0x06, 0x30
BOOLEAN = 0x01
_LONG_FORM, _MAX_LENGTH_BYTES = 0x80, 4
_MAX_ZEROS = 12  # BER allows zeros before a length, and OpenSSL skips them
_END_MARK = b"\0\0"
_MAX_ELEMENTS, _DEEPEST = 500, 16  # enough for a certificate; input with more is hostile
_CONSTRUCTED = 0x20


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One tag-length-value, possibly truncated.

    Attributes:
        tag: the identifier octet.
        start: offset of the content.
        end: offset after the value, as the header states it; may be after the end of the data.
        content: the available content, not copied.
        encoded: the available header and content, not copied.
    """

    tag: int
    start: int
    end: int
    content: memoryview
    encoded: memoryview


def element(data: bytes | memoryview, offset: int = 0) -> Element | None:
    """The element at `offset`; `None` if its header cannot be read.

    An indefinite length (BER) reaches to its end mark, or without one to the end of the data.
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
    header = bytes(data[offset : offset + 2 + _MAX_LENGTH_BYTES + _MAX_ZEROS])
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
    """Offset after the end mark of a value of indefinite length whose content begins here."""
    open_values = 1
    for _ in range(_MAX_ELEMENTS):
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
    """The first elements of the SEQUENCE at the beginning of the data; empty if there is none."""
    header = _header(data, 0)
    if header is None or header[0] != SEQUENCE:
        return ()
    _, start, length = header
    view = memoryview(data)
    # The end mark of an indefinite length is only searched if a caller gets that far.
    content = view[start:] if length is None else view[start : start + length]
    found = elements(content, at_most=at_most)
    return found if length is not None else tuple(takewhile(_is_no_end_mark, found))


def _is_no_end_mark(value: Element) -> bool:
    return value.tag != 0


def elements(content: bytes | memoryview, *, at_most: int) -> tuple[Element, ...]:
    """The first consecutive elements of this content."""
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
    """The same values with definite lengths in their shortest form, and TRUE as in DER.

    What cannot be parsed as BER is unchanged.
    """
    whole = bytes(data)
    # Nearly every certificate is definite; the test is much cheaper than rewriting.
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
