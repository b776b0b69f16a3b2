"""What the slash command understands.

A corpus of typed lines with the exact answer, and properties that hold for any text.
"""

from __future__ import annotations

import json
import re
import unicodedata
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.commands.help import GENERAL, HELP
from bot.commands.host import host_target
from bot.commands.options import KEYS
from bot.commands.parse import parse, parse_json
from bot.commands.typed_text import MAX_LINE
from bot.commands.usage import TargetError, Usage, repeatable
from bot.domain.request import Request, Verb

CORPUS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "data" / "language.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
TAKEN = [row for row in CORPUS if "error" not in row["expect"]]
HOSTS = st.from_regex(
    r"[a-z][a-z0-9]{0,10}(-[a-z0-9]{1,5})?(\.[a-z][a-z0-9]{1,8}){1,3}", fullmatch=True
)
WRAPPED = st.sampled_from(
    [
        "{}",
        "*{}*",
        "_{}_",
        "`{}`",
        "({})",
        '"{}"',
        "\u201c{}\u201d",
        "{}.",
        "{},",
        "{}!",
        "<http://{0}|{0}>",
        "https://{}/",
        "<https://{}>",
    ]
)
PIECES = st.sampled_from(
    ["check", "health", "mute", "subscribe", "unsubscribe", "help", "gw:", "gw:a/b", "a.example",
     "last", "watch", "sni=", "--",
     "\u2014port", "=", "/", ":", "[", "]",
      "<", ">", "|", "@", "https://", "127.1", "::1", "2h", "reason=", "08:30", "xn--", "%", "\\",
      "\u200b", "\u00a0", "*", "'", " "]
)  # fmt: skip


def test_corpus() -> None:
    """All in one test: one for each takes ten times as long as the reading."""
    read = [(row, parse_json(row["text"])) for row in CORPUS]
    assert [(row, answer) for row, answer in read if answer != row["expect"]] == []


def test_corpus_is_large_and_holds_each_line_once() -> None:
    assert len({row["text"] for row in CORPUS}) == len(CORPUS) >= 200


def test_verb_is_in_the_corpus_and_in_help() -> None:
    assert (
        {row["expect"]["verb"] for row in TAKEN}
        == {verb.value for verb in Verb}
        == {verb.value for verb in HELP}
    )


def test_every_option_of_every_verb_is_in_help() -> None:
    assert {
        verb: [key for key in keys if not re.search(rf"\b{key}\b", HELP[verb].options)]
        for verb, keys in KEYS.items()
        if verb not in PLACED
    } == {verb: [] for verb in KEYS if verb not in PLACED}


PLACED = {Verb.SUBSCRIBE, Verb.UNSUBSCRIBE, Verb.MUTE, Verb.UNMUTE, Verb.PREVIEW, Verb.HISTORY}


def test_examples_of_help_are_understood() -> None:
    for line in [*GENERAL, *(line for help_ in HELP.values() for line in help_.examples)]:
        assert isinstance(parse(line), Request), line


@pytest.mark.parametrize(
    "row",
    [row for row in CORPUS if "error" in row["expect"]],
    ids=lambda row: repr(row["text"][:40]),
)
def test_error_is_one_sentence_with_an_example(row: dict[str, Any]) -> None:
    sentence = row["expect"]["error"]
    assert sentence[-1] in ".?"
    assert not re.search(r"[.?!] [A-Z]|\n", sentence)
    assert re.search(r"for example|did you mean|write one of|it takes", sentence)
    assert len(row["expect"]["examples"]) == 3


@given(
    st.text(max_size=300)
    | st.lists(PIECES, max_size=30).map("".join)
    | st.lists(PIECES, max_size=30).map(" ".join)
)
@example("\ud800")
@example("check \x00 backend.contoso.com")
@example("mute gw:a 9999999999999999999h x")
@example("unsubscribe \u0663")
@example("https://[::ffff:1.2.3.4/")
@example("\u2100.example")
def test_any_text_gets_an_answer_of_contract_shape(text: str) -> None:
    answer = parse_json(text)
    json.dumps(answer)
    if "error" in answer:
        assert list(answer) == ["error", "did_you_mean", "examples"]
        assert not {unicodedata.category(character) for character in answer["error"]} & {
            "Cc",
            "Cf",
            "Cs",
        }
        assert answer["did_you_mean"] is None or answer["did_you_mean"] in list(Verb)
    else:
        assert list(answer) == ["verb", "target", "options"]
        assert answer["target"] is None or answer["target"]["kind"] in {
            "host",
            "ip",
            "gateway",
            "last",
        }


@given(
    HOSTS,
    WRAPPED,
    st.booleans(),
    st.sampled_from(["", "check ", "Check\u00a0", "<@U1> ", "\u200b"]),
)
def test_decoration_case_and_spaces_change_nothing(
    host: str,
    wrapping: str,
    upper: bool,  # noqa: FBT001 -- the columns of a table
    head: str,
) -> None:
    typed = wrapping.format(host)
    assert parse(head + (typed.upper() if upper else typed)) == parse(host)


@given(HOSTS, st.integers(min_value=1, max_value=65535))
def test_port_means_the_same_however_it_is_written(host: str, port: int) -> None:
    spellings = (
        f"{host}:{port}",
        f"{host} port={port}",
        f"--port {port} {host}",
        f"{host} \u2014port={port}",
        f"https://{host}:{port}",
        f"<http://{host}:{port}|{host}:{port}>",
    )
    answers = [parse(line) for line in spellings]
    assert all(answer == answers[0] for answer in answers)
    assert isinstance(answers[0], Request)


@given(st.ip_addresses(v=4))
def test_only_dotted_decimal_ipv4_is_accepted(address: IPv4Address) -> None:
    number = int(address)
    octets = str(address).split(".")
    hostile = [
        str(number),
        hex(number),
        f"0{number:o}",
        ".".join(hex(int(octet)) for octet in octets),
        ".".join(f"0{int(octet):o}" for octet in octets),
        f"{octets[0]}.{number & 0xFFFFFF}",
    ]
    assert isinstance(parse(str(address)), Request)
    assert [line for line in hostile if not isinstance(parse(f"check {line}:443"), Usage)] == []


@given(st.ip_addresses(v=6), st.booleans())
def test_ipv6_is_taken_with_and_without_brackets(address: IPv6Address, exploded: bool) -> None:  # noqa: FBT001 -- drawn by hypothesis
    text = address.exploded if exploded else str(address)
    assert (
        parse(text)
        == parse(f"[{text}]")
        == parse(f"[{text.upper()}]:443")
        == parse(f"https://[{text}]/")
    )


def test_line_over_the_limit_is_not_read() -> None:
    assert isinstance(parse("backend.contoso.com" + " " * (MAX_LINE - 19)), Request)
    answer = parse("<" * 100_000)
    assert isinstance(answer, Usage)
    assert "100000 characters" in answer.error


SECRETS = (
    "https://kim:hush@backend.contoso.com",
    "-----BEGIN RSA PRIVATE KEY----- hush/hush hush/hush",
    "kim:hush@backend.contoso.com",
    "http://kim:hush@backend.contoso.com",
    f"http://kim:{'hush' * 30}@backend.contoso.com",
    "backend.contoso.com kim:hush@other.contoso.com",
    "kim:hush@backend.contoso.com other.contoso.com",
    "list kim:hush@backend.contoso.com",
    "rehearse kim:hush@backend.contoso.com",
    "backend.contoso.com sni=kim:hush@other.contoso.com",
    f"backend.contoso.com host=kim:{'hush' * 30}@other.contoso.com",
    "backend.contoso.com port=kim:hush@other.contoso.com",
    "gw:prod-gw gw=kim:hush@other",
    "backend.contoso.com via=kim:hush@other",
    "subscribe gw:prod-gw every=kim:hush@other",
    "subscribe gw:prod-gw tz=kim:hush@other",
)


@pytest.mark.parametrize("line", SECRETS)
def test_secrets_are_not_repeated(line: str) -> None:
    answer = parse_json(line)
    assert "hush" not in json.dumps(answer)
    assert answer["error"]
    assert "hush" not in repeatable(line)


def test_non_secret_is_repeated_as_typed() -> None:
    for line in (
        "<@U0APPGW> backend.contoso.com colour=blue",
        "@appgw-check chekc <https://backend.contoso.com|backend.contoso.com>",
    ):
        assert repeatable(line) == line


@pytest.mark.parametrize(
    "text", ["", "a b", "gw:prod-gw", "http://backend.contoso.com", "127.1", "*"]
)
def test_host_target_refuses_what_is_no_host(text: str) -> None:
    with pytest.raises(TargetError):
        host_target(text)


def test_host_target_reads_a_pasted_address() -> None:
    typed = host_target("`HTTPS://Backend.contoso.com:8443/health?x=1`")
    assert (typed.host, typed.port, typed.path) == ("backend.contoso.com", 8443, "/health")
