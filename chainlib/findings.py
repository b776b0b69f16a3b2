"""Codes, severities, findings, and the verdict that contains them.

Only names and frozen values: `judge` decides codes and `explain` explains them. The order of `Code`
is the order in which the headline is chosen (docs/findings.md) and never changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from chainlib.frozen import dataclass
from chainlib.model import CertificationPath


class Code(StrEnum):
    """Every finding there is, in the order in which the headline is chosen.

    `OK` is the headline of a clean verdict.
    """

    DNS_FAILED = "DNS_FAILED"
    TCP_FAILED = "TCP_FAILED"
    NOT_TLS = "NOT_TLS"
    TLS_VERSION_UNSUPPORTED = "TLS_VERSION_UNSUPPORTED"
    SNI_REQUIRED = "SNI_REQUIRED"
    CLIENT_CERTIFICATE_REQUIRED = "CLIENT_CERTIFICATE_REQUIRED"
    TLS_FAILED = "TLS_FAILED"
    CERTIFICATE_UNREADABLE = "CERTIFICATE_UNREADABLE"
    AUTH_CERTIFICATE_MISMATCH = "AUTH_CERTIFICATE_MISMATCH"
    LEAF_MISSING = "LEAF_MISSING"
    LEAF_NOT_FIRST = "LEAF_NOT_FIRST"
    SELF_SIGNED_NOT_CA = "SELF_SIGNED_NOT_CA"
    CHAIN_OUT_OF_ORDER = "CHAIN_OUT_OF_ORDER"
    INTERMEDIATE_MISSING = "INTERMEDIATE_MISSING"
    SERVER_UNKNOWN_CA = "SERVER_UNKNOWN_CA"
    INTERMEDIATE_UNKNOWN_CA = "INTERMEDIATE_UNKNOWN_CA"
    UPLOADED_ROOT_UNUSABLE = "UPLOADED_ROOT_UNUSABLE"
    ROOT_NOT_ATTACHED = "ROOT_NOT_ATTACHED"
    ROOT_MISMATCH = "ROOT_MISMATCH"
    NO_UPLOADED_ROOT_SIGNS_CHAIN = "NO_UPLOADED_ROOT_SIGNS_CHAIN"
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    CA_CONSTRAINT_VIOLATED = "CA_CONSTRAINT_VIOLATED"
    VERIFY_FAILED = "VERIFY_FAILED"
    CERTIFICATE_EXPIRED = "CERTIFICATE_EXPIRED"
    CERTIFICATE_NOT_YET_VALID = "CERTIFICATE_NOT_YET_VALID"
    NAME_MISMATCH = "NAME_MISMATCH"
    LIVE_NAME_MISMATCH = "LIVE_NAME_MISMATCH"
    PROBE_TIMEOUT = "PROBE_TIMEOUT"
    HTTP_STATUS_MISMATCH = "HTTP_STATUS_MISMATCH"
    HTTP_BODY_MISMATCH = "HTTP_BODY_MISMATCH"
    HTTP_FAILED = "HTTP_FAILED"
    VALIDATION_OFF = "VALIDATION_OFF"
    NO_SNI = "NO_SNI"
    SERVERS_DIFFER = "SERVERS_DIFFER"
    CERTIFICATE_EXPIRING = "CERTIFICATE_EXPIRING"
    WEAK_CRYPTO = "WEAK_CRYPTO"
    HEALTH_UNKNOWN = "HEALTH_UNKNOWN"
    VANTAGE_DIFFERS = "VANTAGE_DIFFERS"
    PROBE_DISAGREES = "PROBE_DISAGREES"
    PROXY_PROTOCOL_EXPECTED = "PROXY_PROTOCOL_EXPECTED"
    CERTIFICATE_INVALID = "CERTIFICATE_INVALID"
    POOL_EMPTY = "POOL_EMPTY"
    TRUST_NOT_VISIBLE = "TRUST_NOT_VISIBLE"
    GATEWAY_PROVISIONING_FAILED = "GATEWAY_PROVISIONING_FAILED"
    SKU_RETIRED = "SKU_RETIRED"
    ENCODING_UNUSUAL = "ENCODING_UNUSUAL"
    UNRECOGNISED = "UNRECOGNISED"
    DEFAULT_CERTIFICATE_DIFFERS = "DEFAULT_CERTIFICATE_DIFFERS"
    CHAIN_EXTRA = "CHAIN_EXTRA"
    OK = "OK"


_RANK: Mapping[Code, int] = MappingProxyType({code: place for place, code in enumerate(Code)})


def rank(code: Code) -> int:
    """Position of a code in headline order; smaller comes first."""
    return _RANK[code]


class Severity(StrEnum):
    """How much a finding matters: `critical` means that requests fail."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Basis(StrEnum):
    """Why a finding is believed.

    No real gateway could be observed, so each finding says what it is based on. `GATEWAY` is the
    gateway's own statement about this server, in backend health.
    """

    DOCUMENTED = "documented"
    OPENSSL = "openssl"
    REPORTED = "reported"
    INFERRED = "inferred"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault or remark.

    Attributes:
        code: stable name, the key of the catalogue in docs/findings.md.
        severity: of this occurrence.
        summary: one plain sentence; may contain text from certificates, so escape it where it is
            shown.
        certificate: position in the presented chain of the certificate at fault; `None` if it is
            none of them.
        evidence: JSON-compatible facts.
        basis: why it is believed.
    """

    code: Code
    severity: Severity
    summary: str
    basis: Basis
    certificate: int | None = None
    evidence: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


class Role(StrEnum):
    """The role of a presented certificate."""

    LEAF = "leaf"
    INTERMEDIATE = "intermediate"
    ROOT = "root"
    OTHER = "other"


class Status(StrEnum):
    """The fault of a presented certificate, if any."""

    OK = "ok"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    MISPLACED = "misplaced"
    DUPLICATE = "duplicate"
    UNRELATED = "unrelated"
    OTHER_KEY = "other-key"
    BAD_SIGNATURE = "bad-signature"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Role and status of one presented certificate."""

    position: int
    role: Role
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the gateway would decide.

    Attributes:
        findings: all findings in headline order: critical first, then warnings, then information.
        at: the instant of the verdict, time zone aware, UTC.
        entries: role and status of each presented certificate, in the order sent.
        path: the certification path as far as it could be built.
        not_checked: what was not checked, for users.
        in_order: one sentence about what was checked, if nothing is wrong; may be empty.
        case: the input of the rules, kept so that a repair need not verify the path again; a
            `chainlib.judge.case.Case`, `None` if no chain was presented.
    """

    findings: tuple[Finding, ...]
    at: datetime
    entries: tuple[Entry, ...] = ()
    path: CertificationPath = field(
        default_factory=lambda: CertificationPath(elements=(), complete=False)
    )
    not_checked: tuple[str, ...] = ()
    in_order: str = ""
    case: object = field(default=None, compare=False, repr=False)

    @property
    def accepted(self) -> bool:
        """Whether the gateway would accept the backend: no finding is critical."""
        return not any(f.severity is Severity.CRITICAL for f in self.findings)

    @property
    def headline(self) -> Code:
        """The headline of its findings."""
        return headline_of(self.findings)

    @property
    def hidden(self) -> frozenset[Code]:
        """Codes that would be critical without the setting's validation switches."""
        off = next((f for f in self.findings if f.code is Code.VALIDATION_OFF), None)
        return frozenset(map(Code, off.evidence.get("silenced", ()))) if off else frozenset()

    @property
    def codes(self) -> frozenset[Code]:
        """Every code, whatever its severity."""
        return frozenset(f.code for f in self.findings)


def headline_of(findings: tuple[Finding, ...]) -> Code:
    """The headline of findings that are in headline order.

    The first critical finding, else `VALIDATION_OFF`, else the first warning, else `OK`.
    """
    if not findings:
        return Code.OK
    accepted = not any(f.severity is Severity.CRITICAL for f in findings)
    if accepted and any(f.code is Code.VALIDATION_OFF for f in findings):
        return Code.VALIDATION_OFF
    return next((f.code for f in findings if f.severity is not Severity.INFO), Code.OK)


def gateway_finding(
    code: Code, summary: str, *, healthy: bool = False, evidence: Mapping[str, Any] | None = None
) -> Finding:
    """A cause that backend health gives for a server.

    Args:
        code: the code of Azure's message.
        summary: one plain sentence; it may quote Azure, so it is hostile text.
        healthy: whether the gateway calls the server healthy all the same.
        evidence: JSON-compatible facts, such as Azure's message.

    Returns:
        A finding with basis `gateway`: critical if the gateway calls the server unhealthy, else a
        warning.
    """
    return Finding(
        code=code,
        severity=Severity.WARNING if healthy else Severity.CRITICAL,
        summary=summary,
        basis=Basis.GATEWAY,
        evidence=MappingProxyType(dict(evidence or {})),
    )


_WEIGHT = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


def in_headline_order(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Sort findings by severity, then by the order of `Code`, then by position."""
    return tuple(
        sorted(
            findings,
            key=lambda f: (
                _WEIGHT[f.severity],
                rank(f.code),
                -1 if f.certificate is None else f.certificate,
            ),
        )
    )
