"""Who issued whom.

Go from a certificate upwards through what was presented and what is trusted, or stop at the
missing link.

The path takes trusted certificates first and does not back-track, as OpenSSL does. It decides
nothing: it says what the path is and
where it breaks. Acceptance is OpenSSL's word (`chainlib.openssl`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chainlib.certificate import Certificate, signature_fits
from chainlib.distinguished import CanonicalName

SubjectIndex = Mapping[CanonicalName, Sequence[Certificate]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialPath:
    """A chain of issuers, lowest first, as far as it could be followed.

    Attributes:
        certificates: each one named as issuer by the one before it; signatures are not looked at.
        anchored: the last one is a trust anchor that ends a path, a root.
    """

    certificates: tuple[Certificate, ...]
    anchored: bool

    @property
    def top(self) -> Certificate:
        """The last certificate that was reached."""
        return self.certificates[-1]

    @property
    def ends_in_root(self) -> bool:
        """The last certificate is its own issuer, anchored or not."""
        return is_root(self.top)

    def bad_signatures(self) -> tuple[int, ...]:
        """Indices of certificates that do not verify with the key of the issuer above them.

        A key or algorithm that cannot be read here says nothing.
        """
        pairs = zip(self.certificates, self.certificates[1:], strict=False)
        return tuple(
            index
            for index, (child, issuer) in enumerate(pairs)
            if signature_fits(child, issuer) is False
        )


class IssuerPool:
    """Where issuers are looked for.

    Trust anchors first, then what was presented, each found by subject.
    """

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
        # OpenSSL takes the first that is in date, else the one that ran out last, and verifies the
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
    """Whether OpenSSL takes it for self-signed.

    Self-issued, with key identifiers that agree or are absent.
    """
    return certificate.is_own_issuer


def issuer_candidates(child: Certificate, pool: Iterable[Certificate]) -> list[Certificate]:
    """Those that OpenSSL would take for the issuer.

    The name fits, and the key identifiers agree or are absent.
    """
    return [c for c in pool if c.subject_key == child.issuer_key and child.may_be_issued_by(c)]


def same_name_other_key(child: Certificate, pool: Iterable[Certificate]) -> list[Certificate]:
    """Those that bear the issuer's name but are another CA, by key identifier."""
    return [c for c in pool if c.subject_key == child.issuer_key and not child.may_be_issued_by(c)]


def same_key(one: Certificate, other: Certificate) -> bool:
    """Whether both are for the same subject and key: a re-issue or a cross-sign of each other."""
    return one.subject_key == other.subject_key and one.key_sha256 == other.key_sha256


def _by_subject(certificates: Iterable[Certificate]) -> SubjectIndex:
    index: dict[CanonicalName, list[Certificate]] = defaultdict(list)
    for certificate in certificates:
        index[certificate.subject_key].append(certificate)
    return index
