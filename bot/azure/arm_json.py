"""Tolerant readers of ARM's JSON: each returns a value of its type and raises nothing.

They only know JSON shapes; the translators know what a member means. The SDK's models are mappings
and are read the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv6Address
from types import MappingProxyType

Document = Mapping[str, object]
EMPTY: Document = MappingProxyType({})
_MAX_DIGITS = 9


def mapping(value: object) -> Document:
    """The value if it is an object, else an empty mapping."""
    return value if isinstance(value, Mapping) else EMPTY


def documents(value: object) -> tuple[Document, ...]:
    """The objects in a list; other items are left out, and no list counts as an empty one."""
    return (
        tuple(item for item in value if isinstance(item, Mapping))
        if isinstance(value, list | tuple)
        else ()
    )


def properties(document: Document) -> Document:
    """The `properties` member of a resource."""
    return mapping(document.get("properties"))


def text(value: object) -> str:
    """The text without surrounding space and lone surrogates; empty when the value is no text."""
    return value.strip().encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def texts(value: object) -> tuple[str, ...]:
    """The non-empty texts in a list."""
    return tuple(filter(None, map(text, value))) if isinstance(value, list | tuple) else ()


def host(value: object) -> str:
    """A host name or address in lower case without a trailing dot; IPv6 compressed, no brackets."""
    name = text(value).lower().rstrip(".")
    if ":" not in name:
        return name
    try:
        return str(IPv6Address(name.removeprefix("[").removesuffix("]")))
    except ValueError:
        return name


def number(value: object, default: int, *, low: int, high: int) -> int:
    """A whole number within bounds, else the default; a text of digits is accepted."""
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
    """A boolean; the default when the member is missing (older API versions, section 2.4)."""
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    return value if isinstance(value, bool) else default


def last_segment(resource_id: object) -> str:
    """The name at the end of an ARM ID."""
    return text(resource_id).rstrip("/").rpartition("/")[2]


def reference(value: object) -> str:
    """The name that a sub-resource reference (`{"id": ...}`) points to."""
    return last_segment(mapping(value).get("id"))


def name_of(document: Document) -> str:
    """The name of a resource, taken from its ID when the member is missing."""
    return text(document.get("name")) or last_segment(document.get("id"))


def by_name(items: Iterable[Document]) -> dict[str, Document]:
    """Resources by name in lower case; ARM compares names and IDs without case."""
    return {name_of(item).lower(): item for item in items}
