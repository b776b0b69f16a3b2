"""ARM's data about a gateway: configuration, backend health, and refusals.

Names are Azure's. Every value is configured or reported by Azure; nothing here is the bot's own
verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


class MemberKind(StrEnum):
    """What a backend pool member is."""

    FQDN = "fqdn"
    IP = "ip"
    NIC = "nic"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendMember:
    """One member of a backend pool.

    A NIC member's `address` is empty until backend health names it.

    Attributes:
        kind: what it is.
        address: FQDN or IP literal, lower case.
        ip_configuration: a NIC member's ARM id, by which backend health names it.
        name: what a NIC member is called: its interface, or its scale set and instance.
    """

    kind: MemberKind
    address: str
    ip_configuration: str = ""
    name: str = ""

    @property
    def label(self) -> str:
        """What people call it: its address, else the interface's or instance's name."""
        return self.address or self.name or self.ip_configuration.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendPool:
    """A backend address pool."""

    name: str
    members: tuple[BackendMember, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthProbe:
    """A custom probe; `host` is empty when it is picked from the settings.

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
    """A backend HTTP setting (or layer-4 backend setting) with what it trusts.

    Attributes:
        root_names: names of the trusted roots attached to it.
        auth_certificate_names: names of the v1 authentication certificates attached to it.
        probe: the custom probe, `None` for the default probe.
        layer4: a TLS/TCP-proxy setting, where the validation switches do not exist.
        proxy_header: the setting preserves the client's address, or its probe says so: a PROXY
            protocol header goes before the handshake.
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
        """Whether the gateway speaks TLS to the backend."""
        return self.protocol.lower() in {"https", "tls"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolUse:
    """A rule joins a pool with a setting; `live_hosts` are the host names of its listeners."""

    pool: str
    setting: str
    live_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRule:
    """One route from a listener to a pool, or to its redirect target.

    Attributes:
        hosts: the listener's host names in lower case, wildcards included; none where it takes any.
        front_ends: addresses and names of the front end on which it listens, as far as ARM tells.
        public_address: ARM id of the front end's public address in lower case, empty without one.
        port: of the front end.
        paths: of a path rule; none for a basic rule and for the default of a path map.
        pool, setting: where it leads; empty where it redirects.
        redirect: where a redirect leads, in words; empty where there is none.
        redirect_listener: the listener to which it redirects, in lower case.
        rewrite: the name of the rewrite set, empty where there is none.
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
    def words(self) -> str:
        """The rule, its paths and what it does to requests, for people."""
        paths = f", path {' '.join(self.paths)}" if self.paths else ""
        rewrite = f", rewritten by {self.rewrite}" if self.rewrite else ""
        return f"rule {self.rule}{paths}{rewrite}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthCertificate:
    """A v1 authentication certificate by its name on the gateway."""

    name: str
    certificate: Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A gateway's configuration, as far as backends are concerned.

    Attributes:
        id: where it lives.
        tier: Azure's word, for example `Standard_v2`.
        sku: which rules hold.
        state: operational state, for example `Running` or `Stopped`.
        provisioning: provisioning state, for example `Succeeded` or `Updating`.
        roots: every readable trusted root that lies on it, attached or not.
        undecodable: trusted roots whose data is no certificate.
        hidden_roots: names of trusted roots whose data ARM does not show.
        packed_roots: trusted roots that are a bundle or a PKCS #7 bag.
        unused_probes: custom health probes that no setting uses.
        private_only: it has a private frontend address and no public one.
        uses: the (pool, setting) pairs that a rule joins.
        site_rules: every way from a listener to a pool or a redirect.
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
        """`being updated` or `being deleted`; empty for a state that lasts."""
        passing = {"updating": "being updated", "deleting": "being deleted"}
        return passing.get(self.provisioning.lower(), "")


class Health(StrEnum):
    """The health of one server; both of ARM's sets of words map to these."""

    HEALTHY = "Healthy"
    UNHEALTHY = "Unhealthy"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayMessage:
    """A backend-health message translated.

    Attributes:
        code: what it says; `OK` for success, `UNRECOGNISED` when no rule matches, never a guess.
        text: the raw text, hostile input for whoever shows it; empty where only a name came.
        name: ARM's `healthProbeErrorName`, hostile too, empty where none came.
        expected, received: status ranges and status code, where the text names them.
        error_code: OpenSSL's number, where the text names one.
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
        ip_configuration: the ARM id of a NIC member.
        more: unknown members of ARM's answer and its certificate metadata, unchanged.
        word: the gateway's own word for its health, as it came; hostile, empty where none came.
    """

    pool: str
    setting: str
    address: str
    health: Health
    message: GatewayMessage | None
    ip_configuration: str = ""
    more: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    word: str = ""

    @property
    def said(self) -> str:
        """Its health for people: the plain word, or the gateway's own where that is another."""
        plain = self.word.lower() in {"", "up", "down", self.health.value.lower()}
        return self.health.value if plain else self.word


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayHealth:
    """One answer of the backend-health operation.

    Attributes:
        gateway: whose answer it is.
        servers: what it says of each.
        read_at: when the answer came, aware, UTC.
        request_ids: Azure's own ids of the requests it took, for a support ticket.
    """

    gateway: GatewayId
    servers: tuple[BackendServer, ...]
    read_at: datetime
    request_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Every gateway that could be read.

    Attributes:
        gateways: what was read, in no order.
        refusals: why parts could not be read, for example one forbidden subscription of three.
        read_at: when, aware, UTC.
    """

    gateways: tuple[Gateway, ...]
    refusals: tuple[Refusal, ...]
    read_at: datetime
