"""Finds the best path from a leaf through all known certificates, whoever supplied them.

Each signature on the path is verified. `chainlib.path` follows issuers as OpenSSL does and says
what *is*; this search tries all alternatives and says what *could be*. It is bounded, because a
hostile server may send certificates that make it long.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import datetime
from enum import IntEnum
from itertools import islice

from chainlib.certificate import Certificate, verifies
from chainlib.distinguished import CanonicalName
from chainlib.frozen import dataclass
from chainlib.path import is_root, issuer_candidates

_MAX_LENGTH = 10
_MAX_VERIFICATIONS = 500
_MAX_PATHS = 500


class Ending(IntEnum):
    """How a path ends; smaller is better, because the gateway needs less change."""

    TRUSTED = 0
    ON_THIS_GATEWAY = 1
    ON_ANOTHER_GATEWAY = 2
    OTHER_ROOT = 3
    GAP = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The best path.

    Attributes:
        certificates: leaf first; each signature is verified with the key of the next.
        ending: what the last one is.
    """

    certificates: tuple[Certificate, ...]
    ending: Ending

    @property
    def root(self) -> Certificate | None:
        """The root at its end; `None` if the last issuer is unknown."""
        return None if self.ending is Ending.GAP else self.certificates[-1]

    @property
    def to_send(self) -> tuple[Certificate, ...]:
        """What the server's file should contain: everything but the root.

        A leaf that is its own root stays.
        """
        return (
            self.certificates
            if self.root is None or len(self.certificates) == 1
            else self.certificates[:-1]
        )


@dataclasses.dataclass(slots=True, kw_only=True)
class Search:
    """One search: certificates by subject, known roots, and the remaining budget.

    Attributes:
        by_subject: every known certificate.
        endings: known roots, by certificate.
        at: the instant, for validity.
        given: presented certificates, preferred over others.
    """

    by_subject: Mapping[CanonicalName, list[Certificate]]
    endings: Mapping[Certificate, Ending]
    at: datetime
    given: frozenset[Certificate]
    _verified: dict[tuple[bytes, bytes], bool] = field(default_factory=dict)

    def best(self, leaf: Certificate) -> Found:
        """The best path from this leaf; only the leaf if no issuer is known."""
        candidates = (
            Found(certificates=path, ending=self._ending(path[-1]))
            for path in islice(self._paths((leaf,)), _MAX_PATHS)
        )
        return min(candidates, key=self._cost)

    def _paths(self, path: tuple[Certificate, ...]) -> Iterator[tuple[Certificate, ...]]:
        issuers = [] if is_root(path[-1]) or len(path) >= _MAX_LENGTH else self._issuers(path)
        if not issuers:
            yield path
        for issuer in issuers:
            yield from self._paths((*path, issuer))

    def _issuers(self, path: tuple[Certificate, ...]) -> list[Certificate]:
        child = path[-1]
        by_name = issuer_candidates(child, self.by_subject.get(child.issuer_key, ()))
        fitting = sorted(
            (c for c in by_name if c not in path and (c.is_ca or is_root(c))), key=self._preference
        )
        return [c for c in fitting if self._signed(child, c)]

    def _signed(self, child: Certificate, issuer: Certificate) -> bool:
        pair = (child.der, issuer.der)
        if pair not in self._verified and len(self._verified) < _MAX_VERIFICATIONS:
            self._verified[pair] = verifies(child, issuer)
        return self._verified.get(pair, False)

    def _ending(self, top: Certificate) -> Ending:
        return self.endings.get(top, Ending.OTHER_ROOT) if is_root(top) else Ending.GAP

    def _in_date(self, certificate: Certificate) -> bool:
        return certificate.not_before <= self.at <= certificate.not_after

    def _preference(self, certificate: Certificate) -> tuple[bool, int, bool, str]:
        ending = self.endings.get(certificate, Ending.OTHER_ROOT)
        return (
            not self._in_date(certificate),
            ending,
            certificate not in self.given,
            certificate.sha256,
        )

    def _cost(self, found: Found) -> tuple[bool, int, int, int, list[str]]:
        issuers = found.certificates[1:]
        length = -len(issuers) if found.ending is Ending.GAP else len(issuers)
        foreign = sum(c not in self.given for c in issuers)
        return (
            not all(map(self._in_date, issuers)),
            found.ending,
            length,
            foreign,
            [c.sha256 for c in issuers],
        )


def make_search(
    *,
    given: Iterable[Certificate],
    supplied: Iterable[Certificate],
    endings: Mapping[Certificate, Ending],
    at: datetime,
) -> Search:
    """Prepare a search over presented and supplied certificates and the roots on gateways."""
    sent = tuple(given)
    by_subject: dict[CanonicalName, list[Certificate]] = defaultdict(list)
    for certificate in dict.fromkeys((*sent, *supplied, *endings)):
        by_subject[certificate.subject_key].append(certificate)
    return Search(by_subject=by_subject, endings=endings, at=at, given=frozenset(sent))
