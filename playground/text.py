"""Renders Block Kit as terminal text at phone width, for the demo and for tests. Pure.

It shows what a user would read, not how Slack draws it: markup becomes plain text, controls become
`[labels]`.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

Json = dict[str, Any]
PHONE_WIDTH: Final = 42
_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")
_LINK = re.compile(r"<[^|>]*\|([^>]*)>")
_MENTION = re.compile(r"<([@#!][^>|]*)>")


def render(blocks: Iterable[Json], *, width: int = PHONE_WIDTH) -> list[str]:
    """The lines that a user sees, at most `width` characters wide.

    Preformatted text is cut and marked with `…`.
    """
    lines: list[str] = []
    for block in blocks:
        draw = _DRAWN.get(str(block.get("type")), _other)
        lines += draw(block, width)
    return lines


def framed(blocks: Iterable[Json], *, text: str = "", width: int = PHONE_WIDTH) -> str:
    """The message with a border, as on a phone; `text` is used if there are no blocks."""
    inside = render(blocks, width=width) or _wrapped(plain(text), width)
    top, bottom = f"╭{'─' * (width + 2)}╮", f"╰{'─' * (width + 2)}╯"
    return "\n".join([top, *(f"│ {line.ljust(width)} │" for line in inside), bottom])


def plain(mrkdwn: str) -> str:
    """Mrkdwn as a user sees it.

    Dates as their fallback, links as their label, entities as characters.
    """
    shown = _MENTION.sub(r"\1", _LINK.sub(r"\1", _DATE.sub(r"\1", mrkdwn)))
    return html.unescape(shown)


def _text(value: Json) -> str:
    return (
        plain(str(value["text"])) if value.get("type") == "mrkdwn" else str(value.get("text", ""))
    )


def _wrapped(text: str, width: int, *, first: str = "", rest: str | None = None) -> list[str]:
    hanging = first if rest is None else rest
    lines: list[str] = []
    for number, line in enumerate(text.split("\n")):
        lead = hanging if number else first
        if len(lead) + len(line) <= width and line.isprintable():
            lines.append((lead + line).rstrip())  # as wrap() would, in a tenth of its time
            continue
        lines += textwrap.wrap(
            line, width, initial_indent=lead, subsequent_indent=hanging, break_on_hyphens=False
        ) or [lead.rstrip()]
    return lines


def _header(block: Json, width: int) -> list[str]:
    lines = _wrapped(_text(block["text"]), width)
    return [*lines, "═" * max(map(len, lines))]


def _section(block: Json, width: int) -> list[str]:
    texts = [*([block["text"]] if "text" in block else []), *block.get("fields", ())]
    lines = [line for one in texts for line in _wrapped(_text(one), width)]
    return [
        *lines,
        *(_wrapped(_control(block["accessory"]), width) if "accessory" in block else ()),
    ]


def _context(block: Json, width: int) -> list[str]:
    return _wrapped(
        " · ".join(_text(one) or str(one.get("alt_text", "")) for one in block["elements"]), width
    )


def _actions(block: Json, width: int) -> list[str]:
    return _wrapped(" ".join(map(_control, block["elements"])), width)


def _control(element: Json) -> str:
    if element.get("type") == "overflow":
        return f"[⋯ {' | '.join(_text(option['text']) for option in element['options'])}]"
    label = (
        element.get("text")
        or element.get("placeholder")
        or {"text": element.get("alt_text", element.get("type"))}
    )
    return f"[{_text(label)}]"


def _divider(_block: Json, width: int) -> list[str]:
    return ["─" * width]


def _input(block: Json, width: int) -> list[str]:
    element = block["element"]
    shown = element.get("initial_value") or _text(element.get("placeholder", {}))
    return [
        *_wrapped(_text(block["label"]), width),
        f"[{shown[: width - 2].ljust(width - 2, '_')}]",
    ]


def _other(block: Json, _width: int) -> list[str]:
    return [f"({block.get('type')})"]


def _rich_text(block: Json, width: int) -> list[str]:
    return [line for element in block["elements"] for line in _rich_part(element, width)]


def _rich_part(element: Json, width: int) -> Iterator[str]:
    match element["type"]:
        case "rich_text_list":
            for number, item in enumerate(element["elements"], start=element.get("offset", 0) + 1):
                mark = f"{number}. " if element.get("style") == "ordered" else "• "
                lead = "  " * element.get("indent", 0)
                yield from _wrapped(
                    _inline(item), width, first=lead + mark, rest=lead + " " * len(mark)
                )
        case "rich_text_preformatted":
            yield from (_cut(line, width) for line in _inline(element).split("\n"))
        case "rich_text_quote":
            yield from _wrapped(_inline(element), width, first="> ")
        case _:
            yield from _wrapped(_inline(element), width)


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"


def _inline(element: Json) -> str:
    return "".join(map(_run, element["elements"])).rstrip("\n")


def _run(run: Json) -> str:
    match run["type"]:
        case "text":
            return str(run["text"])
        case "link":
            return str(run.get("text") or run["url"])
        case "date":
            return str(run.get("fallback") or run["timestamp"])
        case "emoji":
            return f":{run['name']}:"
        case kind:
            return f"@{run.get('user_id') or run.get('range') or run.get('channel_id') or kind}"


_DRAWN: Final[dict[str, Callable[[Json, int], list[str]]]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "divider": _divider,
    "input": _input,
    "rich_text": _rich_text,
}
