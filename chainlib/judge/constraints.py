"""Rules about what the CAs of a path may sign: CA flag, key usage, path length, names.

RFC 5280 sections 4.2.1.3, 4.2.1.9 and 4.2.1.10. OpenSSL decides; these rules find the CA and, for
name constraints, the name.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence

from cryptography import x509

from chainlib.certificate import Certificate
from chainlib.findings import Basis, Code, Finding
from chainlib.frozen import dataclass
from chainlib.judge.build import critical, short_name
from chainlib.judge.case import Case
from chainlib.model import TrustMode, is_ip_literal
from chainlib.names import is_dns_name, presented_identifiers
from chainlib.openssl import OpenSSLResult, verify_path
from chainlib.path import PartialPath, is_root
from chainlib.wording import counted, listed, visible

CONSTRAINT_CODES = frozenset({24, 25, 32, 37, 47, 48, 49, 50, 51, 52, 53, 54, 79})
_NAME_CODES = frozenset({47, 48, 49, 50, 51, 52, 53, 54})
_PATH_LENGTH_CODE = 25


def may_sign(case: Case) -> Iterator[Finding]:
    """A required issuer that may not sign certificates at all."""
    if case.trusted:
        return
    for path in (path for path in (case.lower, case.upper) if path is not None):
        for issuer in path.certificates[1:]:
            if not _may_issue(issuer):
                yield _violated(
                    case,
                    issuer,
                    "not-ca",
                    "signed a certificate although it is not marked as a CA that may",
                )


def _may_issue(certificate: Certificate) -> bool:
    """OpenSSL's check_ca: keyUsage must permit it.

    Without basicConstraints, a version 1 root or keyCertSign is enough.
    """
    if certificate.may_sign_certificates is False:
        return False
    if certificate.has_basic_constraints:
        return certificate.is_ca
    return (
        certificate.version == 1 and is_root(certificate)
    ) or certificate.may_sign_certificates is True


def named_violation(case: Case, refusal: OpenSSLResult) -> Finding | None:
    """The finding that says whose constraint OpenSSL's refusal is about; `None` if unknown."""
    path = case.lower
    if path is None:
        return None
    if refusal.code in _NAME_CODES:
        return _names_refused(case, path, refusal)
    if refusal.code == _PATH_LENGTH_CODE:
        return _too_long(case, path, refusal)
    return None


def _too_long(case: Case, path: PartialPath, refusal: OpenSSLResult) -> Finding | None:
    for place, issuer in enumerate(path.certificates[1:], start=1):
        limits = issuer.extension(x509.BasicConstraints)
        allowed = limits.path_length if limits else None
        below = sum(not one.self_issued for one in path.certificates[1:place])
        if allowed is not None and below > allowed:
            text = f"allows {counted(allowed, 'CA')} below it, and the chain has {below}"
            return _violated(case, issuer, "path-length", text, refusal, allowed=allowed)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limits:
    permitted: tuple[x509.GeneralName, ...]
    excluded: tuple[x509.GeneralName, ...]


def _names_refused(case: Case, path: PartialPath, refusal: OpenSSLResult) -> Finding | None:
    """The lowest CA whose name constraints make OpenSSL refuse, tested one CA at a time."""
    for place, issuer in enumerate(path.certificates[1:], start=1):
        limits = _limits_of(issuer)
        if limits is None or not _refuses(path.certificates[: place + 1], issuer):
            continue
        below = path.certificates[:place]
        culprit, names = next(
            ((one, bad) for one in below if (bad := _outside(one, limits, one is below[0]))),
            (below[0], []),
        )
        text = f"{_limit_in_words(limits)}; {_refused_in_words(culprit, names)}"
        return _violated(
            case,
            issuer,
            "name-constraints",
            text,
            refusal,
            refused_names=[visible(name) for name in names],
            refused_subject=culprit.subject,
            permitted=_texts(limits.permitted),
            excluded=_texts(limits.excluded),
        )
    return None


def _refuses(path: Sequence[Certificate], top: Certificate) -> bool:
    answer = verify_path(path[0], path[1:-1], [top], at=None, partial_chain=True)
    return answer.code in _NAME_CODES


def _limits_of(certificate: Certificate) -> _Limits | None:
    found = certificate.extension(x509.NameConstraints)
    if found is None:
        return None
    return _Limits(
        permitted=tuple(found.permitted_subtrees or ()),
        excluded=tuple(found.excluded_subtrees or ()),
    )


def _outside(certificate: Certificate, limits: _Limits, is_leaf: bool) -> list[str]:  # noqa: FBT001 -- the last of three, read at its one call
    names = presented_identifiers(certificate) if is_leaf else certificate.dns_names
    dns = [name for name in names if is_dns_name(name.removeprefix("*."))]
    return [name for name in dns if not _dns_allowed(name.lower(), limits)] + [
        address
        for address in certificate.ip_addresses
        if is_ip_literal(address) and not _address_allowed(address, limits)
    ]


def _dns_allowed(name: str, limits: _Limits) -> bool:
    permitted = [one.value.lower() for one in limits.permitted if isinstance(one, x509.DNSName)]
    excluded = [one.value.lower() for one in limits.excluded if isinstance(one, x509.DNSName)]
    if any(_below(name, base) for base in excluded):
        return False
    return not permitted or any(_below(name, base) for base in permitted)


def _below(name: str, base: str) -> bool:
    return not base or name == base or name.endswith(base if base[0] == "." else f".{base}")


def _address_allowed(address: str, limits: _Limits) -> bool:
    own = ipaddress.ip_address(address)
    permitted, excluded = _networks(limits.permitted), _networks(limits.excluded)
    if any(own in network for network in excluded):
        return False
    return not permitted or any(own in network for network in permitted)


def _networks(
    names: Iterable[x509.GeneralName],
) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    values = (one.value for one in names if isinstance(one, x509.IPAddress))
    return [one for one in values if isinstance(one, ipaddress.IPv4Network | ipaddress.IPv6Network)]


def _texts(names: Iterable[x509.GeneralName]) -> list[str]:
    return [visible(_text(one)) for one in names]


def _text(name: x509.GeneralName) -> str:
    if isinstance(name, x509.DirectoryName):
        return name.value.rfc4514_string()
    return str(name.value)


def _limit_in_words(limits: _Limits) -> str:
    parts = []
    if limits.permitted:
        parts.append(f"may sign only for {listed(_texts(limits.permitted))}")
    if limits.excluded:
        parts.append(f"may not sign for {listed(_texts(limits.excluded))}")
    return " and ".join(parts)


def _refused_in_words(culprit: Certificate, names: Sequence[str]) -> str:
    if names:
        return f"{listed([visible(name) for name in names])} is outside that"
    return f"a name of {short_name(culprit)} is outside that"


def _violated(
    case: Case,
    issuer: Certificate,
    kind: str,
    text: str,
    refusal: OpenSSLResult | None = None,
    **more: object,
) -> Finding:
    uploaded = (
        case.policy.trust is TrustMode.UPLOADED_ROOTS
        and issuer in case.policy.anchors
        and case.position(issuer) is None
    )
    who = f"The uploaded root {short_name(issuer)}" if uploaded else short_name(issuer)
    evidence = {
        "kind": kind,
        "subject": issuer.subject,
        "sha256": issuer.sha256,
        "uploaded_root": uploaded,
    }
    opened = {"openssl": refusal.as_evidence()} if refusal else {}
    return critical(
        Code.CA_CONSTRAINT_VIOLATED,
        f"{who} {text}.",
        Basis.OPENSSL,
        case.position(issuer),
        **evidence,
        **opened,
        **more,
    )
