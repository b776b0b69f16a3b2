"""The parts of a message; each can give its Block Kit form and the same content as plain text.

Only block types that every client draws are used: `header`, `rich_text`, `context`, `actions`,
`divider`. Each part keeps its own limits; `compose` enforces the limits of a whole message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.cards.escaping import clean, inert, shorten, shorten_middle, visible_text
from chainlib.frozen import dataclass

TEXT_LIMIT = 90
HEADER_LIMIT = 60
VERDICT_LIMIT = 140
DRAWING_WIDTH = 32
LINES_BEFORE_BUTTONS = 12
JSON_LIMIT = 8000
BUTTON_VALUE_LIMIT = 2000
BUTTON_LABEL_LIMIT = 75
CONTEXT_LIMIT = 600

Block = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message for Slack.

    Attributes:
        text: notification text and text for screen readers, at most 90 characters.
        blocks: Block Kit.
        plain: the same content as text, sent if Slack refuses the blocks.
    """

    text: str
    blocks: tuple[Block, ...]
    plain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of text in a paragraph.

    Attributes:
        text: already cleaned.
        bold, code: its format.
        at: makes it an instant, shown in the reader's own time zone.
        link: makes it a link; only addresses from Slack itself are used.
        channel: `text` is the ID of a channel, shown as its name.
    """

    text: str
    bold: bool = False
    code: bool = False
    at: datetime | None = None
    link: str | None = None
    channel: bool = False

    def element(self) -> Block:
        """The rich_text element."""
        if self.link is not None:
            return {"type": "link", "url": self.link, "text": self.text}
        if self.at is not None:
            return {
                "type": "date",
                "timestamp": int(self.at.timestamp()),
                "format": "{date_short_pretty} {time}",
                "fallback": self.text,
            }
        if self.channel:
            return {"type": "channel", "channel_id": self.text}
        style = {name: True for name, on in (("bold", self.bold), ("code", self.code)) if on}
        return {
            "type": "text",
            "text": visible_text(self.text),
            **({"style": style} if style else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The header of a message."""

    text: str

    def block(self) -> Block:
        """A header block; emoji codes remain text."""
        return {
            "type": "header",
            "text": {
                "type": "plain_text",
                "text": shorten_middle(visible_text(self.text), HEADER_LIMIT),
                "emoji": False,
            },
        }

    def plain(self) -> str:
        """The same line as text."""
        return inert(shorten_middle(visible_text(self.text), HEADER_LIMIT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A line of spans."""

    spans: tuple[Span, ...]

    def block(self) -> Block:
        """A rich_text section, whose text elements Slack never parses."""
        return {
            "type": "rich_text",
            "elements": [
                {"type": "rich_text_section", "elements": [span.element() for span in self.spans]}
            ],
        }

    def plain(self) -> str:
        """The same line as text."""
        return _inert("".join(span.text for span in self.spans))


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Lines in a fixed-width font."""

    lines: tuple[str, ...]

    def block(self) -> Block:
        """A preformatted rich_text element."""
        text = {"type": "text", "text": visible_text("\n".join(self.lines))}
        return {
            "type": "rich_text",
            "elements": [{"type": "rich_text_preformatted", "elements": [text]}],
        }

    def plain(self) -> str:
        """The same lines between code fences, which `inert` text cannot close."""
        return "\n".join(("```", *map(_inert, self.lines), "```"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Numbered steps."""

    items: tuple[str, ...]

    def block(self) -> Block:
        """An ordered rich_text list."""
        sections = [
            {
                "type": "rich_text_section",
                "elements": [{"type": "text", "text": visible_text(item)}],
            }
            for item in self.items
        ]
        return {
            "type": "rich_text",
            "elements": [{"type": "rich_text_list", "style": "ordered", "elements": sections}],
        }

    def plain(self) -> str:
        """The same steps with their numbers."""
        return "\n".join(f"{number}. {_inert(item)}" for number, item in enumerate(self.items, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Pairs (term, description) that wrap between words, unlike a `Drawing`.

    Attributes:
        rows: the pairs; a description may be empty.
        typed: whether the terms are commands, shown in a fixed-width font; otherwise they are bold.
    """

    rows: tuple[tuple[str, str], ...]
    typed: bool = False

    def block(self) -> Block:
        """A bulleted rich_text list."""
        sections = [
            {
                "type": "rich_text_section",
                "elements": [span.element() for span in self._spans(*row)],
            }
            for row in self.rows
        ]
        return {
            "type": "rich_text",
            "elements": [{"type": "rich_text_list", "style": "bullet", "elements": sections}],
        }

    def plain(self) -> str:
        """The same pairs, one per line."""
        return "\n".join(
            _inert("".join(span.text for span in self._spans(*row))) for row in self.rows
        )

    def _spans(self, thing: str, words: str) -> tuple[Span, ...]:
        named = Span(text=thing, code=self.typed, bold=not self.typed)
        return (named, Span(text=f"{'  ' if self.typed else ' '}{words}")) if words else (named,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button; `value` contains its parameters, so it works on an old message after a restart."""

    label: str
    action: str
    value: str
    primary: bool = False

    def element(self) -> Block:
        """The button element."""
        label = {
            "type": "plain_text",
            "text": shorten(visible_text(self.label), BUTTON_LABEL_LIMIT),
            "emoji": False,
        }
        style = {"style": "primary"} if self.primary else {}
        return {
            "type": "button",
            "text": label,
            "action_id": self.action,
            "value": self.value,
            **style,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Overflow:
    """The overflow menu as (label, value); values are short."""

    action: str
    options: tuple[tuple[str, str], ...]

    def element(self) -> Block:
        """The overflow element."""
        options = [
            {
                "text": {
                    "type": "plain_text",
                    "text": visible_text(label),
                    "emoji": False,
                },
                "value": value,
            }
            for label, value in self.options
        ]
        return {"type": "overflow", "action_id": self.action, "options": options}


@dataclass(frozen=True, slots=True, kw_only=True)
class Buttons:
    """At most three buttons in a row; `instead` says in the plain text what to type."""

    elements: tuple[Button | Overflow, ...]
    instead: str = ""

    def block(self) -> Block:
        """An actions block.

        A button whose value exceeds Slack's limit is omitted, because Slack would refuse the
        message.
        """
        fitting = [
            e
            for e in self.elements
            if not isinstance(e, Button) or len(e.value) <= BUTTON_VALUE_LIMIT
        ]
        return {"type": "actions", "elements": [element.element() for element in fitting]}

    def plain(self) -> str:
        """What to type if no button can be shown."""
        return _inert(self.instead)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextBlock:
    """The last line: `user` is a Slack ID, `at` an instant in the reader's time zone."""

    text: str
    user: str | None = None
    at: datetime | None = None

    def block(self) -> Block:
        """A context block.

        Hostile text is plain_text; the only markup is built from an ID and a number.
        """
        elements: list[Block] = [
            {
                "type": "plain_text",
                "text": shorten(visible_text(self.text), CONTEXT_LIMIT),
                "emoji": False,
            }
        ]
        if markup := " ".join(filter(None, (self._user(), self._instant()))):
            elements.append({"type": "mrkdwn", "text": markup})
        return {"type": "context", "elements": elements}

    def plain(self) -> str:
        """The same line, with the instant in UTC."""
        said = f" · {utc(self.at)}" if self.at else ""
        return inert(shorten(visible_text(self.text), CONTEXT_LIMIT)) + said

    def _user(self) -> str | None:
        usable = self.user and self.user.isascii() and self.user.isalnum()
        return f"by <@{self.user}>" if usable else None

    def _instant(self) -> str | None:
        if self.at is None:
            return None
        return f"<!date^{int(self.at.timestamp())}^{{date_short_pretty}} {{time}}|{utc(self.at)}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Divider:
    """A thin line between two parts."""

    def block(self) -> Block:
        """A divider."""
        return {"type": "divider"}

    def plain(self) -> str:
        """A short line of dashes."""
        return "---"


Part = Heading | Paragraph | Drawing | Steps | Listing | Buttons | ContextBlock | Divider


def compose(text: str, parts: Sequence[Part]) -> Message:
    """Build a message from its parts; empty action rows are omitted."""
    blocks = [part.block() for part in parts]
    kept = tuple(block for block in blocks if block.get("elements", True))
    plain = "\n".join(filter(None, (part.plain() for part in parts)))
    return Message(
        text=shorten(inert(clean(text, TEXT_LIMIT)), TEXT_LIMIT), blocks=kept, plain=plain
    )


def say(*spans: str | Span) -> Paragraph:
    """A paragraph of strings and spans; strings are cleaned here."""
    return Paragraph(
        spans=tuple(span if isinstance(span, Span) else Span(text=span) for span in spans)
    )


def bold(text: str) -> Span:
    """A bold span."""
    return Span(text=text, bold=True)


def json_size(blocks: Sequence[Mapping[str, Any]]) -> int:
    """Length of the blocks as Slack counts it: characters of compact JSON."""
    return len(json.dumps(list(blocks), separators=(",", ":")))


def _inert(text: str) -> str:
    """Text for where Slack parses it, with nothing invisible in it."""
    return inert(visible_text(text))


def utc(instant: datetime) -> str:
    """An instant for readers, in UTC."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
