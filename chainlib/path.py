"""Follows issuers from a certificate upwards through presented and trusted certificates.

Like OpenSSL it prefers trusted certificates and does not back-track. It only says what the path is
and where it ends; `chainlib.openssl` decides whether it is accepted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from chainlib.certificate import Certificate, signature_fits
from chainlib.distinguished import CanonicalName
from chainlib.frozen import dataclass

SubjectIndex = Mapping[CanonicalName, Sequence[Certificate]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialPath:
    """A sequence of issuers, lowest first, as far as it could be followed.

    Attributes:
        certificates: each is named as issuer by the one before it; signatures are not verified.
        anchored: whether the last one is a trust anchor that ends a path, a root.
    """

    certificates: tuple[Certificate, ...]
    anchored: bool

    @property
    def top(self) -> Certificate:
        """The last certificate."""
        return self.certificates[-1]

    @property
    def ends_in_root(self) -> bool:
        """Whether the last certificate is its own issuer, anchored or not."""
        return is_root(self.top)

    def bad_signatures(self) -> tuple[int, ...]:
        """Indices of certificates whose signature the key of the next one does not verify.

        Unsupported keys and algorithms are not reported.
        """
        pairs = zip(self.certificates, self.certificates[1:], strict=False)
        return tuple(
            index
            for index, (child, issuer) in enumerate(pairs)
            if signature_fits(child, issuer) is False
        )


class IssuerPool:
    """Where issuers are searched by subject: trust anchors first, then presented certificates."""

    def __init__(
        self, *, presented: Iterable[Certificate], anchors: SubjectIndex, at: datetime
    ) -> None:
        self._anchors, self._presented = anchors, _by_subject(presented)
        self._at = at

    def path_from(self, start: Certificate) -> PartialPath:
        """Follow the issuers of `start`.

        Ends at a root, at a gap, or where it would turn in a circle.
        """
        path = [start]
        while not is_root(path[-1]):
            step = self._issuer(path[-1], seen=path)
            if step is None:
                break
            path.append(step)
        return PartialPath(
            certificates=tuple(path), anchored=is_root(path[-1]) and self._trusts(path[-1])
        )

    def _trusts(self, certificate: Certificate) -> bool:
        return certificate in self._anchors.get(certificate.subject_key, ())

    def _issuer(self, child: Certificate, *, seen: Sequence[Certificate]) -> Certificate | None:
        # OpenSSL takes the first valid one, else the one that expired last, and verifies the
        # signature only afterwards.
        for index in (self._anchors, self._presented):
            fitting = [
                c
                for c in issuer_candidates(child, index.get(child.issuer_key, ()))
                if c not in seen
            ]
            if fitting:
                in_date = (c for c in fitting if c.not_before <= self._at <= c.not_after)
                return next(in_date, max(fitting, key=lambda c: c.not_after))
        return None


def is_root(certificate: Certificate) -> bool:
    """Whether OpenSSL treats it as self-signed.

    It is self-issued, and its key identifiers agree or are absent.
    """
    return certificate.is_own_issuer


def issuer_candidates(child: Certificate, pool: Iterable[Certificate]) -> list[Certificate]:
    """The certificates that OpenSSL would accept as the issuer.

    The name matches, and the key identifiers agree or are absent.
    """
    return [c for c in pool if c.subject_key == child.issuer_key and child.may_be_issued_by(c)]


def same_name_other_key(child: Certificate, pool: Iterable[Certificate]) -> list[Certificate]:
    """Certificates with the issuer's name that are another CA, by key identifier."""
    return [c for c in pool if c.subject_key == child.issuer_key and not child.may_be_issued_by(c)]


def same_key(one: Certificate, other: Certificate) -> bool:
    """Whether both have the same subject and key: a re-issue or a cross-sign of each other."""
    return one.subject_key == other.subject_key and one.key_sha256 == other.key_sha256


def _by_subject(certificates: Iterable[Certificate]) -> SubjectIndex:
    index: dict[CanonicalName, list[Certificate]] = defaultdict(list)
    for certificate in certificates:
        index[certificate.subject_key].append(certificate)
    return index
