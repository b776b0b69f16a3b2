"""Findings from a gateway's configuration and state alone, without a probe. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import MappingProxyType

from bot.domain.azure import Gateway, GatewayHealth, PoolUse
from chainlib import Basis, Code, Finding, Severity, Sku, in_headline_order
from chainlib.wording import listed

FAILED = "failed"


def gateway_findings(
    gateway: Gateway, uses: Iterable[PoolUse], health: GatewayHealth | None = None
) -> tuple[Finding, ...]:
    """Findings about the gateway itself, in headline order.

    Args:
        gateway: its configuration.
        uses: the requested pairs of pool and setting.
        health: backend health, which may list servers that the configuration does not contain.
    """
    found = (*_empty_pools(gateway, uses, health), *_state(gateway))
    return in_headline_order(found)


def _empty_pools(
    gateway: Gateway, uses: Iterable[PoolUse], health: GatewayHealth | None
) -> Iterator[Finding]:
    empty = {pool.name for pool in gateway.pools if not pool.members}
    filled = {server.pool.lower() for server in health.servers} if health else set()
    settings: dict[str, list[str]] = {}
    for use in uses:
        if use.pool in empty and use.pool.lower() not in filled:
            settings.setdefault(use.pool, []).append(use.setting)
    for pool, names in settings.items():
        summary = (
            f"The backend pool {pool} has no servers, but a routing rule uses it with "
            f"{listed(names)}: {_what_clients_get(gateway, names)}."
        )
        yield _finding(
            Code.POOL_EMPTY, Severity.CRITICAL, summary, Basis.DOCUMENTED, pool=pool, settings=names
        )


def _what_clients_get(gateway: Gateway, settings: Iterable[str]) -> str:
    layer4 = {setting.name for setting in gateway.settings if setting.layer4}
    if layer4.issuperset(settings):
        return "its connections fail"
    return "its requests are answered with 502"


def _state(gateway: Gateway) -> Iterator[Finding]:
    if gateway.provisioning.lower() == FAILED:
        summary = (
            "The last change of the gateway failed (provisioning state Failed): the latest change "
            "may not be in effect."
        )
        yield _finding(
            Code.GATEWAY_PROVISIONING_FAILED, Severity.WARNING, summary, Basis.DOCUMENTED
        )
    if gateway.sku is Sku.V1:
        summary = (
            f"This is a v1 gateway ({gateway.tier}), which Microsoft retired on 28 April 2026."
        )
        yield _finding(
            Code.SKU_RETIRED, Severity.INFO, summary, Basis.DOCUMENTED, tier=gateway.tier
        )


def _finding(
    code: Code, severity: Severity, summary: str, basis: Basis, **evidence: object
) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        summary=summary,
        basis=basis,
        evidence=MappingProxyType(evidence),
    )
