"""Somebody else's alert -> the gateway, site or backend that it is about, or why none is named.

One pure function behind the message shortcut, the reading of a thread and `alerts on`. It ranks
an alert names and never takes the first name that comes: an ARM id of a gateway, then a member or a
site of the inventory, then a labelled backend, then a host in the text. What cannot be decided is
not guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.commands.alert_gateway_names import NamedGateway, Sure
from bot.commands.alert_gateways import read_gateways
from bot.commands.alert_hosts import read_hosts
from bot.commands.alert_matter import is_in_passing, other_matter, read_matter
from bot.commands.alert_mentions import Mention, foremost
from bot.commands.alert_pools import read_pool
from bot.commands.alert_text import AlertText, read_text
from bot.commands.alert_words import Role
from bot.commands.known_names import KnownGateway, KnownNames
from bot.commands.products import another_product, product_named

_NOBODY = KnownNames()
_SHOWN = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTarget:
    """What an alert is about.

    Attributes:
        host: a backend's or a site's name or address, `None` where a gateway alone is named.
        port: as the alert names it, `None` where it names none.
        is_site: whether the inventory has the host as a site and in no pool.
        gateway: the gateway, `None` where the alert names none and the inventory has not one alone.
        pool: the pool of that gateway.
    """

    host: str | None = None
    port: int | None = None
    is_ip: bool = False
    is_site: bool = False
    gateway: NamedGateway | None = None
    pool: str | None = None

    @property
    def line(self) -> str:
        """The same as a line of the language, to be parsed as if it had been typed."""
        if self.host is None:
            return self._gateway_line()
        host = f"[{self.host}]" if ":" in self.host else self.host
        target = f"site:{host}" if self.is_site else f"{host}:{self.port}" if self.port else host
        gateway = f" gw={self.gateway.ref.short}" if self.gateway else ""
        pool = f" pool={self.pool}" if self.pool and self.gateway else ""
        return f"{target}{gateway}{pool}"

    def _gateway_line(self) -> str:
        if self.gateway is None:
            return ""
        ref = self.gateway.ref
        return replace(ref, pool=self.pool or ref.pool).text


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertReading:
    """What was read out of a message.

    Attributes:
        target: what it is about, `None` where nothing is named or nothing decides.
        reason: why, in one sentence; it repeats hostile text.
        choices: what is level, where that is why there is no target; to be offered as buttons.
        is_known: whether the inventory has what is named, so that there is no doubt.
        is_other_product: it is about a product of Azure's that is no Application Gateway, and the
            reason says so to people.
    """

    target: AlertTarget | None
    reason: str
    choices: tuple[AlertTarget, ...] = ()
    is_known: bool = False
    is_other_product: bool = False


def read_alert(message: Mapping[str, Any], known: KnownNames = _NOBODY) -> AlertReading:
    """What a Slack message of any shape is about.

    Args:
        message: as Slack delivers it; hostile, and read only so far.
        known: the gateways that the bot can see; without them only the words decide.
    """
    text = read_text(message)
    gateways, pool = read_gateways(text, known), read_pool(text)
    mentions = foremost(read_hosts(text, known))
    if len(gateways) > 1:
        return _beside_gateways(gateways, mentions, known)
    gateway = gateways[0] if gateways else None
    if gateway is None and mentions and (refusal := _not_worth_a_check(mentions[0], text)):
        return refusal
    if mentions and mentions[0].role is Role.KNOWN:
        return _known_host(mentions, gateway, pool, known)
    if gateway is not None:
        return _with_gateway(gateway, mentions, pool, known)
    return _host_alone(mentions, text)


def _beside_gateways(
    gateways: Sequence[NamedGateway], mentions: Sequence[Mention], known: KnownNames
) -> AlertReading:
    """Several gateways are level: a known host may decide between them, nothing else."""
    if len(mentions) == 1 and mentions[0].role is Role.KNOWN:
        owners = {one.ref.short for one in _owners(mentions[0], known)}
        fitting = [one for one in gateways if one.ref.short in owners]
        if len(fitting) == 1:
            return _known_host(mentions, fitting[0], None, known)
    choices = tuple(AlertTarget(gateway=one) for one in gateways[:2])
    return _level(choices, [one.ref.short for one in gateways])


def _known_host(
    mentions: Sequence[Mention], gateway: NamedGateway | None, pool: str | None, known: KnownNames
) -> AlertReading:
    """Hosts of the inventory; a gateway that was named decides between them."""
    fitting = [one for one in mentions if gateway is None or _is_of(gateway, one, known)]
    members = [one for one in fitting if known.holding(one.host)]
    one = None if _are_apart(members, known) else _only(members or fitting)
    if one is not None:
        owner = gateway or _only_owner(one, known)
        return AlertReading(
            target=_target(one, owner, pool, is_site=not known.holding(one.host)),
            reason=f"{one.host} is a {'member' if members else 'site'} of a known gateway",
            is_known=True,
        )
    if gateway is not None and not fitting and gateway.sure >= Sure.KNOWN:
        other = AlertTarget(gateway=gateway), _known_target(mentions[0], known)
        return _level(other, [gateway.ref.short, *(one.host for one in mentions)])
    if gateway is not None:
        return _gateway_alone(gateway, pool, known)
    owners = {owner for one in mentions for owner in _owners(one, known)}
    shared = [owner for owner in owners if all(owner in _owners(one, known) for one in mentions)]
    if len(shared) == 1:
        return _gateway_alone(_named(shared[0]), pool, known)
    choices = tuple(_known_target(one, known) for one in mentions[:2])
    return _level(choices, [one.host for one in mentions])


def _are_apart(members: Sequence[Mention], known: KnownNames) -> bool:
    """Whether an address is a member of another gateway than the names beside it."""
    owned = {one.ref for name in members if not name.is_ip for one in known.holding(name.host)}
    addresses = [known.holding(one.host) for one in members if one.is_ip]
    return bool(owned) and any(owned.isdisjoint(gw.ref for gw in one) for one in addresses)


def _known_target(one: Mention, known: KnownNames) -> AlertTarget:
    return _target(one, _only_owner(one, known), None, is_site=not known.holding(one.host))


def _with_gateway(
    gateway: NamedGateway, mentions: Sequence[Mention], pool: str | None, known: KnownNames
) -> AlertReading:
    """A gateway is named: a foreign host beside it is not asked about."""
    one = _only(mentions)
    if known or one is None or one.role > Role.SUBJECT:
        return _gateway_alone(gateway, pool, known)
    return AlertReading(
        target=_target(one, gateway, pool),
        reason=f"{one.host} is named as a backend of {gateway.ref.short}",
    )


def _gateway_alone(gateway: NamedGateway, pool: str | None, known: KnownNames) -> AlertReading:
    return AlertReading(
        target=AlertTarget(gateway=gateway, pool=gateway.ref.pool or pool),
        reason=f"the message names the gateway {gateway.ref.short}",
        is_known=bool(known.names.get(gateway.name)) and gateway.sure <= Sure.KNOWN,
    )


def _host_alone(mentions: Sequence[Mention], text: AlertText) -> AlertReading:
    if not mentions and (product := _product_of(text)):
        return AlertReading(target=None, reason=another_product(product), is_other_product=True)
    if not mentions:
        return AlertReading(
            target=None,
            reason=(
                "the message names no backend, site or gateway; name one, for example gw:prod-gw"
            ),
        )
    one = _only(mentions)
    if one is None:
        choices = tuple(_target(host, None, None) for host in mentions[:2])
        return _level(choices, [host.host for host in mentions])
    return AlertReading(
        target=_target(one, None, None), reason=f"{one.host} is named in the message"
    )


def _not_worth_a_check(first: Mention, text: AlertText) -> AlertReading | None:
    """Why the foremost hosts are not checked, `None` where they may be."""
    matter = read_matter(text)
    if other := other_matter(matter, first, text):
        reason = f"the message is about {other} and no HTTPS backend; name one to check it"
        return AlertReading(target=None, reason=reason)
    if is_in_passing(matter, first):
        reason = f"the message mentions {first.host} and does not say that it fails; name it"
        return AlertReading(target=None, reason=reason)
    return None


def _product_of(text: AlertText) -> str | None:
    """Which other product of Azure's the message names."""
    return next(filter(None, (product_named(line.text) for line in text.lines)), None)


def _only(mentions: Sequence[Mention]) -> Mention | None:
    """The one host that is meant: a name beside its own address, or the longer of two names."""
    names = [one for one in mentions if not one.is_ip]
    longest = [
        one for one in names if not any(other.host.endswith(f".{one.host}") for other in names)
    ]
    kept = longest or list(mentions)
    return kept[0] if len(kept) == 1 else None


def _level(choices: tuple[AlertTarget, ...], names: Sequence[str]) -> AlertReading:
    shown = " and ".join(name[:_SHOWN] for name in names[:2])
    more = f" and {len(names) - 2} more" if len(names) > len(choices) > 1 else ""
    return AlertReading(
        target=None,
        reason=f"the message names {shown}{more}, and it is not clear which is meant; name one",
        choices=choices,
    )


def _target(
    one: Mention, gateway: NamedGateway | None, pool: str | None, *, is_site: bool = False
) -> AlertTarget:
    return AlertTarget(
        host=one.host,
        port=one.port,
        is_ip=one.is_ip,
        is_site=is_site,
        gateway=gateway,
        pool=pool if gateway else None,
    )


def _owners(one: Mention, known: KnownNames) -> tuple[KnownGateway, ...]:
    return known.holding(one.host) or known.serving(one.host)


def _only_owner(one: Mention, known: KnownNames) -> NamedGateway | None:
    owners = _owners(one, known)
    return _named(owners[0]) if len(owners) == 1 else None


def _named(gateway: KnownGateway) -> NamedGateway:
    return NamedGateway(ref=gateway.ref, sure=Sure.KNOWN)


def _is_of(gateway: NamedGateway, one: Mention, known: KnownNames) -> bool:
    owners = (*known.holding(one.host), *known.serving(one.host))
    return any(
        owner.ref.name == gateway.name and gateway.ref.group in {None, owner.ref.group}
        for owner in owners
    )
