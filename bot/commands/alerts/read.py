"""Finds the gateway, site or backend that a message of another tool is about. Pure.

Called for the message shortcut, for threads, and for `alerts on`. It ranks all names in an alert
instead of taking the first one: an ARM ID of a gateway, then a member or a site of the inventory,
then a labelled backend, then a host in the text. If no name is clearly the best, there is no
target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.commands.alerts.gateway_names import NamedGateway, Sure
from bot.commands.alerts.gateways import read_gateways, read_pool
from bot.commands.alerts.hosts import read_hosts
from bot.commands.alerts.mentions import Mention, foremost, only_failing
from bot.commands.alerts.reading import AlertReading, AlertTarget, reading_json
from bot.commands.alerts.relevance import read_subject, why_unchecked
from bot.commands.alerts.roles import Role
from bot.commands.alerts.text import AlertText, read_text
from bot.commands.known_names import KnownGateway, KnownNames, known_names
from bot.commands.products import another_product, product_named

_NOBODY = KnownNames()
_SHOWN = 80


def read_alert(message: Mapping[str, Any], known: KnownNames = _NOBODY) -> AlertReading:
    """Find the target of a Slack message of any structure.

    Args:
        message: as Slack delivers it; hostile, so only a bounded part is read.
        known: the gateways that the bot can read; without them only the words decide.
    """
    text = read_text(message)
    gateways, pool = read_gateways(text, known), read_pool(text)
    mentions = only_failing(foremost(read_hosts(text, known)), text)
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


def read_alert_json(document: Mapping[str, Any]) -> dict[str, Any]:
    """`read_alert` for one line of `appgw read-alert --json`.

    Args:
        document: `message`, and `inventory` where there is one.
    """
    message = document.get("message")
    known = known_names(document.get("inventory"))
    return reading_json(read_alert(message if isinstance(message, dict) else {}, known))


def _beside_gateways(
    gateways: Sequence[NamedGateway], mentions: Sequence[Mention], known: KnownNames
) -> AlertReading:
    """Several gateways are equally likely; only a known host can decide between them."""
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
    """The target among hosts of the inventory; a named gateway decides between them."""
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
    """Whether an address belongs to another gateway than the names next to it."""
    owned = {one.ref for name in members if not name.is_ip for one in known.holding(name.host)}
    addresses = [known.holding(one.host) for one in members if one.is_ip]
    return bool(owned) and any(owned.isdisjoint(gw.ref for gw in one) for one in addresses)


def _known_target(one: Mention, known: KnownNames) -> AlertTarget:
    return _target(one, _only_owner(one, known), None, is_site=not known.holding(one.host))


def _with_gateway(
    gateway: NamedGateway, mentions: Sequence[Mention], pool: str | None, known: KnownNames
) -> AlertReading:
    """The target if a gateway is named; an unknown host next to it is ignored."""
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
    why = why_unchecked(read_subject(text), first, text)
    return AlertReading(target=None, reason=f"the message {why}") if why else None


def _product_of(text: AlertText) -> str | None:
    """The other Azure product that the message names."""
    return next(filter(None, (product_named(line.text) for line in text.lines)), None)


def _only(mentions: Sequence[Mention]) -> Mention | None:
    """The one host that is meant: a name next to its own address, or the longer of two names."""
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
