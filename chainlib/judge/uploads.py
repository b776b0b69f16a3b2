"""Rules about uploaded roots that cannot serve as trust anchors (azure-rules row 17).

ARM does not validate uploads.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from chainlib.certificate import Certificate
from chainlib.findings import Basis, Code, Finding
from chainlib.judge.build import critical, short_name, successor_evidence, warning
from chainlib.judge.case import Case
from chainlib.model import TrustMode
from chainlib.path import is_root, issuer_candidates
from chainlib.wording import counted


def uploads(case: Case) -> Iterator[Finding]:
    """The faults of each upload, whether it is needed or not."""
    if case.policy.trust is not TrustMode.UPLOADED_ROOTS:
        return
    yield from _undecodable(case)
    yield from _packed(case)
    for uploaded in case.anchors:
        if not (_is_usable_root(uploaded) and _in_date(uploaded, case.at)):
            yield from _upload(case, uploaded)


def _is_usable_root(uploaded: Certificate) -> bool:
    return uploaded.is_ca and uploaded.version != 1 and is_root(uploaded)


def _in_date(uploaded: Certificate, at: datetime) -> bool:
    return uploaded.not_before <= at <= uploaded.not_after


def _undecodable(case: Case) -> Iterator[Finding]:
    """Uploads without a certificate; critical if no other upload leads to a trusted path."""
    if not case.policy.anchors.undecodable:
        return
    needed = case.leaf is not None and not case.trusted and not case.trust_hidden
    found, basis = (critical if needed else warning), Basis.REPORTED
    for broken in case.policy.anchors.undecodable:
        what = (
            "was encoded twice, so the gateway finds no certificate in it"
            if broken.kind == "double-encoded"
            else "is no readable certificate"
        )
        reason = f": {broken.reason.rstrip('.')}" if broken.reason else ""
        yield found(
            Code.UPLOADED_ROOT_UNUSABLE,
            f"The uploaded root {broken.name} {what}{reason}.",
            basis,
            None,
            kind=broken.kind,
            root_name=broken.name,
        )


def _packed(case: Case) -> Iterator[Finding]:
    """Uploads with several certificates; whether Azure reads them all is not documented."""
    for packed in case.policy.anchors.packed:
        count = counted(packed.count, "certificate")
        form = "a PKCS #7 bag with" if packed.kind == "pkcs7" else "a bundle of"
        summary = (
            f"The uploaded root {packed.name} is {form} {count}, not one certificate: the gateway "
            "may read only the first of them, or none."
        )
        yield warning(
            Code.UPLOADED_ROOT_UNUSABLE,
            summary,
            Basis.INFERRED,
            None,
            kind=packed.kind,
            root_name=packed.name,
            count=packed.count,
        )


def _upload(case: Case, uploaded: Certificate) -> Iterator[Finding]:
    needed = uploaded in case.needed
    refused = case.undated is not None and not case.undated.accepted
    for kind, text in _structural_faults(uploaded):
        # OpenSSL accepts a version 1 root, so a refusal has another reason.
        above = _root_above(case, uploaded) if kind == "intermediate" else {}
        yield _unusable(
            case, uploaded, kind, text, serious=needed and refused and kind != "version-1", **above
        )
    for kind, text in _date_faults(uploaded, case):
        yield _unusable(
            case,
            uploaded,
            kind,
            text,
            **successor_evidence(uploaded),
            **_current_edition(case, uploaded),
            serious=needed and case.dated is not None and not case.dated.accepted,
        )


def _structural_faults(uploaded: Certificate) -> Iterator[tuple[str, str]]:
    if not is_root(uploaded):
        yield (
            ("intermediate", "is an intermediate, not a root")
            if uploaded.is_ca
            else ("leaf", "is a server certificate, not a root")
        )
    elif uploaded.version == 1:
        yield "version-1", "is an X.509 version 1 certificate, which cannot be marked as a CA"
    elif not uploaded.is_ca:
        yield "not-ca", "is not marked as a CA"


def _root_above(case: Case, uploaded: Certificate) -> dict[str, str]:
    """The uploaded root above an uploaded intermediate, which makes the path valid."""
    above = (c for c in issuer_candidates(uploaded, case.anchors) if is_root(c))
    found = next((c for c in above if uploaded.issued_by(c)), None)
    return {"root_above": found.subject} if found else {}


def _current_edition(case: Case, uploaded: Certificate) -> dict[str, str]:
    """Another uploaded root of that name is the one in use, so this one can go."""
    used = case.needed[-1] if case.dated is not None and case.dated.accepted else None
    renewed = used is not None and used != uploaded and used.subject_key == uploaded.subject_key
    return {"current_edition": "uploaded"} if renewed else {}


def _date_faults(uploaded: Certificate, case: Case) -> Iterator[tuple[str, str]]:
    if case.at > uploaded.not_after:
        yield "expired", f"expired on {uploaded.not_after:%Y-%m-%d}"
    elif case.at < uploaded.not_before:
        yield "not-yet-valid", f"is not valid before {uploaded.not_before:%Y-%m-%d}"


def _unusable(
    case: Case,
    uploaded: Certificate,
    kind: str,
    text: str,
    *,
    serious: bool,
    **more: str,
) -> Finding:
    name = case.policy.anchors.names.get(uploaded.sha256)
    label = f"{name} ({short_name(uploaded)})" if name else short_name(uploaded)
    found, basis = (critical, Basis.OPENSSL) if serious else (warning, Basis.INFERRED)
    evidence = {
        "kind": kind,
        "subject": uploaded.subject,
        "sha256": uploaded.sha256,
        "root_name": name,
        **more,
    }
    return found(
        Code.UPLOADED_ROOT_UNUSABLE, f"The uploaded root {label} {text}.", basis, None, **evidence
    )
