"""CA certificates found by the name that a child asks for.

A look-up proves nothing by itself: each answer's key has verified the child.

The memory alone; `bot.checks.issuer_sources` says where its certificates come from.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator

from chainlib import Certificate

MAX_NAMES = 2048
PER_NAME = 8


class Intermediates:
    """CAs by subject name.

    Of one name the newest keys stay, and the names asked for least recently make room.

    Args:
        size: names kept at most.
        per_name: certificates of one name kept at most: cross-signs, renewals, and CAs that borrow
            a name.
    """

    def __init__(self, *, size: int = MAX_NAMES, per_name: int = PER_NAME) -> None:
        self._size, self._per_name = size, per_name
        self._by_name: OrderedDict[Hashable, tuple[Certificate, ...]] = OrderedDict()
        self._unsaved: dict[Certificate, None] = {}

    def __len__(self) -> int:
        """How many certificates are kept."""
        return sum(map(len, self._by_name.values()))

    def learn(self, certificates: Iterable[Certificate]) -> None:
        """Keep these, newest first under their names; those that were not known are unsaved."""
        for certificate in certificates:
            if certificate not in self._by_name.get(certificate.subject_key, ()):
                self._unsaved[certificate] = None
            self.recall(certificate)

    def recall(self, certificate: Certificate) -> None:
        """Take in what the database holds."""
        known = self._by_name.pop(certificate.subject_key, ())
        kept = tuple(dict.fromkeys((certificate, *known)))
        dropped = list(kept[self._per_name :])
        self._by_name[certificate.subject_key] = kept[: self._per_name]
        if len(self._by_name) > self._size:
            dropped += self._by_name.popitem(last=False)[1]
        for one in dropped:
            self._unsaved.pop(one, None)

    @property
    def unsaved(self) -> tuple[Certificate, ...]:
        """What was learnt and is not saved, in the order in which it came."""
        return tuple(self._unsaved)

    def mark_saved(self, written: Iterable[Certificate]) -> None:
        """These are saved."""
        for certificate in written:
            self._unsaved.pop(certificate, None)

    def issuers_of(self, child: Certificate) -> tuple[Certificate, ...]:
        """Those whose name is the child's issuer and whose key verifies its signature."""
        if child.issuer_key in self._by_name:
            self._by_name.move_to_end(child.issuer_key)
        return tuple(one for one in self._by_name.get(child.issuer_key, ()) if child.issued_by(one))


def issuers_above(
    sent: Iterable[Certificate], *memories: Intermediates, most: int = 16
) -> tuple[Certificate, ...]:
    """Every issuer that the memories hold above these certificates, what was sent left out.

    Args:
        sent: where to start.
        memories: asked in this order.
        most: how many are returned at most; cross-signed names could lead far.
    """
    open_ends = list(sent)
    met = dict.fromkeys(open_ends)
    found: list[Certificate] = []
    while open_ends and len(found) < most:
        child = open_ends.pop(0)
        for issuer in _issuers(child, memories):
            if issuer not in met and len(found) < most:
                met[issuer] = None
                found.append(issuer)
                open_ends.append(issuer)
    return tuple(found)


def _issuers(child: Certificate, memories: Iterable[Intermediates]) -> Iterator[Certificate]:
    if not child.self_issued:
        for memory in memories:
            yield from memory.issuers_of(child)
