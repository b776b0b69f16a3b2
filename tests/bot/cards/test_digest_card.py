"""The digest's card and thread.

Budgets, order, one button a problem, and that hostile text stays text.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.cards.app_home import app_home_view
from bot.cards.digest_card import digest_card, recovery, title
from bot.cards.lock_screen import PHRASES
from bot.cards.parts import (
    BUTTON_VALUE_LIMIT,
    JSON_LIMIT,
    LINES_BEFORE_BUTTONS,
    TEXT_LIMIT,
    Message,
    json_size,
)
from bot.commands.parse import parse
from bot.digest.compose import compose
from bot.digest.damping import OPEN_AFTER, damp
from bot.domain.digest import BackendState, DigestContent, Observation, TargetObservation
from bot.domain.request import Request
from bot.slack.outbound.digest_messages import from_data, head_of, render, rows_of
from chainlib import Code, Severity
from tests.support.blockkit import (
    assert_accepted_by_slack,
    assert_nothing_alive,
    lines_before_buttons,
)
from tests.support.following import NOW, backend, gateway, problem, subscription
from tests.support.reports import HOSTILE
from tests.support.snapshots import check_snapshot


def said(*seen: Observation) -> DigestContent:
    """The first digest about what is seen for long."""
    states: tuple[BackendState, ...] = ()
    for _ in range(OPEN_AFTER):
        states, _, _ = damp(
            {s.seen.key: s for s in states},
            TargetObservation(target_key=gateway().key, seen=seen),
            NOW - timedelta(hours=2),
        )
    return compose(subscription(), states, (), None, NOW)


MANY = tuple(
    backend(n, [problem(about=f"CN=Contoso Issuing CA {n}, O={'x' * 90}")]) for n in range(30)
)
HOSTILE_ONE = backend(
    1,
    [problem(about=HOSTILE), problem(Code.VALIDATION_OFF, HOSTILE, severity=Severity.WARNING)],
    label=HOSTILE,
)
DIGESTS = {
    "one": said(backend(1, [problem()]), backend(2)),
    "folded": said(*(backend(n, [problem()]) for n in range(14))),
    "many": said(*MANY),
    "hostile": said(HOSTILE_ONE),
    "quiet": said(backend(1)),
    "long-name": replace(
        said(*MANY), target=replace(gateway(), text="gw:" + "r" * 90 + "/" + "g" * 80)
    ),
}


def messages(name: str) -> list[Message]:
    """The card and its thread, as the engine keeps them."""
    frozen = json.loads(json.dumps(render(subscription(), DIGESTS[name])))
    return [from_data(frozen), *(from_data(page) for page in frozen["thread"])]


@pytest.mark.parametrize("name", DIGESTS)
def test_digest_keeps_every_budget(name: str) -> None:
    card, *thread = messages(name)
    assert lines_before_buttons(card) <= LINES_BEFORE_BUTTONS
    for message in (card, *thread):
        assert len(message.text) <= TEXT_LIMIT
        assert json_size(message.blocks) < JSON_LIMIT
        assert_accepted_by_slack(message)
        assert_nothing_alive(message)


def test_line_reads_as_on_a_phone() -> None:
    card, thread = messages("folded")
    assert "✖ Intermediate missing: Contoso Issuing CA 3 · 14 backends · since 07:00" in card.plain
    assert "b0.contoso.com (https-be), b1.contoso.com (https-be)" in thread.plain


def test_lock_screen_says_which_what_many_and_who() -> None:
    assert messages("folded")[0].text == "FAIL prod-gw: intermediate missing. Fix: server."
    assert (
        messages("many")[0].text == "FAIL prod-gw: intermediate missing and 29 more. Fix: server."
    )
    assert messages("long-name")[0].text.endswith(
        "g: intermediate missing and 29 more. Fix: server."
    )
    assert messages("quiet")[0].text == "OK prod-gw: 1 fine"


@pytest.mark.parametrize("name", ["one", "folded", "many"])
def test_problem_has_a_readable_check_button(name: str) -> None:
    buttons = [
        e
        for message in messages(name)[1:]
        for b in message.blocks
        if b["type"] == "actions"
        for e in b["elements"]
    ]
    assert len(buttons) == len(DIGESTS[name].lines)
    for button in buttons:
        assert len(button["value"]) <= BUTTON_VALUE_LIMIT
        understood = parse(json.loads(button["value"])["q"])
        assert isinstance(understood, Request)
        assert json.loads(button["value"])["q"] == "gw:rg/prod-gw/shop/https-be"


def test_overflow_is_counted_and_stands_in_thread() -> None:
    card, *thread = messages("many")
    assert "22 more, in the thread" in card.plain
    preview = digest_card(replace(head_of(DIGESTS["many"]), thread=False), rows_of(DIGESTS["many"]))
    assert "and 22 more\n" in preview.plain
    assert sum(message.plain.count("Contoso Issuing CA") for message in thread) == len(MANY)


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.OK])
def test_lock_screen_has_room_for_every_cause(code: Code) -> None:
    content = said(*(backend(n, [problem(code, f"CN={n}")]) for n in range(30)))
    text = render(subscription(), content)["text"]
    assert isinstance(text, str)
    assert len(text) <= TEXT_LIMIT
    assert text.startswith(f"FAIL prod-gw: {PHRASES[code]} and 29 more. Fix: ")


def test_lock_screen_names_the_remaining_problem() -> None:
    content = said(
        backend(1, [problem()]), backend(2, [problem(Code.NAME_MISMATCH, "x.contoso.com")])
    )
    card = digest_card(head_of(content), rows_of(content, {content.lines[0].cause: NOW}))
    assert PHRASES[content.lines[1].code] in card.text
    assert "more" not in card.text


def test_titles_keep_the_letters_of_abbreviations() -> None:
    content = said(
        backend(
            1,
            [
                problem(Code.TLS_FAILED, "a"),
                problem(Code.VERIFY_FAILED, "b"),
                problem(Code.SNI_REQUIRED, "c"),
            ],
        )
    )
    assert {
        "TLS handshake fails: a",
        "OpenSSL refuses the chain: b",
        "Server name (SNI) needed: c",
    } == {title(one) for one in content.lines}


def test_server_behind_two_settings_shows_each_setting() -> None:
    def placement(setting: str) -> Observation:
        return backend(
            1,
            [problem(Code.CHAIN_OUT_OF_ORDER, "10.0.0.5", cause=setting)],
            label="10.0.0.5",
            key=f"{gateway().key}|shop|{setting}|10.0.0.5",
        )

    shown = digest_card(
        head_of(two := said(placement("https-a"), placement("https-b"))), rows_of(two)
    ).plain
    assert "Chain in wrong order: 10.0.0.5 · https-a · since" in shown
    assert "Chain in wrong order: 10.0.0.5 · https-b · since" in shown
    alone = said(placement("https-a"))
    assert "https-a" not in digest_card(head_of(alone), rows_of(alone)).plain


def test_recovery_names_the_target_on_lock_screen_only() -> None:
    content = DIGESTS["one"]
    (row,) = rows_of(content, {content.lines[0].cause: NOW})
    line = recovery(row, content.target.text)
    assert line.text == "OK prod-gw: fixed: Intermediate missing: Contoso Issuing CA 3"
    assert line.plain.startswith("✔ Fixed: Intermediate missing: Contoso Issuing CA 3")


def test_home_says_which_backend_or_how_many() -> None:
    content = said(
        backend(1, [problem()]),
        backend(2, [problem()]),
        backend(3, [problem(Code.NAME_MISMATCH, "x.contoso.com")]),
    )
    shown = json.dumps(
        app_home_view([(line, "gw:prod-gw") for line in content.lines], (), (), {}),
        ensure_ascii=False,
    )
    assert "✖ Intermediate missing: Contoso Issuing CA 3" in shown
    assert " · 2 backends, prod-gw" in shown
    assert " · b3.contoso.com, prod-gw" in shown
    assert "None in the subscriptions; 27 muted." in json.dumps(
        app_home_view((), (), (), {}, muted=27)
    )
    (target,) = said(
        backend(1, [problem(Code.HEALTH_UNKNOWN, "prod-gw")], backend=False, gateway="")
    ).lines
    assert " · gw:prod-gw" in json.dumps(
        app_home_view([(target, "gw:prod-gw")], (), (), {}), ensure_ascii=False
    )


def test_fixed_row_is_no_failure_any_more() -> None:
    content = DIGESTS["one"]
    card = digest_card(head_of(content), rows_of(content, {content.lines[0].cause: NOW}))
    assert card.text.startswith("OK")
    assert "fixed: Intermediate missing" in card.plain


def test_card_looks_as_reviewed() -> None:
    card = digest_card(head_of(DIGESTS["folded"]), rows_of(DIGESTS["folded"]))
    shown = {"text": card.text, "blocks": list(card.blocks), "plain": card.plain.split("\n")}
    check_snapshot("cards/digest", shown)
