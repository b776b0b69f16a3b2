"""Rules about the encoding of certificates.

They find what OpenSSL reads and stricter programs refuse, and what it reads and cannot use: invalid
dates, and kinds of keys and signatures that cannot be verified here.
"""

from __future__ import annotations

from collections.abc import Iterator

from chainlib.certificate import Certificate, signature_fits
from chainlib.encoding import Oddity
from chainlib.findings import Basis, Code, Finding
from chainlib.judge.build import critical, info, short_name
from chainlib.judge.case import Case
from chainlib.judge.keys import weak_hash
from chainlib.openssl import OpenSSLResult, identifier_name
from chainlib.policy import Sku
from chainlib.wording import listed


def unusual(case: Case) -> Iterator[Finding]:
    """Oddities of a certificate that was presented or is in the path; informational."""
    if not any(c.oddities for c in (*case.unique, *case.needed)):
        return
    looked_at = tuple(dict.fromkeys((*case.unique, *case.needed)))
    names = {c.subject_key for c in looked_at if c.oddities}
    for certificate in looked_at:
        # An odd name of a CA that is presented itself is only reported at that CA.
        issuer_here = certificate.issuer_key in names and not certificate.self_issued
        found = [o for o in certificate.oddities if not (o.of_issuer and issuer_here)]
        if found and (case.position(certificate) is not None or certificate in case.anchors):
            yield _unusual(case, certificate, found)


def _unusual(case: Case, certificate: Certificate, found: list[Oddity]) -> Finding:
    what = list(dict.fromkeys(oddity.what for oddity in found))
    summary = (
        f"{short_name(certificate)} is written in an unusual way ({listed(what, shown=1)}); "
        "OpenSSL reads it all the same."
    )
    return info(
        Code.ENCODING_UNUSUAL,
        summary,
        Basis.OPENSSL,
        case.position(certificate),
        kind=found[0].kind,
        kinds=list(dict.fromkeys(oddity.kind for oddity in found)),
        what=what,
        subject=certificate.subject,
    )


def dates_readable(case: Case) -> Iterator[Finding]:
    """OpenSSL refuses a path with an invalid date (X509_V_ERR_ERROR_IN_CERT_..._FIELD)."""
    for certificate in case.needed:
        for field in certificate.unreadable_dates:
            number = 13 if field == "notBefore" else 14
            summary = (
                f"The {field} date of {short_name(certificate)} is not a date that OpenSSL accepts."
            )
            yield critical(
                Code.VERIFY_FAILED,
                summary,
                Basis.OPENSSL,
                case.position(certificate),
                kind="date",
                field=field,
                subject=certificate.subject,
                openssl={"code": number, "text": f"format error in certificate's {field} field"},
            )


def unverifiable(case: Case) -> Iterator[Finding]:
    """A required signature that cannot be verified here, because its key or kind is unknown.

    It does not say that the signature is wrong.
    """
    if case.trusted or case.policy.sku is Sku.V1:
        return
    for path in filter(None, (case.lower, case.upper)):
        pairs = zip(path.certificates, path.certificates[1:], strict=False)
        for child, issuer in pairs:
            # WEAK_CRYPTO reports old hashes that are known to be broken.
            if signature_fits(child, issuer) is None and not weak_hash(child):
                yield _unverifiable(case, child, issuer)
        leaf = path.certificates[0]
        if leaf == case.leaf and leaf.key is None:
            yield _unusable_key(case, leaf)


def _unverifiable(case: Case, child: Certificate, issuer: Certificate) -> Finding:
    if issuer.key is None:
        what = f"the key of {short_name(issuer)} is {kind_in_words(issuer.key_kind)}"
    else:
        what = f"its algorithm is {kind_in_words(child.signature_kind)}"
    summary = f"The signature of {short_name(child)} cannot be verified here: {what}."
    return critical(
        Code.VERIFY_FAILED,
        summary,
        Basis.INFERRED,
        case.position(child),
        kind="unsupported-algorithm",
        subject=child.subject,
        issuer=issuer.subject,
        key=list(issuer.key_kind),
        algorithm=list(child.signature_kind),
    )


def _unusable_key(case: Case, leaf: Certificate) -> Finding:
    summary = (
        f"The key of {short_name(leaf)} is {kind_in_words(leaf.key_kind)}: no TLS handshake with "
        "it can be verified here."
    )
    return critical(
        Code.VERIFY_FAILED,
        summary,
        Basis.INFERRED,
        case.position(leaf),
        kind="unusable-key",
        subject=leaf.subject,
        key=list(leaf.key_kind),
    )


def is_unverifiable(finding: Finding) -> bool:
    """Whether a finding says that a key or a signature cannot be verified here."""
    return finding.code is Code.VERIFY_FAILED and finding.evidence.get("kind") in _UNVERIFIABLE


def unusable_extension(case: Case, refusal: OpenSSLResult) -> Finding | None:
    """OpenSSL accepts a certificate with unreadable extensions as nobody's issuer or child."""
    for certificate in case.needed:
        for oddity in certificate.oddities:
            if oddity.kind in _EXTENSIONS:
                return critical(
                    Code.VERIFY_FAILED,
                    f"OpenSSL cannot use {short_name(certificate)}: {oddity.what}.",
                    Basis.OPENSSL,
                    case.position(certificate),
                    kind=oddity.kind,
                    subject=certificate.subject,
                    openssl={"code": refusal.code, "text": refusal.text, "depth": refusal.depth},
                )
    return None


_UNVERIFIABLE = frozenset({"unsupported-algorithm", "unusable-key"})
_EXTENSIONS = frozenset({"extension", "repeated-extension"})
_KNOWN_KEYS = frozenset(
    {
        "1.2.840.113549.1.1.1",  # RSA
        "1.2.840.10045.3.1.7",  # P-256
        "1.3.132.0.34",  # P-384
        "1.3.132.0.35",  # P-521
    }
)


def kind_in_words(identifiers: tuple[str, ...]) -> str:
    """The usual name of a kind of key or signature: its curve, else its algorithm."""
    if not identifiers:
        return "of no kind that can be told"
    last = identifiers[-1]
    name = identifier_name(last)
    if last in _KNOWN_KEYS:
        return f"damaged ({name})"
    return f"of the kind {name}" if name else f"of an unknown kind ({last})"
