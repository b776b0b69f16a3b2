"""Explains a verdict with findings: one fix for each, from the catalogue or the tables of variants.

Imported only if there are findings, because the tables are large.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from chainlib.explain.catalogue import CATALOGUE
from chainlib.explain.catalogue_soundness import OUT_OF_DATE
from chainlib.explain.openssl_codes import openssl_sentence
from chainlib.explain.sources import source_of
from chainlib.explain.values import CatalogueEntry, Explanation, Fix
from chainlib.explain.variants import VARIANTS
from chainlib.explain.variants_names import DEFAULT_CERTIFICATE
from chainlib.findings import Code, Finding, Severity, Verdict
from chainlib.wording import listed

_LISTED = 3
_MESSAGE_NUMBERS = {
    "{HTTPStatusCode0}": "expected",
    "{HTTPStatusCode1}": "received",
    "{string}": "expected",
    "{errorCode}": "openssl_code",
}
# Azure prints one of these if the root is on the gateway without being attached; which one depends
# on what the server sends.
_TRUST_CODES = (
    Code.SERVER_UNKNOWN_CA,
    Code.INTERMEDIATE_UNKNOWN_CA,
    Code.ROOT_MISMATCH,
    Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
)


def explain_findings(verdict: Verdict) -> Explanation:
    """The part of `explain` for a verdict with findings."""
    entry = CATALOGUE[verdict.headline]
    head = next((f for f in verdict.findings if f.code is verdict.headline), None)
    fixes = tuple(_fix(finding, verdict.findings) for finding in verdict.findings)
    fix = fixes[verdict.findings.index(head)] if head else _fix_of(entry)
    return Explanation(
        code=entry.code,
        title=entry.title,
        cause=head.summary if head else verdict.in_order or entry.cause,
        gateway_message=_message(entry, head, verdict),
        where=fix.where,
        steps=fix.steps,
        reference=fix.reference,
        fixes=fixes,
    )


def _fix(finding: Finding, all_findings: Sequence[Finding]) -> Fix:
    """The steps of one finding; a root that is already uploaded only needs to be attached."""
    attach = next((f for f in all_findings if f.code is Code.ROOT_NOT_ATTACHED), None)
    if attach is not None and finding.code in _TRUST_CODES:
        return _fix(attach, ())
    facts = _facts(finding)
    fix = _fix_of(CATALOGUE[finding.code])
    fix = replace(fix, reference=source_of(finding.code, facts, fix.reference))
    for variant in (*DEFAULT_CERTIFICATE, *VARIANTS.get(finding.code, ())):
        if variant.holds(facts):
            steps = tuple(step.format_map(facts) for step in variant.steps)
            return replace(fix, where=variant.where or fix.where, steps=steps)
    return replace(fix, steps=(*_openssl_words(finding.code, facts), *fix.steps))


def _fix_of(entry: CatalogueEntry) -> Fix:
    return Fix(where=entry.where, steps=entry.steps, reference=entry.reference)


def _openssl_words(code: Code, facts: Mapping[str, str]) -> Iterator[str]:
    if code is Code.VERIFY_FAILED and facts.get("meaning"):
        yield f"OpenSSL's number {facts['openssl_code']} means: {facts['meaning']}"


def _facts(finding: Finding) -> Mapping[str, str]:
    """The evidence of a finding as text by key.

    Lists are joined, `openssl` is split into its fields, and values that the sentences need are
    added.
    """
    facts = _Facts({key: _text(value) for key, value in finding.evidence.items()})
    opened = finding.evidence.get("openssl")
    if isinstance(opened, Mapping):
        facts |= {f"openssl_{key}": _text(value) for key, value in opened.items()}
    number = facts.get("openssl_code") or facts.get("error_code", "")
    facts["meaning"] = (openssl_sentence(int(number)) or "") if number.isdecimal() else ""
    wanted = finding.evidence.get("wanted")
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        facts["order"] = ", then ".join(map(str, wanted))  # an order with a gap is no order
    candidates = finding.evidence.get("candidates")
    facts["cause"] = str(candidates[0]) if candidates else ""
    facts["sent"] = "no" if finding.certificate is None else "yes"
    facts["place"] = str((finding.certificate or 0) + 1)
    facts["label"] = facts.get("root_name") or facts.get("subject") or "the uploaded certificate"
    facts["severity"] = finding.severity.value
    return facts


class _Facts(dict[str, str]):
    """Evidence by key; a missing key gives a general word for the thing instead of an error."""

    def __missing__(self, key: str) -> str:
        return f"the {key.replace('_', ' ')}"


def _text(value: object) -> str:
    """One value of the evidence in words: of a list the first three, of an object nothing."""
    if isinstance(value, Mapping):
        return ""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return "" if value is None else str(value)
    return listed([str(item) for item in value], shown=_LISTED, none="")


def _message(entry: CatalogueEntry, head: Finding | None, verdict: Verdict) -> str | None:
    """Azure's message for the headline, with the numbers of this case if it has placeholders."""
    if entry.code is Code.ROOT_NOT_ATTACHED:
        beside = (code for code in _TRUST_CODES if code in verdict.codes)
        entry = CATALOGUE[next(beside, entry.code)]
    facts = _facts(head) if head else {}
    if entry.code is Code.UPLOADED_ROOT_UNUSABLE and head is not None:
        if head.severity is not Severity.CRITICAL:
            return None
        if facts.get("kind") in {"expired", "not-yet-valid"}:
            return OUT_OF_DATE
    return _filled(entry.gateway_message, facts)


def _filled(message: str | None, facts: Mapping[str, str]) -> str | None:
    """Replace Azure's placeholders by numbers of the evidence.

    An unknown one is left as Microsoft prints it.
    """
    for placeholder, key in _MESSAGE_NUMBERS.items():
        if message is not None and facts.get(key):
            message = message.replace(placeholder, facts[key])
    return message
