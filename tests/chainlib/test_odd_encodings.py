"""Every odd way to write a certificate that OpenSSL reads is read, judged and shown.

The same chains go to `openssl verify` (the program, mostly of another version than the library in
this process), and some of them over nginx on the wire; every difference is listed with its reason.
"""

from __future__ import annotations

import base64
import itertools
import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cards.check_card import CardContext, check_card
from bot.cards.details import details
from bot.reports.check_json import as_json
from bot.terminal.output import render
from chainlib import (
    Certificate,
    Code,
    GatewayPolicy,
    PresentedChain,
    Target,
    TlsSession,
    TrustAnchors,
    TrustMode,
    Verdict,
    dump_bundle,
    explain,
    judge,
    load_certificates,
    repair,
)
from chainlib.certificate import UnreadableCertificate, parse_entry
from playground.lab.pki import NOW, Issued
from tests.support import fuzz_readers, reports
from tests.support import handmade_certificates as handmade
from tests.support import odd_certificates as odd
from tests.support.nginx import NGINX, Setup, accepts, gateway
from tests.support.sampling import every, of_all

HOST = "app.contoso.test"
OPENSSL = shutil.which("openssl")
PLACES = ("leaf", "issuing", "root")
KEYS = tuple(ec.generate_private_key(ec.SECP256R1()) for _ in PLACES)
# A date that is too short for its type: the library refuses the certificate, older programs read
# it and refuse the path. Nobody accepts it.
TOO_SHORT = {"no-seconds", "no-zone", "empty-date"}
# Only in files: TLS carries a length for each certificate, and OpenSSL refuses one that differs.
ONLY_IN_FILES = {"trailing-bytes"}
WIRE = (
    "printable-star",
    "ia5-eight-bit",
    "empty-rdn",
    "repeated-attribute",
    "year-0000",
    "month-13",
    "version-4",
    "serial-negative",
    "ecdsa-null",
    "algorithms-differ",
    "long-length",
    "critical-false-written",
    "ca-false-written",
    "twice-key-id",
    "usage-garbage",
)
READS = frozenset(odd.ODDITIES) - ONLY_IN_FILES


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A chain and which of its certificates are odd in which way.

    Attributes:
        entries: leaf, intermediate and root as they are read.
    """

    name: str
    oddities: Mapping[str, str]
    chain: handmade.Chain
    entries: tuple[Certificate | UnreadableCertificate, ...]

    @property
    def readable(self) -> tuple[Certificate, ...]:
        """The same, where all three can be read; else nothing."""
        read = tuple(entry for entry in self.entries if isinstance(entry, Certificate))
        return read if len(read) == len(PLACES) else ()

    @property
    def fits_into_files(self) -> bool:
        """Whether the issuers can be read, so that they may stand in one file with others."""
        return all(isinstance(entry, Certificate) for entry in self.entries[1:])


def case(**oddities: str) -> Case:
    """The chain with these oddities by place."""
    name = "-".join(itertools.chain(*sorted(oddities.items())))
    changes = {place: odd.ODDITIES[oddity] for place, oddity in oddities.items()}
    chain = handmade.chain(HOST, name, keys=KEYS, **changes)
    entries = tuple(parse_entry(getattr(chain, place).der) for place in PLACES)
    return Case(name=name, oddities=oddities, chain=chain, entries=entries)


def cases() -> Iterator[Case]:
    """Each oddity at each place, and chains with two or three of them."""
    for place, oddity in itertools.product(PLACES, sorted(READS)):
        yield case(**{place: oddity})
    chance = random.Random(20261123)  # noqa: S311 -- the same chains in every run
    for number in range(of_all(120, 40)):
        places = chance.sample(PLACES, 2 + number % 2)
        yield case(**{place: chance.choice(sorted(READS)) for place in places})


def presented(*sent: Certificate | UnreadableCertificate) -> PresentedChain:
    """What a server of that name sent."""
    return PresentedChain(
        target=Target(host=HOST, server_name=HOST),
        certificates=sent,
        tls=TlsSession(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384"),
    )


def policy(root: Certificate) -> GatewayPolicy:
    """A gateway that was given this root."""
    anchors = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=(root,))
    return GatewayPolicy(anchors=anchors, name=HOST)


def verdict_of(one: Case) -> Verdict | None:
    """The verdict, `None` where the root cannot be read."""
    *sent, root = one.entries
    if isinstance(root, UnreadableCertificate):
        return None
    return judge(presented(*sent), policy(root), at=NOW)


def pem(der: bytes) -> bytes:
    """One PEM block."""
    body = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"


def asked(folder: Path, chosen: Sequence[Case], instant: datetime = NOW) -> dict[str, bool]:
    """What the `openssl verify` program says of chains that share one file of roots."""
    for place in ("issuing", "root"):
        content = b"".join(pem(getattr(one.chain, place).der) for one in chosen)
        (folder / f"{place}.pem").write_bytes(content)
    for one in chosen:
        (folder / f"{one.name}.pem").write_bytes(pem(one.chain.leaf.der))
    at = str(int(instant.timestamp()))
    shared = ["-CAfile", "root.pem", "-untrusted", "issuing.pem", "-no-CApath", "-no-CAstore"]
    names = [f"{one.name}.pem" for one in chosen]
    assert OPENSSL is not None
    done = subprocess.run(  # noqa: S603 -- the program found on PATH, files made here
        [OPENSSL, "verify", "-attime", at, "-purpose", "sslserver", *shared, *names],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    accepted = set(re.findall(r"^(\S+)\.pem: OK$", done.stdout, re.MULTILINE))
    return {one.name: one.name in accepted for one in chosen}


@pytest.mark.skipif(OPENSSL is None, reason="the openssl program is not installed here")
def test_verdicts_equal_those_of_openssl_verify(tmp_path: Path) -> None:
    tried = {one.name: one for one in cases()}
    assert len(tried) > 3 * len(READS)
    together = [one for one in tried.values() if one.fits_into_files]
    alone = [one for one in tried.values() if not one.fits_into_files]
    said = asked(tmp_path, together)
    for one in alone:
        said |= asked(tmp_path, [one])
    assert sum(said.values()) > 150
    verdicts = {name: verdict_of(one) for name, one in tried.items()}
    ours = {name: verdict is not None and verdict.accepted for name, verdict in verdicts.items()}
    differences = {name: (said[name], ours[name]) for name in tried if said[name] is not ours[name]}
    assert differences == {}


@pytest.mark.skipif(OPENSSL is None, reason="the openssl program is not installed here")
def test_programs_differ_in_the_last_second_alone(tmp_path: Path) -> None:
    one = case(leaf="printable-star")
    leaf, issuing, root = one.readable
    end = leaf.not_after

    def accepted(at: datetime) -> tuple[bool, bool]:
        ours = judge(presented(leaf, issuing), policy(root), at=at).accepted
        return asked(tmp_path, [one], at)[one.name], ours

    second = timedelta(seconds=1)
    assert accepted(end - second) == (True, True)
    assert accepted(end)[1]  # RFC 5280 section 4.1.2.5; programs before 4.0 say that it is over
    assert accepted(end + second) == (False, False)


def test_unreadable_only_where_openssl_cannot_parse() -> None:
    refused = {
        oddity
        for oddity in READS
        if isinstance(case(leaf=oddity).entries[0], UnreadableCertificate)
    }
    assert refused == TOO_SHORT | {
        "visible-control",
        "bmp-odd-length",
        "utf8-invalid",
        "octets-as-text",
        "date-of-text",
        "integer-as-text",
        "time-as-text",
        "serial-padded",
        "serial-empty",
    }


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("oddity", "kind"),
    [
        pytest.param("printable-star", "name-characters", id="printable-string"),
        pytest.param("empty-rdn", "empty-rdn", id="empty-rdn"),
        pytest.param("repeated-attribute", "repeated-attribute", id="repeated-attribute"),
        pytest.param("year-0000", "date", id="year-0"),
        pytest.param("version-10", "version", id="version"),
        pytest.param("serial-negative", "serial-number", id="serial"),
        pytest.param("ecdsa-null", "signature-parameters", id="null-parameters"),
        pytest.param("critical-false-written", "extension", id="written-default"),
        pytest.param("long-length", "der-encoding", id="length"),
    ],
)
def test_oddity_is_told_and_decides_nothing(place: str, oddity: str, kind: str) -> None:
    verdict = verdict_of(case(**{place: oddity}))
    assert verdict is not None
    assert (verdict.accepted, verdict.headline) == (True, Code.OK)
    told = [f for f in verdict.findings if f.code is Code.ENCODING_UNUSUAL]
    assert {f.evidence["kind"] for f in told} == {kind}
    assert [f.certificate for f in told] == [None if place == "root" else PLACES.index(place)]


@pytest.mark.parametrize("oddity", sorted(set(odd.ODD_KEYS) - {"key-even-modulus"}))
def test_key_that_nobody_knows_is_no_bad_signature(oddity: str) -> None:
    for place in PLACES:
        verdict = verdict_of(case(**{place: oddity}))
        assert verdict is not None
        assert verdict.headline is Code.VERIFY_FAILED
        assert Code.SIGNATURE_INVALID not in verdict.codes


def shown(one: Case) -> str:
    """Everything that people see of the case, in every form."""
    leaf, issuing, root = (Issued(certificate=c, key=KEYS[0]) for c in one.readable)
    report = reports.report(leaf, issuing, rules=reports.policy(root, name=HOST), host=HOST)
    context = CardContext(command="x", understood="x", run_id="r", probe_origin="here")
    terminal = "\n".join(line.plain for line in render(report))
    slack = json.dumps([check_card(report, context).blocks, str(details(report))])
    return terminal + slack + json.dumps(as_json(report))


def test_every_readable_oddity_is_explained_repaired_and_shown() -> None:
    everywhere = [
        (oddity, PLACES[(number + turn) % len(PLACES)])
        for number, oddity in enumerate(sorted(READS))
        for turn in range(len(PLACES))
    ]
    for oddity, place in every(everywhere, len(PLACES)):  # each oddity, at the places by turns
        one = case(**{place: oddity})
        if not one.readable:
            continue
        leaf, issuing, root = one.readable
        chain = presented(leaf)
        explain(judge(chain, policy(root), at=NOW))
        repair(chain, policy(root), at=NOW, issuers=(issuing,))
        assert HOST in shown(one)
        assert tuple(load_certificates(dump_bundle(one.readable).encode())) == one.readable


def test_missing_issuer_with_an_odd_name_is_repaired() -> None:
    leaf, issuing, root = case(issuing="printable-ampersand").readable
    mended = repair(presented(leaf), policy(root), at=NOW, issuers=(issuing,))
    assert mended is not None
    assert mended.chain == (leaf, issuing)
    assert "Smith & Sons" in issuing.subject


def test_same_bytes_are_parsed_once() -> None:
    der = case(leaf="bmp").chain.leaf.der
    assert Certificate.from_der(der) is Certificate.from_der(bytes(bytearray(der)))


@pytest.mark.nginx
@pytest.mark.skipif(NGINX is None, reason="nginx is not installed here")
def test_verdicts_equal_those_of_nginx_on_the_wire(tmp_path: Path) -> None:
    told = [case(**{place: name}) for name in WIRE for place in PLACES]
    setups = {
        one.name: Setup(
            chain=tuple(
                Issued(certificate=c, key=key)
                for c, key in zip(one.readable[:2], KEYS, strict=False)
            ),
            roots=(Issued(certificate=one.readable[2], key=KEYS[2]),),
            host=HOST,
        )
        for one in told
    }
    with gateway(setups, tmp_path) as ports:
        words = {name: accepts(port) for name, port in ports.items()}
    verdicts = {one.name: verdict_of(one) for one in told}
    ours = {name: verdict is not None and verdict.accepted for name, verdict in verdicts.items()}
    assert ours == words


@cache
def odd_one(place: str, oddity: str) -> bytes:
    """One odd certificate, signed once: the length of a signature differs from time to time."""
    written: handmade.Written = getattr(case(**{place: oddity}).chain, place)
    return written.der


def mutated(data: st.DataObject) -> bytes:
    """An odd certificate with a few octets changed."""
    place = data.draw(st.sampled_from(PLACES))
    content = bytearray(odd_one(place, data.draw(st.sampled_from(sorted(READS)))))
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    return bytes(content)


@pytest.mark.parametrize("enter", fuzz_readers.ENTRY_POINTS, ids=lambda one: str(one.__name__))
@given(data=st.data())
@settings(deadline=None, max_examples=of_all(100, 25))
def test_odd_and_damaged_certificates_raise_nothing(
    enter: Callable[[bytes], None], data: st.DataObject
) -> None:
    several = [mutated(data) for _ in range(data.draw(st.integers(1, 3)))]
    enter(several[0])
    enter(handmade.sequence(*several))
