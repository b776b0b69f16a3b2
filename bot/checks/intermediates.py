"""CA certificates found by the name that a child asks for.

A look-up proves nothing by itself: each answer's key has verified the child.

What lives here: the memory alone. Where its certificates come from is `sources`' matter.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator

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
        on_new: told each certificate that was not known, for whoever keeps it beyond this process.
    """

    def __init__(
        self,
        *,
        size: int = MAX_NAMES,
        per_name: int = PER_NAME,
        on_new: Callable[[Certificate], None] | None = None,
    ) -> None:
        self._size, self._per_name, self._on_new = size, per_name, on_new
        self._by_name: OrderedDict[Hashable, tuple[Certificate, ...]] = OrderedDict()

    def __len__(self) -> int:
        """How many certificates are kept."""
        return sum(map(len, self._by_name.values()))

    def learn(self, certificates: Iterable[Certificate]) -> None:
        """Keep these, newest first under their names."""
        for certificate in certificates:
            known = self._by_name.pop(certificate.subject_key, ())
            if self._on_new and certificate not in known:
                self._on_new(certificate)
            self._by_name[certificate.subject_key] = tuple(dict.fromkeys((certificate, *known)))[
                : self._per_name
            ]
            if len(self._by_name) > self._size:
                self._by_name.popitem(last=False)

    def recall(self, certificate: Certificate) -> None:
        """Take in what somebody else has kept; nobody is told of it."""
        shown, self._on_new = self._on_new, None
        self.learn((certificate,))
        self._on_new = shown

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
