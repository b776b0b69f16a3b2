"""Rules about trust: gaps in the path and roots that do not fit.

Source: azure-rules rows 6, 9 to 16 and 18; `uploads` has the rules about unusable uploads. They run
if OpenSSL refuses the path and say which documented fault it is; if it accepts the path, only
remarks are left.
"""

from __future__ import annotations

from collections.abc import Iterator

from chainlib.certificate import Certificate, signature_fits, verifies
from chainlib.findings import Basis, Code, Finding
from chainlib.judge.build import (
    critical,
    issuer_name,
    missing_evidence,
    short_name,
    warning,
)
from chainlib.judge.case import Case
from chainlib.judge.shape import self_signed_not_ca
from chainlib.model import TrustMode
from chainlib.path import is_root, issuer_candidates, same_key, same_name_other_key
from chainlib.wording import listed

TWO_EXPLANATIONS = (
    "an intermediate is not sent",
    "its issuer is a root that the gateway was not given",
)


def auth_certificate(case: Case) -> Iterator[Finding]:
    """v1: the first certificate must be one of the authentication certificates, byte for byte."""
    if not case.certificates:
        yield critical(
            Code.AUTH_CERTIFICATE_MISMATCH,
            "The server sends no certificate at all.",
            Basis.DOCUMENTED,
        )
    elif case.unique and case.unique[0] not in case.policy.anchors:
        given = [short_name(c) for c in case.anchors]
        summary = (
            f"{short_name(case.unique[0])} is not among the authentication certificates of the "
            "backend setting."
        )
        evidence = {"sha256": case.unique[0].sha256, "uploaded": given}
        yield critical(
            Code.AUTH_CERTIFICATE_MISMATCH,
            summary,
            Basis.DOCUMENTED,
            case.position(case.unique[0]),
            **evidence,
        )


def path(case: Case) -> Iterator[Finding]:
    """Where the path ends too early, or which root does not fit."""
    if case.trusted:
        yield from _reissued_root(case)
    elif case.lower is not None and not self_signed_not_ca(case):
        yield from _untrusted_beside_hidden(case) if case.trust_hidden else _untrusted(case)


def _untrusted(case: Case) -> Iterator[Finding]:
    yield from _gap(case)
    yield from _sent_root(case)
    yield from _not_attached(case)


def _untrusted_beside_hidden(case: Case) -> Iterator[Finding]:
    """The path's root may be an attached one whose content is hidden, or any that was not read.

    Missing certificates below the root are still reported.
    """
    below, anchors = case.gap_below, case.policy.anchors
    if below is not None and (namesakes := case.namesakes_sent(below)):
        yield _other_edition_sent(case, below, namesakes[0])
    elif below is not None and (
        case.upper is not None or (below == case.leaf and case.known_root_above(below) is None)
    ):
        yield _intermediate_missing(case, below)
    summary = f"Whether the gateway trusts the chain cannot be judged here: {case.trust_unseen}."
    names = list(anchors.hidden)
    kind = {"kind": "not-read"} if anchors.unread else {}
    yield warning(Code.TRUST_NOT_VISIBLE, summary, Basis.INFERRED, None, root_names=names, **kind)


def _gap(case: Case) -> Iterator[Finding]:
    below = case.gap_below
    if below is None:
        return
    known = case.known_root_above(below)
    if namesakes := case.namesakes_sent(below):
        yield _other_edition_sent(case, below, namesakes[0])
    elif case.upper is not None or (below == case.leaf and known is None):
        yield _intermediate_missing(case, below)
    elif case.policy.trust is TrustMode.UPLOADED_ROOTS:
        yield _no_root_signs(case, below)
    elif below == case.leaf and known is not None:
        yield _server_unknown_ca(case, below, short_name(known))
    else:
        yield _intermediate_unknown_ca(case, below)


def _intermediate_missing(case: Case, below: Certificate) -> Finding:
    summary = (
        f"The server does not send {issuer_name(below)}, the CA that signed {short_name(below)}."
    )
    evidence = missing_evidence(below) | (
        {} if case.upper else {"possibilities": list(TWO_EXPLANATIONS)}
    )
    if below.self_issued and signature_fits(below, below) is False:
        summary = (
            "A certificate names itself as its issuer, and its own key did not sign it: "
            f"{short_name(below)}."
        )
        evidence |= {"kind": "names-itself-as-issuer"}
    elif case.upper is None and _namesake_uploaded(case, below):
        summary = (
            f"{summary.removesuffix('.')}, and the uploaded root of that name has another key."
        )
        evidence |= {"kind": "same-name-other-key"}
    return critical(
        Code.INTERMEDIATE_MISSING, summary, Basis.DOCUMENTED, case.position(below), **evidence
    )


def _other_edition_sent(case: Case, below: Certificate, sent: Certificate) -> Finding:
    """A CA with the issuer's name was sent, but with another key or serial number.

    OpenSSL does not accept it as the issuer (X509_check_akid).
    """
    other_key = not verifies(below, sent)
    what = "another key" if other_key else "another serial number"
    summary = (
        f"The server sends {short_name(sent)} with {what} than the edition that signed "
        f"{short_name(below)}."
    )
    evidence = missing_evidence(below) | {
        "kind": "same-name-other-key" if other_key else "same-key-other-edition",
        "sent_sha256": sent.sha256,
        "sent_key_id": sent.subject_key_id.hex() if sent.subject_key_id else None,
        "sent_place": (case.position(sent) or 0) + 1,
    }
    return critical(
        Code.INTERMEDIATE_MISSING, summary, Basis.DOCUMENTED, case.position(below), **evidence
    )


def _no_root_signs(case: Case, below: Certificate) -> Finding:
    kind = _kind_of_gap(case, below)
    summary = (
        f"None of the roots uploaded to the gateway signed {short_name(below)}; its issuer is "
        f"{issuer_name(below)}."
    )
    evidence = missing_evidence(below) | {
        "kind": kind,
        "uploaded": _uploaded(case),
        "possibilities": list(TWO_EXPLANATIONS),
    }
    return critical(
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
        summary,
        Basis.DOCUMENTED,
        case.position(below),
        **evidence,
    )


def _kind_of_gap(case: Case, below: Certificate) -> str:
    if _namesake_uploaded(case, below):
        return "same-name-other-key"
    public = any(below.issued_by(c) for c in issuer_candidates(below, case.policy.public_roots))
    return "public-ca-with-uploaded-roots" if public else "other"


def _namesake_uploaded(case: Case, below: Certificate) -> bool:
    """Whether a root with the issuer's name but another key was uploaded.

    The CA was probably re-created.
    """
    return case.policy.trust is TrustMode.UPLOADED_ROOTS and any(
        is_root(c) for c in same_name_other_key(below, case.anchors)
    )


def _intermediate_unknown_ca(case: Case, below: Certificate) -> Finding:
    summary = (
        f"{short_name(below)} is signed by {issuer_name(below)}, which is no well-known CA, and "
        "the gateway was given no root for it."
    )
    evidence = missing_evidence(below) | {"possibilities": list(TWO_EXPLANATIONS)}
    return critical(
        Code.INTERMEDIATE_UNKNOWN_CA, summary, Basis.DOCUMENTED, case.position(below), **evidence
    )


def _server_unknown_ca(case: Case, certificate: Certificate, root: str) -> Finding:
    summary = (
        f"The chain ends in {root}, which is no well-known CA, and the gateway was given no root "
        "for it."
    )
    return critical(
        Code.SERVER_UNKNOWN_CA, summary, Basis.DOCUMENTED, case.position(certificate), root=root
    )


def _sent_root(case: Case) -> Iterator[Finding]:
    root = case.sent_root
    if root is None or root in case.policy.anchors:
        return
    if case.policy.trust is TrustMode.WELL_KNOWN:
        yield _server_unknown_ca(case, root, short_name(root))
        return
    kind = (
        "public-ca-with-uploaded-roots"
        if any(same_key(root, p) for p in case.policy.public_roots)
        else "other"
    )
    namesake = next((c for c in case.anchors if c.subject_key == root.subject_key), None)
    trusted = (
        f"another root of that name, with another key (SHA-256 {namesake.sha256[:16]}…)"
        if namesake
        else listed(_uploaded(case))
    )
    summary = f"The server's chain ends in {short_name(root)}; the gateway trusts {trusted}."
    evidence: dict[str, object] = {
        "kind": kind,
        "subject": root.subject,
        "sha256": root.sha256,
        "uploaded": _uploaded(case),
    }
    if namesake:
        evidence["namesake_sha256"] = namesake.sha256
    if case.upper is not None and kind == "other" and not namesake:
        summary = (
            f"The server also sends the root {short_name(root)}; the gateway trusts {trusted}. "
            "Which one the chain ends in cannot be told while a certificate is missing."
        )
        evidence["behind_gap"] = True
    yield critical(Code.ROOT_MISMATCH, summary, Basis.DOCUMENTED, case.position(root), **evidence)


def _reissued_root(case: Case) -> Iterator[Finding]:
    """The path is trusted through a re-issue of the presented root.

    It is unknown how Azure compares them.
    """
    if case.policy.trust is not TrustMode.UPLOADED_ROOTS or not case.needed:
        return
    anchor = case.needed[-1]
    for sent in filter(is_root, case.unique):
        if sent in case.policy.anchors:
            continue  # the presented root itself is uploaded as well
        if sent != anchor and same_key(sent, anchor):
            summary = (
                f"The server sends another edition of {short_name(anchor)} than the one uploaded; "
                "the key is the same."
            )
            evidence = {
                "kind": "same-key-other-certificate",
                "sha256": sent.sha256,
                "uploaded_sha256": anchor.sha256,
            }
            if anchor.not_after < case.at:
                evidence["uploaded_ended"] = f"{anchor.not_after:%Y-%m-%d}"
            yield warning(
                Code.ROOT_MISMATCH, summary, Basis.INFERRED, case.position(sent), **evidence
            )


def _not_attached(case: Case) -> Iterator[Finding]:
    """The required root is on the gateway but not attached to the setting."""
    root, below = case.sent_root, case.gap_below
    for uploaded in case.policy.unattached:
        candidate = uploaded.certificate
        fits = (root is not None and same_key(root, candidate)) or (
            below is not None and is_root(candidate) and below.issued_by(candidate)
        )
        if fits and candidate not in case.policy.anchors and not uploaded.on_other_gateway:
            summary = (
                f"The right root is already on the gateway as {uploaded.name}, only not attached "
                "to this backend setting."
            )
            evidence = {
                "root_name": uploaded.name,
                "gateway": uploaded.gateway,
                "sha256": candidate.sha256,
            }
            yield critical(Code.ROOT_NOT_ATTACHED, summary, Basis.REPORTED, None, **evidence)
            return


def _uploaded(case: Case) -> list[str]:
    names = case.policy.anchors.names
    return [names.get(c.sha256) or short_name(c) for c in case.anchors]
