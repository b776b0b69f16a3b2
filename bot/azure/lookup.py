"""A typed gateway name -> the gateway, or an honest answer why not. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from bot.azure.refusals import no_subscription
from bot.domain.azure import ArmRefusal, ArmTrouble, Gateway, Inventory
from chainlib import counted

_SHOWN = 5
_NEAR = 0.6


def look_up(
    inventory: Inventory, name: str, *, group: str | None = None, subscription: str | None = None
) -> Gateway | ArmRefusal:
    """Find one gateway by name; case does not count.

    Args:
        inventory: what could be read.
        name: the gateway's name as typed.
        group: the resource group, `None` when none was typed.
        subscription: the subscription id, `None` when none was typed.

    Returns:
        The gateway; `NOT_FOUND` with the nearest names; `AMBIGUOUS` with every gateway of that
        name.
    """
    found = [
        gateway
        for gateway in inventory.gateways
        if _same(gateway.id.name, name)
        and _fits(gateway.id.group, group)
        and _fits(gateway.id.subscription, subscription)
    ]
    if len(found) == 1:
        return found[0]
    return _ambiguous(name, found) if found else _missing(inventory, name, group)


def typed(gateway: Gateway) -> str:
    """How people write this gateway."""
    return f"gw:{gateway.id.group}/{gateway.id.name}"


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _fits(value: str, wanted: str | None) -> bool:
    return wanted is None or _same(value, wanted)


def _ambiguous(name: str, found: Sequence[Gateway]) -> ArmRefusal:
    names = sorted(map(typed, found))
    distinct = len(set(map(str.lower, names))) == len(names)
    written = names if distinct else sorted(gateway.id.resource_id for gateway in found)
    how = "name the group" if distinct else "give the whole ARM id"
    sentence = f"{len(found)} gateways are called {name}: {', '.join(written[:_SHOWN])}; {how}."
    return ArmRefusal(trouble=ArmTrouble.AMBIGUOUS, sentence=sentence, suggestions=tuple(written))


def _missing(inventory: Inventory, name: str, group: str | None) -> ArmRefusal:
    known = {typed(gateway): gateway for gateway in inventory.gateways}
    if not known and inventory.refusals:
        return inventory.refusals[0]
    near = _nearest(known, name)
    wanted = f"{group}/{name}" if group else name
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    sentence = f"{_nobody(len(known))} called {wanted}.{hint}{_unread(inventory)}"
    remedy = (
        inventory.refusals[0].remedy
        if inventory.refusals
        else ()
        if known
        else no_subscription().remedy
    )
    return ArmRefusal(
        trouble=ArmTrouble.NOT_FOUND, sentence=sentence, remedy=remedy, suggestions=near
    )


def _nobody(count: int) -> str:
    few = ("The bot sees no gateway that is", "The only gateway that the bot can see is not")
    return (
        few[count] if count < len(few) else f"None of the {count} gateways that the bot can see is"
    )


def _nearest(known: dict[str, Gateway], name: str) -> tuple[str, ...]:
    """The same name in another group first, then names that look alike."""
    names = {gateway.id.name.lower() for gateway in known.values()}
    close = difflib.get_close_matches(name.lower(), sorted(names), n=_SHOWN, cutoff=_NEAR)
    ranked = sorted(
        (close.index(gateway.id.name.lower()), text)
        for text, gateway in known.items()
        if gateway.id.name.lower() in close
    )
    return tuple(text for _, text in ranked[:_SHOWN])


def _unread(inventory: Inventory) -> str:
    count = len(inventory.refusals)
    return f" {counted(count, 'subscription')} could not be read." if count else ""
