"""The input of the rules: leaf, path, OpenSSL's result; computed once per chain and instant.

Nothing here is a finding. Each attribute is a fact of RFC 5280 or a result of OpenSSL; the rules of
this package turn them into findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from chainlib.certificate import Certificate
from chainlib.distinguished import CanonicalName
from chainlib.frozen import dataclass
from chainlib.model import PresentedCertificate, TrustMode
from chainlib.names import is_dns_name, is_host_name, matches
from chainlib.once import once
from chainlib.openssl import OpenSSLResult, verify_path
from chainlib.path import IssuerPool, PartialPath, is_root, issuer_candidates, same_name_other_key
from chainlib.policy import GatewayPolicy, Sku
from chainlib.wording import listed


@dataclass(frozen=True, kw_only=True)  # no slots: cached properties need a dict
class Case:
    """One chain under one policy at one instant.

    Attributes:
        certificates: as sent; an entry that cannot be parsed is an `UnreadableCertificate`.
        ordered: `False` for a PKCS #7 bag, which has no order.
        rehearsed: the chain comes from a file, not from a handshake.
        policy: the gateway's requirements.
        at: the instant, time zone aware, in whole seconds.
        unique: the readable certificates in the order sent, without repetitions.
        duplicates: positions of repetitions.
        leaf: the leaf; `None` if there is none.
        lower: from the leaf (or the first certificate) upwards as far as issuers are known; `None`
            for an empty chain.
        upper: above a gap, the presented CAs that lead to a root; `None` if there are none.
        undated: OpenSSL's result without checking dates.
        dated: OpenSSL's result at the instant.
    """

    certificates: tuple[PresentedCertificate, ...]
    ordered: bool
    rehearsed: bool
    policy: GatewayPolicy
    at: datetime
    unique: tuple[Certificate, ...]
    duplicates: tuple[int, ...]
    leaf: Certificate | None
    lower: PartialPath | None
    upper: PartialPath | None
    undated: OpenSSLResult | None
    dated: OpenSSLResult | None

    @property
    def anchors(self) -> tuple[Certificate, ...]:
        """The trust anchors."""
        return self.policy.anchors.certificates

    @property
    def trusted(self) -> bool:
        """Whether OpenSSL accepts the path, dates aside."""
        return self.undated is not None and self.undated.accepted

    @property
    def in_date(self) -> bool:
        """Whether OpenSSL accepts the path, its dates at the instant included."""
        return self.dated is not None and self.dated.accepted

    @once
    def is_path(self) -> bool:
        """Whether the list is a path that OpenSSL accepts, in order and without its root."""
        sent, path = self.certificates, self.needed
        return (
            self.trusted
            and self.leaf is not None
            and len(sent) < len(path)
            and sent == path[: len(sent)]
            and not any(map(is_root, self.unique))
        )

    @property
    def trust_hidden(self) -> bool:
        """Whether trust cannot be judged: an attached root is hidden, or the roots are unread."""
        anchors = self.policy.anchors
        return anchors.unread or (anchors.mode is TrustMode.UPLOADED_ROOTS and bool(anchors.hidden))

    @property
    def trust_unseen(self) -> str:
        """Why `trust_hidden` is so, as a clause."""
        anchors = self.policy.anchors
        if anchors.unread:
            return "the trusted roots of the gateway were not obtained from Azure"
        hidden = listed(list(anchors.hidden))
        return f"Azure does not show the content of the trusted root {hidden}"

    def at_instant(self, at: datetime) -> Case:
        """This case at another instant at which nothing in it is different.

        Facts that were found are kept: none of them depends on the instant alone.
        """
        moved = object.__new__(Case)
        vars(moved).update(vars(self), at=at)
        return moved

    @once
    def needed(self) -> tuple[Certificate, ...]:
        """Every certificate that the path uses, leaf first, trust anchor included."""
        paths = [path for path in (self.lower, self.upper) if path]
        return tuple(certificate for path in paths for certificate in path.certificates)

    @once
    def other_editions(self) -> tuple[Certificate, ...]:
        """Presented CAs with the missing issuer's name but another key or serial number."""
        return () if self.gap_below is None else self.namesakes_sent(self.gap_below)

    @once
    def unrelated(self) -> tuple[Certificate, ...]:
        """Presented certificates that no path uses and that resemble no missing one."""
        if self.is_path:
            return ()
        used = {*self.needed, *self.other_editions}
        return tuple(c for c in self.unique if c not in used)

    @once
    def sent_root(self) -> Certificate | None:
        """The presented root at the end of the path, trusted or not.

        A self-signed leaf counts only if it may be its own root.
        """
        path = self.upper or self.lower
        top = path.top if path else None
        if top is None or not is_root(top) or self.position(top) is None:
            return None
        return (
            None
            if top == self.leaf and not top.is_ca and self.policy.strictness.self_signed_must_be_ca
            else top
        )

    @property
    def gap_below(self) -> Certificate | None:
        """The certificate whose issuer is neither presented nor trusted.

        `None` without a gap, and on v1, which does not build a path.
        """
        if self.lower is None or self.lower.ends_in_root or self.policy.sku is Sku.V1:
            return None
        return self.lower.top

    def namesakes_sent(self, below: Certificate) -> tuple[Certificate, ...]:
        """Presented CAs with the issuer's name that OpenSSL rejects as the issuer."""
        others = (one for one in self.unique if one != below and acts_as_ca(one))
        return tuple(same_name_other_key(below, others))

    def position(self, certificate: Certificate) -> int | None:
        """Its position in the presented chain; `None` if it was not presented."""
        return self._positions.get(certificate)

    @once
    def _positions(self) -> Mapping[PresentedCertificate, int]:
        """The first position of each presented certificate."""
        found: dict[PresentedCertificate, int] = {}
        for place, sent in enumerate(self.certificates):
            found.setdefault(sent, place)
        return found

    def known_root_above(self, certificate: Certificate) -> Certificate | None:
        """A root from other uploads or public CAs whose key signed this certificate."""
        pool = [*(root.certificate for root in self.policy.unattached), *self.policy.public_roots]
        candidates = issuer_candidates(certificate, pool)
        return next((c for c in candidates if is_root(c) and certificate.issued_by(c)), None)


def make_case(
    certificates: tuple[PresentedCertificate, ...],
    policy: GatewayPolicy,
    at: datetime,
    *,
    ordered: bool,
    rehearsed: bool,
) -> Case:
    """Find the leaf and let OpenSSL build the path; if refused, follow it as far as possible."""
    unique, duplicates = _without_duplicates(certificates)
    leaf = _find_leaf(unique, policy, rehearsed=rehearsed)
    start = leaf or next(iter(unique), None)
    undated = dated = lower = upper = None
    if start and policy.sku is Sku.V1:
        lower = PartialPath(certificates=(start,), anchored=start in policy.anchors)
    elif start:
        undated, dated = _ask_openssl(start, unique, policy, at, is_leaf=leaf is not None)
        lower, upper = _paths(start, unique, policy, at, (dated, undated))
    return Case(
        certificates=certificates,
        ordered=ordered,
        rehearsed=rehearsed,
        policy=policy,
        at=at,
        unique=unique,
        duplicates=duplicates,
        leaf=leaf,
        lower=lower,
        upper=upper,
        undated=undated,
        dated=dated,
    )


def _without_duplicates(
    certificates: tuple[PresentedCertificate, ...],
) -> tuple[tuple[Certificate, ...], tuple[int, ...]]:
    unique: dict[bytes, Certificate] = {}
    duplicates = []
    for position, sent in enumerate(certificates):
        if not isinstance(sent, Certificate):
            continue
        if sent.der in unique:
            duplicates.append(position)
        unique.setdefault(sent.der, sent)
    return tuple(unique.values()), tuple(duplicates)


def _find_leaf(
    unique: tuple[Certificate, ...], policy: GatewayPolicy, *, rehearsed: bool
) -> Certificate | None:
    """The first certificate that is no CA, or a first CA with a DNS name in its SAN.

    A first CA whose common name is the requested name also counts, and so does a single self-signed
    one that names a host. If there are only CAs, v1 takes the first, because it trusts exactly that
    certificate.
    """
    if not unique:
        return None
    first = unique[0]
    alone = len(unique) == 1 and is_root(first) and _names_a_host(first, rehearsed=rehearsed)
    if alone or first.dns_names or (policy.name and matches(first, policy.name)):
        return first
    fallback = first if policy.sku is Sku.V1 else None
    return next((c for c in unique if not acts_as_ca(c)), fallback)


def _names_a_host(certificate: Certificate, *, rehearsed: bool) -> bool:
    """Whether a single self-signed certificate may belong to a server, or only to a CA.

    A server that presented it may have a name of one label; in a file, such a name may be a CA's.
    """
    if not certificate.is_ca or certificate.ip_addresses:
        return True
    fits = is_host_name if rehearsed else is_dns_name
    return any(map(fits, certificate.common_names))


def acts_as_ca(certificate: Certificate) -> bool:
    """Whether it is marked as a CA, or is a version 1 root, which cannot be marked."""
    return certificate.is_ca or (certificate.version == 1 and is_root(certificate))


def _ask_openssl(
    start: Certificate,
    unique: tuple[Certificate, ...],
    policy: GatewayPolicy,
    at: datetime,
    *,
    is_leaf: bool,
) -> tuple[OpenSSLResult, OpenSSLResult]:
    """OpenSSL's results without dates and with dates.

    A path that is accepted with dates is accepted without, so most chains need one verification.
    """

    def in_date(certificate: Certificate) -> bool:
        return certificate.not_before <= at <= certificate.not_after

    beside, anchors = [c for c in unique if c is not start], _reachable(policy, unique)
    for several in (beside, anchors):
        if len(several) > 1:
            several.sort(key=in_date, reverse=True)
    undated = verify_path(start, beside, anchors, at=None, server_purpose=is_leaf)
    if not undated.accepted or all(_surely_valid(one, at) for one in undated.chain):
        return undated, undated
    dated = verify_path(start, beside, anchors, at=at, server_purpose=is_leaf)
    return (dated if dated.accepted else undated), dated


def _surely_valid(certificate: Certificate, at: datetime) -> bool:
    """Whether a certificate is in date beyond doubt, so not in its first or last second."""
    inside = certificate.not_before < at < certificate.not_after
    return inside and not certificate.unreadable_dates


def _reachable(policy: GatewayPolicy, unique: tuple[Certificate, ...]) -> list[Certificate]:
    """The anchors whose subject a presented certificate, or a reachable upload, names as issuer.

    The other hundred well-known roots would cost time and change nothing.
    """
    by_subject, found = policy.anchors.by_subject, list[Certificate]()
    climb = policy.trust is TrustMode.UPLOADED_ROOTS
    names, done = [c.issuer_key for c in unique], set[CanonicalName]()
    while names:
        name = names.pop()
        if name in done or name not in by_subject:
            continue
        done.add(name)
        found.extend(by_subject[name])
        if climb:
            names.extend(c.issuer_key for c in by_subject[name])
    return found


def _paths(
    start: Certificate,
    unique: tuple[Certificate, ...],
    policy: GatewayPolicy,
    at: datetime,
    answers: Iterable[OpenSSLResult],
) -> tuple[PartialPath, PartialPath | None]:
    accepted = next((answer for answer in answers if answer.accepted), None)
    if accepted:
        return PartialPath(certificates=accepted.chain, anchored=True), None
    pool = IssuerPool(presented=unique, anchors=policy.anchors.by_subject, at=at)
    lower = pool.path_from(start)
    return lower, None if lower.ends_in_root else _upper(lower, unique, pool)


def _upper(
    lower: PartialPath, unique: tuple[Certificate, ...], pool: IssuerPool
) -> PartialPath | None:
    """The longest run of presented CAs outside the lower part that leads to a root.

    It is what comes above the missing certificate.
    """
    other_editions = same_name_other_key(lower.top, unique)
    spare = [
        c
        for c in unique
        if c not in lower.certificates and acts_as_ca(c) and c not in other_editions
    ]
    paths = [path for path in map(pool.path_from, spare) if path.ends_in_root]
    return max(paths, key=lambda path: len(path.certificates), default=None)
