"""The JSON object of `appgw health` (schema 1). Pure.

A key is never renamed without a new schema number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bot.domain.azure import BackendServer
from bot.domain.refusal import Refusal
from bot.domain.report import GatewayReport, MemberReport
from bot.reports.check_json import as_json as check_json
from bot.reports.check_json import findings_json


def as_document(answers: Sequence[GatewayReport | Refusal]) -> dict[str, Any]:
    """The object that `--json` prints (schema 1)."""
    return {
        "schema": 1,
        "gateways": [_refusal(a) if isinstance(a, Refusal) else _gateway(a) for a in answers],
    }


def _refusal(no: Refusal) -> dict[str, Any]:
    """A gateway that was not read, with the keys that readers of every gateway rely on."""
    unknown = dict.fromkeys(("name", "id", "scope", "healthy", "headline"))
    return {**unknown, "findings": [], "refusal": refusal_json(no), "members": []}


def refusal_json(no: Refusal) -> dict[str, Any]:
    """A refusal, as every JSON document of the program contains it."""
    return {"trouble": no.kind.value, "sentence": no.sentence, "remedy": list(no.remedy)}


def _gateway(report: GatewayReport) -> dict[str, Any]:
    refusal = refusal_json(report.refusal) if report.refusal else None
    return {
        "name": report.gateway.id.name,
        "id": report.gateway.id.resource_id,
        "scope": report.scope or None,
        "site": report.site or None,
        "redirects": list(report.redirects),
        "healthy": report.healthy,
        "headline": report.headline.value,
        "findings": findings_json(report.findings, report.at),
        "state": report.gateway.state or None,
        "provisioning": report.gateway.provisioning or None,
        "asked_at": report.health.read_at.astimezone(UTC).isoformat() if report.health else None,
        "refusal": refusal,
        "unlisted": list(report.silent_pairs),
        "members": [_member(member, report.at) for member in report.members],
    }


def _member(member: MemberReport, at: datetime) -> dict[str, Any]:
    return {
        "pool": member.pool,
        "setting": member.setting,
        "member": member.member,
        "rules": list(member.routes),
        "healthy": member.healthy,
        "headline": member.headline.value,
        "findings": findings_json(member.findings, at),
        "gateway": _said(member.server) if member.server else None,
        "skipped": member.skipped or None,
        "hints": list(member.useful_hints),
        "report": check_json(member.report) if member.report else None,
    }


def _said(server: BackendServer) -> dict[str, Any]:
    message = server.message
    return {
        "health": server.health.value,
        "word": server.raw_health or None,
        "message": (message.text or None) if message else None,
        "name": (message.name or None) if message else None,
        "code": message.code.value if message else None,
        "more": dict(server.more),
    }
