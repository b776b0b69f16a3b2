"""Block Kit as terminal text: what a reader reads, at phone width."""

from __future__ import annotations

from typing import Any

import pytest

from playground.text import framed, plain, render

Json = dict[str, Any]


def text(words: str) -> Json:
    return {"type": "plain_text", "text": words}


def rich(kind: str, *elements: Json, **more: object) -> Json:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": list(elements), **more}]}


def run(words: str) -> Json:
    return {"type": "text", "text": words}


OVERFLOW = {"type": "overflow", "options": [{"text": text("Mute")}, {"text": text("Rehearse")}]}
ITEM = {"type": "rich_text_section", "elements": [run("reload the server")]}


@pytest.mark.parametrize(
    ("block", "lines"),
    [
        ({"type": "header", "text": text("FAIL host")}, ["FAIL host", "═════════"]),
        ({"type": "section", "text": {"type": "mrkdwn", "text": "a &lt;b&gt;"}}, ["a <b>"]),
        ({"type": "section", "fields": [text("one"), text("two")]}, ["one", "two"]),
        ({"type": "context", "elements": [text("OK"), text("run 1")]}, ["OK · run 1"]),
        (
            {"type": "actions", "elements": [{"type": "button", "text": text("Again")}, OVERFLOW]},
            ["[Again] [⋯ Mute |", "Rehearse]"],
        ),
        ({"type": "divider"}, ["─" * 20]),
        (
            rich("rich_text_section", run("a long sentence that has to wrap")),
            ["a long sentence that", "has to wrap"],
        ),
        (
            rich("rich_text_preformatted", run("sent 1 leaf\n gap   an issuing CA of them")),
            ["sent 1 leaf", " gap   an issuing C…"],
        ),
        (rich("rich_text_list", ITEM, style="ordered"), ["1. reload the server"]),
        (
            rich(
                "rich_text_section",
                {"type": "date", "timestamp": 1, "format": "{date}", "fallback": "2026"},
            ),
            ["2026"],
        ),
        ({"type": "carousel"}, ["(carousel)"]),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_block_as_lines(block: Json, lines: list[str]) -> None:
    assert render([block], width=20) == lines


def test_mrkdwn_as_a_reader_sees_it() -> None:
    assert (
        plain("<!date^1768470060^{time}|09:41 UTC> <https://a.example|label> <@U1> x &amp; y")
        == "09:41 UTC label @U1 x & y"
    )


def test_frame_is_straight_and_falls_back_to_text() -> None:
    lines = framed([{"type": "divider"}], width=10).splitlines()
    assert {len(line) for line in lines} == {14}
    assert "only text" in framed([], text="only text", width=10)
