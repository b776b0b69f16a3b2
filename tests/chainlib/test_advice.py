"""Advice about names, defaults, re-keyed CAs, limits and ended roots, and what is never advised.

Every sentence is looked at in the verdict of a real chain, never on made-up evidence.
"""

from __future__ import annotations

import ipaddress
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from OpenSSL import crypto

from chainlib import (
    Basis,
    Certificate,
    Code,
    Finding,
    GatewayPolicy,
    PresentedChain,
    ServerNameRequired,
    Severity,
    Status,
    Target,
    TlsSession,
    TrustAnchors,
    TrustMode,
    Verdict,
    explain,
    judge,
    judge_failure,
)
from chainlib.judge.default_certificates import TABLE
from chainlib.judge.default_rows import DefaultCertificate, DefaultKind
from chainlib.names import is_host_name
from playground.lab import pki
from playground.lab.pki import NOW, Issued

HOST = "app.fabrikam.test"
ROOT = pki.root("Fabrikam Root")
ISSUING = pki.intermediate(ROOT, "Fabrikam Issuing")


def judged(*sent: Issued, name: str | None = HOST, roots: tuple[Issued, ...] = (ROOT,)) -> Verdict:
    """The verdict for this list, with the server name that was asked for."""
    anchors = TrustAnchors(
        mode=TrustMode.UPLOADED_ROOTS, certificates=tuple(r.certificate for r in roots)
    )
    server_name = None if name and re.fullmatch(r"[\d.:]+", name) else name
    chain = PresentedChain(
        target=Target(host=HOST, server_name=server_name),
        certificates=tuple(one.certificate for one in sent),
        tls=TlsSession(version="TLSv1.3", cipher="x"),
    )
    return judge(chain, GatewayPolicy(anchors=anchors, name=name), at=NOW)


def named(verdict: Verdict, code: Code) -> Finding:
    return next(finding for finding in verdict.findings if finding.code is code)


def steps_for(verdict: Verdict, code: Code) -> tuple[str, ...]:
    place = [finding.code for finding in verdict.findings].index(code)
    return explain(verdict).fixes[place].steps


def words(verdict: Verdict) -> str:
    """Everything that a reader is told."""
    told = explain(verdict)
    steps = (step for fix in told.fixes for step in fix.steps)
    return "\n".join((*(f.summary for f in verdict.findings), *steps))


def hosts_to_set(verdict: Verdict) -> Iterator[str]:
    """Every name that a step tells to set as the host name."""
    for step in (step for fix in explain(verdict).fixes for step in fix.steps):
        if match := re.search(r"\(and of the custom probe\) to one of: (.+)\.$", step):
            yield from match[1].split(", ")


@pytest.mark.parametrize(
    ("names", "asked", "reason", "said"),
    [
        (("*.fabrikam.test",), "a.app.fabrikam.test", "wildcard-one-label", "exactly one label"),
        (
            ("*.fabrikam.test", "*.api.fabrikam.test"),
            "v2.shop.fabrikam.test",
            "wildcard-one-label",
            "exactly one label",
        ),
        (("*.fabrikam.test",), "fabrikam.test", "wildcard-bare-domain", "the domain itself"),
        (("*.fabrikam.test",), "my_app.fabrikam.test", "underscore", "browsers do"),
        (("app.fabrikam.test.",), HOST, "trailing-dot", "a dot at its end"),
        (("https://app.fabrikam.test",), HOST, "url", "a URL or path"),
        (("app.fabrikam.test/login",), HOST, "url", "a URL or path"),
        (("app@fabrikam.test",), HOST, "email", "e-mail address"),
        (("app fabrikam.test",), HOST, "odd-character", "no host name has"),
        (("app.fabrikam.test\x00.evil",), HOST, "odd-character", "<U+0000>"),
        (("a*p.fabrikam.test",), HOST, "pattern", "does not take for a wildcard"),
        (("app.*.test",), HOST, "pattern", "does not take for a wildcard"),
        (("xn--*.fabrikam.test",), "xn--bcher-kva.fabrikam.test", "pattern", "a pattern"),
        (("*",), HOST, "pattern", "a pattern"),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(value),
)
def test_odd_name_is_said_as_what_it_is(
    names: tuple[str, ...], asked: str, reason: str, said: str
) -> None:
    leaf = pki.leaf(ISSUING, "irrelevant", dns=names)
    verdict = judged(leaf, ISSUING, name=asked)
    finding = named(verdict, Code.NAME_MISMATCH)
    assert finding.evidence["reason"] == reason
    assert said in finding.summary
    assert not list(hosts_to_set(verdict))
    assert "\x00" not in words(verdict)
    assert "reissued with" in words(verdict)


def test_only_settable_names_are_offered() -> None:
    names = ("*.fabrikam.test", "shop.fabrikam.test.", "localhost", "10.0.0.9", "www.fabrikam.test")
    verdict = judged(pki.leaf(ISSUING, "x", dns=names), ISSUING, name="other.example.test")
    assert list(hosts_to_set(verdict)) == ["www.fabrikam.test"]


@pytest.mark.parametrize("names", [("www.fabrikam.test",), ("*.fabrikam.test",), ()], ids=str)
def test_address_is_never_recommended_as_name(names: tuple[str, ...]) -> None:
    leaf = pki.leaf(ISSUING, "www.fabrikam.test", dns=names, ips=("10.1.2.3",))
    verdict = judged(leaf, ISSUING, name="10.1.2.3")
    steps = "\n".join(steps_for(verdict, Code.NAME_MISMATCH))
    assert "reissued with 10." not in words(verdict)
    assert "10.1.2.3" not in steps
    assert "An address never matches" in steps


def test_common_name_beside_other_names_is_said() -> None:
    leaf = pki.leaf(ISSUING, HOST, dns=("www.fabrikam.test",))
    finding = named(judged(leaf, ISSUING), Code.NAME_MISMATCH)
    assert finding.evidence["reason"] == "common-name-ignored"


@pytest.mark.parametrize(
    ("name", "settable"),
    [
        ("app.fabrikam.test", True),
        ("my_app.fabrikam.test", True),
        ("xn--bcher-kva.test", True),
        ("*.fabrikam.test", False),
        ("https://app.fabrikam.test", False),
        ("app.fabrikam.test.", False),
        ("app .fabrikam.test", False),
        ("10.0.0.1", False),
        ("fe80::1", False),
        ("localhost", False),
        ("app.localhost", False),
        ("localhost.localdomain", False),
        ("a@b.test", False),
        ("", False),
        (f"{'a' * 64}.test", False),
    ],
)
def test_host_name_that_can_be_set(name: str, settable: bool) -> None:  # noqa: FBT001 -- a table
    assert is_host_name(name) is settable


def test_rekeyed_ca_is_never_called_missing() -> None:
    again = pki.intermediate(ROOT, "Fabrikam Issuing")
    verdict = judged(pki.leaf(ISSUING, HOST), again)
    finding = named(verdict, Code.INTERMEDIATE_MISSING)
    assert verdict.headline is Code.INTERMEDIATE_MISSING
    assert finding.evidence["kind"] == "same-name-other-key"
    assert finding.evidence["sent_key_id"] == key_id(again)
    assert finding.evidence["missing_key_id"] == key_id(ISSUING)
    assert [entry.status for entry in verdict.entries] == [Status.OK, Status.OTHER_KEY]
    assert "another key" in finding.summary
    assert "does not send" not in words(verdict)
    assert verdict.codes == {Code.INTERMEDIATE_MISSING}


def test_rekeyed_ca_higher_up_keeps_kind() -> None:
    policy = pki.intermediate(ROOT, "Fabrikam Policy")
    again = pki.intermediate(ROOT, "Fabrikam Policy", not_after=NOW - timedelta(days=1))
    issuing = pki.intermediate(policy, "Fabrikam Tier 2")
    verdict = judged(pki.leaf(issuing, HOST), issuing, again)
    finding = named(verdict, Code.INTERMEDIATE_MISSING)
    assert finding.evidence["kind"] == "same-name-other-key"
    assert verdict.entries[2].status is Status.OTHER_KEY
    assert Code.CERTIFICATE_EXPIRED not in verdict.codes


def test_both_editions_sent_are_accepted() -> None:
    again = pki.intermediate(ROOT, "Fabrikam Issuing")
    verdict = judged(pki.leaf(ISSUING, HOST), again, ISSUING)
    assert verdict.accepted
    assert verdict.entries[1].status is Status.UNRELATED


def key_id(issued: Issued) -> str:
    found = issued.certificate.subject_key_id
    assert found is not None
    return found.hex()


def attributes(**fields: str) -> x509.Name:
    oids = {
        "cn": NameOID.COMMON_NAME,
        "o": NameOID.ORGANIZATION_NAME,
        "ou": NameOID.ORGANIZATIONAL_UNIT_NAME,
        "email": NameOID.EMAIL_ADDRESS,
    }
    return x509.Name([x509.NameAttribute(oids[key], value) for key, value in fields.items()])


def filled(pattern: str) -> str:
    """A value that fits a pattern of the table."""
    return pattern.replace("*", "x").replace("{cn}", "x")


def as_the_row_says(says: dict[str, str]) -> Issued:
    """A self-signed certificate, or one below such an issuer, that fits one row of the table."""
    own = {k: filled(v) for k, v in says.items() if not k.startswith("issuer_")}
    names = tuple(filled(n) for n in own.pop("names", "").split())
    above = (
        {k.removeprefix("issuer_"): filled(v) for k, v in says.items()}
        if any(k.startswith("issuer_") for k in says)
        else {}
    )
    issuer = pki.root("ignored", subject=attributes(**above)) if above else None
    subject = attributes(**own) if own else attributes(cn=(names or ("box",))[0])
    return pki.leaf(issuer, "box", subject=subject, dns=names)


@pytest.mark.parametrize(
    "row", TABLE, ids=[f"{row.product}-{place}" for place, row in enumerate(TABLE)]
)
def test_default_certificate_is_named_first(row: DefaultCertificate) -> None:
    verdict = judged(as_the_row_says(dict(row.patterns)))
    said = named(verdict, Code.NAME_MISMATCH)
    assert said.evidence["default_of"]
    first = steps_for(verdict, Code.NAME_MISMATCH)[0]
    assert first.startswith(f"The name {HOST} matches no rule or site there")
    assert not list(hosts_to_set(verdict))
    if row.kind is not DefaultKind.PLATFORM:  # its chain is judged by itself
        assert "create a private CA" not in words(verdict)
    assert "localhost" not in "\n".join(steps_for(verdict, Code.NAME_MISMATCH))


def test_default_certificate_without_server_name() -> None:
    fake = pki.leaf(
        None, "x", subject=attributes(cn="TRAEFIK DEFAULT CERT"), dns=("a.traefik.default",)
    )
    steps = steps_for(judged(fake, name="10.0.0.7"), Code.SELF_SIGNED_NOT_CA)
    assert steps[0].startswith("No server name is sent")


def test_appliance_certificate_for_this_host_is_no_default() -> None:
    subject = attributes(cn=HOST, ou="PVE Cluster Node")
    verdict = judged(pki.leaf(pki.root("Other"), HOST, subject=subject))
    assert not verdict.accepted
    assert not any("default_of" in finding.evidence for finding in verdict.findings)


@pytest.mark.parametrize(
    "subject",
    [
        attributes(cn="shop.fabrikam.test"),
        attributes(cn="shop.fabrikam.test", email="ssl@fabrikam.test"),
        attributes(cn="shop.fabrikam.test", o="Argonaut CD", ou="for testing"),
        attributes(cn="core.windows.net.fabrikam.test", o="IBM"),
    ],
    ids=["plain", "mail", "organisation", "alike"],
)
def test_ordinary_certificate_is_no_default(subject: x509.Name) -> None:
    verdict = judged(pki.leaf(None, "shop.fabrikam.test", subject=subject))
    assert not any("default_of" in finding.evidence for finding in verdict.findings)


def test_ca_first_with_dns_name_is_leaf() -> None:
    marked = pki.leaf(ISSUING, "other.fabrikam.test", ca=True)
    assert judged(marked, ISSUING).codes == {Code.NAME_MISMATCH}


def limits(**kinds: list[x509.GeneralName]) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    constraints = x509.NameConstraints(
        permitted_subtrees=kinds.get("permitted"), excluded_subtrees=kinds.get("excluded")
    )
    return ((constraints, True),)


@pytest.mark.parametrize("kind", ["permitted", "excluded"])
def test_name_constraint_of_root_names_both(kind: str) -> None:
    base = "contoso.test" if kind == "permitted" else "fabrikam.test"
    root = pki.root("Limited Root", extensions=limits(**{kind: [x509.DNSName(base)]}))
    verdict = judged(pki.leaf(root, HOST), roots=(root,))
    finding = named(verdict, Code.CA_CONSTRAINT_VIOLATED)
    assert "The uploaded root Limited Root" in finding.summary
    assert base in finding.summary
    assert finding.evidence["refused_names"] == [HOST]
    assert finding.evidence["uploaded_root"] is True
    assert HOST in "\n".join(steps_for(verdict, Code.CA_CONSTRAINT_VIOLATED))


def test_name_constraint_of_intermediate_on_address() -> None:
    network = x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))
    issuing = pki.intermediate(ROOT, "Limited", extensions=limits(permitted=[network]))
    verdict = judged(pki.leaf(issuing, HOST, ips=("192.168.1.4",)), issuing)
    finding = named(verdict, Code.CA_CONSTRAINT_VIOLATED)
    assert finding.certificate == 1
    assert finding.evidence["refused_names"] == ["192.168.1.4"]


def test_path_length_names_the_ca() -> None:
    short = pki.intermediate(ROOT, "Short", path_length=0)
    below = pki.intermediate(short, "Too deep")
    finding = named(judged(pki.leaf(below, HOST), below, short), Code.CA_CONSTRAINT_VIOLATED)
    assert finding.evidence["kind"] == "path-length"
    assert finding.certificate == 2


def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@pytest.mark.parametrize(
    ("bits", "algorithm", "severity", "basis"),
    [
        (2048, "sha1", Severity.WARNING, Basis.INFERRED),
        (2048, "md5", Severity.CRITICAL, Basis.OPENSSL),
        (1024, "sha256", Severity.WARNING, Basis.INFERRED),
    ],
    ids=["sha1", "md5", "rsa-1024"],
)
def test_weak_cryptography_by_openssl_level(
    bits: int, algorithm: str, severity: Severity, basis: Basis
) -> None:
    root = pki.root("Weak Root", key=rsa_key(2048))
    leaf = weakly_signed(root, rsa_key(bits), algorithm)
    verdict = judged(leaf, roots=(root,))
    finding = named(verdict, Code.WEAK_CRYPTO)
    assert (finding.severity, finding.basis) == (severity, basis)
    assert verdict.codes == {Code.WEAK_CRYPTO}


def weakly_signed(root: Issued, key: rsa.RSAPrivateKey, algorithm: str) -> Issued:
    """A leaf for the host, signed anew with a hash that `cryptography` does not sign with."""
    leaf = pki.leaf(root, HOST, key=key)
    again = crypto.X509.from_cryptography(leaf.certificate.parsed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        again.sign(crypto.PKey.from_cryptography_key(root.key), algorithm)
    der = crypto.dump_certificate(crypto.FILETYPE_ASN1, again)
    return Issued(certificate=Certificate.from_der(der), key=key)


@pytest.mark.parametrize(
    ("cn", "successor"),
    [("DST Root CA X3", "ISRG Root X1"), ("Baltimore CyberTrust Root", "DigiCert Global Root G2")],
)
def test_ended_root_names_its_successor(cn: str, successor: str) -> None:
    old = pki.root(cn, not_after=NOW - timedelta(days=90))
    issuing = pki.intermediate(old, "Some CA")
    verdict = judged(pki.leaf(issuing, HOST), issuing, roots=(old,))
    assert named(verdict, Code.UPLOADED_ROOT_UNUSABLE).evidence["successor"] == successor
    steps = "\n".join(steps_for(verdict, Code.UPLOADED_ROOT_UNUSABLE))
    assert successor in steps
    assert "current" not in steps


def test_sent_root_that_is_uploaded_too_fits() -> None:
    older = pki.root("Fabrikam Root", key=ROOT.key, not_after=NOW + timedelta(days=400))
    verdict = judged(pki.leaf(ISSUING, HOST), ISSUING, older, roots=(ROOT, older))
    assert Code.ROOT_MISMATCH not in verdict.codes


def test_no_name_sent_stands_beside_name_required() -> None:
    anchors = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=(ROOT.certificate,))
    verdict = judge_failure(
        ServerNameRequired("The server closed."), GatewayPolicy(anchors=anchors), at=NOW
    )
    assert verdict.codes == {Code.SNI_REQUIRED, Code.NO_SNI}
    assert verdict.headline is Code.SNI_REQUIRED


def test_validation_off_silences_weak_cryptography() -> None:
    root = pki.root("Weak Root", key=rsa_key(2048))
    anchors = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=(root.certificate,))
    chain = PresentedChain(
        target=Target(host=HOST, server_name=HOST),
        certificates=(weakly_signed(root, rsa_key(2048), "md5").certificate,),
    )
    policy = replace(GatewayPolicy(anchors=anchors, name=HOST), validate_chain=False)
    assert judge(chain, policy, at=NOW).headline is Code.VALIDATION_OFF
