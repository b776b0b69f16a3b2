"""Finds a gateway by the name that a user typed. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

from bot.azure.refusals import role_remedy
from bot.domain.azure import Gateway, Inventory
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from chainlib import counted, listed

_SHOWN = 5
_NEAR = 0.6


def look_up(inventory: Inventory, wanted: GatewayRef) -> Gateway | Refusal:
    """Find one gateway by name, ignoring case.

    Args:
        inventory: the gateways that could be read.
        wanted: the gateway as typed.

    Returns:
        The gateway; a `NOT_FOUND` refusal with the most similar names; or an `AMBIGUOUS` refusal
        with every gateway of that name.
    """
    found = [gateway for gateway in inventory.gateways if wanted.means(gateway.id)]
    if len(found) == 1:
        return found[0]
    return _ambiguous(wanted.name, found) if found else _missing(inventory, wanted)


def _ambiguous(name: str, found: Sequence[Gateway]) -> Refusal:
    names = sorted(gateway.id.text for gateway in found)
    distinct = len(set(map(str.lower, names))) == len(names)
    written = names if distinct else sorted(gateway.id.resource_id for gateway in found)
    how = "name the group" if distinct else "give the whole ARM id"
    sentence = f"{len(found)} gateways are called {name}: {listed(written, shown=_SHOWN)}; {how}."
    return Refusal(kind=RefusalKind.AMBIGUOUS, sentence=sentence, example=written[0])


def _missing(inventory: Inventory, wanted: GatewayRef) -> Refusal:
    known = {gateway.id.text: gateway for gateway in inventory.gateways}
    if not known and inventory.refusals:
        return inventory.refusals[0]
    near = _without_its_group(inventory, wanted) or _nearest(known, wanted.name)
    hint = f" Did you mean {', '.join(near)}?" if near else _seen(tuple(known))
    sentence = f"{_nobody(tuple(known))} called {wanted.short}.{hint}{_unread(inventory)}"
    remedy = inventory.refusals[0].remedy if inventory.refusals else () if known else role_remedy()
    return Refusal(
        kind=RefusalKind.NOT_FOUND,
        sentence=sentence,
        remedy=remedy,
        example=next(iter((*near, *known)), ""),
    )


def _nobody(known: Sequence[str]) -> str:
    if not known:
        return "The bot sees no gateway that is"
    if len(known) == 1:
        return f"The only gateway that the bot can see, {known[0]}, is not"
    return f"None of the {len(known)} gateways that the bot can see is"


def _seen(known: Sequence[str]) -> str:
    """The gateways that the bot can see; a single one is in the sentence already."""
    return f" They are {listed(sorted(known), shown=_SHOWN)}." if len(known) > 1 else ""


def _without_its_group(inventory: Inventory, wanted: GatewayRef) -> tuple[str, ...]:
    """Suggestions for `gw:GATEWAY/POOL/SETTING`, which is read as group, gateway and pool."""
    if not wanted.group or wanted.setting:
        return ()
    return tuple(
        replace(gateway.id.ref, pool=wanted.name, setting=wanted.pool).text
        for gateway in inventory.gateways
        if gateway.id.name.lower() == wanted.group
    )[:_SHOWN]


def _nearest(known: dict[str, Gateway], name: str) -> tuple[str, ...]:
    """Suggestions: gateways of that name in another resource group first, then similar names."""
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
