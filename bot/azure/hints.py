"""Settings in a gateway's configuration that often explain a failing health probe. Pure.

Each hint is one sentence that names the setting or probe and ends with the step that helps.
Sources: azure-rules sections 2.3 and 3, and
https://learn.microsoft.com/azure/application-gateway/application-gateway-probe-overview.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.azure.server_names import DEFAULT_PROBE_HOST
from bot.domain.azure import BackendMember, BackendSetting, Gateway, MemberKind
from bot.domain.gateway_ref import GatewayId
from bot.domain.report import TRUST_FAULTS, Hint
from bot.fixsteps.quoting import sh_word
from chainlib import Code, Sku, is_ip_literal, listed

_SHOWN = 3
_LIVE = frozenset({Code.LIVE_NAME_MISMATCH})


def hints(gateway: Gateway, setting: BackendSetting, member: BackendMember) -> tuple[Hint, ...]:
    """The hints for a member that fails under this setting; empty when nothing is unusual."""
    trust = (Hint(sentence=one, explains=TRUST_FAULTS) for one in _v1_trust(gateway, setting))
    if setting.layer4:
        return tuple(trust)
    names = (Hint(sentence=one, explains=_LIVE) for one in _live_name(gateway, setting, member))
    odd = (*_unused_probe(gateway, setting), *_default_probe(setting), *_picked(setting, member))
    return (*trust, *names, *(Hint(sentence=one) for one in odd))


def _live_name(gateway: Gateway, setting: BackendSetting, member: BackendMember) -> Iterator[str]:
    """Which name live traffic sends is contradictory for a pool's FQDN (azure-rules 2.3)."""
    fixed = setting.sni_name or setting.host_name or setting.pick_host_from_address
    if gateway.sku is not Sku.V1 and not fixed and member.kind is MemberKind.FQDN:
        yield (
            f"{setting.name} has no host name. Microsoft's pages differ on whether live traffic "
            f"then asks for the client's name or for {member.address}: set a host name, and it is "
            "known."
        )


def _v1_trust(gateway: Gateway, setting: BackendSetting) -> Iterator[str]:
    """A v2 gateway ignores authentication certificates (a v1 feature) and trusts roots.

    Source:
    https://learn.microsoft.com/azure/application-gateway/ssl-overview#end-to-end-tls-with-the-v2-sku
    """
    if gateway.sku is Sku.V1 or setting.root_names:
        return
    if names := setting.auth_certificate_names:
        yield (
            f"{setting.name} still holds v1 authentication certificates "
            f"({listed(names, shown=_SHOWN)}), which a v2 gateway does not use. Upload the root of "
            "the server's chain as a trusted root certificate and attach it."
        )
    elif gateway.auth_certificates and not gateway.roots:
        yield (
            f"{gateway.id.name} holds v1 authentication certificates and no trusted root; a v2 "
            f"gateway uses only roots. Upload the root of the server's chain and attach it to "
            f"{setting.name}."
        )


def _unused_probe(gateway: Gateway, setting: BackendSetting) -> Iterator[str]:
    """A custom probe that is attached to no setting has no effect."""
    if setting.probe is not None or not gateway.unused_probes:
        return
    names = listed(gateway.unused_probes, shown=_SHOWN)
    command = _attach(gateway.id, setting, gateway.unused_probes[0])
    yield (
        f"The health probe {names} is not attached to any backend setting, so "
        f"{setting.name} uses the default probe. Attach it: {command}"
    )


def _attach(gateway: GatewayId, setting: BackendSetting, probe: str) -> str:
    words = (
        sh_word(gateway.group, "RESOURCE_GROUP"),
        sh_word(gateway.name, "GATEWAY_NAME"),
        sh_word(setting.name, "BACKEND_SETTING"),
        sh_word(probe, "PROBE_NAME"),
    )
    return (
        "az network application-gateway http-settings update -g {} --gateway-name {} -n {} "
        "--probe {}".format(*words)
    )


def _default_probe(setting: BackendSetting) -> Iterator[str]:
    if setting.probe is None:
        yield (
            f"{setting.name} has no custom probe, so the gateway requests / with Host: "
            f"{DEFAULT_PROBE_HOST}. A server that answers by host name or redirects needs a custom "
            "probe with its host name and a path that answers 200-399."
        )


def _picked(setting: BackendSetting, member: BackendMember) -> Iterator[str]:
    """A probe takes its host name from a setting that has none."""
    probe = setting.probe
    if probe is None or not probe.pick_host_from_settings:
        if probe is not None and not probe.host:
            yield (
                f"The health probe {probe.name} has no host name and takes none from "
                f"{setting.name}, so it sends Host: {DEFAULT_PROBE_HOST}. Set its host name."
            )
        return
    if setting.pick_host_from_address:
        if member.kind is not MemberKind.FQDN or is_ip_literal(member.address):
            yield (
                f"The health probe {probe.name} takes its host name from {setting.name}, which "
                "takes it from the server's address, and that is an IP address, not a host "
                f"name. Set a host name in {setting.name}."
            )
    elif not setting.host_name:
        yield (
            f"The health probe {probe.name} takes its host name from {setting.name}, which has "
            f"none. Set a host name in {setting.name}, or in the probe itself."
        )
