"""Applies the setting's validation switches to the findings.

Findings that a switch suppresses stay listed as warnings, and `VALIDATION_OFF` names them.
"""

from __future__ import annotations

from dataclasses import replace

from chainlib.findings import Basis, Code, Finding, Severity, rank
from chainlib.judge.build import warning
from chainlib.policy import GatewayPolicy
from chainlib.wording import listed

CHAIN_SWITCH_CODES = frozenset(
    {
        Code.AUTH_CERTIFICATE_MISMATCH,
        Code.LEAF_MISSING,
        Code.LEAF_NOT_FIRST,
        Code.SELF_SIGNED_NOT_CA,
        Code.CHAIN_OUT_OF_ORDER,
        Code.INTERMEDIATE_MISSING,
        Code.SERVER_UNKNOWN_CA,
        Code.INTERMEDIATE_UNKNOWN_CA,
        Code.UPLOADED_ROOT_UNUSABLE,
        Code.ROOT_NOT_ATTACHED,
        Code.ROOT_MISMATCH,
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
        Code.SIGNATURE_INVALID,
        Code.CA_CONSTRAINT_VIOLATED,
        Code.VERIFY_FAILED,
        Code.CERTIFICATE_EXPIRED,
        Code.CERTIFICATE_NOT_YET_VALID,
        Code.WEAK_CRYPTO,
    }
)
"""Codes that `GatewayPolicy.validate_chain` switched off turns into warnings."""
NAME_SWITCH_CODES = frozenset({Code.NAME_MISMATCH, Code.LIVE_NAME_MISMATCH})
"""Codes that `GatewayPolicy.validate_name` switched off turns into warnings."""
_LISTED = 2


def apply_switches(findings: tuple[Finding, ...], policy: GatewayPolicy) -> tuple[Finding, ...]:
    """Turn suppressed findings into warnings and add `VALIDATION_OFF`."""
    if policy.validate_chain and policy.validate_name:
        return findings
    off = (frozenset() if policy.validate_chain else CHAIN_SWITCH_CODES) | (
        frozenset() if policy.validate_name else NAME_SWITCH_CODES
    )
    silenced = sorted(
        {f.code.value for f in findings if f.code in off and f.severity is Severity.CRITICAL}
    )
    quiet = tuple(
        replace(f, severity=Severity.WARNING)
        if f.code in off and f.severity is Severity.CRITICAL
        else f
        for f in findings
    )
    return (*quiet, _validation_off(policy, silenced))


def _validation_off(policy: GatewayPolicy, silenced: list[str]) -> Finding:
    flags = {"chain and dates": policy.validate_chain, "the name": policy.validate_name}
    switches = [what for what, on in flags.items() if not on]
    summary = f"The setting does not validate {' or '.join(switches)}{_hidden(silenced)}."
    return warning(
        Code.VALIDATION_OFF, summary, Basis.DOCUMENTED, None, switches=switches, silenced=silenced
    )


def _hidden(silenced: list[str]) -> str:
    """The worst of the suppressed codes, for the sentence; the evidence has all of them."""
    worst = sorted(silenced, key=lambda code: rank(Code(code)))
    return f", which hides: {listed(worst, shown=_LISTED)}" if worst else ""
