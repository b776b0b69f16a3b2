"""A bounded memory of CA certificates, searched by issuer name; each hit is verified by signature.

`bot.checks.issuer_sources` puts certificates into it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator

from chainlib import Certificate

MAX_NAMES = 2048
PER_NAME = 8
_MAX_ISSUERS = 16  # cross-signed names could lead to many


class Intermediates:
    """CA certificates by subject name.

    Per name the newest keys are kept; the names that were not used for the longest time are
    dropped.

    Args:
        size: the greatest number of names.
        per_name: the greatest number of certificates per name: cross-signs, renewals, and other CAs
            that use the same name.
    """

    def __init__(self, *, size: int = MAX_NAMES, per_name: int = PER_NAME) -> None:
        self._size, self._per_name = size, per_name
        self._by_name: OrderedDict[Hashable, tuple[Certificate, ...]] = OrderedDict()
        self._unsaved: dict[Certificate, None] = {}

    def __len__(self) -> int:
        """The number of certificates."""
        return sum(map(len, self._by_name.values()))

    def learn(self, certificates: Iterable[Certificate]) -> None:
        """Add certificates, newest first under their names; new ones count as unsaved."""
        for certificate in certificates:
            if certificate not in self._by_name.get(certificate.subject_key, ()):
                self._unsaved[certificate] = None
            self.recall(certificate)

    def recall(self, certificate: Certificate) -> None:
        """Add a certificate from the database."""
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
        """New certificates that are not saved, in the order in which they were added."""
        return tuple(self._unsaved)

    def mark_saved(self, written: Iterable[Certificate]) -> None:
        """Mark certificates as saved."""
        for certificate in written:
            self._unsaved.pop(certificate, None)

    def issuers_of(self, child: Certificate) -> tuple[Certificate, ...]:
        """Certificates with the child's issuer name whose key verifies the child's signature."""
        if child.issuer_key in self._by_name:
            self._by_name.move_to_end(child.issuer_key)
        return tuple(one for one in self._by_name.get(child.issuer_key, ()) if child.issued_by(one))


def issuers_above(sent: Iterable[Certificate], *memories: Intermediates) -> tuple[Certificate, ...]:
    """Every known issuer above these certificates, without the presented ones.

    Args:
        sent: the presented certificates.
        memories: searched in this order.
    """
    open_ends = list(sent)
    met = dict.fromkeys(open_ends)
    found: list[Certificate] = []
    while open_ends and len(found) < _MAX_ISSUERS:
        child = open_ends.pop(0)
        for issuer in _issuers(child, memories):
            if issuer not in met and len(found) < _MAX_ISSUERS:
                met[issuer] = None
                found.append(issuer)
                open_ends.append(issuer)
    return tuple(found)


def _issuers(child: Certificate, memories: Iterable[Intermediates]) -> Iterator[Certificate]:
    if not child.self_issued:
        for memory in memories:
            yield from memory.issuers_of(child)
