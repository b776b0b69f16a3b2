"""What the stand-in refuses, rule by rule.

And that it agrees with the reference rules and with Slack's published types.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from playground.slack.limits import advice, check_blocks, check_text, check_view
from playground.slack.shapes import SHAPES

TOOLS = Path(__file__).parents[3] / "shared" / "tools" / "blockkit-validate"
needs_tools = pytest.mark.skipif(
    not TOOLS.exists(), reason="the reference rules are not beside the checkout"
)
Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def button(**more: object) -> Json:
    return {"type": "button", "action_id": "a", "text": plain("Go"), **more}


def option(text: str = "one", value: str = "1") -> Json:
    return {"text": plain(text), "value": value}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": list(elements)}


def run(*elements: Json) -> Json:
    return {"type": "rich_text_section", "elements": list(elements)}


SECTION = {"type": "section", "text": mrkdwn("hello")}
DIVIDER = {"type": "divider"}
ACCEPTED: dict[str, list[Json]] = {
    "every old block": [
        {"type": "header", "text": plain("Title")},
        SECTION,
        {"type": "section", "fields": [plain("a"), mrkdwn("b")], "accessory": button()},
        rich(
            run(
                {"type": "text", "text": "x", "style": {"code": True}},
                {"type": "date", "timestamp": 1, "format": "{date}"},
            )
        ),
        rich({"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}]}),
        rich(
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [run({"type": "text", "text": "x"})],
            }
        ),
        {"type": "context", "elements": [mrkdwn("small")]},
        DIVIDER,
        actions(
            button(
                style="primary",
                confirm={
                    "title": plain("t"),
                    "text": plain("x"),
                    "confirm": plain("y"),
                    "deny": plain("n"),
                },
            )
        ),
        actions({"type": "overflow", "action_id": "o", "options": [option()]}),
    ],
    "fifty blocks": [DIVIDER] * 50,
    "longest texts": [
        {"type": "header", "text": plain("x" * 150)},
        {"type": "section", "text": mrkdwn("x" * 3000)},
    ],
    "markdown": [{"type": "markdown", "text": "x"}],
}
REFUSED: dict[str, list[Json]] = {
    "51 blocks": [DIVIDER] * 51,
    "header too long": [{"type": "header", "text": plain("x" * 151)}],
    "header in mrkdwn": [{"type": "header", "text": mrkdwn("x")}],
    "section too long": [{"type": "section", "text": mrkdwn("x" * 3001)}],
    "section without anything": [{"type": "section"}],
    "empty text": [{"type": "section", "text": mrkdwn("")}],
    "eleven fields": [{"type": "section", "fields": [plain("x")] * 11}],
    "field too long": [{"type": "section", "fields": [plain("x" * 2001)]}],
    "context with eleven": [{"type": "context", "elements": [mrkdwn("x")] * 11}],
    "context without any": [{"type": "context", "elements": []}],
    "26 buttons": [actions(*[button(action_id=f"a{number}") for number in range(26)])],
    "button text too long": [actions(button(text=plain("x" * 76)))],
    "button value too long": [actions(button(value="x" * 2001))],
    "button url too long": [actions(button(url="https://" + "x" * 3000))],
    "confirm too long": [actions(button(confirm={"title": plain("x" * 101), "text": plain("x")}))],
    "six in an overflow": [
        actions({"type": "overflow", "action_id": "o", "options": [option()] * 6})
    ],
    "option text too long": [
        actions({"type": "overflow", "action_id": "o", "options": [option("x" * 76)]})
    ],
    "option value too long": [
        actions({"type": "static_select", "action_id": "o", "options": [option(value="x" * 151)]})
    ],
    "action id too long": [actions(button(action_id="x" * 256))],
    "block id too long": [{**DIVIDER, "block_id": "x" * 256}],
    "block id twice": [{**DIVIDER, "block_id": "same"}, {**SECTION, "block_id": "same"}],
    "list indent": [
        rich({"type": "rich_text_list", "style": "bullet", "indent": 9, "elements": []})
    ],
    "alert in a message": [{"type": "alert", "text": mrkdwn("x")}],
    "two tables": [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}] * 2,
    "too much markdown": [{"type": "markdown", "text": "x" * 6001}] * 2,
    "too much in all": [{"type": "section", "text": mrkdwn("x" * 2700)}] * 5,
}
SHAPELESS: dict[str, list[Any]] = {
    "unknown block": [{"type": "marquee"}],
    "no type": [{"text": "x"}],
    "no object": ["text"],
    "unknown key": [{**SECTION, "colour": "red"}],
    "unknown key of an element": [actions(button(colour="red"))],
    "missing text": [{"type": "header"}],
    "button as text": [actions(button(text="Go"))],
    "mrkdwn on a button": [actions(button(text=mrkdwn("Go")))],
    "input element among actions": [actions({"type": "plain_text_input", "action_id": "x"})],
    "button style": [actions(button(style="default"))],
    "style of a text": [rich(run({"type": "text", "text": "x", "style": {"blink": True}}))],
    "user in code": [
        rich({"type": "rich_text_preformatted", "elements": [{"type": "user", "user_id": "U1"}]})
    ],
    "bare string elements": [{"type": "context", "elements": "x"}],
}


@pytest.mark.parametrize("blocks", ACCEPTED.values(), ids=ACCEPTED)
def test_good_blocks_are_accepted(blocks: list[Json]) -> None:
    assert check_blocks(blocks) == ()


@pytest.mark.parametrize(
    "blocks", [*REFUSED.values(), *SHAPELESS.values()], ids=[*REFUSED, *SHAPELESS]
)
def test_bad_blocks_are_refused_once_with_a_place(blocks: list[Json]) -> None:
    problems = check_blocks(blocks)
    assert problems
    assert all(problem.path.startswith("/blocks") and problem.message for problem in problems)


def test_no_list_is_refused() -> None:
    assert [problem.error for problem in check_blocks({"type": "section"})] == [
        "invalid_blocks_format"
    ]


def test_size_of_everything_has_its_own_error() -> None:
    assert "msg_blocks_too_long" in {
        problem.error for problem in check_blocks(REFUSED["too much in all"])
    }


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"title": plain("x" * 25)}, "/view/title"),
        ({"private_metadata": "x" * 3001}, "/view/private_metadata"),
        (
            {
                "submit": None,
                "blocks": [
                    {"type": "input", "label": plain("x"), "element": {"type": "plain_text_input"}}
                ],
            },
            "/view/submit",
        ),
        ({"blocks": [{"type": "markdown", "text": "x"}]}, "/view/blocks/0"),
        ({"blocks": [DIVIDER] * 101}, "/view/blocks"),
        ({"colour": "red"}, "/view"),
    ],
    ids=[
        "title",
        "metadata",
        "input without submit",
        "markdown in a modal",
        "101 blocks",
        "unknown key",
    ],
)
def test_bad_view_is_refused(change: Json, place: str) -> None:
    view = {"type": "modal", "title": plain("Form"), "submit": plain("Go"), "blocks": [SECTION]}
    assert check_view(view) == ()
    changed = {key: value for key, value in {**view, **change}.items() if value is not None}
    assert place in [problem.path for problem in check_view(changed)]


def test_text_limits() -> None:
    assert check_text("x" * 40_000) == ()
    assert [problem.error for problem in check_text("x" * 40_001)] == ["msg_too_long"]
    assert list(advice("x" * 4_001, has_blocks=False)) == [
        "text has 4001 characters; Slack recommends at most 4000"
    ]


@needs_tools
@pytest.mark.shared
def test_limits_agree_with_the_reference_rules() -> None:
    program = (
        f"import {{checkLimits}} from {json.dumps((TOOLS / 'limits.mjs').as_uri())};"
        "import {readFileSync} from 'node:fs';"
        "const cases = JSON.parse(readFileSync(0));"
        "console.log(JSON.stringify(cases.map((c) => checkLimits(c, 'message').length)))"
    )
    cases = [*ACCEPTED.values(), *REFUSED.values()]
    answer = subprocess.run(  # noqa: S603 -- our own program
        ["node", "--input-type=module", "-e", program],  # noqa: S607 -- the node on the path is the one wanted
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = [count == 0 for count in json.loads(answer.stdout)]
    assert [check_blocks(blocks) == () for blocks in cases] == theirs


@needs_tools
@pytest.mark.shared
def test_shapes_agree_with_the_published_types() -> None:
    schema = json.loads((TOOLS / "blockkit.schema.json").read_text())
    published = {}
    for definition in schema["definitions"].values():
        properties = definition.get("properties", {})
        if kind := properties.get("type", {}).get("const"):
            published[kind] = (set(definition["required"]) - {"type"}, set(properties) - {"type"})
    for kind in SHAPES.keys() & published.keys():
        needed, other = SHAPES[kind]
        assert (set(needed), set(needed | other)) == published[kind], kind
