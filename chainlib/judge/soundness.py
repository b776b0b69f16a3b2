"""Rules about the certificates of the path.

Signatures, CA constraints, other refusals of OpenSSL, dates, weak cryptography.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from typing import Any

from chainlib.certificate import Certificate
from chainlib.findings import Basis, Code, Finding, Severity
from chainlib.judge import encoding
from chainlib.judge.build import critical, short_name, successor_evidence, warning
from chainlib.judge.case import Case
from chainlib.judge.constraints import CONSTRAINT_CODES, named_violation
from chainlib.judge.keys import key_size, weak_hash
from chainlib.judge.periods import CA_WINDOW, expiry_window
from chainlib.model import TrustMode
from chainlib.openssl import OpenSSLResult, verify_path
from chainlib.path import PartialPath, is_root
from chainlib.wording import counted

_TRUST_CODES = frozenset({2, 18, 19, 20, 21, 27})
_SIGNATURE_CODES = frozenset({4, 6, 7})
# OpenSSL's errors for a key that it cannot use: unspecified, or a wrong signature.
_UNVERIFIED_CODES = _SIGNATURE_CODES | {1}
# Bits below which OpenSSL's security levels 2 and 1 refuse a key: SSL_CTX_set_security_level(3).
_MIN_BITS = {"RSA": (2048, 1024), "DSA": (2048, 1024), "EC": (224, 160)}
_REMEMBERED = 1024


def signatures(case: Case) -> Iterator[Finding]:
    """A certificate whose signature the key of its named issuer does not verify."""
    if case.trusted:
        return
    for path in _paths(case):
        for index in path.bad_signatures():
            child, issuer = path.certificates[index], path.certificates[index + 1]
            yield _signature_invalid(case, child, issuer)


def _signature_invalid(case: Case, child: Certificate, issuer: Certificate) -> Finding:
    """The finding.

    If the issuer was only uploaded, a re-keyed CA is likelier than a damaged file.
    """
    uploaded = (
        case.policy.trust is TrustMode.UPLOADED_ROOTS
        and issuer in case.policy.anchors
        and case.position(issuer) is None
    )
    which = "the uploaded " if uploaded else ""
    summary = (
        f"The signature of {short_name(child)} does not verify with the key of "
        f"{which}{short_name(issuer)}."
    )
    evidence = {"subject": child.subject, "issuer": issuer.subject, "issuer_sha256": issuer.sha256}
    kind = {"kind": "same-name-other-key"} if uploaded else {}
    return critical(
        Code.SIGNATURE_INVALID, summary, Basis.OPENSSL, case.position(child), **evidence, **kind
    )


def _paths(case: Case) -> Iterator[PartialPath]:
    return (path for path in (case.lower, case.upper) if path is not None)


def openssl(case: Case, found: tuple[Finding, ...]) -> Iterator[Finding]:
    """What OpenSSL refuses beyond trust, tested with the top of the path trusted.

    Also its refusal of the whole, if no other rule explained that.
    """
    if case.trusted or case.leaf is None or case.lower is None or case.undated is None:
        return
    others = [c for c in case.unique if c != case.leaf]
    as_if = verify_path(
        case.leaf, others, [*case.anchors, case.lower.top], at=None, partial_chain=True
    )
    explained = any(f.severity is Severity.CRITICAL for f in found)
    if not as_if.accepted and as_if.code not in _TRUST_CODES:
        yield from _refusal(case, as_if, found)
    elif not explained and not case.trust_hidden:
        yield encoding.unusable_extension(case, case.undated) or _verify_failed(case, case.undated)


def _refusal(case: Case, refusal: OpenSSLResult, found: tuple[Finding, ...]) -> Iterator[Finding]:
    codes = {f.code for f in found}
    if refusal.code in CONSTRAINT_CODES:
        named = named_violation(case, refusal)
        if named or Code.CA_CONSTRAINT_VIOLATED not in codes:
            yield named or _in_openssls_words(case, Code.CA_CONSTRAINT_VIOLATED, refusal)
    elif refusal.code in _UNVERIFIED_CODES and any(map(encoding.is_unverifiable, found)):
        return
    elif refusal.code not in _SIGNATURE_CODES:
        yield _verify_failed(case, refusal)
    elif Code.SIGNATURE_INVALID not in codes:
        yield _in_openssls_words(case, Code.SIGNATURE_INVALID, refusal)


def _in_openssls_words(case: Case, code: Code, refusal: OpenSSLResult) -> Finding:
    summary = f"OpenSSL refuses the path at depth {refusal.depth}: {refusal.text}."
    position = _at_depth(case, refusal.depth)
    return critical(code, summary, Basis.OPENSSL, position, openssl=refusal.as_evidence())


def _verify_failed(case: Case, refusal: OpenSSLResult) -> Finding:
    position = _at_depth(case, refusal.depth)
    refused = None if position is None else case.certificates[position]
    named = short_name(refused) if isinstance(refused, Certificate) else "the certificate"
    summary = f"OpenSSL refuses {named} at depth {refusal.depth}: {refusal.text}."
    return critical(
        Code.VERIFY_FAILED, summary, Basis.OPENSSL, position, openssl=refusal.as_evidence()
    )


def _at_depth(case: Case, depth: int) -> int | None:
    certificates = case.lower.certificates if case.lower else ()
    return case.position(certificates[depth]) if depth < len(certificates) else None


def dates(case: Case) -> Iterator[Finding]:
    """Every required certificate must be valid at the instant.

    Both ends of the validity are included (RFC 5280 section 4.1.2.5).
    """
    for certificate in case.needed:
        if certificate.not_before <= case.at <= certificate.not_after:
            continue
        position, name = case.position(certificate), short_name(certificate)
        if case.at > certificate.not_after:
            summary = f"{name} expired on {certificate.not_after:%Y-%m-%d %H:%M} UTC."
            yield critical(
                Code.CERTIFICATE_EXPIRED,
                summary,
                Basis.DOCUMENTED,
                position,
                **_validity(certificate),
                **successor_evidence(certificate),
                **({"root": True} if is_root(certificate) and certificate != case.leaf else {}),
            )
        else:
            summary = f"{name} is not valid before {certificate.not_before:%Y-%m-%d %H:%M} UTC."
            yield critical(
                Code.CERTIFICATE_NOT_YET_VALID,
                summary,
                Basis.DOCUMENTED,
                position,
                **_validity(certificate),
            )


def expiring(case: Case) -> Iterator[Finding]:
    """Little time is left: less than the certificate's `expiry_window`."""
    for certificate in case.needed:
        left = certificate.not_after - case.at
        if left >= CA_WINDOW:
            continue
        window = expiry_window(certificate, as_ca=certificate.is_ca and certificate != case.leaf)
        if timedelta(0) <= left < window and case.at >= certificate.not_before:
            summary = (
                f"{short_name(certificate)} expires on {certificate.not_after:%Y-%m-%d}, in "
                f"{counted(left.days, 'day') if left.days else 'less than a day'}."
            )
            evidence = (
                _validity(certificate) | {"days_left": left.days} | successor_evidence(certificate)
            )
            yield warning(
                Code.CERTIFICATE_EXPIRING,
                summary,
                Basis.INFERRED,
                case.position(certificate),
                **evidence,
            )


def _validity(certificate: Certificate) -> dict[str, str]:
    return {
        "subject": certificate.subject,
        "not_before": certificate.not_before.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "not_after": certificate.not_after.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def weak_crypto(case: Case) -> Iterator[Finding]:
    """Keys and signatures below OpenSSL's security levels (SSL_CTX_set_security_level(3)).

    MD5, MD2, RSA or DSA below 1,024 bits and curves below 160 are below level 1, its default;
    SHA-1, RSA below 2,048 bits and curves below 224 are below level 2. A root's own signature does
    not count.
    """
    for certificate in case.needed:
        weak = _weaknesses_of(certificate)
        if not weak:
            continue
        position, name = case.position(certificate), short_name(certificate)
        reasons = [reason for reason, _ in weak]
        what = " and ".join(reasons)
        evidence: dict[str, Any] = {"reasons": reasons, "subject": certificate.subject}
        if certificate.is_ca and certificate != case.leaf:
            evidence["ca"] = True
        if any(broken for _, broken in weak):
            summary = f"{name} uses {what}, which OpenSSL refuses at its default security level."
            evidence["security_level"] = "1"
            yield critical(Code.WEAK_CRYPTO, summary, Basis.OPENSSL, position, **evidence)
        else:
            summary = f"{name} uses {what}, which newer OpenSSL refuses."
            yield warning(Code.WEAK_CRYPTO, summary, Basis.INFERRED, position, **evidence)


@lru_cache(maxsize=_REMEMBERED)
def _weaknesses_of(certificate: Certificate) -> tuple[tuple[str, bool], ...]:
    return tuple(_weaknesses(certificate))


def _weaknesses(certificate: Certificate) -> Iterator[tuple[str, bool]]:
    """Each weakness in words, and whether it is below level 1."""
    if key := key_size(certificate):
        kind, bits = key
        fewest, broken = _MIN_BITS[kind]
        if bits < fewest:
            yield f"a {bits}-bit {kind} key", bits < broken
    algorithm = weak_hash(certificate)
    if algorithm and not is_root(certificate):
        yield f"{'an' if algorithm[0] == 'M' else 'a'} {algorithm} signature", algorithm != "SHA1"
