"""Compares backend health of one server with our probe of it, as findings. Pure."""

from dataclasses import replace

from bot.checks.same_faults import same_fault
from bot.domain.azure import (
    BackendServer,
    GatewayMessage,
    Health,
)
from bot.domain.report import DISAGREEMENT_CODES, NOT_REACHED, GatewayReport, MemberReport
from chainlib import (
    Basis,
    Code,
    Finding,
    Severity,
    Sku,
    gateway_finding,
)
from chainlib.wording import listed

# Codes that break live traffic while the health probe succeeds, so a Healthy gateway does not
# contradict them.
_UNSEEN_BY_THE_PROBE = frozenset({Code.LIVE_NAME_MISMATCH})
_UNREAD_UPLOADS = frozenset({"undecodable", "double-encoded", "bundle", "pkcs7"})
_SHOWN = 600
_NO_CONNECTION = frozenset({Code.DNS_FAILED, Code.TCP_FAILED})
_MAYBE_UNREACHED = frozenset({*_NO_CONNECTION, Code.PROBE_TIMEOUT})
_NO_CAUSE = frozenset({Code.OK, Code.UNRECOGNISED, Code.HEALTH_UNKNOWN})
"""Codes of messages that name no cause."""
_ABOUT_TRUST = frozenset(
    {
        Code.ROOT_MISMATCH,
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
        Code.SERVER_UNKNOWN_CA,
        Code.INTERMEDIATE_UNKNOWN_CA,
        Code.UPLOADED_ROOT_UNUSABLE,
        Code.VERIFY_FAILED,
    }
)


def said_by_health(finding: Finding) -> bool:
    """Whether an earlier comparison with backend health made this finding."""
    return (
        finding.code in DISAGREEMENT_CODES
        or finding.basis is Basis.GATEWAY
        or finding.code is Code.UNRECOGNISED
    )


def confirmed(finding: Finding, server: BackendServer) -> Finding:
    """Make a warning of ours critical if the gateway gives exactly the same reason."""
    if finding.severity is not Severity.WARNING or server.health is not Health.UNHEALTHY:
        return finding
    said = server.message.code if server.message else None
    broken_upload = (
        finding.code is Code.UPLOADED_ROOT_UNUSABLE
        and finding.evidence.get("kind") in _UNREAD_UPLOADS
        and said in {Code.ROOT_MISMATCH, Code.NO_UPLOADED_ROOT_SIGNS_CHAIN}
    )
    if said is None or (said is not finding.code and not broken_upload):
        return finding
    evidence = {**finding.evidence, "gateway_code": said.value}
    return replace(finding, severity=Severity.CRITICAL, basis=Basis.REPORTED, evidence=evidence)


def reached_by_gateway(finding: Finding, server: BackendServer) -> Finding:
    """Note on a failed connection of ours that the gateway's own connection succeeded."""
    if finding.code not in _NO_CONNECTION:
        return finding
    said = server.message.code if server.message else Code.OK
    reached = server.health is Health.HEALTHY or (
        server.health is Health.UNHEALTHY and said not in _NO_CAUSE | _MAYBE_UNREACHED
    )
    noted = {"reached_by_gateway": True} if reached else {}
    before = {key: value for key, value in finding.evidence.items() if key not in noted}
    return replace(finding, evidence=before | noted)


def hidden_root_may_explain(finding: Finding, beside: tuple[Finding, ...]) -> Finding:
    """Make a missing issuer a warning if it may lie below a root that only the gateway can see."""
    unsure = finding.code is Code.INTERMEDIATE_MISSING and "possibilities" in finding.evidence
    hidden = any(one.code is Code.TRUST_NOT_VISIBLE for one in beside)
    return replace(finding, severity=Severity.WARNING) if unsure and hidden else finding


def named_cause(server: BackendServer, own: tuple[Finding, ...], sku: Sku) -> tuple[Finding, ...]:
    """The cause that backend health gives, if our probe did not find the same fault."""
    message = server.message
    if message is None or message.code in {Code.OK, Code.HEALTH_UNKNOWN}:
        return ()
    if message.code is Code.UNRECOGNISED:
        unread = message.text or message.name
        summary = f"The gateway gives a reason that the bot does not know: {unread[:_SHOWN]}"
        said = (_finding(Code.UNRECOGNISED, summary, server),)
        return said if server.health is Health.UNHEALTHY else ()
    doubted = server.health is not Health.UNHEALTHY
    same = same_fault(message)
    if any(f.code in same and f.severity is Severity.CRITICAL for f in own):
        return ()
    if any(f.code is message.code and (doubted or f.severity is Severity.CRITICAL) for f in own):
        return ()
    summary = f"Backend health reports this for the server: {_message_text(message)}"
    return (
        gateway_finding(
            message.code,
            summary,
            healthy=server.health is not Health.UNHEALTHY,
            evidence=_evidence(server) | _in_vault(message.code, own) | {"sku": sku.value},
        ),
    )


def _in_vault(said: Code, own: tuple[Finding, ...]) -> dict[str, str]:
    """The names of roots that only the gateway can see, if backend health blames trust."""
    if said not in _ABOUT_TRUST:
        return {}
    hidden = (f.evidence.get("root_names", ()) for f in own if f.code is Code.TRUST_NOT_VISIBLE)
    names = [str(name) for one in hidden for name in one]
    return {"root_in_vault": listed(names)} if names else {}


def _message_text(message: GatewayMessage) -> str:
    """The text of the message, or its error name if there is no text."""
    return (message.text or f"{message.name}.")[:_SHOWN]


def _evidence(server: BackendServer) -> dict[str, object]:
    message = server.message
    said: dict[str, object] = {"address": server.address, "gateway_health": server.health_text}
    if message:
        numbers = {
            "expected": message.expected,
            "received": message.received,
            "error_code": message.error_code,
        }
        said |= {
            "gateway_code": message.code.value,
            "message": message.text,
            "name": message.name or None,
        }
        said |= {key: value for key, value in numbers.items() if value is not None}
    return said | ({"more": dict(server.more)} if server.more else {})


def compare(
    report: GatewayReport, member: MemberReport, server: BackendServer, own: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    """The findings about a disagreement between backend health and the probe."""
    refused = {
        f.code
        for f in own
        if f.severity is Severity.CRITICAL and f.code not in _UNSEEN_BY_THE_PROBE
    }
    if server.health is Health.UNKNOWN:
        return (_unknown(report, server),)
    if member.report is None:
        return ()
    hidden = any(f.code is Code.TRUST_NOT_VISIBLE for f in own)
    if server.health is Health.UNHEALTHY and not _sees_the_same(server, refused, hidden=hidden):
        passes = "passes" if not refused else "finds another fault"
        silent = "" if server.message else " and gives no reason"
        summary = (
            f"The gateway calls this server {server.health_text.lower()}{silent}, the bot's own "
            f"probe {passes}: the gateway probes from another subnet, or its last probe is older."
        )
        differs = _finding(Code.VANTAGE_DIFFERS, summary, server)
        return (*_not_retrieved(server), differs)
    if server.health is Health.HEALTHY and refused:
        return (_healthy_for_the_gateway(server, refused),)
    return ()


def _not_retrieved(server: BackendServer) -> tuple[Finding, ...]:
    """Unhealthy with the text of Unknown, which ARM was recorded to give (azure-rules, rule 2)."""
    if server.message is None or server.message.code is not Code.HEALTH_UNKNOWN:
        return ()
    summary = (
        f"The gateway calls this server {server.health_text.lower()}, but only since it could not "
        "determine the health; traffic may still flow."
    )
    return (_finding(Code.HEALTH_UNKNOWN, summary, server),)


def _healthy_for_the_gateway(server: BackendServer, refused: set[Code]) -> Finding:
    """The gateway calls a server healthy that our probe refuses or does not reach."""
    if refused <= _NO_CONNECTION:
        summary = (
            "The gateway calls this server healthy, the bot's own probe does not reach it: the "
            "bot's network may have no way to it."
        )
        return _finding(Code.PROBE_DISAGREES, summary, server, kind=NOT_REACHED)
    summary = (
        "The gateway still calls this server healthy, the bot's own probe fails: the "
        "gateway's failure threshold may not be reached yet."
    )
    return _finding(Code.PROBE_DISAGREES, summary, server)


def _sees_the_same(server: BackendServer, refused: set[Code], *, hidden: bool) -> bool:
    """Whether our probe fails for the reason that the gateway gives, or could not judge it.

    If the gateway gives no reason, any failure counts; if a root is hidden, only the gateway can
    judge trust.
    """
    said = server.message.code if server.message else Code.OK
    if hidden and said in _ABOUT_TRUST:
        return True
    if said in _NO_CAUSE or said is Code.VERIFY_FAILED:
        return bool(refused)
    if said is Code.PROXY_PROTOCOL_EXPECTED:
        return bool(refused & {Code.TLS_FAILED, Code.NOT_TLS, Code.PROXY_PROTOCOL_EXPECTED})
    return said in refused or bool(server.message and refused & same_fault(server.message))


def _unknown(report: GatewayReport, server: BackendServer) -> Finding:
    if server.raw_health.lower() != "unknown":
        return _finding(
            Code.HEALTH_UNKNOWN, _of_unknown_health(server.raw_health), server, kind="odd-word"
        )
    said = server.message
    if said is not None and said.code is Code.UNRECOGNISED:
        unread = (said.text or said.name)[:_SHOWN]
        summary = f"The gateway could not determine the health, and says: {unread}"
        return _finding(Code.HEALTH_UNKNOWN, summary, server, kind="odd-word")
    summary = "The gateway could not determine the health; traffic may still flow."
    if not report.gateway.private_only:
        return _finding(Code.HEALTH_UNKNOWN, summary, server)
    return _finding(
        Code.HEALTH_UNKNOWN,
        f"{summary} It has a private frontend only, for which this is usual.",
        server,
        kind="private-only",
    )


def _of_unknown_health(word: str) -> str:
    """The finding for a health word that is neither healthy, unhealthy nor unknown."""
    if not word:
        return "The gateway lists this server without saying whether it is healthy."
    if word.lower() == "draining":
        return (
            "The gateway calls this server Draining: it sends no new requests there and lets those "
            "that run come to their end."
        )
    return (
        f"The gateway calls this server {word}, a word that is not known here: whether requests "
        "reach it cannot be told from that."
    )


def _finding(code: Code, summary: str, server: BackendServer, **more: str) -> Finding:
    return Finding(
        code=code,
        severity=Severity.WARNING,
        summary=summary,
        basis=Basis.INFERRED,
        evidence=_evidence(server) | more,
    )
