"""Short descriptions of gateways, for lab and tests.

What they become in ARM's JSON is in `documents`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from chainlib import Certificate

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSpec:
    """A backend pool; `nics` are names of network interfaces."""

    name: str
    fqdns: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    nics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSpec:
    """A custom probe."""

    name: str
    protocol: str = "Https"
    host: str = ""
    path: str = "/"
    pick_host: bool = False
    port: int | None = None
    timeout: int = 30
    proxy_header: bool = False
    codes: tuple[str, ...] = ("200-399",)
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingSpec:
    """A backend HTTP setting, or a layer-4 one.

    `None` leaves a member out, as older api-versions do. `client_ip` is layer 4's client IP
    preservation: a PROXY header before the handshake.
    """

    name: str
    port: int = 443
    protocol: str = "Https"
    host_name: str | None = None
    pick_host: bool = False
    sni_name: str | None = None
    validate_chain: bool | None = True
    validate_name: bool | None = True
    roots: tuple[str, ...] = ()
    auth_certificates: tuple[str, ...] = ()
    probe: str | None = None
    layer4: bool = False
    client_ip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSpec:
    """A rule with its own listener; `paths` makes it a path rule beside the default."""

    pool: str
    setting: str
    hosts: tuple[str, ...] = ()
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySpec:
    """A gateway.

    Attributes:
        roots: name -> trusted root: a certificate, raw `data`, or the `https://` id of a Key Vault
            secret, whose content ARM does not show.
        auth_certificates: name -> v1 authentication certificate.
        rules: what joins pools and settings; empty joins every pool with every setting.
    """

    name: str
    group: str = "rg-prod"
    subscription: str = SUBSCRIPTION
    tier: str = "Standard_v2"
    location: str = "westeurope"
    state: str = "Running"
    provisioning: str = "Succeeded"
    pools: tuple[PoolSpec, ...] = ()
    settings: tuple[SettingSpec, ...] = ()
    probes: tuple[ProbeSpec, ...] = ()
    roots: Mapping[str, Certificate | str] = field(default_factory=lambda: MappingProxyType({}))
    auth_certificates: Mapping[str, Certificate | str] = field(
        default_factory=lambda: MappingProxyType({})
    )
    rules: tuple[RuleSpec, ...] = ()

    @property
    def id(self) -> str:
        """The ARM id."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/Microsoft.Network/applicationGateways/{self.name}"
        )

    @property
    def joined(self) -> tuple[RuleSpec, ...]:
        """The rules, those that are implied included."""
        return self.rules or tuple(
            RuleSpec(pool=pool.name, setting=setting.name)
            for pool in self.pools
            for setting in self.settings
        )
