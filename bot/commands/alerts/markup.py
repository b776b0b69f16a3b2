"""Converts Slack's links and entities, and HTML tags, to the plain text that users see. Pure."""

from __future__ import annotations

import html
import re

from bot.commands.typed_text import CONTROLS, SCRIPT_CHANGE, ZERO_WIDTH

LINK_OPEN, LINK_CLOSE = "\u2045", "\u2046"
"""Brackets around the URL of a link whose label names something else than the URL's host."""
_LINK = re.compile(r"<((?:https?:|mailto:|tel:|[#@!])[^<>|]*)(?:\|([^<>]*))?>", re.IGNORECASE)
_CONTROLLED = re.compile(rf"[\w.-](?:{CONTROLS.pattern})[\w.-]")
_TAG = re.compile(r"<(?:br|/p|/tr|/div|/li)[^<>]*>|(<[^<>]{1,300}>)", re.IGNORECASE)


def readable(text: str) -> str:
    """The text with Slack's links, entities and HTML tags converted."""
    plain = _LINK.sub(_shown, text)
    plain = _TAG.sub(lambda tag: " " if tag[1] else "\n", plain) if "</" in plain else plain
    plain = html.unescape(plain).replace("\u00a0", " ").translate(ZERO_WIDTH)
    return _without_controls(SCRIPT_CHANGE.sub(" ", plain))


def _without_controls(text: str) -> str:
    """The text without invisible direction and format characters.

    A word with one inside is no name.
    """
    if not CONTROLS.search(text):
        return text
    words = (" " if _CONTROLLED.search(word) else word for word in re.split(r"(\s+)", text))
    return CONTROLS.sub("", "".join(words))


def _shown(link: re.Match[str]) -> str:
    address, label = link[1], (link[2] or "").strip()
    if address.startswith("#"):
        return ""
    if address.startswith(("@", "!")):
        return label
    if address.lower().startswith(("mailto:", "tel:")):
        return ""
    host = re.sub(r"(?i)^https?://(?:[^/@]*@)?", "", address).partition("/")[0].lower()
    if not label or host.partition(":")[0] in label.lower():
        is_address = not label or re.match(r"(?i)https?://|[\w.:-]+(?:/\S*)?$", label)
        if not label or is_address:
            return label or address
        return f"{label} {LINK_OPEN}{address}{LINK_CLOSE}"
    return f"{label} {LINK_OPEN}{address}{LINK_CLOSE}"
