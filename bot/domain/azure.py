"""ARM's data about a gateway: configuration and backend health.

The names are Azure's. Every value is configured or reported by Azure; none is our verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bot.domain.gateway_ref import GatewayId
from bot.domain.refusal import Refusal
from chainlib import (
    Certificate,
    Code,
    HttpProbeRule,
    PackedRoot,
    Sku,
    UndecodableRoot,
    UploadedRoot,
)
from chainlib.frozen import dataclass


class MemberKind(StrEnum):
    """The kind of a backend pool member."""

    FQDN = "fqdn"
    IP = "ip"
    NIC = "nic"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendMember:
    """One member of a backend pool.

    A NIC member's `address` is empty until backend health reports it.

    Attributes:
        kind: its kind.
        address: FQDN or IP address, lower case.
        ip_configuration: a NIC member's ARM ID, by which backend health refers to it.
        name: display name of a NIC member: its interface, or its scale set and instance.
    """

    kind: MemberKind
    address: str
    ip_configuration: str = ""
    name: str = ""

    @property
    def label(self) -> str:
        """Its display name: the address, else the name of the interface or instance."""
        return self.address or self.name or self.ip_configuration.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendPool:
    """A backend address pool."""

    name: str
    members: tuple[BackendMember, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthProbe:
    """A custom probe; `host` is empty if it is picked from the settings.

    `proxy_header`: it sends a PROXY protocol header first (layer 4).
    """

    name: str
    protocol: str
    host: str
    path: str
    pick_host_from_settings: bool
    port: int | None
    rule: HttpProbeRule
    proxy_header: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSetting:
    """A backend HTTP setting (or layer 4 backend setting) with what it trusts.

    Attributes:
        root_names: names of the trusted roots attached to it.
        auth_certificate_names: names of the v1 authentication certificates attached to it.
        probe: the custom probe; `None` for the default probe.
        layer4: a setting of the TLS/TCP proxy, which has no validation switches.
        proxy_header: a PROXY protocol header is sent before the handshake, because the setting
            preserves the client's address or its probe says so.
    """

    name: str
    port: int
    protocol: str
    host_name: str
    pick_host_from_address: bool
    sni_name: str
    validate_chain: bool
    validate_name: bool
    root_names: tuple[str, ...]
    auth_certificate_names: tuple[str, ...]
    probe: HealthProbe | None
    layer4: bool = False
    proxy_header: bool = False

    @property
    def is_tls(self) -> bool:
        """Whether the gateway uses TLS to the backend."""
        return self.protocol.lower() in {"https", "tls"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolUse:
    """A rule joins a pool with a setting; `live_hosts` are the host names of its listeners."""

    pool: str
    setting: str
    live_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRule:
    """One path of requests from a listener to a pool, or to a redirect target.

    Attributes:
        hosts: the listener's host names in lower case, wildcards included; none if it accepts any.
        front_ends: addresses and names of the listener's front end, as far as ARM shows them.
        public_address: ARM ID of the front end's public address in lower case; empty without one.
        port: of the front end.
        paths: of a path rule; none for a basic rule and for the default of a path map.
        pool, setting: the destination; empty for a redirect.
        redirect: the destination of a redirect, in words; empty if there is none.
        redirect_listener: the listener to which it redirects, in lower case.
        rewrite: name of the rewrite set; empty if there is none.
    """

    rule: str
    listener: str
    hosts: tuple[str, ...]
    front_ends: tuple[str, ...] = ()
    public_address: str = ""
    port: int = 443
    paths: tuple[str, ...] = ()
    pool: str = ""
    setting: str = ""
    redirect: str = ""
    redirect_listener: str = ""
    rewrite: str = ""

    @property
    def description(self) -> str:
        """The rule, its paths and what it does to requests, in words for users."""
        paths = f", path {' '.join(self.paths)}" if self.paths else ""
        rewrite = f", rewritten by {self.rewrite}" if self.rewrite else ""
        return f"rule {self.rule}{paths}{rewrite}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthCertificate:
    """A v1 authentication certificate with its name on the gateway."""

    name: str
    certificate: Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A gateway's configuration, as far as backends need it.

    Attributes:
        id: its identity in ARM.
        tier: as Azure writes it, for example `Standard_v2`.
        sku: v1 or v2, which decides the rules.
        state: operational state, for example `Running` or `Stopped`.
        provisioning: provisioning state, for example `Succeeded` or `Updating`.
        roots: every readable trusted root that was uploaded, attached or not.
        undecodable: trusted roots whose data is no certificate.
        hidden_roots: names of trusted roots whose data ARM does not show.
        packed_roots: trusted roots that are a PEM bundle or a PKCS #7 file.
        unused_probes: custom health probes that no setting uses.
        private_only: it has a private front end address and no public one.
        uses: the pairs of pool and setting that a rule joins.
        site_rules: every path of requests from a listener to a pool or a redirect.
    """

    id: GatewayId
    location: str
    tier: str
    sku: Sku
    state: str
    provisioning: str
    pools: tuple[BackendPool, ...]
    settings: tuple[BackendSetting, ...]
    roots: tuple[UploadedRoot, ...]
    undecodable: tuple[UndecodableRoot, ...]
    auth_certificates: tuple[AuthCertificate, ...]
    uses: tuple[PoolUse, ...]
    hidden_roots: tuple[str, ...] = ()
    packed_roots: tuple[PackedRoot, ...] = ()
    unused_probes: tuple[str, ...] = ()
    private_only: bool = False
    site_rules: tuple[SiteRule, ...] = ()

    @property
    def passing_state(self) -> str:
        """`being updated` or `being deleted`; empty for a permanent state."""
        passing = {"updating": "being updated", "deleting": "being deleted"}
        return passing.get(self.provisioning.lower(), "")


class Health(StrEnum):
    """The health of one server; both of ARM's sets of words are mapped to it."""

    HEALTHY = "Healthy"
    UNHEALTHY = "Unhealthy"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayMessage:
    """A translated backend health message.

    Attributes:
        code: its meaning; `OK` for success, `UNRECOGNISED` if no rule matches.
        text: the raw text, hostile; empty if there was only an error name.
        name: ARM's `healthProbeErrorName`, hostile; empty if there was none.
        expected, received: status ranges and status code, if the text contains them.
        error_code: OpenSSL's error number, if the text contains one.
    """

    code: Code
    text: str
    name: str = ""
    expected: str | None = None
    received: int | None = None
    error_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendServer:
    """Backend health of one server under one setting.

    Attributes:
        ip_configuration: the ARM ID of a NIC member.
        more: unknown members of ARM's answer and its certificate metadata, unchanged.
        raw_health: the health as ARM wrote it; hostile, empty if there was none.
    """

    pool: str
    setting: str
    address: str
    health: Health
    message: GatewayMessage | None
    ip_configuration: str = ""
    more: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    raw_health: str = ""

    @property
    def health_text(self) -> str:
        """The health for users: the plain word, or ARM's own where it differs."""
        plain = self.raw_health.lower() in {"", "up", "down", self.health.value.lower()}
        return self.health.value if plain else self.raw_health


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayHealth:
    """One answer of the backend health operation.

    Attributes:
        read_at: when the answer came, time zone aware, UTC.
        request_ids: Azure's IDs of the requests, for a support ticket.
    """

    gateway: GatewayId
    servers: tuple[BackendServer, ...]
    read_at: datetime
    request_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Every gateway that could be read.

    Attributes:
        gateways: the gateways, in no order.
        refusals: why parts could not be read, for example one forbidden subscription of three.
        read_at: when they were read, time zone aware, UTC.
    """

    gateways: tuple[Gateway, ...]
    refusals: tuple[Refusal, ...]
    read_at: datetime
