"""Every code is explained, in words that fit a phone, with the names of the case.

Docs/findings.md is what the catalogue says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL._util import ffi, lib

from chainlib import (
    CATALOGUE,
    Basis,
    CatalogueEntry,
    Code,
    ConnectFailed,
    ConnectRefused,
    ConnectTimedOut,
    Explanation,
    Finding,
    GatewayPolicy,
    PresentedChain,
    Severity,
    Target,
    TrustAnchors,
    TrustMode,
    UploadedRoot,
    Verdict,
    Where,
    explain,
    gateway_finding,
    in_headline_order,
    judge,
    judge_failure,
    openssl_sentence,
)
from chainlib.explain import pages
from chainlib.explain.sources import SOURCES
from chainlib.explain.variants import VARIANTS
from playground.lab import pki
from playground.lab.pki import NOW
from tests.support.sampling import of_all

ENTRIES = [pytest.param(entry, id=entry.code) for entry in CATALOGUE.values()]
PUBLISHERS = tuple(
    f"https://{host}/"
    for host in (
        "learn.microsoft.com",
        "www.rfc-editor.org",
        "docs.openssl.org",
        "letsencrypt.org",
        "nginx.org",
        "www.haproxy.org",
    )
)
ATTACH = {"root_name": "corp-root-2024"}


def finding(
    code: Code, evidence: Mapping[str, Any] | None = None, severity: Severity = Severity.CRITICAL
) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        summary=f"{code} of this case.",
        basis=Basis.DOCUMENTED,
        certificate=0,
        evidence=evidence or {},
    )


def verdict(*findings: Finding) -> Verdict:
    return Verdict(findings=in_headline_order(findings), at=NOW)


def explained(
    code: Code, evidence: Mapping[str, Any] | None = None, severity: Severity = Severity.CRITICAL
) -> Explanation:
    return explain(verdict(finding(code, evidence, severity)))


def test_catalogue_has_every_code_in_headline_order() -> None:
    assert list(CATALOGUE) == list(Code)


@pytest.mark.parametrize("entry", ENTRIES)
def test_entry_fits_a_phone(entry: CatalogueEntry) -> None:
    assert len(entry.title) <= 60
    assert not entry.title.endswith(".")
    assert entry.cause.endswith(".")
    assert entry.cause.count(". ") == 0
    assert all(len(step) <= 140 and step.endswith(".") for step in entry.steps)
    assert 1 <= len(entry.steps) <= 4


@pytest.mark.parametrize("entry", ENTRIES)
def test_reference_names_a_section(entry: CatalogueEntry) -> None:
    page, _, section = entry.reference.partition("#")
    assert page.startswith(PUBLISHERS)
    assert section


def test_sources_of_kinds_are_exact() -> None:
    whole_documents = {pages.PROXY_PROTOCOL}
    assert {page for page in SOURCES.values() if "#" not in page} == whole_documents
    assert all(page.startswith(PUBLISHERS) for page in SOURCES.values())


@pytest.mark.parametrize(
    ("code", "evidence", "page"),
    [
        pytest.param(
            Code.CA_CONSTRAINT_VIOLATED,
            {"kind": "name-constraints"},
            pages.RFC_NAME_CONSTRAINTS,
            id="name-constraints",
        ),
        pytest.param(
            Code.NAME_MISMATCH, {"reason": "unicode"}, pages.RFC_INTERNATIONAL_NAMES, id="idn"
        ),
        pytest.param(
            Code.TLS_FAILED, {"candidates": ["weak-dh"]}, pages.OPENSSL_LEVELS, id="weak-dh"
        ),
        pytest.param(Code.NOT_TLS, {"protocol_kind": "mail"}, pages.RFC_STARTTLS, id="starttls"),
        pytest.param(
            Code.HTTP_STATUS_MISMATCH, {"received": 421}, pages.RFC_MISDIRECTED, id="misdirected"
        ),
        pytest.param(
            Code.HTTP_STATUS_MISMATCH, {"received": 500}, pages.ERROR_STATUS, id="any-status"
        ),
    ],
)
def test_reference_follows_the_evidence(code: Code, evidence: Mapping[str, Any], page: str) -> None:
    assert explained(code, evidence).reference == page


@pytest.mark.parametrize("entry", ENTRIES)
def test_documented_azure_fault_quotes_azure_or_says_why(entry: CatalogueEntry) -> None:
    silent = {
        Code.VALIDATION_OFF,
        Code.NO_SNI,
        Code.POOL_EMPTY,
        Code.GATEWAY_PROVISIONING_FAILED,
        Code.SKU_RETIRED,
    }
    assert entry.gateway_message or entry.basis is not Basis.DOCUMENTED or entry.code in silent


@pytest.mark.parametrize(
    ("healthy", "severity"), [(False, Severity.CRITICAL), (True, Severity.WARNING)]
)
def test_gateways_own_cause_counts_while_unhealthy(*, healthy: bool, severity: Severity) -> None:
    named = gateway_finding(Code.CERTIFICATE_INVALID, "The gateway says so.", healthy=healthy)
    assert (named.basis, named.severity) == (Basis.GATEWAY, severity)
    assert verdict(named).headline is Code.CERTIFICATE_INVALID


def test_headline_gives_cause_and_steps() -> None:
    answer = explained(
        Code.INTERMEDIATE_MISSING,
        {"missing_subject": "CN=Contoso Issuing CA 3", "aia": ["http://pki.contoso.com/ca3.cer"]},
    )
    assert answer.cause == "INTERMEDIATE_MISSING of this case."
    assert answer.where is Where.SERVER
    assert answer.steps[:2] == (
        (
            "Put CN=Contoso Issuing CA 3 into the server's certificate file, "
            "right after certificate 1."
        ),
        "Its CA publishes it at http://pki.contoso.com/ca3.cer.",
    )


def test_clean_verdict_is_explained_as_ok() -> None:
    answer = explain(verdict())
    assert (answer.code, answer.cause, answer.fixes) == (Code.OK, CATALOGUE[Code.OK].cause, ())
    assert answer.gateway_message == "Success. Received 200 status code"


def test_information_alone_is_explained_as_ok() -> None:
    answer = explained(
        Code.CHAIN_EXTRA, {"kind": "root", "subject": "CN=Contoso Root"}, Severity.INFO
    )
    assert answer.code is Code.OK
    assert answer.fixes[0].steps == (
        (
            "Leave the root CN=Contoso Root out of the server's file at the next renewal; the "
            "gateway has its own copy."
        ),
    )


def test_fixes_run_parallel_to_findings() -> None:
    result = verdict(
        finding(Code.CERTIFICATE_EXPIRED, {"subject": "CN=x"}), finding(Code.DNS_FAILED)
    )
    answer = explain(result)
    assert [f.code for f in result.findings] == [Code.DNS_FAILED, Code.CERTIFICATE_EXPIRED]
    assert [fix.where for fix in answer.fixes] == [Where.DNS, Where.SERVER]


@pytest.mark.parametrize(
    "code",
    [
        Code.SERVER_UNKNOWN_CA,
        Code.INTERMEDIATE_UNKNOWN_CA,
        Code.ROOT_MISMATCH,
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
    ],
)
def test_present_root_is_attached_not_uploaded(code: Code) -> None:
    answer = explain(verdict(finding(code), finding(Code.ROOT_NOT_ATTACHED, ATTACH)))
    assert (
        answer.steps[0]
        == "Attach corp-root-2024, which is on the gateway already, to the backend setting."
    )
    assert answer.gateway_message == CATALOGUE[code].gateway_message
    assert not any("pload" in step for fix in answer.fixes for step in fix.steps)


@pytest.mark.parametrize(
    ("code", "evidence", "said"),
    [
        (
            Code.HTTP_STATUS_MISMATCH,
            {"expected": "200-399", "received": 503},
            "Expected:200-399 Received:503.",
        ),
        (
            Code.VERIFY_FAILED,
            {"openssl": {"code": 26, "text": "unsuitable", "depth": 0}},
            "with error code 26",
        ),
        (Code.VERIFY_FAILED, {}, "with error code {errorCode}"),
        (Code.UPLOADED_ROOT_UNUSABLE, {"kind": "expired"}, "Current date isn't within"),
        (
            Code.UPLOADED_ROOT_UNUSABLE,
            {"kind": "intermediate"},
            "not signed by any Root certificates uploaded",
        ),
        (Code.ROOT_NOT_ATTACHED, ATTACH, "isn't signed by a well-known"),
        (Code.SELF_SIGNED_NOT_CA, {}, "Intermediate certificate is missing"),
    ],
)
def test_azures_words_carry_the_numbers_of_the_case(
    code: Code, evidence: Mapping[str, Any], said: str
) -> None:
    assert said in (explained(code, evidence).gateway_message or "")


def test_unused_bad_upload_makes_azure_say_nothing() -> None:
    assert (
        explained(
            Code.UPLOADED_ROOT_UNUSABLE, {"kind": "expired"}, Severity.WARNING
        ).gateway_message
        is None
    )


@pytest.mark.parametrize(
    ("code", "kind", "word"),
    [
        (Code.ROOT_MISMATCH, "public-ca-with-uploaded-roots", "detach"),
        (Code.ROOT_MISMATCH, "same-key-other-certificate", "Nothing breaks"),
        (Code.NO_UPLOADED_ROOT_SIGNS_CHAIN, "same-name-other-key", "another key"),
        (Code.SIGNATURE_INVALID, "same-name-other-key", "another key"),
        (Code.UPLOADED_ROOT_UNUSABLE, "leaf", "server's own certificate"),
        (Code.UPLOADED_ROOT_UNUSABLE, "version-1", "version 3"),
    ],
)
def test_kind_of_fault_chooses_the_steps(code: Code, kind: str, word: str) -> None:
    assert word in explained(code, {"kind": kind, "subject": "CN=x"}).steps[0]


@pytest.mark.parametrize(
    ("position", "where"), [(None, Where.GATEWAY), (1, Where.SERVER)], ids=["anchor", "sent"]
)
def test_expired_trust_anchor_is_replaced_on_the_gateway(
    position: int | None, where: Where
) -> None:
    expired = replace(
        finding(Code.CERTIFICATE_EXPIRED, {"subject": "CN=Contoso Root"}), certificate=position
    )
    assert explain(verdict(expired)).where is where


def test_openssl_number_is_put_in_words() -> None:
    answer = explained(
        Code.VERIFY_FAILED,
        {"openssl": {"code": 26, "text": "unsuitable certificate purpose", "depth": 0}},
    )
    assert answer.steps[0].startswith(
        "OpenSSL's number 26 means: A certificate is not meant for this use"
    )


def test_unknown_openssl_number_has_no_sentence() -> None:
    assert openssl_sentence(4711) is None


@pytest.mark.parametrize("number", [n for n in range(100) if openssl_sentence(n)])
def test_openssl_knows_every_number_of_the_table(number: int) -> None:
    assert b"nknown certificate verification error" not in ffi.string(
        lib.X509_verify_cert_error_string(number)
    )


@pytest.mark.parametrize("code", list(Code), ids=str)
@settings(max_examples=of_all(100, 16))
@given(
    text=st.text(min_size=1),
    key=st.sampled_from(
        ["subject", "missing_subject", "name", "root", "kind", "reason", "aia", "uploaded"]
    ),
)
def test_hostile_evidence_is_said_as_it_is(code: Code, text: str, key: str) -> None:
    answer = explained(code, {key: [text] if key == "aia" else text, "possibilities": []})
    assert all("{" not in step or "{" in text for step in answer.steps)


@pytest.mark.parametrize("code", list(VARIANTS), ids=str)
def test_variant_fills_every_placeholder_from_thin_evidence(code: Code) -> None:
    for variant in VARIANTS[code]:
        thin = {key: (value if value != "*" else "given") for key, value in variant.when.items()}
        assert all("{" not in step for step in explained(code, thin).steps)


def test_judged_chain_is_explained_with_its_names() -> None:
    root = pki.root("Contoso Root")
    issuing = pki.intermediate(root, "Contoso Issuing CA 3")
    leaf = pki.leaf(issuing, "backend.contoso.com")
    chain = PresentedChain(
        target=Target(host="backend.contoso.com"),
        certificates=(leaf.certificate, issuing.certificate),
    )
    anchors = TrustAnchors(
        mode=TrustMode.WELL_KNOWN, certificates=(pki.root("Fabrikam Root").certificate,)
    )
    lying = UploadedRoot(name="corp-root-2024", certificate=root.certificate)
    answer = explain(judge(chain, GatewayPolicy(anchors=anchors, unattached=(lying,)), at=NOW))
    assert answer.code is Code.INTERMEDIATE_UNKNOWN_CA
    assert (
        answer.steps[0]
        == "Attach corp-root-2024, which is on the gateway already, to the backend setting."
    )
    assert "Contoso Issuing CA 3" in answer.cause


# What only another party than the one in charge can do, as an order to it.
_NOT_THEIRS = {
    Where.SERVER: ("upload", "attach", "set the host name", "allow the gateway"),
    Where.GATEWAY: (
        "on the server,",
        "install",
        "have the certificate reissued",
        "reload",
        "export the server",
    ),
    Where.NETWORK: ("on the server,", "upload", "install", "trust"),
    Where.DNS: ("on the server,", "upload", "compare the name in the backend pool"),
}


@pytest.mark.parametrize("code", CATALOGUE)
def test_first_step_addresses_the_party_on_the_card(code: Code) -> None:
    entry = CATALOGUE[code]
    firsts = [
        (entry.where, entry.steps[0]),
        *((row.where or entry.where, row.steps[0]) for row in VARIANTS.get(code, ())),
    ]
    assert not [
        step
        for where, step in firsts
        if step.lower().startswith(_NOT_THEIRS[where]) or "have it reissued;" in step
    ]


@pytest.mark.parametrize(
    ("error", "where", "word"),
    [
        pytest.param(
            ConnectRefused("10.0.0.5 port 443 refused"),
            Where.SERVER,
            "listen on this port",
            id="refused",
        ),
        pytest.param(
            ConnectTimedOut("10.0.0.5 port 443 said nothing"),
            Where.NETWORK,
            "network security group",
            id="no answer",
        ),
        pytest.param(
            ConnectFailed("10.0.0.5 port 443: no route to host"),
            Where.NETWORK,
            "network security group",
            id="no way there",
        ),
    ],
)
def test_rejected_connection_is_fixed_on_the_server(
    error: ConnectFailed, where: Where, word: str
) -> None:
    explanation = explain(
        judge_failure(
            error,
            GatewayPolicy(anchors=TrustAnchors(mode=TrustMode.WELL_KNOWN, certificates=())),
            at=NOW,
        )
    )
    assert (explanation.where, word in explanation.steps[0]) == (where, True)


def test_nameless_certificate_is_reissued_by_its_owner() -> None:
    assert (
        explained(
            Code.NAME_MISMATCH,
            {"name": "a.contoso.com", "new_name": "a.contoso.com", "presented_names": []},
        ).where
        is Where.SERVER
    )


def test_right_order_is_listed_whole_however_long() -> None:
    names = [f"CA {number}" for number in range(9)]
    assert ", then ".join(names) in explained(Code.CHAIN_OUT_OF_ORDER, {"wanted": names}).steps[1]
