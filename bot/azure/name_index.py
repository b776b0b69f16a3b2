"""An index of an inventory's gateways by name, so that a look-up does not visit every gateway."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from bot.domain.azure import Gateway

Holders = Mapping[str, Sequence[Gateway]]
INVENTORIES = 2
"""How many inventories are indexed: the present one, and the one being replaced."""
_FEW = 2


class NameIndex:
    """The gateways of an inventory by their names.

    Built when an inventory is first used. Inventories are recognised by the identity of their
    gateway values, which are replaced together; their order does not matter.

    Args:
        names_of: returns the names of one gateway.
    """

    def __init__(self, names_of: Callable[[Gateway], Iterable[str]]) -> None:
        self._names_of = names_of
        # The gateways are kept alive, so that no other value can get their identity (`id`).
        self._held: OrderedDict[frozenset[int], tuple[Sequence[Gateway], Holders]] = OrderedDict()

    def holders(self, gateways: Sequence[Gateway], names: Iterable[str]) -> tuple[Gateway, ...]:
        """The gateways that have one of these names, in the order given."""
        if len(gateways) <= _FEW:
            wanted = frozenset(names)
            return tuple(one for one in gateways if not wanted.isdisjoint(self._names_of(one)))
        index = self._index_of(gateways)
        found = {id(one): one for name in names for one in index.get(name, ())}
        if len(found) > 1:
            return tuple(one for one in gateways if id(one) in found)
        return tuple(found.values())

    def _index_of(self, gateways: Sequence[Gateway]) -> Holders:
        key = frozenset(map(id, gateways))
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = (tuple(gateways), self._build(gateways))
            if len(self._held) > INVENTORIES:
                self._held.popitem(last=False)
        return held[1]

    def _build(self, gateways: Iterable[Gateway]) -> Holders:
        index: dict[str, list[Gateway]] = defaultdict(list)
        for gateway in gateways:
            for name in self._names_of(gateway):
                index[name].append(gateway)
        return dict(index)
