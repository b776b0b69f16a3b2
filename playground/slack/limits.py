"""Checks whether Slack would accept a payload: structure, lengths, counts, total size. Pure.

The limits are those of Slack's Block Kit reference, one page per block, element and composition
object. Two are not documented: about 13,000 characters of JSON for all blocks together (others
measured 13,172 to 13,297), and the refusal of empty texts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from playground.slack.shapes import CHILDREN, NEW_BLOCKS, SHAPES, SURFACES, UNTYPED
from playground.slack.state import Json

BLOCKS_BUDGET: Final = 13_000
TEXT_LIMIT: Final = 40_000
TEXT_ADVISED: Final = 4_000
MARKDOWN_LIMIT: Final = 12_000
FIELD_LIMIT: Final = 2_000
COLUMN_LIMIT: Final = 20
MAX_LENGTH_LIMIT: Final = 3_000
MAX_INDENT: Final = 8

_ACTION: Final = (("action_id", 255, 0),)
_INPUT: Final = (("placeholder", 150, 0), *_ACTION)
_VIEW: Final = (("private_metadata", 3000, 0), ("callback_id", 255, 0), ("external_id", 255, 0))

# type -> (key, most characters, fewest characters)
LENGTHS: Final[dict[str, tuple[tuple[str, int, int], ...]]] = {
    "section": (("text", 3000, 1),),
    "header": (("text", 150, 1),),
    "image": (("alt_text", 2000, 0), ("image_url", 3000, 0), ("title", 2000, 0)),
    "input": (("label", 2000, 1), ("hint", 2000, 0)),
    "markdown": (("text", MARKDOWN_LIMIT, 1),),
    "alert": (("text", 200, 1),),
    "card": (("title", 150, 0), ("subtitle", 150, 0), ("body", 200, 0)),
    "container": (("title", 150, 0), ("subtitle", 150, 0)),
    "data_table": (("caption", 3000, 1),),
    "video": (("title", 199, 0), ("author_name", 49, 0)),
    "raw_text": (("text", 10**9, 1),),
    "mrkdwn": (("text", 10**9, 1),),
    "plain_text": (("text", 10**9, 1),),
    "button": (
        ("text", 75, 1),
        ("value", 2000, 0),
        ("url", 3000, 0),
        ("accessibility_label", 75, 0),
        *_ACTION,
    ),
    "overflow": _ACTION,
    "checkboxes": _ACTION,
    "radio_buttons": _ACTION,
    **dict.fromkeys(
        (
            "static_select",
            "external_select",
            "users_select",
            "conversations_select",
            "channels_select",
        ),
        _INPUT,
    ),
    "multi_static_select": _INPUT,
    **dict.fromkeys(
        (
            "plain_text_input",
            "email_text_input",
            "url_text_input",
            "number_input",
            "datepicker",
            "timepicker",
        ),
        _INPUT,
    ),
    "home": _VIEW,
    "modal": (("title", 24, 1), ("submit", 24, 1), ("close", 24, 1), *_VIEW),
    "confirm": (("title", 100, 1), ("text", 300, 1), ("confirm", 30, 1), ("deny", 30, 1)),
    "option": (("text", 75, 1), ("value", 150, 0), ("description", 75, 0), ("url", 3000, 0)),
}

_CHOICES: Final = (("options", 100, 1), ("option_groups", 100, 1))
# type -> (key, most items, fewest items)
COUNTS: Final[dict[str, tuple[tuple[str, int, int], ...]]] = {
    "section": (("fields", 10, 1),),
    "context": (("elements", 10, 1),),
    "context_actions": (("elements", 5, 1),),
    "actions": (("elements", 25, 1),),
    "card": (("actions", 3, 0),),
    "carousel": (("elements", 10, 1),),
    "container": (("child_blocks", 10, 1),),
    "table": (("rows", 100, 1), ("column_settings", COLUMN_LIMIT, 0)),
    "data_table": (("rows", 101, 2),),
    "plan": (("tasks", 50, 0),),
    "overflow": (("options", 5, 1),),
    "checkboxes": (("options", 10, 1),),
    "radio_buttons": (("options", 10, 1),),
    **dict.fromkeys(
        ("static_select", "multi_static_select", "external_select", "users_select"), _CHOICES
    ),
    "home": (("blocks", 100, 1),),
    "modal": (("blocks", 100, 1),),
}
_OPTION_KEYS: Final = frozenset({"options", "initial_option", "initial_options"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that Slack refuses: a JSON pointer, a sentence, and Slack's error code."""

    path: str
    message: str
    error: str = "invalid_blocks"

    def __str__(self) -> str:
        """In Slack's wording."""
        return f"{self.message} [json-pointer:{self.path}]"


def check_blocks(
    blocks: Any, surface: str = "message", base: str = "/blocks"
) -> tuple[Problem, ...]:
    """What Slack would refuse in `blocks` on a `message`, `modal` or `home`."""
    if not isinstance(blocks, list):
        return (
            Problem(path=base, message="must be an array of blocks", error="invalid_blocks_format"),
        )
    found = [
        *_walk_list(blocks, base, SURFACES[surface], surface),
        *_unique_ids(blocks, base),
        *_markdown(blocks, base),
    ]
    if surface == "message":
        found += _message_totals(blocks, base)
    return tuple(found)


def check_view(view: Any) -> tuple[Problem, ...]:
    """What Slack would refuse in a modal or Home tab."""
    if not isinstance(view, dict) or view.get("type") not in {"modal", "home"}:
        return (
            Problem(
                path="/view/type", message="must be one of home, modal", error="invalid_arguments"
            ),
        )
    surface = str(view["type"])
    found = [
        *_own_rules(view, "/view", surface),
        *check_blocks(view.get("blocks"), surface, "/view/blocks"),
    ]
    if (
        surface == "modal"
        and not view.get("submit")
        and any(_kind(block) == "input" for block in view.get("blocks") or ())
    ):
        found.append(Problem(path="/view/submit", message="required when a modal has input blocks"))
    return tuple(
        Problem(path=one.path, message=one.message, error="invalid_arguments") for one in found
    )


def check_text(text: str | None) -> tuple[Problem, ...]:
    """What Slack would refuse in the text of a message."""
    if text is not None and len(text) > TEXT_LIMIT:
        return (
            Problem(
                path="/text",
                message=f"{len(text)} characters, cut at {TEXT_LIMIT}",
                error="msg_too_long",
            ),
        )
    return ()


def advice(text: str | None, *, has_blocks: bool) -> Iterator[str]:
    """What Slack accepts but users suffer from.

    No text for notifications, or more than is recommended.
    """
    if has_blocks and not text:
        yield "text is missing: notifications and screen readers need it"
    if text and TEXT_ADVISED < len(text) <= TEXT_LIMIT:
        yield f"text has {len(text)} characters; Slack recommends at most {TEXT_ADVISED}"


def _walk(node: Any, path: str, allowed: frozenset[str] | None, where: str) -> Iterator[Problem]:
    if not isinstance(node, dict):
        yield Problem(path=path, message="must be an object")
        return
    kind = _kind(node)
    if allowed is not None and kind not in allowed:
        known = kind in SHAPES or kind in NEW_BLOCKS
        yield Problem(
            path=path,
            message=f"{kind} is not accepted in a {where}"
            if known
            else f"unsupported type: {kind}",
        )
        return
    yield from _own_rules(node, path, kind)
    if kind in SHAPES:
        yield from _below(node, path, kind)


def _walk_list(
    nodes: Any, path: str, allowed: frozenset[str] | None, where: str
) -> Iterator[Problem]:
    if not isinstance(nodes, list):
        yield Problem(path=path, message="must be an array")
        return
    for position, node in enumerate(nodes):
        yield from _walk(node, f"{path}/{position}", allowed, where)


def _below(node: Json, path: str, kind: str) -> Iterator[Problem]:
    for key, value in node.items():
        here = f"{path}/{key}"
        if (kind, key) in CHILDREN:
            walk = _walk_list if key in {"elements", "fields"} else _walk
            yield from walk(value, here, CHILDREN[kind, key], kind)
        elif key in _OPTION_KEYS:
            yield from _untyped("option", value, here)
        elif key == "option_groups":
            yield from _untyped("group", value, here)
        elif key == "placeholder":
            yield from _walk(value, here, frozenset({"plain_text"}), kind)
        elif key in {"confirm", "style"} and isinstance(value, dict):
            yield from _untyped(key, value, here)


def _untyped(kind: str, value: Any, path: str) -> Iterator[Problem]:
    many = value if isinstance(value, list) else [value]
    for position, one in enumerate(many):
        here = f"{path}/{position}" if isinstance(value, list) else path
        if not isinstance(one, dict):
            yield Problem(path=here, message="must be an object")
            continue
        yield from _own_rules(one, here, kind)
        for key, child in one.items():
            if (kind, key) in CHILDREN:
                yield from _walk(child, f"{here}/{key}", CHILDREN[kind, key], kind)
            elif key == "options":
                yield from _untyped("option", child, f"{here}/{key}")


def _own_rules(node: Json, path: str, kind: str) -> Iterator[Problem]:
    yield from _keys(node, path, kind)
    yield from _lengths(node, path, kind)
    yield from _counts(node, path, kind)
    yield from _special(node, path, kind)


def _keys(node: Json, path: str, kind: str) -> Iterator[Problem]:
    shape = UNTYPED.get(kind) or SHAPES.get(kind)
    if shape is None:
        return
    needed, other = shape
    for key in sorted(needed - node.keys()):
        yield Problem(path=path, message=f"missing required field: {key}")
    for key in sorted(node.keys() - needed - other - {"type"}):
        yield Problem(path=path, message=f"additional property: {key}")


def _lengths(node: Json, path: str, kind: str) -> Iterator[Problem]:
    for key, most, fewest in (*LENGTHS.get(kind, ()), ("block_id", 255, 0)):
        if key not in node:
            continue
        count = _length(node[key])
        if count is None:
            yield Problem(path=f"{path}/{key}", message="must be text")
        elif count > most:
            yield Problem(path=f"{path}/{key}", message=f"{count} characters, at most {most}")
        elif count < fewest:
            yield Problem(path=f"{path}/{key}", message=f"{count} characters, at least {fewest}")


def _counts(node: Json, path: str, kind: str) -> Iterator[Problem]:
    for key, most, fewest in COUNTS.get(kind, ()):
        if isinstance(node.get(key), list) and not fewest <= len(node[key]) <= most:
            yield Problem(
                path=f"{path}/{key}",
                message=f"{len(node[key])} items, at least {fewest} and at most {most}",
            )


def _special(node: Json, path: str, kind: str) -> Iterator[Problem]:
    if kind == "section":
        yield from _section(node, path)
    if kind == "rich_text_list" and not 0 <= node.get("indent", 0) <= MAX_INDENT:
        yield Problem(path=f"{path}/indent", message=f"must be 0 to {MAX_INDENT}")
    if kind == "plain_text_input":
        for key in ("min_length", "max_length"):
            if not 0 <= node.get(key, 0) <= MAX_LENGTH_LIMIT:
                yield Problem(path=f"{path}/{key}", message=f"must be 0 to {MAX_LENGTH_LIMIT}")
    if kind in {"table", "data_table"}:
        yield from _rows(node, path)
    if kind == "button" and node.get("style", "primary") not in {"primary", "danger"}:
        yield Problem(path=f"{path}/style", message="must be primary or danger")


def _section(node: Json, path: str) -> Iterator[Problem]:
    if not node.get("text") and not node.get("fields"):
        yield Problem(path=path, message="needs text or fields")
    for position, one in enumerate(node.get("fields") or ()):
        if (count := _length(one) or 0) > FIELD_LIMIT:
            yield Problem(
                path=f"{path}/fields/{position}",
                message=f"{count} characters, at most {FIELD_LIMIT}",
            )


def _rows(node: Json, path: str) -> Iterator[Problem]:
    for position, row in enumerate(node.get("rows") or ()):
        if isinstance(row, list) and len(row) > COLUMN_LIMIT:
            yield Problem(
                path=f"{path}/rows/{position}", message=f"{len(row)} cells, at most {COLUMN_LIMIT}"
            )


def _unique_ids(blocks: list[Any], base: str) -> Iterator[Problem]:
    ids = Counter(
        block["block_id"] for block in blocks if isinstance(block, dict) and block.get("block_id")
    )
    for block_id, times in ids.items():
        if times > 1:
            yield Problem(path=base, message=f"block_id {block_id!r} is used twice")


def _markdown(blocks: Iterable[Any], base: str) -> Iterator[Problem]:
    total = sum(_length(block.get("text")) or 0 for block in blocks if _kind(block) == "markdown")
    if total > MARKDOWN_LIMIT:
        yield Problem(
            path=base, message=f"{total} characters of markdown in all, at most {MARKDOWN_LIMIT}"
        )


def _message_totals(blocks: list[Any], base: str) -> Iterator[Problem]:
    if len(blocks) > 50:  # noqa: PLR2004 -- Slack's own figure, said once
        yield Problem(path=base, message=f"{len(blocks)} blocks, no more than 50 items allowed")
    if sum(_kind(block) == "table" for block in blocks) > 1:
        yield Problem(path=base, message="more than one table", error="only_one_table_allowed")
    if (size := blocks_size(blocks)) > BLOCKS_BUDGET:
        yield Problem(
            path=base,
            message=f"{size} characters of JSON, about {BLOCKS_BUDGET} are taken",
            error="msg_blocks_too_long",
        )


def blocks_size(blocks: Any) -> int:
    """The size of blocks as Slack counts it: UTF-16 units of compact JSON."""
    return (
        len(
            json.dumps(blocks, ensure_ascii=False, separators=(",", ":")).encode(
                "utf-16-le", "surrogatepass"
            )
        )
        // 2
    )


def _kind(node: Any) -> str:
    return str(node.get("type")) if isinstance(node, dict) else ""


def _length(value: Any) -> int | None:
    text = value.get("text") if isinstance(value, dict) else value
    return len(text) if isinstance(text, str) else None
