"""Cards, views and ephemeral answers that no other test stores, and what Slack takes of all."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from bot.cards.alerts import alerts_state, failing_again, healthy_again, same_problem
from bot.cards.app_home import Followed, app_home_view
from bot.cards.consent import consent_wanted, sharing_awaited
from bot.cards.fix_steps import fix_steps
from bot.cards.fix_value import steps_value
from bot.cards.overview_card import overview_card
from bot.cards.parts import LINES_BEFORE_BUTTONS, TEXT_LIMIT, Message
from bot.cards.removal_card import removal_card
from bot.cards.subscriptions import ListEntry, history, listing, unsubscribed, which_zone
from bot.domain.alerts import AlertSwitch
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.removal import Impact, MemberImpact, Removal
from bot.domain.sharing import Sharing
from chainlib import Code
from playground.slack.limits import check_blocks, check_view
from tests.bot.cards.test_digest_card import DIGESTS
from tests.bot.cards.test_gateway_card import AROUND, MIXED, NOW, gateway_report, members
from tests.support.blockkit import (
    assert_accepted_by_slack,
    assert_nothing_alive,
    lines_before_buttons,
)
from tests.support.gateways import GATEWAY, GATEWAY_ID
from tests.support.reports import CASES, HOST
from tests.support.snapshots import FOLDER, check_snapshot

Json = dict[str, Any]
LINK = "https://contoso.slack.com/archives/C1/p1"
ENTRY = ListEntry(
    number=1,
    target="gw:prod-gw",
    plan="weekdays 09:00 Europe/Berlin",
    command="subscribe gw:prod-gw weekdays 09:00",
    by="U1",
)
PAUSED = replace(ENTRY, number=2, target=HOST, paused="the channel is archived")
REMOVAL = Removal(
    gateway=GATEWAY_ID,
    root="corp-root-2016",
    sha256="ab" * 32,
    settings=("https-be", "https-api"),
    left_bare=("https-api",),
    members=(
        *(
            MemberImpact(
                pool="shop",
                setting="https-be",
                member=f"web{n}.contoso.com",
                impact=Impact.BREAKS,
                before=Code.OK,
                after=Code.ROOT_MISMATCH,
            )
            for n in range(3)
        ),
        MemberImpact(
            pool="api",
            setting="https-api",
            member="api1.contoso.com",
            impact=Impact.HOLDS,
            before=Code.OK,
            after=Code.OK,
        ),
        MemberImpact(
            pool="api",
            setting="https-api",
            member="api2.contoso.com",
            impact=Impact.NOT_SEEN,
            reason="The connection timed out.",
        ),
    ),
    at=NOW,
)
HEALTHY = replace(
    gateway_report(members("good", 4)),
    gateway=replace(GATEWAY, id=replace(GATEWAY_ID, name="edge-gw")),
)
REFUSED = Refusal(
    kind=RefusalKind.FORBIDDEN, sentence="test-gw cannot be read: the role is missing."
)
MESSAGES: Mapping[str, Message] = {
    "removal": removal_card(REMOVAL, AROUND),
    "overview": overview_card([MIXED, HEALTHY], (REFUSED,), AROUND),
    "alerts-on": alerts_state(
        AlertSwitch(team="T1", channel="C1", by="U1", at=NOW), ("A0MONITOR",), ()
    ),
    "alerts-off": alerts_state(None, (), ()),
    "alert-green": healthy_again("backend.contoso.com", "12 minutes"),
    "alert-again": failing_again(f"FAIL {HOST}: intermediate missing. Fix: server.", LINK),
    "alert-joined": same_problem(LINK),
    "consent": consent_wanted(Sharing.SHARED, shown=True),
    "consent-unanswered": consent_wanted(Sharing.UNANSWERED, shown=True),
    "sharing-awaited": sharing_awaited(),
    "list": listing((ENTRY, PAUSED))[0],
    "unsubscribed": unsubscribed(("gw:prod-gw",), ("subscribe gw:prod-gw",), by="U1"),
    "which-zone": which_zone("subscribe gw:prod-gw daily"),
    "history": history(HOST, "UTC", (("23 Nov 09:00", "broke: intermediate missing"),)),
}
"""Those after the first two are ephemeral or stand in a thread."""
VIEWS: Mapping[str, Json] = {
    "app-home": app_home_view(
        [(line, "gw:prod-gw") for line in DIGESTS["folded"].lines],
        (HOST, "gw:prod-gw"),
        (Followed(target="gw:prod-gw", plan="weekdays 09:00 Europe/Berlin", channel="C1"),),
        {"clock": "the clock is 3 s behind."},
        muted=2,
        hidden=1,
    ),
    "form-fix-steps": fix_steps(steps_value(CASES["leaf-only"](), HOST)),
}
CARDS = {path.stem: path for path in sorted((FOLDER / "cards").glob("*.json"))}
TOOLS = Path(__file__).parents[4] / "shared" / "tools" / "blockkit-validate"


@pytest.mark.parametrize("name", MESSAGES)
def test_message_looks_as_reviewed(name: str) -> None:
    card = MESSAGES[name]
    assert_accepted_by_slack(card)
    if LINK not in str(card.blocks):  # Slack's own address of the card
        assert_nothing_alive(card)
    assert lines_before_buttons(card) <= LINES_BEFORE_BUTTONS
    assert len(card.text) <= TEXT_LIMIT
    shown = {"text": card.text, "blocks": list(card.blocks), "plain": card.plain.split("\n")}
    check_snapshot(f"cards/{name}", shown)


@pytest.mark.parametrize("name", VIEWS)
def test_view_looks_as_reviewed(name: str) -> None:
    assert check_view(VIEWS[name]) == ()
    check_snapshot(f"cards/{name}", VIEWS[name])


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("removal", ("FAIL", "corp-root-2016", "3 of 5 servers would break", "Keep the root")),
        ("overview", ("FAIL", "prod-gw", "Fix: ")),
        ("gateway", ("FAIL", "prod-gw", "Fix: ")),
        ("forecast", ("prod-gw", "14 backends break, intermediate expires", "Fix: server")),
        ("digest", ("FAIL", "prod-gw", "intermediate missing", "Fix: server")),
        ("check-leaf-only", ("FAIL", HOST, "intermediate missing", "Fix: server")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_lock_screen_says_what_and_where(name: str, parts: tuple[str, ...]) -> None:
    text = json.loads(CARDS[name].read_text())["text"]
    assert len(text) <= TEXT_LIMIT
    assert all(part in text for part in parts), text


@pytest.mark.parametrize("name", CARDS)
def test_stored_card_is_one_that_slack_takes(name: str) -> None:
    card = json.loads(CARDS[name].read_text())
    assert (check_view(card) if "type" in card else check_blocks(card["blocks"])) == ()


@pytest.mark.shared
@pytest.mark.skipif(not TOOLS.exists(), reason="the reference rules are not beside the checkout")
def test_stored_cards_keep_the_published_rules() -> None:
    cards = {name: json.loads(path.read_text()) for name, path in CARDS.items()}
    schema = json.loads((TOOLS / "blockkit.schema.json").read_text())
    block = Draft7Validator({**schema, "$ref": "#/definitions/KnownBlock"})
    shapes = {
        f"{name}: {error.message[:200]}"
        for name, card in cards.items()
        for one in card["blocks"]
        for error in block.iter_errors(one)
    }
    assert shapes == set()
    assert _beyond_limits(cards) == []


def _beyond_limits(cards: Mapping[str, Json]) -> list[Any]:
    """What the reference limits find, each with its card's name."""
    program = (
        f"import {{ checkLimits }} from {json.dumps((TOOLS / 'limits.mjs').as_uri())};"
        "import { readFileSync } from 'node:fs';"
        "const found = Object.entries(JSON.parse(readFileSync(0))).flatMap(([name, card]) =>"
        " checkLimits(card, card.type ? 'view' : 'message').map((one) => [name, one]));"
        "console.log(JSON.stringify(found))"
    )
    given = {name: _payload(card) for name, card in cards.items()}
    answer = subprocess.run(  # noqa: S603 -- our own program
        ["node", "--input-type=module", "-e", program],  # noqa: S607 -- the node on the path is the one wanted
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[Any] = json.loads(answer.stdout)
    return found


def _payload(card: Json) -> Json:
    return card if "type" in card else {"text": card["text"], "blocks": card["blocks"]}
