"""Periods in which the judgement of a list stays the same.

Rules compare the instant with dates of certificates, and with nothing else. Between two of those
dates the same list is judged the same, so it is judged once in that time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from chainlib.certificate import Certificate
from chainlib.distinguished import CanonicalName
from chainlib.frozen import dataclass
from chainlib.lenient import EARLIEST, LATEST
from chainlib.model import PresentedCertificate, TrustAnchors, TrustMode

PERIODS = 256
_SECOND = timedelta(seconds=1)
LEAF_WINDOW, CA_WINDOW = timedelta(days=30), timedelta(days=90)


def expiry_window(certificate: Certificate, *, as_ca: bool) -> timedelta:
    """The time before its end in which a certificate counts as expiring.

    30 days (a CA: 90) or a third of the lifetime, whichever is shorter.
    """
    lifetime = certificate.not_after - certificate.not_before
    return min(CA_WINDOW if as_ca else LEAF_WINDOW, lifetime / 3)


def steady_since(
    certificates: tuple[PresentedCertificate, ...], anchors: TrustAnchors, at: datetime
) -> datetime:
    """The first second from which on this list is judged as it is at `at`.

    `at` itself where a date falls on that second, and while a certificate is expiring, since the
    days that are left are part of the finding.

    Args:
        certificates: as presented.
        anchors: what the gateway trusts.
        at: the instant, time zone aware, in whole seconds.
    """
    dates = _dates(certificates, anchors)
    place = bisect_left(dates.instants, at)
    outside = not 0 < place < len(dates.instants)  # beyond the years that UTC can be written in
    if outside or dates.expiring[place] or dates.instants[place] == at:
        return at
    return dates.instants[place - 1].replace(microsecond=0) + _SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dates:
    """The instants that a judgement may be compared with.

    Attributes:
        instants: in order, each once, from the earliest possible to the latest possible.
        expiring: for each, whether a certificate is expiring in the time that ends with it.
    """

    instants: tuple[datetime, ...]
    expiring: tuple[bool, ...]


# Cached by the list and the anchors, like judgements: most lists are seen again.
@lru_cache(maxsize=PERIODS)
def _dates(certificates: tuple[PresentedCertificate, ...], anchors: TrustAnchors) -> _Dates:
    known = tuple(_compared(certificates, anchors))
    windows = [(one.not_after - _window(one), one.not_after) for one in known]
    found = {EARLIEST, LATEST, *(one.not_before for one in known)}
    instants = tuple(sorted(found.union(*windows)))
    return _Dates(
        instants=instants,
        expiring=tuple(any(start < end <= last for start, last in windows) for end in instants),
    )


def _window(certificate: Certificate) -> timedelta:
    """The longest window that a rule may use for it; zero if its dates are swapped.

    A CA that stands in the leaf's place is judged by the shorter window of a leaf.
    """
    return max(expiry_window(certificate, as_ca=certificate.is_ca), timedelta(0))


def _compared(
    certificates: tuple[PresentedCertificate, ...], anchors: TrustAnchors
) -> Iterator[Certificate]:
    """Every certificate whose dates a rule or a path may compare with the instant."""
    sent = [one for one in certificates if isinstance(one, Certificate)]
    yield from sent
    if anchors.mode is not TrustMode.WELL_KNOWN:
        yield from anchors.certificates  # each upload is judged, needed or not
        return
    # Of the many well-known roots, those that a path from here can reach.
    names, done = {one.issuer_key for one in sent}, set[CanonicalName]()
    while names:
        name = names.pop()
        done.add(name)
        found = anchors.by_subject.get(name, ())
        yield from found
        names |= {one.issuer_key for one in found} - done
