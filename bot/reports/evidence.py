"""The evidence pack: one JSON text for a ticket. Pure.

It contains the presented chain, the settings in effect, probe, backend health and timings, without
private keys. Hostile text is unchanged in JSON strings, where every invisible character is written
as an escape: the pack is read in chats and terminals, and a certificate must not reverse text or
move the cursor there.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.domain.azure import BackendServer
from bot.domain.report import AddressReport, CheckReport, GatewayReport
from bot.reports.check_json import as_json
from chainlib import Certificate, GatewayPolicy, HttpFailure, HttpResponse, UnreadableCertificate

EVIDENCE_SCHEMA = 1


def evidence(
    report: CheckReport, *, run_id: str, probe_origin: str, gateway: GatewayReport | None = None
) -> str:
    """The evidence pack about one backend.

    Args:
        report: the probe's report.
        run_id: the ID of the run in the log.
        probe_origin: the machine that probed.
        gateway: the gateway that uses the backend, with backend health if it was read; `None` if no
            known gateway does.
    """
    pack = {
        "schema": EVIDENCE_SCHEMA,
        "kind": "appgw-check evidence",
        "run_id": run_id,
        "vantage": probe_origin,
        "at": _instant(report.verdict.at),
        "settings": _settings(report.request.policy),
        "our_probe": as_json(report),
        "addresses": [_address(one) for one in report.addresses],
        "gateway": _gateway(report, gateway) if gateway else None,
    }
    text = json.dumps(pack, indent=2, ensure_ascii=False, default=str) + "\n"
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def _settings(policy: GatewayPolicy) -> dict[str, Any]:
    """The requirements on the backend.

    These are switches, names, the probe's rule and every considered root.
    """
    rule = policy.http
    probe = rule and {
        "host_header": rule.host_header,
        "path": rule.path,
        "statuses": [f"{low}-{high}" for low, high in rule.statuses],
        "body": rule.body,
        "timeout_s": rule.timeout,
    }
    own = policy.anchors.names
    uploaded = [{"name": name, "sha256": sha256} for sha256, name in own.items()]
    lying = [
        {"name": one.name, "gateway": one.gateway, "sha256": one.certificate.sha256}
        for one in policy.unattached
    ]
    return {
        **policy.as_json(),
        "live_names": list(policy.live_names),
        "probe": probe,
        "roots_attached": uploaded,
        "roots_unreadable": [
            {"name": one.name, "reason": one.reason} for one in policy.anchors.undecodable
        ],
        "roots_not_attached": lying,
    }


def _address(one: AddressReport) -> dict[str, Any]:
    chain = one.chain
    return {
        "address": one.address or None,
        "headline": one.verdict.headline.value,
        "timings_ms": {stage: round(ms, 1) for stage, ms in one.timings.items()},
        "http": _http(chain.http) if chain else None,
        "handshake_error": chain.handshake_error.detail
        if chain and chain.handshake_error
        else None,
        "chain_as_sent_pem": "".join(map(pem, chain.certificates)) if chain else None,
        "chain_without_server_name_pem": "".join(map(pem, chain.without_server_name))
        if chain and chain.without_server_name
        else None,
    }


def _http(answer: HttpResponse | HttpFailure | None) -> Mapping[str, Any] | None:
    if isinstance(answer, HttpResponse):
        return {
            "status": answer.status,
            "reason": answer.reason,
            "server": answer.server,
            "body_matched": answer.body_matched,
        }
    return {"failure": answer.kind.value, "detail": answer.detail} if answer else None


def _gateway(report: CheckReport, gateway: GatewayReport) -> dict[str, Any]:
    where = next(
        (m for m in gateway.members if m.report is not None and m.report.request == report.request),
        None,
    )
    return {
        "id": gateway.gateway.id.resource_id,
        "tier": gateway.gateway.tier,
        "state": gateway.gateway.state,
        "pool": where.pool if where else None,
        "setting": where.setting if where else None,
        "read_at": _instant(gateway.health.read_at) if gateway.health else None,
        "request_ids": list(gateway.health.request_ids) if gateway.health else [],
        "says": list(_words(gateway, where.pool if where else None)),
        "refusal": gateway.refusal.sentence if gateway.refusal else None,
    }


def _words(gateway: GatewayReport, pool: str | None) -> Iterator[dict[str, Any]]:
    for server in gateway.health.servers if gateway.health else ():
        if pool is None or server.pool.lower() == pool.lower():
            yield _word(server)


def _word(server: BackendServer) -> dict[str, Any]:
    said = server.message
    place = {
        "pool": server.pool,
        "setting": server.setting,
        "address": server.address,
        "health": server.health.value,
    }
    return {
        **place,
        "message": said.text if said else None,
        "code": said.code.value if said else None,
    }


def pem(certificate: Certificate | UnreadableCertificate) -> str:
    """One PEM block; a certificate that cannot be parsed keeps its bytes."""
    body = base64.b64encode(certificate.der).decode()
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join(("-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""))


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
