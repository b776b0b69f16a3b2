"""Makes ARM's JSON from gateway specs; members and spelling follow recorded answers."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from chainlib import Certificate
from playground.arm.specs import GatewaySpec, PoolSpec, ProbeSpec, RuleSpec, SettingSpec

Json = dict[str, Any]
ServerKey = tuple[str, str, str]
HEALTHY = ("Healthy", "Success. Received 200 status code")


def upload(certificate: Certificate, *, der: bool = False) -> str:
    """`data` as the real service returns it: base64 of PEM text with CRLF, or of DER."""
    raw = (
        certificate.der
        if der
        else certificate.parsed.public_bytes(Encoding.PEM).replace(b"\n", b"\r\n")
    )
    return base64.b64encode(raw).decode()


def gateway_document(spec: GatewaySpec) -> Json:
    """The whole GET answer."""
    seven = [setting for setting in spec.settings if not setting.layer4]
    four = [setting for setting in spec.settings if setting.layer4]
    return {
        "name": spec.name,
        "id": spec.id,
        "etag": 'W/"00000000"',
        "type": "Microsoft.Network/applicationGateways",
        "location": spec.location,
        "tags": {},
        "properties": {
            "provisioningState": spec.provisioning,
            "operationalState": spec.state,
            "sku": {"name": spec.tier, "tier": spec.tier, "capacity": 2},
            "trustedRootCertificates": [
                _resource(spec, "trustedRootCertificates", name, **_root(held))
                for name, held in spec.roots.items()
            ],
            "authenticationCertificates": [
                _resource(spec, "authenticationCertificates", name, data=_data(held, der=True))
                for name, held in spec.auth_certificates.items()
            ],
            "backendAddressPools": [_pool(spec, pool) for pool in spec.pools],
            "backendHttpSettingsCollection": [_setting(spec, setting) for setting in seven],
            "backendSettingsCollection": [_setting(spec, setting) for setting in four],
            "probes": [_probe(spec, probe) for probe in spec.probes],
            **_routing(spec),
        },
    }


def health_document(
    spec: GatewaySpec, words: Mapping[ServerKey, tuple[str, str]] | None = None
) -> Json:
    """The result of the health operation.

    Args:
        spec: the gateway; only pairs that a rule joins appear, as on the real service.
        words: (pool, setting, address) -> health word and log; everything else is healthy.
    """
    said = words or {}
    pools = {pool.name: pool for pool in spec.pools}
    return {
        "backendAddressPools": [
            {
                "backendAddressPool": {"id": f"{spec.id}/backendAddressPools/{rule.pool}"},
                "backendHttpSettingsCollection": [
                    {
                        "backendHttpSettings": {
                            "id": f"{spec.id}/backendHttpSettingsCollection/{rule.setting}"
                        },
                        "servers": list(_servers(spec, rule, pools[rule.pool], said)),
                    }
                ],
            }
            for rule in dict.fromkeys(RuleSpec(pool=r.pool, setting=r.setting) for r in spec.joined)
        ]
    }


def _servers(
    spec: GatewaySpec, rule: RuleSpec, pool: PoolSpec, said: Mapping[ServerKey, tuple[str, str]]
) -> Iterable[Json]:
    for address in (*pool.fqdns, *pool.ips):
        health, log = said.get((rule.pool, rule.setting, address), HEALTHY)
        yield {"address": address, "health": health, "healthProbeLog": log}
    for position, nic in enumerate(pool.nics):
        address = f"10.0.0.{position + 4}"
        health, log = said.get((rule.pool, rule.setting, address), HEALTHY)
        yield {
            "address": address,
            "ipConfiguration": {"id": _nic(spec, nic)},
            "health": health,
            "healthProbeLog": log,
        }


def _resource(spec: GatewaySpec, kind: str, name: str, **properties: Any) -> Json:
    kept = {key: value for key, value in properties.items() if value is not None}
    return {
        "name": name,
        "id": f"{spec.id}/{kind}/{name}",
        "properties": {"provisioningState": "Succeeded", **kept},
    }


def _to(spec: GatewaySpec, kind: str, name: str | None) -> Json | None:
    return None if name is None else {"id": f"{spec.id}/{kind}/{name}"}


def _data(held: Certificate | str, *, der: bool) -> str:
    return held if isinstance(held, str) else upload(held, der=der)


def _root(held: Certificate | str) -> Json:
    """A trusted root that was uploaded, or one that lies in Key Vault."""
    if isinstance(held, str) and held.startswith("https://"):
        return {"keyVaultSecretId": held}
    return {"data": _data(held, der=False)}


def _pool(spec: GatewaySpec, pool: PoolSpec) -> Json:
    addresses = [*({"fqdn": name} for name in pool.fqdns), *({"ipAddress": ip} for ip in pool.ips)]
    nics = [{"id": _nic(spec, nic)} for nic in pool.nics]
    return _resource(
        spec,
        "backendAddressPools",
        pool.name,
        backendAddresses=addresses,
        backendIPConfigurations=nics,
    )


def _nic(spec: GatewaySpec, nic: str) -> str:
    home = f"/subscriptions/{spec.subscription}/resourceGroups/{spec.group}"
    return f"{home}/providers/Microsoft.Network/networkInterfaces/{nic}/ipConfigurations/primary"


def _setting(spec: GatewaySpec, setting: SettingSpec) -> Json:
    common = {
        "port": setting.port,
        "protocol": setting.protocol,
        "hostName": setting.host_name,
        "pickHostNameFromBackendAddress": setting.pick_host,
        "probe": _to(spec, "probes", setting.probe),
        "trustedRootCertificates": [
            _to(spec, "trustedRootCertificates", name) for name in setting.roots
        ],
    }
    if setting.layer4:
        return _resource(
            spec,
            "backendSettingsCollection",
            setting.name,
            timeout=30,
            enableL4ClientIpPreservation=setting.client_ip,
            **common,
        )
    seven = {
        "cookieBasedAffinity": "Disabled",
        "requestTimeout": 30,
        "authenticationCertificates": [
            _to(spec, "authenticationCertificates", name) for name in setting.auth_certificates
        ],
        "validateCertChainAndExpiry": setting.validate_chain,
        "validateSNI": setting.validate_name,
        "sniName": setting.sni_name,
    }
    return _resource(spec, "backendHttpSettingsCollection", setting.name, **common, **seven)


def _probe(spec: GatewaySpec, probe: ProbeSpec) -> Json:
    return _resource(
        spec,
        "probes",
        probe.name,
        protocol=probe.protocol,
        host=probe.host,
        path=probe.path,
        port=probe.port,
        interval=30,
        enableProbeProxyProtocolHeader=probe.proxy_header,
        timeout=probe.timeout,
        unhealthyThreshold=3,
        pickHostNameFromBackendHttpSettings=probe.pick_host,
        minServers=0,
        match={"body": probe.body, "statusCodes": list(probe.codes)},
    )


def _routing(spec: GatewaySpec) -> Json:
    """One listener and one rule per joined pair; a rule with a path goes through a path map."""
    four = {setting.name for setting in spec.settings if setting.layer4}
    numbered = [(f"rule{position + 1}", rule) for position, rule in enumerate(spec.joined)]
    seven = [(name, rule) for name, rule in numbered if rule.setting not in four]
    return {
        "httpListeners": [
            _resource(spec, "httpListeners", name, protocol="Https", hostNames=list(rule.hosts))
            for name, rule in seven
        ],
        "requestRoutingRules": [_rule(spec, name, rule) for name, rule in seven],
        "urlPathMaps": [_path_map(spec, name, rule) for name, rule in seven if rule.path],
        "listeners": [
            _resource(spec, "listeners", name, protocol="Tls")
            for name, rule in numbered
            if rule.setting in four
        ],
        "routingRules": [
            _resource(
                spec,
                "routingRules",
                name,
                listener=_to(spec, "listeners", name),
                backendAddressPool=_to(spec, "backendAddressPools", rule.pool),
                backendSettings=_to(spec, "backendSettingsCollection", rule.setting),
            )
            for name, rule in numbered
            if rule.setting in four
        ],
        "redirectConfigurations": [],
    }


def _rule(spec: GatewaySpec, name: str, rule: RuleSpec) -> Json:
    listener = _to(spec, "httpListeners", name)
    if rule.path:
        path_map = _to(spec, "urlPathMaps", name)
        return _resource(
            spec,
            "requestRoutingRules",
            name,
            ruleType="PathBasedRouting",
            httpListener=listener,
            urlPathMap=path_map,
        )
    return _resource(
        spec,
        "requestRoutingRules",
        name,
        ruleType="Basic",
        httpListener=listener,
        **_pair(spec, rule),
    )


def _path_map(spec: GatewaySpec, name: str, rule: RuleSpec) -> Json:
    path_rule = _resource(
        spec, f"urlPathMaps/{name}/pathRules", "path1", paths=[rule.path], **_pair(spec, rule)
    )
    return _resource(spec, "urlPathMaps", name, pathRules=[path_rule])


def _pair(spec: GatewaySpec, rule: RuleSpec) -> Json:
    return {
        "backendAddressPool": _to(spec, "backendAddressPools", rule.pool),
        "backendHttpSettings": _to(spec, "backendHttpSettingsCollection", rule.setting),
    }
