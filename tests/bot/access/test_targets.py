"""Which targets may be touched.

A corpus of hostile spellings and names, the allow-list's boundaries, members and ports.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access import (
    Refusal,
    RefusalKind,
    TargetGuard,
    TargetRules,
    admit_target,
    refuse_spelling,
    why_never_probed,
)
from bot.access.targets import refuse_unresolved
from bot.commands.parse import parse
from bot.commands.usage import Usage
from bot.domain.request import HostTarget

SAMPLES = Path(__file__).parents[4] / "shared" / "domain" / "arm-samples"
NOTHING = TargetRules.read(())
EVERYTHING = TargetRules.read(("0.0.0.0/0", "::/0", "contoso.com"))
PLAYGROUND = TargetRules.read((), allow_loopback=True)
SUFFIX = TargetRules.read(("contoso.com",))
NETWORK = TargetRules.read(("10.0.0.0/8", "2001:db8::/32", "192.0.2.7"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """One line of the corpus."""

    typed: str
    addresses: tuple[str, ...]


def _read(line: str) -> Hostile:
    typed, _, resolved = line.partition("  # ")[0].partition(" -> ")
    return Hostile(
        typed=typed,
        addresses=tuple(part.strip() for part in resolved.split(",")) if resolved else (),
    )


LINES = (
    (Path(__file__).parents[2] / "data" / "hostile_targets.txt")
    .read_text(encoding="utf-8")
    .splitlines()
)
CORPUS = [_read(line) for line in LINES if line.strip() and not line.startswith("# ")]


def _refused(hostile: Hostile, rules: TargetRules) -> bool:
    """What a question from Slack goes through: the parser, the spelling, then every address."""
    answer = parse(hostile.typed)
    if isinstance(answer, Usage):
        return True
    assert isinstance(answer.target, HostTarget)
    if refuse_spelling(answer.target.host):
        return True
    addresses = hostile.addresses or ((answer.target.host,) if answer.target.is_ip else ())
    assert addresses, "a name that is allowed by its text needs its addresses in the corpus"
    return admit_target(answer.target.host, answer.target.port, addresses, rules) is not None


def test_corpus_is_large() -> None:
    assert len({(one.typed, one.addresses) for one in CORPUS}) == len(CORPUS) >= 150


@pytest.mark.parametrize(
    "rules", [NOTHING, EVERYTHING], ids=["nothing allowed", "everything allowed"]
)
def test_hostile_targets_are_refused(rules: TargetRules) -> None:
    """All in one test: one for each takes ten times as long as the question that it asks."""
    assert [one for one in CORPUS if not _refused(one, rules)] == []


def test_guard_refuses_without_the_parser_s_help() -> None:
    assert [
        one
        for one in CORPUS
        if not admit_target(one.typed, 443, one.addresses or (one.typed,), EVERYTHING)
    ] == []


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.5",
        "172.16.0.1",
        "192.168.1.1",
        "20.50.1.2",
        "100.64.0.1",
        "2001:db8::5",
        "fd12:3456::1",
        "::ffff:10.0.0.5",
        "64:ff9b::a00:5",
        "168.63.129.17",
    ],
)
def test_ordinary_addresses_are_not_on_the_never_list(address: str) -> None:
    assert why_never_probed(address) is None
    assert admit_target("backend.contoso.com", 443, [address], EVERYTHING) is None


@given(
    st.sampled_from(["127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"]),
    st.integers(min_value=0, max_value=2**24),
)
def test_every_form_of_a_refused_ipv4_is_refused(network: str, offset: int) -> None:
    base, _, prefix = network.partition("/")
    address = IPv4Address(int(IPv4Address(base)) + offset % 2 ** (32 - int(prefix)))
    number = int(address)
    forms = [
        IPv6Address(number),
        IPv6Address(0xFFFF << 32 | number),
        IPv6Address(0xFFFF << 48 | number),
        IPv6Address(0x64FF9B << 96 | number),
        IPv6Address(0x2002 << 112 | number << 80),
        IPv6Address(0x20010DB8 << 96 | 0x5EFE << 32 | number),
    ]
    assert [form for form in (address, *forms) if why_never_probed(str(form)) is None] == []


@given(st.text(max_size=60))
def test_any_text_is_decided_and_never_raises(text: str) -> None:
    why_never_probed(text)
    refuse_spelling(text)
    assert admit_target(text, 443, [text], NOTHING) is not None


@given(st.ip_addresses())
def test_open_list_refusals_are_on_the_never_list(address: IPv4Address | IPv6Address) -> None:
    refusal = admit_target(str(address), 443, [str(address)], EVERYTHING)
    assert (refusal is not None) == (why_never_probed(str(address)) is not None)


@pytest.mark.parametrize(
    ("host", "admitted"),
    [
        ("contoso.com", True),
        ("backend.contoso.com", True),
        ("a.b.contoso.com", True),
        ("BACKEND.CONTOSO.COM", True),
        ("backend.contoso.com.", True),
        ("evilcontoso.com", False),
        ("contoso.com.evil.example", False),
        ("contoso.co", False),
        ("com", False),
    ],
)
def test_suffix_admits_at_a_label_boundary_only(host: str, admitted: bool) -> None:  # noqa: FBT001 -- a column of the table
    assert (admit_target(host, 443, ["10.0.0.5"], SUFFIX) is None) is admitted


@pytest.mark.parametrize(
    ("host", "admitted"),
    [
        ("10.1.2.3", True),
        ("192.0.2.7", True),
        ("2001:db8::5", True),
        ("::ffff:10.1.2.3", True),
        ("192.0.2.8", False),
        ("11.0.0.1", False),
    ],
)
def test_network_admits_typed_addresses_within_it(host: str, admitted: bool) -> None:  # noqa: FBT001 -- a column of the table
    for refusal in (
        refuse_unresolved(host, 443, NETWORK),
        admit_target(host, 443, [host], NETWORK),
    ):
        assert (refusal is None) is admitted
        assert admitted or (refusal and refusal.kind is RefusalKind.NOT_ALLOWED)


@pytest.mark.parametrize("host", ["web.example", "a1b2c3.attacker.example", "internal"])
@pytest.mark.parametrize(
    "rules", [NOTHING, NETWORK, SUFFIX], ids=["nothing", "networks", "another name"]
)
def test_unlisted_name_is_refused_before_it_resolves(host: str, rules: TargetRules) -> None:
    before = refuse_unresolved(host, 443, rules)
    after = [admit_target(host, 443, found, rules) for found in ([], ["10.0.0.5"])]
    assert before is not None
    assert before.kind is RefusalKind.NOT_ALLOWED
    assert after == [before, before]


@pytest.mark.parametrize(
    ("host", "port", "addresses", "rule"),
    [
        ("web.internal.example", 443, ["10.9.9.9"], RefusalKind.PORT),
        ("WEB.internal.example.", 8081, ["10.9.9.9"], None),
        ("web.internal.example", 8443, ["10.9.9.9"], RefusalKind.PORT),
        ("other.example", 8081, ["10.0.0.4"], RefusalKind.NOT_ALLOWED),
        ("10.0.0.4", 8081, ["10.0.0.4"], None),
        ("other.example", 443, ["10.0.0.4", "10.0.0.9"], RefusalKind.NOT_ALLOWED),
        ("sub.web.internal.example", 443, ["10.9.9.9"], RefusalKind.NOT_ALLOWED),
        ("2001:db8::4", 8081, ["2001:db8::4"], None),
        ("web.internal.example", 8081, ["127.0.0.1"], RefusalKind.NEVER),
        ("web.internal.example", 8081, ["10.9.9.9", "169.254.169.254"], RefusalKind.NEVER),
    ],
)
def test_members_are_admitted_on_their_settings_ports(
    host: str, port: int, addresses: list[str], rule: RefusalKind | None
) -> None:
    members = frozenset({"Web.Internal.example", "10.0.0.4", "2001:DB8:0::4"})
    refusal = admit_target(host, port, addresses, NOTHING, members=members, ports=frozenset({8081}))
    assert (refusal.kind if refusal else None) is rule


@pytest.mark.parametrize(
    ("port", "rule"),
    [
        (443, None),
        (8443, None),
        (22, RefusalKind.PORT),
        (80, RefusalKind.PORT),
        (8081, RefusalKind.PORT),
    ],
)
def test_allowed_target_outside_pools_has_the_usual_ports(
    port: int, rule: RefusalKind | None
) -> None:
    refusal = admit_target(
        "backend.contoso.com", port, ["10.0.0.5"], SUFFIX, ports=frozenset({8081})
    )
    assert (refusal.kind if refusal else None) is rule


@pytest.mark.parametrize(
    ("host", "addresses", "rule"),
    [
        ("127.0.0.1", ["127.0.0.1"], None),
        ("::1", ["::1"], None),
        ("localhost", ["127.0.0.1", "::1"], None),
        ("::ffff:127.0.0.1", ["::ffff:127.0.0.1"], None),
        ("lab.localhost", ["127.0.0.1"], None),
        ("mixed.example", ["127.0.0.1", "10.0.0.5"], RefusalKind.NOT_ALLOWED),
        ("0.0.0.0", ["0.0.0.0"], RefusalKind.NEVER),  # noqa: S104 -- refused, not bound to
        ("169.254.169.254", ["169.254.169.254"], RefusalKind.NEVER),
        ("168.63.129.16", ["168.63.129.16"], RefusalKind.NEVER),
        ("2130706433", ["127.0.0.1"], RefusalKind.SPELLING),
        ("10.0.0.5", ["10.0.0.5"], RefusalKind.NOT_ALLOWED),
    ],
)
def test_loopback_switch_permits_loopback_and_nothing_else(
    host: str, addresses: list[str], rule: RefusalKind | None
) -> None:
    refusal = admit_target(host, 40123, addresses, PLAYGROUND)
    assert (refusal.kind if refusal else None) is rule


@pytest.mark.parametrize("entry", ["https://contoso.com", "10.0.0.1/8", "con toso", "1.2.3"])
def test_bad_entry_is_a_sentence(entry: str) -> None:
    with pytest.raises(ValueError, match="write for example"):
        TargetRules.read((entry,))


def test_target_guard_says_which_rule_refused() -> None:
    guard = TargetGuard(rules=SUFFIX)
    assert guard.refuse_spelling("backend.contoso.com") is None
    assert (
        guard.admit(
            "backend.contoso.com", 443, ["10.0.0.5"], members=frozenset(), ports=frozenset()
        )
        is None
    )
    local = guard.refuse_spelling("localhost")
    assert local
    assert "loopback" in local.sentence
    refused = guard.admit("x.example", 443, ["10.0.0.5"], members=frozenset(), ports=frozenset())
    assert refused
    assert refused.kind is RefusalKind.NOT_ALLOWED
    assert "APPGW_ALLOWED_TARGETS=contoso.com" in refused.sentence


@pytest.mark.parametrize(
    "hostile", [one for one in CORPUS if one.addresses], ids=lambda one: one.typed
)
def test_refusal_is_one_sentence(hostile: Hostile) -> None:
    refusal = admit_target("backend.contoso.com", 443, hostile.addresses, NOTHING)
    assert isinstance(refusal, Refusal)
    assert refusal.sentence.endswith(".")
    assert "\n" not in refusal.sentence


def test_addresses_are_compared_as_addresses() -> None:
    assert str(ip_address("2001:db8::4")) != "2001:DB8:0::4"
    assert (
        admit_target(
            "2001:db8::4",
            443,
            ["2001:db8::4"],
            NOTHING,
            members=frozenset({"[2001:DB8:0::4]"}),
            ports=frozenset({443}),
        )
        is None
    )


@pytest.mark.shared
@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the domain folder is not beside the checkout")
def test_every_member_of_the_recorded_gateways_is_admitted() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SAMPLES.iterdir())
    members = frozenset(re.findall(r'\\?"(?:fqdn|ipAddress|address)\\?": *\\?"([^"\\]+)', text))
    assert len(members) >= 5
    refused = {
        member: admit_target(
            member,
            443,
            [member] if member[0].isdigit() else ["10.0.0.5"],
            NOTHING,
            members=members,
            ports=frozenset({443}),
        )
        for member in members
    }
    assert {member: refusal.sentence for member, refusal in refused.items() if refusal} == {}
