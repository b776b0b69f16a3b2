"""An anonymous record of backend health next to our verdict. Pure.

Users can send it in, and a test replays it (docs/observe.md). It holds Azure's messages with every
name replaced, certificates as shapes (how they are linked, not whose), and as DER by consent.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from bot.domain.azure import BackendServer, BackendSetting, Gateway
from bot.domain.report import GatewayReport, MemberReport
from chainlib import (
    CATALOGUE,
    Certificate,
    Code,
    Finding,
    GatewayPolicy,
    PresentedChain,
    Severity,
    Source,
    TrustMode,
    judge,
)

SCHEMA = 1
KIND = "appgw-observation"
_LONGEST = 600
_SHORT = 2
"""A shorter name may be a syllable of any word, so it is not replaced inside words."""
_HOUR = 3600
_DISAGREE = frozenset({Code.VANTAGE_DIFFERS, Code.PROBE_DISAGREES})
_ERROR_NAME = re.compile(r"[A-Za-z]{1,140}")
_QUOTED_BODY = re.compile(r"(body (?:doesn.t|does not) contain\b).*", re.IGNORECASE | re.DOTALL)
_MICROSOFT = re.compile(r"https://(?:aka\.ms|learn\.microsoft\.com)/[\w/.#-]+", re.IGNORECASE)
_PUNCTUATION = "-'\"`.,;:()[]{}<>*\u2018\u2019\u201c\u201d"
_PLAIN_WORD = re.compile(
    r"[\W_]*(?:[^\W\d_]+(?:['\u2019-][^\W\d_]+)*|v?[0-9]{1,5}(?:[-.,][0-9]{1,5}){0,2})[\W_]*"
)
"""Letters, perhaps with an apostrophe or a hyphen; or a number, a range, a version."""
_JOINTS = re.compile(r"[/:=]")
_MAX_PARTS = 3
"""`NSG/UDR/Firewall` and `Expected:200`, but no address of version 6."""


def anonymous_record(
    report: GatewayReport, *, version: str, with_certificates: bool = False
) -> dict[str, Any]:
    """The record of one gateway with backend health.

    Args:
        report: our probe with backend health.
        version: of this program.
        with_certificates: the user agreed to include the certificates themselves.
    """
    names = _placeholders(report)
    return {
        "kind": KIND,
        "schema": SCHEMA,
        "appgw": version,
        "month": report.at.astimezone(UTC).strftime("%Y-%m"),
        "gateway": {
            "tier": report.gateway.tier,
            "sku": report.gateway.sku.value,
            "state": report.gateway.state,
            "provisioning": report.gateway.provisioning,
            "private_only": report.gateway.private_only,
        },
        "servers": [
            _server(report.gateway, member, names, with_certificates=with_certificates)
            for member in report.members
            if member.server is not None
        ],
    }


def _server(
    gateway: Gateway, member: MemberReport, names: Mapping[str, str], *, with_certificates: bool
) -> dict[str, Any]:
    assert member.server is not None
    # Backend health may list a setting that has been removed from the configuration.
    wanted = member.setting.lower()
    setting = next((one for one in gateway.settings if one.name.lower() == wanted), None)
    return {
        "pool": names.get(member.pool.lower(), "pool"),
        "setting": {
            "name": names.get(wanted, "setting"),
            **(_setting(setting) if setting else {"in_configuration": False}),
        },
        "server": names.get(member.member.lower(), "server"),
        "gateway": _said(member.server, names),
        "ours": {
            "headline": member.headline.value,
            "findings": [_finding(finding) for finding in member.findings],
            "skipped": bool(member.skipped),
        },
        "agrees": not any(finding.code in _DISAGREE for finding in member.findings),
        "chain": _chain(member, with_certificates=with_certificates),
    }


def _setting(setting: BackendSetting) -> dict[str, Any]:
    return {
        "protocol": setting.protocol,
        "layer4": setting.layer4,
        "validate_chain": setting.validate_chain,
        "validate_name": setting.validate_name,
        "custom_probe": setting.probe is not None,
        "picks_host_from_address": setting.pick_host_from_address,
        "host_name_set": bool(setting.host_name),
        "sni_name_set": bool(setting.sni_name),
        "proxy_header": setting.proxy_header,
    }


def _said(server: BackendServer, names: Mapping[str, str]) -> dict[str, Any]:
    message = server.message
    error_name = message.name if message and _ERROR_NAME.fullmatch(message.name) else ""
    return {
        "health": server.health.value,
        "word": server.raw_health if server.raw_health.isalpha() else "",
        "message": without_names(message.text, names) if message else "",
        "error_name": error_name,
        "code": message.code.value if message else None,
        "other_members": sorted(key for key in server.more if key.isalnum()),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    kind = finding.evidence.get("kind")
    return {
        "code": finding.code.value,
        "severity": finding.severity.value,
        "basis": finding.basis.value,
        "kind": kind if isinstance(kind, str) else None,
    }


def _placeholders(report: GatewayReport) -> dict[str, str]:
    """Every name of the gateway in lower case -> its replacement."""
    gateway = report.gateway
    rules = gateway.site_rules
    named = {
        "subscription": [gateway.id.subscription],
        "group": [gateway.id.group],
        "gateway": [gateway.id.name],
        "pool": [*(pool.name for pool in gateway.pools), *(one.pool for one in report.members)],
        "setting": [
            *(setting.name for setting in gateway.settings),
            *(one.setting for one in report.members),
        ],
        "root": [*(root.name for root in gateway.roots), *gateway.hidden_roots],
        "rule": [name for rule in rules for name in (rule.rule, rule.listener)],
        "host": [
            *(name for rule in rules for name in (*rule.hosts, *rule.front_ends)),
            *(name for one in gateway.settings for name in (one.host_name, one.sni_name)),
        ],
        "server": [one.member for one in report.members],
    }
    found: dict[str, str] = {}
    for kind, names in named.items():
        distinct = dict.fromkeys(name.lower() for name in names if name)
        fresh = [name for name in distinct if name not in found]
        found |= {name: f"{kind}-{number}" for number, name in enumerate(fresh, start=1)}
    return found


def without_names(text: str, names: Mapping[str, str]) -> str:
    """A message of Azure's without names.

    Known names are replaced, and words that may be names are removed. Plain words, statuses, port
    ranges and links to Microsoft's own pages are kept.

    Args:
        text: the message, hostile.
        names: every known name in lower case -> its replacement.
    """
    cut = _QUOTED_BODY.sub(r"\1 <text>", text[:_LONGEST])
    words = cut.split()
    if len(text) > _LONGEST:
        words = words[:-1]  # the last word may be the beginning of a name
    return " ".join(_word(word, names) for word in words)


def _word(word: str, names: Mapping[str, str]) -> str:
    bare = word.strip(_PUNCTUATION).lower()
    if kept := _MICROSOFT.search(word):
        return kept[0]
    if bare in names and bare not in _vocabulary():
        return f"<{names[bare]}>"
    if any(name in bare for name in names if len(name) > _SHORT and name not in _vocabulary()):
        return "<name>"
    parts = _JOINTS.split(word)
    plain = word == "<text>" or (len(parts) <= _MAX_PARTS and all(map(_is_plain, parts)))
    return word if plain else "<name>"


def _is_plain(part: str) -> bool:
    return not part.strip(_PUNCTUATION) or _PLAIN_WORD.fullmatch(part) is not None


@cache
def _vocabulary() -> frozenset[str]:
    """Words of Azure's own messages, which may also be names of pools or settings."""
    texts = (entry.gateway_message or "" for entry in CATALOGUE.values())
    return frozenset(word.strip(_PUNCTUATION).lower() for text in texts for word in text.split())


def _chain(member: MemberReport, *, with_certificates: bool) -> dict[str, Any] | None:
    """What the server presented and what the setting trusts, enough to judge it again."""
    report = member.report
    if report is None or report.chain is None:
        return None
    sent = [one for one in report.chain.certificates if isinstance(one, Certificate)]
    if len(sent) != len(report.chain.certificates):
        return None
    policy, at = report.request.policy, report.verdict.at
    anchors = _anchors(member, policy)
    every = list(dict.fromkeys((*sent, *anchors)))
    shapes = _shapes(every, policy, at)
    verdict = judge(bare(report.chain), replace(policy, http=None, live_names=()), at=at)
    return {
        "trust": policy.trust.value,
        "name": None if policy.name is None else "known",
        "hidden_roots": len(policy.anchors.hidden),
        "certificates": shapes,
        "sent": [every.index(one) for one in sent],
        "trusted": [every.index(one) for one in anchors],
        "critical": sorted(
            {f.code.value for f in verdict.findings if f.severity is Severity.CRITICAL}
        ),
        "der": [base64.b64encode(one.der).decode() for one in every] if with_certificates else None,
        "at": at.astimezone(UTC).isoformat() if with_certificates else None,
        "reference": policy.name if with_certificates else None,
    }


def bare(chain: PresentedChain) -> PresentedChain:
    """The chain alone, without other facts of the connection."""
    return PresentedChain(
        target=replace(chain.target, server_name="x"), certificates=chain.certificates
    )


def _anchors(member: MemberReport, policy: GatewayPolicy) -> list[Certificate]:
    """The roots of the setting; of the well-known CAs only the one at the end of the path."""
    if policy.trust is not TrustMode.WELL_KNOWN:
        return list(policy.anchors.certificates)
    assert member.report is not None
    used = {
        one.sha256
        for one in member.report.verdict.path.elements
        if one.source is Source.WELL_KNOWN and one.sha256
    }
    return [one for one in policy.anchors.certificates if one.sha256 in used]


def _shapes(
    every: Sequence[Certificate], policy: GatewayPolicy, at: datetime
) -> list[dict[str, Any]]:
    """How the certificates are linked; names and keys become numbers."""
    subjects: dict[Any, int] = {}
    keys: dict[str, int] = {}
    for one in every:
        for name in (one.subject_key, one.issuer_key):
            subjects.setdefault(name, len(subjects))
        keys.setdefault(one.key_sha256, len(keys))
    return [
        {
            "subject": subjects[one.subject_key],
            "issuer": subjects[one.issuer_key],
            "key": keys[one.key_sha256],
            "signed_by": next((keys[c.key_sha256] for c in every if one.issued_by(c)), None),
            "version": one.version,
            "ca": one.is_ca if one.has_basic_constraints else None,
            "signs_certificates": one.may_sign_certificates,
            "hours_old": round((at - one.not_before).total_seconds() / _HOUR),
            "hours_left": round((one.not_after - at).total_seconds() / _HOUR),
            "names": [_relation(name, policy.name) for name in one.dns_names],
            "addresses": len(one.ip_addresses),
            "key_kind": list(one.key_kind),
            "signature_kind": list(one.signature_kind),
        }
        for one in every
    ]


def _relation(name: str, reference: str | None) -> str:
    """How a name of a certificate relates to the name that must match."""
    wanted = (reference or "").lower().removesuffix(".")
    if wanted and name.lower() == wanted:
        return "fits"
    covers = name.startswith("*.") and name[2:].lower() == wanted.partition(".")[2]
    return "wildcard" if covers and wanted else "other"
