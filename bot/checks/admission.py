"""Asks the target policy about a host, with the pools and ports in which gateways use that host.

There is one index per gateway. It is built when the gateway is first used and kept as long as the
inventory holds that value, so that a request does not have to go through members x settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.access.addresses import canonical_host
from bot.azure.member_uses import member_uses
from bot.azure.name_index import NameIndex
from bot.checks.protocols import TargetPolicy
from bot.domain.azure import Gateway
from bot.domain.refusal import Refusal
from bot.domain.request import HostTarget
from chainlib.frozen import dataclass

Ports = Mapping[str, frozenset[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolMembership:
    """What the pools of the gateways say about one target.

    Attributes:
        members: the host, if it is in a pool.
        ports: the ports of the settings and health probes that use it.
    """

    members: frozenset[str]
    ports: frozenset[int]


class AdmissionIndex:
    """The members of all gateways, with the ports of the settings that use them."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Gateway, Ports]] = {}
        self._holders = NameIndex(self._ports_of)

    def look_up(self, host: str, gateways: Sequence[Gateway]) -> PoolMembership:
        """Look up a host, as it is written, in the pools of these gateways.

        Another name for a member's address does not match: that would need a DNS request.
        """
        name = canonical_host(host)
        holding = self._holders.holders(gateways, (name,))
        own = frozenset[int]().union(*(self._ports_of(gateway)[name] for gateway in holding))
        return PoolMembership(members=frozenset({host}) if own else frozenset(), ports=own)

    def _ports_of(self, gateway: Gateway) -> Ports:
        held = self._kept.get(gateway.id.key)
        if held is None or held[0] is not gateway:
            held = self._kept[gateway.id.key] = (gateway, ports_by_member(gateway))
        return held[1]


def ports_by_member(gateway: Gateway) -> Ports:
    """Each member's address, with the ports of the settings and probes that rules join with it."""
    found: dict[str, set[int]] = {}
    for use in member_uses(gateway):
        if use.member.address:
            probe = use.setting.probe
            ports = {use.setting.port, probe.port if probe and probe.port else use.setting.port}
            found.setdefault(canonical_host(use.member.address), set()).update(ports)
    return {address: frozenset(ports) for address, ports in found.items()}


class Admission:
    """Decides which hosts may be probed, by the target policy and the gateways' pools.

    Args:
        target_policy: the policy.
    """

    def __init__(self, target_policy: TargetPolicy) -> None:
        self._policy = target_policy
        self._index = AdmissionIndex()

    def refuse_spelling(self, host: str) -> Refusal | None:
        """Refuse a host by its name alone."""
        return self._policy.refuse_spelling(host)

    def refuse_unresolved(
        self, target: HostTarget, gateways: Sequence[Gateway], arm_refusal: Refusal | None
    ) -> Refusal | None:
        """Refuse a target that no rule allows; call it before its name is resolved.

        Args:
            target: the requested target.
            gateways: the gateways whose pools are looked up.
            arm_refusal: why the pools are unknown.
        """
        known = self._index.look_up(target.host, gateways)
        refusal = self._policy.refuse_unresolved(
            target.host, target.port, members=known.members, ports=known.ports
        )
        return refusal and self.explained(refusal, target, (), arm_refusal)

    def refusal(
        self, host: str, port: int, addresses: Sequence[str], gateways: Sequence[Gateway]
    ) -> Refusal | None:
        """Refuse addresses that may not be connected to on this port."""
        known = self._index.look_up(host, gateways)
        return self._policy.admit(host, port, addresses, members=known.members, ports=known.ports)

    def for_gateways(
        self, gateways: Sequence[Gateway]
    ) -> Callable[[str, int, Sequence[str]], Refusal | None]:
        """`refusal` with these gateways filled in."""
        return lambda host, port, addresses: self.refusal(host, port, addresses, gateways)

    def explained(
        self,
        refusal: Refusal,
        target: HostTarget,
        addresses: Sequence[str],
        arm_refusal: Refusal | None,
    ) -> Refusal:
        """The refusal, with a remark if Azure did not give the pools that might allow the target.

        Otherwise the user would edit the allow-list for no reason.
        """
        host, port = target.host, target.port
        if arm_refusal is None or self._policy.admit(
            host, port, addresses, members=frozenset({host}), ports=frozenset({port})
        ):
            return refusal
        sentence = (
            f"I cannot see whether {host[:60]} stands in a gateway's pool, and it is not "
            f"on the allow-list. {arm_refusal.sentence}"
        )
        return replace(refusal, sentence=sentence)
