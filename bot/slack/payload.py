"""Reads values of payloads by type; a missing key, `null` and another type count as empty. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Payload = Mapping[str, Any]
_LONGEST_KEPT = 3000  # Slack's limit of `private_metadata`


def object_at(outer: object, *keys: str) -> Payload:
    """The object at this path of keys; empty if there is none."""
    found = outer
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def objects_at(outer: object, key: str) -> list[Payload]:
    """The objects in the list at this key; other items are left out."""
    found = object_at(outer).get(key)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def text_at(outer: object, *keys: str) -> str:
    """The first non-empty text at one of these keys.

    A lone surrogate, which cannot be sent anywhere, becomes `?`.
    """
    found = object_at(outer)
    return next(
        (
            text.encode("utf-8", "replace").decode()
            for key in keys
            if isinstance(text := found.get(key), str) and text
        ),
        "",
    )


def read_object(text: object) -> dict[str, Any]:
    """The object in a JSON text; empty if there is none."""
    try:
        bounded = text if isinstance(text, str) and len(text) <= _LONGEST_KEPT else "{}"
        read = json.loads(bounded)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
