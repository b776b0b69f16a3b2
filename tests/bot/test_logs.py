"""Logs are JSON with the run id, and nothing that opens a door reaches them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from bot.observability.logs import STRUCK, run_scope, set_up_logging, struck
from tests.support.reports import LEAF

SECRETS = {
    "bot token": "xoxb-1234-5678-abcDEF",
    "app token": "xapp-1-A0-123-abcdef",
    "rotated token": "xoxe.xoxb-1-abc",
    "refresh token": "xoxe-1-abc",
    "response url": "https://hooks.slack.com/commands/T0/123/abcdef",
    "action url": "https://hooks.slack.com/actions/T0/123/abcdef",
    "stand-in response url": "http://127.0.0.1:1234/response/response-7",
    "socket ticket": "wss://wss-primary.slack.com/link/?ticket=abc-def",
    "trigger": "13345224609.738474920.8088930838d88f008e0",
    "bearer": "Bearer eyJhbGciOiJSUzI1NiJ9.e30.abc",
    "certificate": LEAF.pem.decode(),
    "cut certificate": LEAF.pem.decode()[:200],
    "private key": LEAF.key_pem.decode(),
    "subscription id": "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/rg",
    "database password": "postgresql://appgw:hush@db/appgw",
}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    set_up_logging(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def records(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_struck_out_wherever_it_stands(kind: str, written: io.StringIO) -> None:
    secret = SECRETS[kind]
    log = logging.getLogger("bot.test")
    log.warning("said %s and on", secret)
    log.warning("beside", extra={"note": secret, "deep": {"list": [secret, {"more": secret}]}})
    log.error("raised", exc_info=RuntimeError(secret))
    secret = secret.removeprefix("/subscriptions/").removesuffix("/resourceGroups/rg")
    core = (
        secret.splitlines()[1][:40]
        if "\n" in secret
        else secret.rpartition("://")[2]
        if "hush" in secret
        else secret
    )
    assert core not in written.getvalue()
    assert written.getvalue().count(STRUCK) >= 4


def test_fields_that_are_secrets_by_name_are_struck_out(written: io.StringIO) -> None:
    logging.getLogger("bot.test").warning(
        "x", extra={"response_url": "short", "body": {"trigger_id": "t", "token": "v"}}
    )
    (record,) = records(written)
    assert (record["response_url"], record["body"]) == (
        STRUCK,
        {"trigger_id": STRUCK, "token": STRUCK},
    )


def test_a_record_carries_the_run_id(written: io.StringIO) -> None:
    with run_scope("ab12cd34"):
        logging.getLogger("bot.test").info("within")
    logging.getLogger("bot.test").info("after")
    within, after = records(written)
    assert within["run_id"] == "ab12cd34"
    assert "run_id" not in after
    assert {"at", "level", "name", "message"} <= set(within)


def test_ordinary_values_are_left_alone() -> None:
    value = {
        "target": "backend.contoso.com:8443",
        "code": "INTERMEDIATE_MISSING",
        "ms": 3.5,
        "link": "https://learn.microsoft.com/x",
    }
    assert struck(value) == value


def test_libraries_speak_only_from_warnings_on(written: io.StringIO) -> None:
    logging.getLogger("slack_sdk").info("body with response_url")
    assert written.getvalue() == ""
