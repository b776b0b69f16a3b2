"""The real names of one backend that fix steps use, as far as they are known. Pure."""

from __future__ import annotations

import re
from typing import Any

from bot.cards.escaping import short_name
from bot.domain.azure import BackendSetting, Gateway
from bot.domain.gateway_ref import GatewayId
from bot.domain.report import CheckReport, GatewayReport
from bot.fixsteps import (
    FixContext,
)
from chainlib import Code, Sku, TrustMode

_MAX_ROOTS = 6
_MISSING_LIMIT = 60
_NOT_IN_NAMES = re.compile(r"[^a-z0-9.]+")
_OTHER_NAME = frozenset({Code.NAME_MISMATCH, Code.NO_SNI})


def fix_context(report: CheckReport, gateway: GatewayReport | None) -> FixContext:
    """The real names of one backend, as far as they are known."""
    target, repair = report.request.target, report.repair
    used = _setting_used(report, gateway)
    v1 = report.request.policy.sku is Sku.V1
    layer4 = isinstance(used, BackendSetting) and used.layer4
    return FixContext(
        host=target.host,
        port=target.port,
        name=report.request.policy.name,
        carried=_carried(report),
        root_name=root_name(report, gateway.gateway if gateway else None),
        root_here=_uploaded_name(report) is not None,
        kept_roots=_kept(report, used),
        public_ca=any(
            finding.evidence.get("kind") == "public-ca-with-uploaded-roots"
            for finding in report.verdict.findings
        ),
        no_chain_file=repair is None or not repair.chain,
        no_root_file=repair is None or repair.root is None,
        missing=short_name(repair.missing[0].subject)[:_MISSING_LIMIT]
        if repair and repair.missing
        else None,
        no_switches=v1 or layer4,
        layer4=layer4,
        v1=v1,
        sni_name=isinstance(used, BackendSetting) and bool(used.sni_name),
        **(_on_gateway(gateway.gateway.id, used) if gateway else {}),
    )


def _setting_used(
    report: CheckReport, gateway: GatewayReport | None
) -> BackendSetting | str | None:
    """The setting that the report was judged by.

    Only its name if the configuration does not contain it.
    """
    members = gateway.members if gateway else ()
    name = next(
        (m.setting for m in members if m.report is not None and m.report.request == report.request),
        None,
    )
    return next((s for s in gateway.gateway.settings if s.name == name), name) if gateway else None


def _on_gateway(known: GatewayId, used: BackendSetting | str | None) -> dict[str, Any]:
    named = {"group": known.group, "gateway": known.name}
    if not isinstance(used, BackendSetting):
        return named | {"setting": used}
    return named | {
        "setting": used.name,
        "probe": used.probe.name if used.probe else None,
        "pick_host": used.pick_host_from_address,
    }


def _kept(report: CheckReport, used: BackendSetting | str | None) -> tuple[str, ...] | None:
    """The attached roots, which a command that replaces the list must name.

    `None` if some are unknown.
    """
    policy = report.request.policy
    if isinstance(used, BackendSetting):
        kept = (
            used.auth_certificate_names
            if policy.trust is TrustMode.AUTH_CERTIFICATES
            else used.root_names
        )
    elif policy.trust is TrustMode.WELL_KNOWN:
        kept = ()
    else:
        kept = tuple(dict.fromkeys(policy.anchors.names.values()))
        if len(kept) < len(policy.anchors.certificates):
            return None
    return kept if len(kept) <= _MAX_ROOTS else None


def _carried(report: CheckReport) -> str | None:
    """A name of the certificate, if it does not contain the expected name.

    Empty if it contains no full name.
    """
    if report.chain is None or not any(
        finding.code in _OTHER_NAME for finding in report.verdict.findings
    ):
        return None
    leaf = report.verdict.path.leaf
    return next((name for name in leaf.dns_names if "*" not in name), "") if leaf else None


def _uploaded_name(report: CheckReport) -> str | None:
    """The name of the root on this gateway, if it is uploaded but not attached."""
    root = report.repair.root if report.repair else None
    return next(
        (
            one.name
            for one in report.request.policy.unattached
            if one.certificate == root and not one.on_other_gateway
        ),
        None,
    )


def root_name(report: CheckReport, gateway: Gateway | None) -> str | None:
    """The name that the root has or will have on the gateway.

    Never the name of another root, which the command would then replace.
    """
    repair, policy = report.repair, report.request.policy
    if repair is None or repair.root is None:
        return None
    if here := _uploaded_name(report):
        return here
    wanted = (
        repair.root_name
        or _NOT_IN_NAMES.sub("-", short_name(repair.root.subject).lower()).strip("-.")[:60]
        or "backend-root"
    )
    held = (gateway.roots, gateway.undecodable, gateway.auth_certificates) if gateway else ()
    taken = {*policy.anchors.names.values(), *(one.name for kind in held for one in kind)}
    free = wanted.lower() not in {name.lower() for name in taken}
    return wanted if free else f"{wanted[:60]}-{repair.root.sha256[:8]}"
