"""Finds issuers that a server did not send: from other servers, the operator's bundle, or by AIA.

There is one object per process, so that one backend's chain can repair another's. Nothing found
here is trusted; it can only fill a gap.
"""

from __future__ import annotations

import asyncio
import logging
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from itertools import islice
from pathlib import Path

from bot.access import TargetRules, why_never_probed
from bot.access.addresses import effective_address, embedded_addresses
from bot.checks.intermediates import Intermediates, issuers_above
from chainlib import Certificate, GatewayPolicy, MalformedCertificate, PresentedChain
from chainlib.aio import IssuerCache, Resolver, fetch_issuers, load_well_known

log = logging.getLogger(__name__)

DOWNLOADS_S = 6.0
_LEARNT_FROM_ONE = 6
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s\\n]+?)-----END CERTIFICATE-----")


@dataclass(slots=True, kw_only=True)
class IssuerSources:
    """Finds issuers that were not sent.

    Attributes:
        bundle: the operator's certificates.
        aia: whether CA issuers URLs (RFC 5280 section 4.2.2.1) may be downloaded. Strangers choose
            them, so this is off by default.
        rules: which private addresses such a download may connect to.
        resolver: resolves names; `None` for the system's.
        learnt: what other backends presented.
        cache: results of downloads.
        clock: returns the present instant, time zone aware; an expired CA is searched again.
        downloads_s: seconds that the downloads of one check may take.
    """

    bundle: Intermediates = field(default_factory=Intermediates)
    aia: bool = False
    rules: TargetRules = field(default_factory=TargetRules)
    resolver: Resolver | None = None
    learnt: Intermediates = field(default_factory=Intermediates)
    cache: IssuerCache = field(default_factory=IssuerCache)
    clock: Callable[[], datetime] = lambda: datetime.now(tz=UTC)
    downloads_s: float = DOWNLOADS_S

    def learn(self, chain: PresentedChain) -> None:
        """Store the intermediates above the leaf whose keys verify the certificates below them.

        Roots are not stored, because a gateway has its own.
        """
        self.learnt.learn(_verified_above(_readable(chain)))

    async def find(
        self, chain: PresentedChain, policy: GatewayPolicy, seconds: float
    ) -> tuple[Certificate, ...]:
        """Find certificates that may fill the gaps of this chain.

        After `seconds` what was found by then is returned.
        """
        sent = _readable(chain)
        at_hand = issuers_above(sent, self.learnt, self.bundle)
        if not self.aia:
            return at_hand
        trusted = (
            *policy.anchors.certificates,
            *policy.public_roots,
            *load_well_known().certificates,
        )
        known = self._in_force((*trusted, *at_hand))
        usable = replace(
            chain,
            certificates=tuple(one for one in sent if not one.is_ca or one in self._in_force(sent)),
        )
        return (*at_hand, *await self._download(usable, known, min(seconds, self.downloads_s)))

    def _in_force(self, certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
        at = self.clock()
        return tuple(one for one in certificates if one.not_before <= at <= one.not_after)

    async def _download(
        self, chain: PresentedChain, known: Iterable[Certificate], seconds: float
    ) -> tuple[Certificate, ...]:
        try:
            async with asyncio.timeout(seconds):
                loopback = self.rules.allow_loopback
                fetched = await fetch_issuers(
                    chain,
                    admit=self.admits,
                    known=known,
                    resolver=self.resolver,
                    cache=self.cache,
                    admit_loopback=loopback,
                )
        except TimeoutError:
            log.info("issuer downloads took too long", extra={"host": chain.target.host})
            return ()
        for reason in fetched.refused:
            log.info(
                "an issuer was not downloaded", extra={"host": chain.target.host, "reason": reason}
            )
        self.learnt.learn(c for c in fetched.certificates if not c.self_issued)
        return fetched.certificates

    def admits(self, address: str) -> bool:
        """Whether a download may connect to this address.

        Allowed are public addresses and private ones on the allow-list, in every form that embeds
        one.
        """
        if why_never_probed(address, allow_loopback=self.rules.allow_loopback):
            return False
        parsed = ip_address(address)
        return all(
            form.is_global or self.rules.admits_address(form)
            for form in (effective_address(parsed), *embedded_addresses(parsed))
        )


def read_bundle(path: Path) -> Intermediates:
    """Read the CA certificates of a PEM bundle or of a CCADB CSV file; other content is skipped.

    The CSV's column 'PEM Info' contains PEM in quotes. The file may contain thousands of
    certificates, so call this outside the event loop. Raises `OSError`.
    """
    found = [certificate for certificate in _certificates(path.read_bytes()) if certificate.is_ca]
    bundle = Intermediates(size=len(found) + 1, per_name=64)
    bundle.learn(found)
    log.info("issuer bundle read", extra={"certificates": len(bundle), "file": path.name})
    return bundle


def _certificates(content: bytes) -> Iterator[Certificate]:
    for block in _PEM.finditer(content):
        try:
            yield Certificate.from_der(b64decode(re.sub(rb"\\n|\s", b"", block[1]), validate=True))
        except (NotBase64, MalformedCertificate):
            log.warning(
                "a certificate of the issuer bundle cannot be read", extra={"offset": block.start()}
            )


def _readable(chain: PresentedChain) -> tuple[Certificate, ...]:
    return tuple(one for one in chain.certificates if isinstance(one, Certificate))


def _verified_above(sent: tuple[Certificate, ...]) -> Iterator[Certificate]:
    """Climb from the leaf through the presented certificates.

    The number of verifications is bounded against hostile chains.
    """
    child = next((one for one in sent if not one.is_ca), None)
    for _ in range(_LEARNT_FROM_ONE):
        child = _parent(child, sent) if child else None
        if child is None:
            return
        yield child


def _parent(child: Certificate, sent: tuple[Certificate, ...]) -> Certificate | None:
    named = (
        one
        for one in sent
        if one.is_ca and not one.self_issued and one.subject_key == child.issuer_key
    )
    return next((one for one in islice(named, _LEARNT_FROM_ONE) if child.issued_by(one)), None)
