"""The vocabulary of verdicts: codes, severities, findings, and the verdict that holds them.

What may live here: names and frozen values. How a code is decided is in `judge`, how it is
explained is in `explain`.
The order of `Code` is binding: it is the order in which the headline is chosen (docs/findings.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

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
    """Place of a code in headline order; smaller comes first."""
    return _RANK[code]


class Severity(StrEnum):
    """How much a finding matters: `critical` means that requests fail."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Basis(StrEnum):
    """Why a finding is believed.

    No real gateway could be observed, so nothing claims more than its basis. `GATEWAY` is the
    gateway's own statement about this very server, in its backend health.
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
        summary: one plain sentence; may hold text from certificates, so it is hostile input for
            whoever shows it.
        certificate: position in the presented list of the certificate at fault, `None` when it is
            none of them.
        evidence: JSON-ready facts.
        basis: why it is believed.
    """

    code: Code
    severity: Severity
    summary: str
    basis: Basis
    certificate: int | None = None
    evidence: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


class Role(StrEnum):
    """What a presented certificate is."""

    LEAF = "leaf"
    INTERMEDIATE = "intermediate"
    ROOT = "root"
    OTHER = "other"


class Status(StrEnum):
    """What is wrong with a presented certificate where it stands."""

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
        findings: all of them, in headline order: critical first, then warnings, then information.
        at: the instant judged at, aware, UTC.
        entries: role and status of each presented certificate, in the order sent.
        path: the certification path as far as it could be built.
        not_checked: what was not looked at, for people.
        in_order: what was found to be in order where nothing is wrong, one sentence; empty where
            that was not composed.
        case: what the rules looked at, kept so that a repair need not verify the path again; a
            `chainlib.judge.case.Case`, `None` where no list came.
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
        """The first critical finding, else `VALIDATION_OFF`, else the first warning, else `OK`."""
        if self.accepted and Code.VALIDATION_OFF in self.codes:
            return Code.VALIDATION_OFF
        heads = [f.code for f in self.findings if f.severity is not Severity.INFO]
        return heads[0] if heads else Code.OK

    @property
    def hidden(self) -> frozenset[Code]:
        """Codes that would be critical if the setting's validation were not switched off."""
        off = next((f for f in self.findings if f.code is Code.VALIDATION_OFF), None)
        return frozenset(map(Code, off.evidence.get("silenced", ()))) if off else frozenset()

    @property
    def codes(self) -> frozenset[Code]:
        """Every code that was found, severities aside."""
        return frozenset(f.code for f in self.findings)


def gateway_finding(
    code: Code, summary: str, *, healthy: bool = False, evidence: Mapping[str, Any] | None = None
) -> Finding:
    """A cause that the gateway itself names for a server in its backend health.

    Args:
        code: the code of Azure's message.
        summary: one plain sentence; it may quote the gateway, so it is hostile text.
        healthy: whether the gateway calls the server healthy all the same.
        evidence: JSON-ready facts, such as the gateway's message.

    Returns:
        A finding of basis `gateway`: critical while the gateway calls the server unhealthy, else
        a warning.
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
    """Sort findings as a verdict holds them.

    By severity, then by the order of `Code`, then by position.
    """
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
