"""Target policy: which targets may be probed.

First come the addresses that are never probed, then the allow-list and the gateways' own members,
then the port.

The caller first asks with the name alone, before it resolves it. Otherwise users could find out
which names exist, or send data out through our name servers. Then it resolves the name once, asks
with every address, and connects only to a checked address.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address, ip_network

from bot.access.addresses import (
    Address,
    Network,
    canonical_host,
    effective_address,
    why_never_probed,
)
from bot.access.spelling import is_local, refuse_spelling
from bot.domain.refusal import Refusal, RefusalKind
from bot.settings.rules import targets as checked_targets
from chainlib.frozen import dataclass

USUAL_PORTS = frozenset({443, 444, 4443, 8443, 9443, 10443})
"""Ports of a target that the allow-list permits and that is in no pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRules:
    """What may be probed besides the gateways' own members.

    Attributes:
        suffixes: host names that are allowed together with all names below them.
        networks: networks whose addresses are allowed when typed as addresses or used in issuer
            downloads. They do not allow a name that resolves to them: a name needs a suffix or a
            pool.
        allow_loopback: whether loopback may be probed, on any port.
    """

    suffixes: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    allow_loopback: bool = False

    @classmethod
    def read(cls, entries: Iterable[str], *, allow_loopback: bool = False) -> TargetRules:
        """Parse APPGW_ALLOWED_TARGETS, and take APPGW_ALLOW_LOOPBACK.

        Raises:
            ValueError: an entry is neither host nor network. The text is the second half of a
                sentence that begins with the name of the variable.
        """
        suffixes, networks = list[str](), list[Network]()
        for entry in checked_targets(tuple(entries)):
            try:
                networks.append(ip_network(entry))
            except ValueError:
                suffixes.append(entry)
        return cls(
            suffixes=tuple(suffixes), networks=tuple(networks), allow_loopback=allow_loopback
        )

    def admits_name(self, host: str) -> bool:
        """Whether the host is an allowed name or a subdomain of one."""
        name = host.lower().removesuffix(".")
        return any(name == suffix or name.endswith(f".{suffix}") for suffix in self.suffixes)

    def admits_host(self, host: str) -> bool:
        """Whether a rule allows the host as it is written, before it is resolved."""
        try:
            return self.admits_address(effective_address(ip_address(host)))
        except ValueError:
            return self.admits_name(host) or (self.allow_loopback and is_local(host))

    def admits_address(self, address: Address) -> bool:
        """Whether the address is in an allowed network, or is an allowed loopback address."""
        if self.allow_loopback and address.is_loopback:
            return True
        return any(
            address in network for network in self.networks if network.version == address.version
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGuard:
    """The target policy as the use cases call it."""

    rules: TargetRules

    def refuse_spelling(self, host: str) -> Refusal | None:
        """Refuse a host that may not be resolved."""
        return refuse_spelling(host, allow_loopback=self.rules.allow_loopback)

    def refuse_unresolved(
        self, host: str, port: int, *, members: frozenset[str], ports: frozenset[int]
    ) -> Refusal | None:
        """Refuse a host and port that no rule allows, whatever the name resolves to."""
        return refuse_unresolved(host, port, self.rules, members=members, ports=ports)

    def admit(
        self,
        host: str,
        port: int,
        addresses: Sequence[str],
        *,
        members: frozenset[str],
        ports: frozenset[int],
    ) -> Refusal | None:
        """Refuse addresses that may not be connected to; `None` allows them."""
        return admit_target(host, port, addresses, self.rules, members=members, ports=ports)


def refuse_unresolved(
    host: str,
    port: int,
    rules: TargetRules,
    *,
    members: frozenset[str] = frozenset(),
    ports: frozenset[int] = frozenset(),
) -> Refusal | None:
    """Refuse a target as it is written, before its name is resolved.

    The playground's loopback switch allows by address, so while it is on any name may be resolved.

    Args:
        host: the target, A-label in lower case or IP address.
        port: the port to connect to.
        rules: what is allowed besides members.
        members: hosts and addresses in the gateways' own pools.
        ports: allowed ports of members: those of the settings and probes that use the host.
    """
    if refusal := refuse_spelling(host, allow_loopback=rules.allow_loopback):
        return refusal
    return None if rules.allow_loopback else _refuse_unlisted(host, port, rules, members, ports)


def admit_target(
    host: str,
    port: int,
    addresses: Sequence[str],
    rules: TargetRules,
    *,
    members: frozenset[str] = frozenset(),
    ports: frozenset[int] = frozenset(),
) -> Refusal | None:
    """Refuse a target, or return `None` if all its addresses may be connected to on this port.

    Args:
        host: as in `refuse_unresolved`.
        port: as in `refuse_unresolved`.
        addresses: all addresses of the host; when empty, the name alone decides.
        rules: as in `refuse_unresolved`.
        members: as in `refuse_unresolved`.
        ports: as in `refuse_unresolved`.
    """
    refusal = refuse_spelling(host, allow_loopback=rules.allow_loopback) or _refuse_never(
        host, addresses, rules
    )
    if refusal:
        return refusal
    resolved = [effective_address(ip_address(address)) for address in addresses]
    if rules.allow_loopback and _all(address.is_loopback for address in resolved):
        return None
    return _refuse_unlisted(host, port, rules, members, ports)


def _refuse_unlisted(
    host: str,
    port: int,
    rules: TargetRules,
    members: frozenset[str],
    ports: frozenset[int],
) -> Refusal | None:
    is_member = canonical_host(host) in {canonical_host(member) for member in members}
    is_allowed = rules.admits_host(host)
    if not (is_member or is_allowed):
        return _not_allowed(host)
    return _refuse_port(
        port,
        (ports if is_member else frozenset()) | (USUAL_PORTS if is_allowed else frozenset()),
    )


def _refuse_never(host: str, addresses: Sequence[str], rules: TargetRules) -> Refusal | None:
    for address in addresses:
        reason = why_never_probed(address, allow_loopback=rules.allow_loopback)
        if reason:
            return Refusal(
                kind=RefusalKind.NEVER,
                sentence=(f"{host[:60]} leads to {address[:60]}, {reason}, which is never probed."),
            )
    return None


def _not_allowed(host: str) -> Refusal:
    sentence = (
        f"{host[:60]} is in no backend pool that the bot can see and not on the allow-list; an "
        "operator can add it, for example APPGW_ALLOWED_TARGETS=contoso.com,10.0.0.0/8 (list a "
        "name for a name; networks allow typed addresses only)."
    )
    return Refusal(kind=RefusalKind.NOT_ALLOWED, sentence=sentence)


def _refuse_port(port: int, allowed: frozenset[int]) -> Refusal | None:
    if port in allowed:
        return None
    listed = ", ".join(str(one) for one in sorted(allowed)[:8])
    return Refusal(
        kind=RefusalKind.PORT,
        sentence=(
            f"Port {port} may not be probed on this target; allowed are {listed}: the ports of its "
            "backend settings, or the usual ports of a name on the allow-list."
        ),
    )


def _all(answers: Iterable[bool]) -> bool:
    """`all`, but false for no items."""
    collected = list(answers)
    return bool(collected) and all(collected)
