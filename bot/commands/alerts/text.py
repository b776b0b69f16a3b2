"""The text that users see of a Slack message, as lines with their labels. Pure.

It reads text, blocks, attachments, files, forwarded and unfurled messages, and JSON inside any of
them, within limits. The structures are those of Slack's documentation of messages, of secondary
attachments and of Block Kit.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from bot.commands.alerts.markup import readable
from chainlib.frozen import dataclass

MAX_TEXT = 40_000
MAX_LINES = 2_000
MAX_LINE = 2_000
MAX_PARTS = 500
_DEPTH = 12
_JSON_STARTS = 8
_JSON_START = re.compile(r"[{\[\"]")
_LONE_LABEL = re.compile(
    r"[\s>*_`\u2022-]{0,16}([A-Za-z][\w .()/-]{0,40}?)[\s*_`]{0,8}(:?)[\s*_`]{0,8}:?\s{0,8}"
)
_STATUS_LABEL = re.compile(r"(?i)status|code|response")
"""Of the numbers in JSON only a status says something; counts look like one."""
_BULLET = re.compile(r"(?:[-*\u2022\u25e6\u2013]|\d{1,2}[.)])\s")
"""What an item of a list begins with; all items belong to the label above the list."""
_HEADING = re.compile(r"[A-Za-z][A-Za-z /_-]{0,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One visible line, and the label of its field."""

    text: str
    label: str = ""


@dataclasses.dataclass(slots=True, kw_only=True)
class AlertText:
    """A message as lines.

    Attributes:
        lines: in the order of the message.
        pages: URLs of titles and buttons, which lead to the tool that sent the message.
        links: URLs of which Slack shows a preview.
    """

    lines: list[Line] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    _room: int = MAX_TEXT

    def add(self, text: object, label: str = "", depth: int = 0) -> None:
        """Add one string; JSON in it becomes one line for each value."""
        if not isinstance(text, str) or self._room <= 0 or len(self.lines) >= MAX_LINES:
            return
        kept = text[: self._room]
        self._room -= len(kept)
        kept = kept.replace("\\/", "/")
        found = _json_in(kept) if depth < _DEPTH else None
        if found is None:
            self._add_plain(kept, label)
            return
        before, value, after = found
        self._add_plain(before, label)
        self._room += len(kept) - len(before) - len(after)
        self._add_value(value, label, depth + 1)
        if after.strip():
            self._room += len(after)
            self.add(after, label, depth + 1)

    def _add_plain(self, text: str, label: str) -> None:
        waiting = ""
        for raw in readable(text).splitlines():
            line = raw.strip()
            if not line or len(self.lines) >= MAX_LINES:
                continue
            self.lines += (Line(text=piece, label=waiting or label) for piece in _pieces(line))
            waiting = _lone_label(raw) or (waiting if _BULLET.match(line) else "")

    def _add_value(self, value: object, label: str, depth: int) -> None:
        if depth > _DEPTH * 2:
            return
        if isinstance(value, str):
            self.add(value, label, depth)
        elif type(value) is int and _STATUS_LABEL.search(label):
            self.add(str(value), label, depth)
        elif isinstance(value, list):
            for item in value[:MAX_LINES]:
                self._add_value(item, label, depth + 1)
        elif isinstance(value, dict):
            self._add_object(value, label, depth)

    def _add_object(self, value: Mapping[str, Any], label: str, depth: int) -> None:
        named = next((value[key] for key in ("name", "key", "title") if key in value), None)
        if isinstance(named, str) and isinstance(value.get("value"), str):
            self._add_value(value["value"], named, depth + 1)
            return
        columns, rows = value.get("columns"), value.get("rows")
        if isinstance(columns, list) and isinstance(rows, list):
            self._add_rows(columns, rows, depth)
            return
        parent = label.rpartition(" ")[2]
        for key, item in value.items():
            self._add_value(item, f"{parent} {key}".strip(), depth + 1)

    def _add_rows(self, columns: list[Any], rows: list[Any], depth: int) -> None:
        names = [str(one.get("name", "") if isinstance(one, dict) else one) for one in columns]
        for row in rows[:50]:
            if isinstance(row, list):
                for name, cell in zip(names, row, strict=False):
                    self._add_value(cell, name, depth + 1)


def read_text(message: Mapping[str, Any]) -> AlertText:
    """Everything that people see in a message, of any shape; never raises."""
    found = AlertText()
    _read_message(message, found, 0)
    return found


def _read_message(message: Mapping[str, Any], out: AlertText, depth: int) -> None:
    if depth > _DEPTH:
        return
    out.add(message.get("text"))
    for block in _objects(message.get("blocks")):
        _read_block(block, out)
    for attachment in _objects(message.get("attachments")):
        _read_attachment(attachment, out, depth)
    for file in _objects(message.get("files")):
        for key in ("title", "subject", "plain_text", "preview_plain_text", "preview"):
            out.add(file.get(key))


def _read_attachment(attachment: Mapping[str, Any], out: AlertText, depth: int) -> None:
    """A secondary attachment: a layout by a tool, a forwarded message or the preview of a link."""
    if depth > _DEPTH:
        return
    _read_links(attachment, out)
    for key in ("pretext", "title", "text"):
        out.add(attachment.get(key))
    for one in _objects(attachment.get("fields")):
        out.add(one.get("value"), str(one.get("title") or ""))
    for block in _objects(attachment.get("blocks")):
        _read_block(block, out)
    out.add(attachment.get("fallback"))
    _read_buttons(attachment.get("actions"), out)
    for inner in _objects(attachment.get("message_blocks")):
        if isinstance(inner.get("message"), dict):
            _read_message(inner["message"], out, depth + 1)
    _read_message({"files": attachment.get("files")}, out, depth + 1)


def _read_links(attachment: Mapping[str, Any], out: AlertText) -> None:
    """The URL of a title: of the tool for a tool's layout, of the linked page for a preview."""
    origin = attachment.get("from_url")
    if isinstance(origin, str):
        out.links.append(origin[:MAX_LINE])
    for key in ("title_link", "author_link"):
        if isinstance(address := attachment.get(key), str):
            (out.links if origin else out.pages).append(address[:MAX_LINE])


def _read_block(block: Mapping[str, Any], out: AlertText) -> None:
    kind = block.get("type")
    if kind == "rich_text":
        _read_rich(block, out)
    elif kind == "table":
        _read_table(block, out)
    elif kind == "actions":
        _read_buttons(block.get("elements"), out)
    else:
        for part in (block, block.get("text"), block.get("title"), *_objects(block.get("fields"))):
            out.add(part.get("text") if isinstance(part, dict) else None)
        for part in _objects(block.get("elements")):
            out.add(part.get("text"))
        _read_buttons([block.get("accessory")], out)


def _read_buttons(elements: object, out: AlertText) -> None:
    for element in _objects(elements):
        if isinstance(element.get("url"), str):
            out.pages.append(element["url"][:MAX_LINE])


def _read_rich(node: Mapping[str, Any], out: AlertText, depth: int = 0) -> None:
    """Rich text: lists and quotes contain sections; a section is one piece of text."""
    parts = _objects(node.get("elements"))
    if depth > _DEPTH:
        return
    if any("elements" in part for part in parts):
        for part in parts:
            _read_rich(part, out, depth + 1)
    else:
        out.add(_rich_text(parts))


def _rich_text(parts: list[Mapping[str, Any]]) -> str:
    pieces = []
    for part in parts:
        if part.get("type") == "link" and isinstance(part.get("url"), str):
            text = part.get("text")
            pieces.append(f"<{part['url']}|{text}>" if text else f"<{part['url']}>")
        elif isinstance(part.get("text"), str):
            pieces.append(part["text"])
        elif isinstance(part.get("fallback"), str):
            pieces.append(part["fallback"])
    return "".join(pieces)


def _read_table(block: Mapping[str, Any], out: AlertText) -> None:
    """A row of two cells is a label and its value; below a row of headings each cell has one."""
    given = block.get("rows")
    rows = [
        [_cell(cell) for cell in row if isinstance(cell, dict)]
        for row in (given[:MAX_PARTS] if isinstance(given, list) else ())
        if isinstance(row, list)
    ]
    headings = rows[0] if rows and all(map(_HEADING.fullmatch, rows[0])) else []
    for row in rows[1:] if headings else rows:
        pair = len(row) == 2 and not headings  # noqa: PLR2004 -- a label and its value
        for place, cell in enumerate(row):
            label = row[0] if pair and place else headings[place] if place < len(headings) else ""
            out.add(cell, label)
    if len(rows) == 1 and headings:
        out.add(" ".join(headings))


def _cell(cell: Mapping[str, Any]) -> str:
    text = cell.get("text")
    if isinstance(text, str):
        return text
    inner = AlertText()
    _read_rich(cell, inner)
    return " ".join(line.text for line in inner.lines)


def _objects(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        return []
    return [one for one in value[:MAX_PARTS] if isinstance(one, dict)]


def _pieces(line: str) -> Iterator[str]:
    """A line in pieces of at most `MAX_LINE`, cut between words where there are any."""
    while len(line) > MAX_LINE:
        words_end = max(line.rfind(sign, MAX_LINE // 2, MAX_LINE) for sign in " ,;") + 1
        yield line[: words_end or MAX_LINE]
        line = line[words_end or MAX_LINE :]
    yield line


def _lone_label(raw: str) -> str:
    """The label for the next line, if this line is only a label."""
    found = _LONE_LABEL.fullmatch(raw.strip())
    return found[1] if found and (found[2] or raw.strip().endswith(("*", ":"))) else ""


def _json_in(text: str) -> tuple[str, object, str] | None:
    """The first JSON object, list or encoded string in a text, with the text around it."""
    starts = (match.start() for match in _JSON_START.finditer(text))
    for start in _first(starts, _JSON_STARTS):
        if text[start] == '"' and text[:start].strip():
            continue
        try:
            value, end = json.JSONDecoder().raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, str) and not _JSON_START.match(value.strip()):
            continue
        if isinstance(value, dict) or _holds_objects(value):
            return text[:start], value, text[end:]
    return None


def _holds_objects(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and any(isinstance(one, dict) for one in value)
    )


def _first(items: Iterator[int], count: int) -> Iterator[int]:
    for _, item in zip(range(count), items, strict=False):
        yield item
