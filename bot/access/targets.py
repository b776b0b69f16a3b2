"""Which targets may be touched.

The never-list first, then the allow-list or the gateways' own members, then the port.

The caller asks by the name alone before it resolves, so that nobody learns from the bot which names
exist (and nobody sends text out through its name servers). Then it resolves once, asks with every
address, and connects to one of the addresses that were checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network

from bot.access.addresses import Address, Network, never, plain
from bot.access.spelling import is_local, refuse_spelling
from bot.domain.refusal import Refusal, RefusalKind
from bot.settings.rules import targets as checked_targets

REMEMBERED = 4096
USUAL_PORTS = frozenset({443, 444, 4443, 8443, 9443, 10443})
"""The ports of a target that is allowed by the list and is in no pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRules:
    """What may be probed besides the gateways' own members.

    Attributes:
        suffixes: host names that admit themselves and everything below them.
        networks: networks that admit addresses that are typed as such, and the addresses of issuer
            downloads. A name needs a suffix or a pool: what it resolves to admits nothing.
        allow_loopback: whether loopback may be probed, on any port.
    """

    suffixes: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    allow_loopback: bool = False

    @classmethod
    def read(cls, entries: Iterable[str], *, allow_loopback: bool = False) -> TargetRules:
        """The rules of APPGW_ALLOWED_TARGETS and APPGW_ALLOW_LOOPBACK.

        Raises:
            ValueError: an entry is neither host nor network; the second half of a sentence that
                begins with the variable's name.
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
        """Whether the host is an allowed name or below one, at a label boundary."""
        name = host.lower().removesuffix(".")
        return any(name == suffix or name.endswith(f".{suffix}") for suffix in self.suffixes)

    def admits_host(self, host: str) -> bool:
        """Whether a rule admits the host as it is written, before anything is resolved."""
        try:
            return self.admits_address(plain(ip_address(host)))
        except ValueError:
            return self.admits_name(host) or (self.allow_loopback and is_local(host))

    def admits_address(self, address: Address) -> bool:
        """Whether an allowed network holds the address, or it is loopback and that is allowed."""
        if self.allow_loopback and address.is_loopback:
            return True
        return any(
            address in network for network in self.networks if network.version == address.version
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGuard:
    """The rules, as the use cases ask for them."""

    rules: TargetRules

    def refuse_spelling(self, host: str) -> Refusal | None:
        """A refusal when the host may not even be resolved."""
        return refuse_spelling(host, allow_loopback=self.rules.allow_loopback)

    def refuse_unresolved(
        self, host: str, port: int, *, members: frozenset[str], ports: frozenset[int]
    ) -> Refusal | None:
        """A refusal when no rule admits the host on this port, whatever it resolves to."""
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
        """A refusal when these addresses may not be connected to."""
        return admit_target(host, port, addresses, self.rules, members=members, ports=ports)


def refuse_unresolved(
    host: str,
    port: int,
    rules: TargetRules,
    *,
    members: frozenset[str] = frozenset(),
    ports: frozenset[int] = frozenset(),
) -> Refusal | None:
    """Refuse a target by what is written, before its name is resolved.

    The loopback switch of the playground admits by address, so where it is on any name is resolved.

    Args:
        host: as asked for, lower-case A-label or IP literal.
        port: to connect to.
        rules: what is allowed besides members.
        members: hosts and addresses in the gateways' own pools.
        ports: ports of the settings and probes that hold the host, which hold for members.
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
    """Refuse a target, or return `None` when all its addresses may be connected to on this port.

    Args:
        host: as `refuse_unresolved` takes it, like `port`, `rules`, `members` and `ports`.
        port: see there.
        addresses: everything that the host resolved to; without any, the name alone decides.
        rules: see there.
        members: see there.
        ports: see there.
    """
    refusal = refuse_spelling(host, allow_loopback=rules.allow_loopback) or _refuse_never(
        host, addresses, rules
    )
    if refusal:
        return refusal
    resolved = [plain(ip_address(address)) for address in addresses]
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
    is_member = _canonical(host) in {_canonical(member) for member in members}
    is_allowed = rules.admits_host(host)
    if not (is_member or is_allowed):
        return _not_allowed(host)
    return _refuse_port(
        port,
        (ports if is_member else frozenset()) | (USUAL_PORTS if is_allowed else frozenset()),
    )


def _refuse_never(host: str, addresses: Sequence[str], rules: TargetRules) -> Refusal | None:
    for address in addresses:
        reason = never(address, allow_loopback=rules.allow_loopback)
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
    """Whether all hold and there is at least one."""
    collected = list(answers)
    return bool(collected) and all(collected)


@lru_cache(maxsize=REMEMBERED)
def _canonical(member: str) -> str:
    """One spelling for hosts and addresses.

    Asked for every member of every gateway, again for each that is probed.
    """
    try:
        return str(plain(ip_address(member.strip("[]"))))
    except ValueError:
        return member.lower().removesuffix(".")
