"""Rules about the certificates that the path uses.

Signatures, CA constraints, what else OpenSSL refuses, dates, weak cryptography.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

from chainlib.certificate import Certificate
from chainlib.findings import Basis, Code, Finding, Severity
from chainlib.judge.build import critical, short_name, warning
from chainlib.judge.case import Case
from chainlib.model import TrustMode
from chainlib.openssl import OpenSSLResult, verify_path
from chainlib.path import Walk, is_root
from chainlib.wording import counted

_TRUST_CODES = frozenset({2, 18, 19, 20, 21, 27})
_SIGNATURE_CODES = frozenset({4, 6, 7})
_CONSTRAINT_CODES = frozenset({24, 25, 32, 37, 47, 48, 49, 50, 51, 52, 53, 54, 79})
_MIN_RSA_BITS = 2048
_WEAK_HASHES = frozenset({"md5", "sha1"})
_LEAF_WINDOW, _CA_WINDOW = timedelta(days=30), timedelta(days=90)


def signatures(case: Case) -> Iterator[Finding]:
    """A certificate that does not verify with the key of the issuer that its name and key identifier point to."""
    if case.trusted:
        return
    for walk in _walks(case):
        for index in walk.bad_signatures():
            yield _signature_invalid(case, walk.certificates[index], walk.certificates[index + 1])


def _signature_invalid(case: Case, child: Certificate, issuer: Certificate) -> Finding:
    """Where the issuer was only uploaded, a CA made anew under its old name is likelier than a damaged file on the server."""
    uploaded = (
        case.policy.trust is TrustMode.UPLOADED_ROOTS
        and issuer in case.anchors
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


def constraints(case: Case) -> Iterator[Finding]:
    """A needed issuer that may not sign certificates."""
    if case.trusted:
        return
    for walk in _walks(case):
        for issuer in walk.certificates[1:]:
            if not _may_issue(issuer):
                summary = (
                    f"{short_name(issuer)} signed a certificate although it is not marked as a CA "
                    "that may."
                )
                yield critical(
                    Code.CA_CONSTRAINT_VIOLATED,
                    summary,
                    Basis.OPENSSL,
                    case.position(issuer),
                    subject=issuer.subject,
                )


def _may_issue(certificate: Certificate) -> bool:
    """OpenSSL's check_ca: keyUsage must not forbid it.

    Without basicConstraints a version 1 root or keyCertSign will do.
    """
    if certificate.may_sign_certificates is False:
        return False
    if certificate.has_basic_constraints:
        return certificate.is_ca
    return (
        certificate.version == 1 and is_root(certificate)
    ) or certificate.may_sign_certificates is True


def _walks(case: Case) -> Iterator[Walk]:
    return (walk for walk in (case.lower, case.upper) if walk is not None)


def openssl(case: Case, found: tuple[Finding, ...]) -> Iterator[Finding]:
    """What OpenSSL refuses beyond trust, asked as if the top of the path were trusted.

    And whatever no other rule explained.
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
    elif not explained:
        yield _verify_failed(case, case.undated)


def _refusal(case: Case, refusal: OpenSSLResult, found: tuple[Finding, ...]) -> Iterator[Finding]:
    codes = {f.code for f in found}
    if refusal.code in _SIGNATURE_CODES:
        code = Code.SIGNATURE_INVALID
    elif refusal.code in _CONSTRAINT_CODES:
        code = Code.CA_CONSTRAINT_VIOLATED
    else:
        yield _verify_failed(case, refusal)
        return
    if code not in codes:
        summary = f"OpenSSL refuses the path at depth {refusal.depth}: {refusal.text}."
        yield critical(
            code,
            summary,
            Basis.OPENSSL,
            _at_depth(case, refusal.depth),
            openssl=_as_evidence(refusal),
        )


def _verify_failed(case: Case, refusal: OpenSSLResult) -> Finding:
    summary = f"OpenSSL refuses the certificate at depth {refusal.depth}: {refusal.text}."
    position = _at_depth(case, refusal.depth)
    return critical(
        Code.VERIFY_FAILED, summary, Basis.OPENSSL, position, openssl=_as_evidence(refusal)
    )


def _at_depth(case: Case, depth: int) -> int | None:
    certificates = case.lower.certificates if case.lower else ()
    return case.position(certificates[depth]) if depth < len(certificates) else None


def _as_evidence(refusal: OpenSSLResult) -> dict[str, object]:
    return {"code": refusal.code, "text": refusal.text, "depth": refusal.depth}


def dates(case: Case) -> Iterator[Finding]:
    """Every needed certificate is inside its validity (RFC 5280 section 4.1.2.5, both ends included)."""
    for certificate in case.needed:
        position, name = case.position(certificate), short_name(certificate)
        if case.at > certificate.not_after:
            summary = f"{name} expired on {certificate.not_after:%Y-%m-%d %H:%M} UTC."
            yield critical(
                Code.CERTIFICATE_EXPIRED,
                summary,
                Basis.DOCUMENTED,
                position,
                **_validity(certificate),
            )
        elif case.at < certificate.not_before:
            summary = f"{name} is not valid before {certificate.not_before:%Y-%m-%d %H:%M} UTC."
            yield critical(
                Code.CERTIFICATE_NOT_YET_VALID,
                summary,
                Basis.DOCUMENTED,
                position,
                **_validity(certificate),
            )


def expiring(case: Case) -> Iterator[Finding]:
    """Less than thirty days (a CA: ninety) or a third of the lifetime is left, whichever is shorter."""
    for certificate in case.needed:
        left = certificate.not_after - case.at
        window = min(
            _CA_WINDOW if certificate.is_ca else _LEAF_WINDOW,
            (certificate.not_after - certificate.not_before) / 3,
        )
        if timedelta(0) <= left < window and case.at >= certificate.not_before:
            summary = (
                f"{short_name(certificate)} expires on {certificate.not_after:%Y-%m-%d}, in "
                f"{counted(left.days, 'day')}."
            )
            evidence = _validity(certificate) | {"days_left": left.days}
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
    """RSA below 2048 bits, and SHA-1 or MD5 in a signature that counts (a root's own does not)."""
    for certificate in case.needed:
        reasons = list(_weaknesses(certificate))
        if reasons:
            summary = (
                f"{short_name(certificate)} uses {' and '.join(reasons)}, which newer OpenSSL "
                "refuses."
            )
            yield warning(
                Code.WEAK_CRYPTO,
                summary,
                Basis.INFERRED,
                case.position(certificate),
                reasons=reasons,
            )


def _weaknesses(certificate: Certificate) -> Iterator[str]:
    try:
        key = certificate.parsed.public_key()
        algorithm = certificate.parsed.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _MIN_RSA_BITS:
        yield f"a {key.key_size}-bit RSA key"
    if algorithm is not None and algorithm.name in _WEAK_HASHES and not is_root(certificate):
        yield f"a {algorithm.name.upper()} signature"
