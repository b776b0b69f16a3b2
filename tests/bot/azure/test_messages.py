"""Azure's messages in every edition map to their codes, and no text is mapped by luck."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.azure.english_messages import NAMES
from bot.azure.messages import FRAGMENTS, LONGEST, explain_message_json, normalised, recognise
from chainlib import Code
from tests.support.sampling import EVERY_CASE

SAMPLES = Path(__file__).parents[4] / "shared" / "domain" / "arm-samples"
CASES = SAMPLES.parents[1] / "cases" / "messages.jsonl"
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
    "escaped twice": lambda text: text.replace("'", "&amp;#39;"),
    "in a web page": lambda text: f"<p><b>Details</b><br>{text}</p>",
    "in backend health": lambda text: json.dumps(PASTED | {"healthProbeLog": text}, indent=4),
    "broken by a table": lambda text: re.sub("(.{37})", r"\1\r\n      ", text),
    "quoted line by line": lambda text: "> " + text.replace(" ", "\r\n> "),
    "in cells of a table": lambda text: "| ok | " + text.replace(" ", " |\n| | "),
    "zero-width space": lambda text: text.replace("certificate", "certifi\u200bcate"),
}
PASTED = {"address": "10.0.0.5", "health": "Unhealthy", "ipConfiguration": None}
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
    "No intermediate certificates are missing from the certificate chain.",
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


def test_message_in_every_edition_and_spelling() -> None:
    """All in one test: one for each takes ten times as long as the reading."""
    assert [
        (change, code, text)
        for code, text in TEXTS
        for change, spelt in CHANGES.items()
        if recognise(spelt(text)).code is not code
    ] == []


@pytest.mark.parametrize(("code", "text"), TEXTS if EVERY_CASE else dict(TEXTS).items())
def test_message_behind_a_long_log_is_found(code: Code, text: str) -> None:
    assert recognise("x" * 70_000 + "\n" + text).code is code


def test_every_code_of_the_table_has_an_edition() -> None:
    assert {code for code, _ in TEXTS} == FRAGMENTS.keys()


plain = cache(normalised)


@pytest.mark.parametrize("fragment_of", FRAGMENTS)
def test_no_fragment_matches_another_code_s_message(fragment_of: Code) -> None:
    others = [text for code, text in TEXTS if code not in {fragment_of, Code.HTTP_BODY_MISMATCH}]
    others += [
        text
        for code, text in TEXTS
        if code is Code.HTTP_BODY_MISMATCH and fragment_of is not code and "{string}" in text
    ]
    assert [text for text in others if re.search(FRAGMENTS[fragment_of], plain(text))] == []


@pytest.mark.parametrize("text", UNKNOWN, ids=lambda text: repr(text[:30]))
def test_unknown_text_is_not_guessed(text: str) -> None:
    message = recognise(text)
    assert (message.code, message.text, message.expected, message.received, message.error_code) == (
        Code.UNRECOGNISED,
        text,
        None,
        None,
        None,
    )


def test_numbers_are_read_where_the_message_names_them() -> None:
    read = [(row, explain_message_json(row["text"])) for row in CORPUS]
    assert [
        (row, answer)
        for row, answer in read
        if answer != {"code": row["code"], "numbers": row["numbers"]}
    ] == []


def test_json_has_every_key() -> None:
    assert explain_message_json("Received invalid status code: 401 ...") == {
        "code": "HTTP_STATUS_MISMATCH",
        "numbers": {"expected": None, "received": 401, "error_code": None},
    }


@given(st.text(max_size=400))
def test_any_text_gets_an_answer(text: str) -> None:
    json.dumps(explain_message_json(text))
    assert recognise(text).text == text


@pytest.mark.parametrize(
    "piece",
    [
        "common name ",
        "openssl error code ",
        "root certificate of the server certificate ",
        "healthProbeErrorName:",
        "<a ",
        "\ufdfa",
        "&amp;",
        "n't",
    ],
)
def test_hostile_text_is_read_in_time(piece: str) -> None:
    begun = time.process_time()
    assert isinstance(recognise(piece * (40_000 // len(piece))).code, Code)
    assert time.process_time() - begun < 5


def test_text_beyond_the_limit_is_not_read() -> None:
    beyond = " " * LONGEST + "The Leaf certificate is missing"
    assert recognise(beyond).code is Code.UNRECOGNISED


HEALTHY = {
    "address": "10.0.0.4",
    "health": "Healthy",
    "healthProbeLog": "Success. Received 200 status code",
}
LEAF_ALONE = "IncompleteBackendCertificateChainOnlyLeafCertificateIsPresent"


@pytest.mark.parametrize("indent", [None, 4], ids=["one line", "indented"])
@pytest.mark.parametrize(
    ("server", "code", "received"),
    [
        (
            {"healthProbeLog": "Received invalid status code: 403 in it."},
            Code.HTTP_STATUS_MISMATCH,
            403,
        ),
        ({"healthProbeErrorName": LEAF_ALONE}, Code.INTERMEDIATE_MISSING, None),
        (
            {"healthProbeLog": "brand new words", "healthProbeErrorName": "HostNameNotResolved"},
            Code.DNS_FAILED,
            None,
        ),
        (
            {"healthProbeLog": "Probe timeout.", "healthProbeErrorName": "HostNameNotResolved"},
            Code.PROBE_TIMEOUT,
            None,
        ),
        ({}, Code.OK, 200),
    ],
    ids=["message", "name alone", "name beside new words", "name beside known words", "nothing"],
)
def test_failing_server_of_a_paste_decides(
    server: dict[str, str], code: Code, received: int | None, indent: int | None
) -> None:
    message = recognise(json.dumps({"servers": [HEALTHY, server]}, indent=indent))
    assert (message.code, message.received) == (code, received)


@pytest.mark.parametrize(
    "spelt",
    [str, str.upper, str.lower, "ngx_http_upstream_check_err_{}".format, " err_{} ".format],
    ids=["as sent", "upper", "lower", "in the log", "shortened"],
)
@pytest.mark.parametrize(
    ("name", "code"),
    [(name, code) for name, code in NAMES.items() if code is not Code.UNRECOGNISED],
    ids=list(filter("unknown".__ne__, NAMES)),
)
def test_error_name_decides_without_a_text(
    name: str, code: Code, spelt: Callable[[str], str]
) -> None:
    assert recognise("", spelt(name)).code is code
    assert recognise("Something new went wrong.", spelt(name)).code is code
    assert (
        recognise("The Leaf certificate is missing from it", spelt(name)).code is Code.LEAF_MISSING
    )
    if name != "success":
        assert recognise(spelt(name)).code is code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (
            "BackendServerCertificateNotTrustedByWellKnownCAsDueToIncompleteIntermediates",
            Code.INTERMEDIATE_MISSING,
        ),
        ("HttpResponseBodyMismatchSomehow", Code.HTTP_BODY_MISMATCH),
        ("BrandNewErrorName", Code.UNRECOGNISED),
        ("Unknown", Code.UNRECOGNISED),
        ("certificate", Code.UNRECOGNISED),
        ("", Code.UNRECOGNISED),
    ],
    ids=["incomplete", "family", "new", "unknown", "one word", "none"],
)
def test_error_name_that_is_not_in_the_table(name: str, code: Code) -> None:
    assert recognise("", name).code is code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("10.0.0.5  Unhealthy  The root certificate of the server certif...", Code.ROOT_MISMATCH),
        ("Body of the backend\u2019s HTTP resp\u2026 | 2 more", Code.HTTP_BODY_MISMATCH),
        ("Backend certificate is invalid. Current da...", Code.CERTIFICATE_EXPIRED),
        (
            "... doesn't match the trusted root certificate added to the application gateway.",
            Code.ROOT_MISMATCH,
        ),
        ("The backend ...", Code.UNRECOGNISED),
        ("The root certificate of the server is fine ...", Code.UNRECOGNISED),
        ("The root certificate of the server certif", Code.UNRECOGNISED),
        ("... certificate chain is complete and correctly ordered", Code.UNRECOGNISED),
    ],
    ids=["end", "in a table", "start only", "beginning lost", "short", "other", "unmarked", "many"],
)
def test_message_cut_by_an_ellipsis_fits_one_code(text: str, code: Code) -> None:
    assert recognise(text).code is code


def test_short_error_name_in_prose_is_no_name() -> None:
    assert recognise("Timeout and success are unknown here.").code is Code.UNRECOGNISED


ROWS = CASES.read_text(encoding="utf-8").splitlines() if CASES.is_file() else []


@pytest.mark.shared
@pytest.mark.skipif(not ROWS, reason="the cases are not beside the checkout")
def test_every_message_that_people_had_is_understood() -> None:
    rows = [json.loads(row) for row in ROWS]
    wrong = []
    for row in rows:
        found = explain_message_json(row["text"], row.get("name") or "")
        numbers = {key: found["numbers"][key] for key in row.get("numbers", {})}
        if found["code"] not in {row["code"], *row.get("accept", ())} or numbers != row.get(
            "numbers", {}
        ):
            wrong.append((row["id"], found))
    assert (wrong, len(rows) > 0) == ([], True)


@pytest.mark.shared
@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the domain folder is not beside the checkout")
def test_every_recorded_log_is_recognised() -> None:
    logs = {
        log
        for path in SAMPLES.glob("*.json")
        for log in re.findall(r'"healthProbeLog": *"([^"]+)"', path.read_text(encoding="utf-8"))
    }
    assert {recognise(log).code for log in logs} == {Code.TCP_FAILED, Code.HEALTH_UNKNOWN, Code.OK}
