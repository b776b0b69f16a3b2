"""manifest.yml: within Slack's published limits, the contract's names, each scope explained.

The schema below is narrower than Slack's: only the members that we use, each with Slack's limit.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from bot.checks.scopes import SCOPES
from playground.slack.webapi import MANIFEST_SCOPES

MANIFEST = Path(__file__).parents[1] / "manifest.yml"
SWITCH = {"type": "boolean"}


def text(longest: int, shortest: int = 1, pattern: str = "") -> dict[str, Any]:
    """A string within Slack's length."""
    return {"type": "string", "minLength": shortest, "maxLength": longest, "pattern": pattern}


def strict(**members: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON schema
    """An object with exactly these members."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(members),
        "properties": members,
    }


def listed(of: dict[str, Any], most: int) -> dict[str, Any]:
    """A list without repetitions."""
    return {"type": "array", "items": of, "maxItems": most, "minItems": 1, "uniqueItems": True}


COMMAND = strict(
    command=text(32, 2, r"^/[a-z0-9_-]+$"),
    description=text(2000),
    usage_hint=text(1000),
    should_escape={"const": False},
)
SHORTCUT = strict(
    name=text(24),
    type={"enum": ["message", "global"]},
    callback_id=text(255),
    description=text(150),
)
APP_HOME = strict(
    home_tab_enabled=SWITCH, messages_tab_enabled=SWITCH, messages_tab_read_only_enabled=SWITCH
)
SCHEMA = strict(
    _metadata=strict(major_version={"const": 2}, minor_version={"type": "integer"}),
    display_information=strict(
        name=text(35),
        description=text(140),
        background_color=text(7, 4, "^#[0-9a-f]{6}$"),
        long_description=text(4000, 175),
    ),
    features=strict(
        app_home=APP_HOME,
        bot_user=strict(display_name=text(80, pattern=r"^[a-z0-9._-]+$"), always_online=SWITCH),
        slash_commands=listed(COMMAND, 50),
        shortcuts=listed(SHORTCUT, 10),
    ),
    oauth_config=strict(
        scopes=strict(bot=listed(text(50), 255), bot_optional=listed(text(50), 255))
    ),
    settings=strict(
        event_subscriptions=strict(bot_events=listed(text(100), 100)),
        interactivity=strict(is_enabled={"const": True}),
        org_deploy_enabled=SWITCH,
        socket_mode_enabled={"const": True},
        token_rotation_enabled=SWITCH,
    ),
)


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    """The manifest as Slack reads it."""
    document: dict[str, Any] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return document


def scopes_of(manifest: dict[str, Any]) -> list[str]:
    """Every scope asked for, optional ones included."""
    scopes = manifest["oauth_config"]["scopes"]
    return list(scopes["bot"])


def test_manifest_keeps_to_slacks_limits(manifest: dict[str, Any]) -> None:
    assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(manifest)] == []


def test_commands_and_shortcuts_are_those_of_the_contract(manifest: dict[str, Any]) -> None:
    features = manifest["features"]
    assert [command["command"] for command in features["slash_commands"]] == [
        "/appgw-check",
        "/appgw",
    ]
    shortcuts = {(s["callback_id"], s["type"], s["name"]) for s in features["shortcuts"]}
    assert shortcuts == {
        ("diagnose_502", "message", "Diagnose this 502"),
        ("check_backend", "global", "Check a backend"),
    }


def test_optional_scopes_stand_in_both_lists(manifest: dict[str, Any]) -> None:
    scopes = manifest["oauth_config"]["scopes"]
    assert set(scopes["bot_optional"]) < set(scopes["bot"])
    assert set(scopes["bot_optional"]) == {one.name for one in SCOPES if one.optional}


def test_at_most_six_scopes_are_required(manifest: dict[str, Any]) -> None:
    scopes = manifest["oauth_config"]["scopes"]
    required = set(scopes["bot"]) - set(scopes["bot_optional"])
    assert required == {"commands", "chat:write", "files:write", "app_mentions:read"}


def test_doctor_knows_every_scope_of_the_manifest(manifest: dict[str, Any]) -> None:
    assert {one.name for one in SCOPES} == set(scopes_of(manifest))


def test_every_scope_is_explained_beside_it(manifest: dict[str, Any]) -> None:
    source = MANIFEST.read_text(encoding="utf-8")
    for scope in scopes_of(manifest):
        assert re.search(rf"^ +- {re.escape(scope)} # \S.+$", source, re.MULTILINE), scope


def test_stand_in_grants_what_the_manifest_asks_for(manifest: dict[str, Any]) -> None:
    """Otherwise a test would pass that no workspace would."""
    assert set(scopes_of(manifest)) == MANIFEST_SCOPES


def test_every_event_has_the_scope_that_it_needs(manifest: dict[str, Any]) -> None:
    needed = {
        "app_mention": "app_mentions:read",
        "app_home_opened": None,
        "message.im": "im:history",
        "message.channels": "channels:history",
        "message.groups": "groups:history",
        "channel_shared": "channels:read",
        "channel_unshared": "channels:read",
        "channel_id_changed": "channels:read",
    }
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert {needed[event] for event in events} - {None} <= set(scopes_of(manifest))


def test_socket_mode_manifest_names_no_address(manifest: dict[str, Any]) -> None:
    assert "url" not in yaml.safe_dump(manifest)
