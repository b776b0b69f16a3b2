"""Translates ARM's backend health answer into `GatewayHealth`. Pure, raises nothing.

Source: azure-rules section 4.3. ARM has two sets of health words and both are read. The `health`
member decides; the log text gives the reason (section 0, rules 1 and 2).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from bot.azure.arm_json import Document, documents, host, mapping, reference, text
from bot.azure.messages import recognise
from bot.domain.azure import BackendServer, Gateway, GatewayHealth, Health
from bot.domain.gateway_ref import GatewayId

# The live service says Healthy, Unhealthy, Unknown; the SDK and the official examples say Up, Down,
# Partial, Draining. No document defines Partial and Draining: we infer that Partial is unhealthy
# and Draining is unknown.
WORDS: Mapping[str, Health] = MappingProxyType(
    {
        "healthy": Health.HEALTHY,
        "up": Health.HEALTHY,
        "unhealthy": Health.UNHEALTHY,
        "down": Health.UNHEALTHY,
        "partial": Health.UNHEALTHY,
        "unknown": Health.UNKNOWN,
        "draining": Health.UNKNOWN,
    }
)

LONGEST_LOG = 4000
LONGEST_NAME = 200
LONGEST_HEALTH = 40
MAX_MEMBERS = 40
_READ = frozenset(
    {"address", "health", "healthProbeLog", "healthProbeErrorName", "ipConfiguration"}
)


def translate_health(
    document: object, gateway: GatewayId, *, read_at: datetime
) -> GatewayHealth | None:
    """Translate one answer, of the whole gateway or of the on-demand probe.

    Returns `None` when the document is neither.
    """
    whole = mapping(document)
    if "backendAddressPools" in whole and whole["backendAddressPools"] is None:
        servers: tuple[BackendServer, ...] = ()
    elif isinstance(whole.get("backendAddressPools"), list | tuple):
        servers = tuple(s for pool in documents(whole["backendAddressPools"]) for s in _pool(pool))
    elif isinstance(whole.get("backendHealthHttpSettings"), Mapping):
        name = reference(whole.get("backendAddressPool"))
        servers = tuple(_servers(name, mapping(whole["backendHealthHttpSettings"])))
    else:
        return None
    return GatewayHealth(gateway=gateway, servers=servers, read_at=read_at)


def with_known_names(health: GatewayHealth, gateway: Gateway) -> GatewayHealth:
    """The same answer with pools and settings spelt as in the gateway's configuration.

    ARM varies the case of IDs between answers.
    """
    pools = {pool.name.lower(): pool.name for pool in gateway.pools}
    settings = {setting.name.lower(): setting.name for setting in gateway.settings}
    servers = tuple(
        _named(
            server,
            pools.get(server.pool.lower(), server.pool),
            settings.get(server.setting.lower(), server.setting),
        )
        for server in health.servers
    )
    return replace(health, servers=servers)


def _named(server: BackendServer, pool: str, setting: str) -> BackendServer:
    if (server.pool, server.setting) == (pool, setting):
        return server
    return replace(server, pool=pool, setting=setting)


def _pool(entry: Document) -> Iterator[BackendServer]:
    name = reference(entry.get("backendAddressPool"))
    for setting in documents(entry.get("backendHttpSettingsCollection")):
        yield from _servers(name, setting)


def _servers(pool: str, entry: Document) -> Iterator[BackendServer]:
    setting = reference(entry.get("backendHttpSettings")) or reference(entry.get("backendSettings"))
    return (_server(pool, setting, server) for server in documents(entry.get("servers")))


def _server(pool: str, setting: str, entry: Document) -> BackendServer:
    log = text(entry.get("healthProbeLog"))[:LONGEST_LOG]
    name = text(entry.get("healthProbeErrorName"))[:LONGEST_NAME]
    word = text(entry.get("health"))[:LONGEST_HEALTH]
    return BackendServer(
        pool=pool,
        setting=setting,
        address=host(entry.get("address")),
        health=WORDS.get(word.lower(), Health.UNKNOWN),
        raw_health=word,
        message=recognise(log, name) if log or name else None,
        ip_configuration=text(mapping(entry.get("ipConfiguration")).get("id")),
        more=MappingProxyType(
            {
                str(key)[:LONGEST_NAME]: _bounded(value)
                for key, value in list(entry.items())[:MAX_MEMBERS]
                if key not in _READ and value
            }
        ),
    )


def _bounded(value: object) -> object:
    """A member that is only kept as evidence, as JSON of at most `LONGEST_LOG` characters."""
    try:
        written = json.dumps(value, default=str)
    except (ValueError, RecursionError):
        return "unreadable"
    return json.loads(written) if len(written) <= LONGEST_LOG else f"{written[:LONGEST_LOG]} ..."
