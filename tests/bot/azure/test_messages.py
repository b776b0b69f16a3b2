"""Azure's messages in every edition map to their codes, and no text is mapped by luck."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.azure.messages import FRAGMENTS, explain_message_json, normalised, translate
from chainlib import Code

SAMPLES = Path(__file__).parents[4] / "shared" / "domain" / "arm-samples"
MORE = " To learn more visit - https://aka.ms/backendhealth."
CORPUS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "data" / "gateway_messages.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
TEXTS = [(Code(row["code"]), row["text"]) for row in CORPUS]
CHANGES: dict[str, Callable[[str], str]] = {
    "as printed": str,
    "upper case": str.upper,
    "curly apostrophes": lambda text: text.replace("'", "\u2019"),
    "line breaks": lambda text: text.replace(" ", "\r\n"),
    "double and odd spaces": lambda text: text.replace(" ", " \u00a0 "),
    "bold": lambda text: (
        "**" + re.sub(r"(Leaf|Root|root|Common Name|Intermediate)", r"**\1**", text) + "**"
    ),
    "link behind": lambda text: text + MORE,
    "contracted": lambda text: (
        text.replace(" is not ", " isn't ")
        .replace("does not", "doesn't")
        .replace("could not", "couldn't")
    ),
    "spelt out": lambda text: (
        text.replace("isn't", "is not")
        .replace("doesn't", "does not")
        .replace("couldn't", "could not")
    ),
    "escaped for a web page": lambda text: text.replace("'", "&#39;").replace('"', "&quot;"),
    "zero-width space": lambda text: text.replace("certificate", "certifi\u200bcate"),
}
UNKNOWN = (
    "",
    " ",
    "Unknown error. Please try again.",
    "No results.",
    "Successful",
    "It was no success. Received 200 status code",
    "The certificate is fine.",
    "The Common Name is fine. The colour does not match.",
    "Key Vault secret could not be retrieved",
    "error code 19",
    "ApplicationGatewayProbeProtocolMustMatchBackendHttpSettinsProtocol",
    (
        "Either all BackendHttpSettings must reference authentication certificate, or none of "
        "them should"
    ),
    "The intermediate certificates are present, nothing is missing.",
    "Root certificate: does not match anything",
    "proxy",
    "The backend health status could not be",
    "The backend health status is good",
    "could not retrieve the health",
    "The backend server certificate is not in the allowlist",
    "Backend server certificate is whitelisted with Application Gateway",
    "The Common Name of the server certificate matches. The probe does not match.",
    "The Leaf certificate is not missing",
    "The intermediate certificate is not missing",
    "Data for certificate is invalid",
    "Invalid data in .cer file",
    "ApplicationGatewayKeyVaultSecretException",
    "We could not connect you to the right person",
    "Expected:200 Received:500",
    "Received valid status code: 200",
    "<!channel> the *leaf* is `gone`",
    "\ud800",
    "\x00" * 50,
)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("code", "text"), TEXTS, ids=[f"{code}-{place}" for place, (code, _) in enumerate(TEXTS)]
)
def test_message_in_every_edition_and_spelling(code: Code, text: str, change: str) -> None:
    assert translate(CHANGES[change](text)).code is code


def test_every_code_of_the_table_has_an_edition() -> None:
    assert {code for code, _ in TEXTS} == FRAGMENTS.keys()


@pytest.mark.parametrize("fragment_of", FRAGMENTS)
def test_no_fragment_matches_another_code_s_message(fragment_of: Code) -> None:
    others = [text for code, text in TEXTS if code not in {fragment_of, Code.HTTP_BODY_MISMATCH}]
    others += [
        text
        for code, text in TEXTS
        if code is Code.HTTP_BODY_MISMATCH and fragment_of is not code and "{string}" in text
    ]
    assert [text for text in others if re.search(FRAGMENTS[fragment_of], normalised(text))] == []


@pytest.mark.parametrize("text", UNKNOWN, ids=lambda text: repr(text[:30]))
def test_unknown_text_is_not_guessed(text: str) -> None:
    message = translate(text)
    assert (message.code, message.text, message.expected, message.received, message.error_code) == (
        Code.UNRECOGNISED,
        text,
        None,
        None,
        None,
    )


@pytest.mark.parametrize("row", CORPUS, ids=lambda row: f"{row['code']}-{row['text'][-30:]!a}")
def test_numbers_are_read_where_the_message_names_them(row: dict[str, Any]) -> None:
    assert explain_message_json(row["text"]) == {"code": row["code"], "numbers": row["numbers"]}


def test_json_has_every_key() -> None:
    assert explain_message_json("Received invalid status code: 401 ...") == {
        "code": "HTTP_STATUS_MISMATCH",
        "numbers": {"expected": None, "received": 401, "error_code": None},
    }


@given(st.text(max_size=400))
def test_any_text_gets_an_answer(text: str) -> None:
    json.dumps(explain_message_json(text))
    assert translate(text).text == text


@pytest.mark.parametrize(
    "piece",
    [
        "common name ",
        "openssl error code ",
        "root certificate of the server certificate ",
        "\ufdfa",
        "&amp;",
        "n't",
    ],
)
def test_very_long_text_is_read_only_so_far(piece: str) -> None:
    assert translate("x" * 10_000 + "The Leaf certificate is missing").code is Code.UNRECOGNISED
    assert isinstance(translate(piece * (200_000 // len(piece))).code, Code)


@pytest.mark.shared
@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the domain folder is not beside the checkout")
def test_every_recorded_log_is_recognised() -> None:
    logs = {
        log
        for path in SAMPLES.glob("*.json")
        for log in re.findall(r'"healthProbeLog": *"([^"]+)"', path.read_text(encoding="utf-8"))
    }
    assert {translate(log).code for log in logs} == {Code.TCP_FAILED, Code.HEALTH_UNKNOWN, Code.OK}
