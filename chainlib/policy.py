"""What Application Gateway requires of a backend, as data.

Each switch is a rule that goes beyond OpenSSL, with its source. The policy contains requirements;
`judge` compares them with the facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from chainlib.certificate import Certificate
from chainlib.frozen import dataclass
from chainlib.model import TrustAnchors, TrustMode, UploadedRoot

DEFAULT_PROBE_TIMEOUT_S = 30.0


class Sku(StrEnum):
    """Generation of the gateway: v1 is tier Standard or WAF; all other tiers follow v2's rules."""

    V1 = "v1"
    V2 = "v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpProbeRule:
    """The health probe's rule (azure-rules section 3).

    GET, no redirects followed, at most 64 KiB read.

    Attributes:
        host_header: sent as Host; the default probe sends `127.0.0.1`.
        path: begins with `/`.
        statuses: inclusive ranges that count as healthy.
        body: text that the body must contain; empty requires none.
        timeout: seconds.
    """

    host_header: str = "127.0.0.1"
    path: str = "/"
    statuses: tuple[tuple[int, int], ...] = ((200, 399),)
    body: str = ""
    timeout: float = DEFAULT_PROBE_TIMEOUT_S

    def accepts(self, status: int) -> bool:
        """Whether this status code counts as healthy."""
        return any(low <= status <= high for low, high in self.statuses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strictness:
    """Rules beyond OpenSSL, each with a switch, because none could be observed on a real gateway.

    Attributes:
        leaf_first: the leaf must be the first certificate. Documented ("Leaf certificate is not the
            topmost").
        chain_order: the order after the leaf matters. Documented and reported by users; OpenSSL
            ignores it.
        self_signed_must_be_ca: a self-signed leaf must have CA:TRUE. Documented; OpenSSL accepts it
            if it is trusted.
        ip_literal_never_matches: an IP address as the name never matches, IP SAN or not. Inferred.
    """

    leaf_first: bool = True
    chain_order: bool = True
    self_signed_must_be_ca: bool = True
    ip_literal_never_matches: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPolicy:
    """Everything that the gateway requires of one backend.

    Attributes:
        anchors: what it trusts, and in which mode.
        sku: generation of the gateway.
        validate_chain: `validateCertChainAndExpiry`; one switch for chain and dates.
        validate_name: `validateSNI`.
        name: the name that the probe requires; `None` skips the check, and the verdict says so.
        sni_name: whether `name` is the setting's `sniName`, which goes before every host name.
        live_names: the names that live traffic requires, if they differ from `name`.
        unattached: roots on this or another gateway that are not attached to the setting.
        public_roots: well-known roots, to recognise a public CA while the setting trusts uploaded
            roots only; empty skips that.
        http: the health probe's rule; `None` if no HTTP probe is judged.
        strictness: the rules beyond OpenSSL.
    """

    anchors: TrustAnchors
    sku: Sku = Sku.V2
    validate_chain: bool = True
    validate_name: bool = True
    name: str | None = None
    sni_name: bool = False
    live_names: tuple[str, ...] = ()
    # A policy is hashed for each judgement, and well-known roots are many.
    unattached: tuple[UploadedRoot, ...] = field(default=(), hash=False)
    public_roots: tuple[Certificate, ...] = field(default=(), hash=False)
    http: HttpProbeRule | None = None
    strictness: Strictness = field(default_factory=Strictness)

    @property
    def trust(self) -> TrustMode:
        """The trust mode, by its public name."""
        return self.anchors.mode

    def as_json(self) -> Mapping[str, object]:
        """The `policy` object of the JSON output."""
        return {
            "sku": self.sku.value,
            "trust": self.trust.value,
            "validate_chain": self.validate_chain,
            "validate_name": self.validate_name,
            "name": self.name,
        }
