"""Reading what came from outside by its kind.

An absent key, a `null` and a value of another kind all count as nothing. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Payload = Mapping[str, Any]
_LONGEST_KEPT = 3000  # of `private_metadata`


def inner(outer: object, *keys: str) -> Payload:
    """The object that lies under these keys, empty where on the way something is none."""
    found = outer
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def items(outer: object, key: str) -> list[Payload]:
    """The objects of the list under this key; what is none is left out."""
    found = inner(outer).get(key)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def word(outer: object, *keys: str) -> str:
    """The first text that is not empty under one of these keys.

    Half a surrogate pair, which cannot be sent anywhere, becomes `?`.
    """
    found = inner(outer)
    return next(
        (
            text.encode("utf-8", "replace").decode()
            for key in keys
            if isinstance(text := found.get(key), str) and text
        ),
        "",
    )


def read_object(text: object) -> dict[str, Any]:
    """The object that a JSON text holds, empty where it holds none that can be read."""
    try:
        bounded = text if isinstance(text, str) and len(text) <= _LONGEST_KEPT else "{}"
        read = json.loads(bounded)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
