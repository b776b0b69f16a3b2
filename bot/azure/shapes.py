"""Tolerant readers of ARM's JSON.

Whatever stands there, a value of the asked type comes back and nothing raises.

Only shapes live here; what a member means is known by the translators. The SDK's models are
mappings and read the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv6Address
from types import MappingProxyType

Document = Mapping[str, object]
EMPTY: Document = MappingProxyType({})
_MAX_DIGITS = 9


def mapping(value: object) -> Document:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else EMPTY


def documents(value: object) -> tuple[Document, ...]:
    """The objects in a list; anything else in it, or no list at all, counts as nothing."""
    return (
        tuple(item for item in value if isinstance(item, Mapping))
        if isinstance(value, list | tuple)
        else ()
    )


def properties(document: Document) -> Document:
    """The `properties` member of a resource."""
    return mapping(document.get("properties"))


def text(value: object) -> str:
    """Text without surrounding space or lone surrogates, empty when it is no text."""
    return value.strip().encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def texts(value: object) -> tuple[str, ...]:
    """The non-empty texts in a list."""
    return tuple(filter(None, map(text, value))) if isinstance(value, list | tuple) else ()


def host(value: object) -> str:
    """A host name or address: lower case, no trailing dot; IPv6 in its short form, no brackets."""
    name = text(value).lower().rstrip(".")
    if ":" not in name:
        return name
    try:
        return str(IPv6Address(name.removeprefix("[").removesuffix("]")))
    except ValueError:
        return name


def number(value: object, default: int, *, low: int, high: int) -> int:
    """A whole number within bounds, else the default; digits in a text count."""
    if (
        isinstance(value, str)
        and value.strip().isascii()
        and value.strip().isdigit()
        and len(value.strip()) <= _MAX_DIGITS
    ):
        value = int(value)
    return (
        value
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        else default
    )


def switch(value: object, *, default: bool) -> bool:
    """A boolean; the default where the member is missing (older API versions, section 2.4)."""
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    return value if isinstance(value, bool) else default


def last_segment(resource_id: object) -> str:
    """The name at the end of an ARM id."""
    return text(resource_id).rstrip("/").rpartition("/")[2]


def reference(value: object) -> str:
    """The name that a sub-resource reference (`{"id": ...}`) points to."""
    return last_segment(mapping(value).get("id"))


def name_of(document: Document) -> str:
    """A resource's own name, from its id where the member is missing."""
    return text(document.get("name")) or last_segment(document.get("id"))


def by_name(items: Iterable[Document]) -> dict[str, Document]:
    """Resources by their folded name: ARM compares names and ids without case."""
    return {name_of(item).lower(): item for item in items}
