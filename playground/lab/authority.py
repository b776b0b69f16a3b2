"""The lab's certification authorities, created at start. Nothing here listens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from playground.lab import pki
from playground.lab.pki import Issued

DAY = timedelta(days=1)
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A root, an upper and a lower intermediate, and the instant of their creation.

    Attributes:
        now: the instant, time zone aware; every date is relative to it.
        publisher: base URL of the issuer certificates.
        root, upper, issuing: the CAs, top down.
    """

    now: datetime
    publisher: str
    root: Issued
    upper: Issued
    issuing: Issued

    @classmethod
    def make(cls, name: str, *, now: datetime, publisher: str) -> Authority:
        """A new authority called `name`."""
        root = pki.root(f"{name} Root G2", not_before=now - 10 * YEAR, not_after=now + 10 * YEAR)
        middle = {"not_before": now - 5 * YEAR, "not_after": now + 5 * YEAR}
        upper = pki.intermediate(
            root, f"{name} Policy CA", ca_issuers=(url(publisher, root),), **middle
        )
        issuing = pki.intermediate(
            upper, f"{name} Issuing CA 3", ca_issuers=(url(publisher, upper),), **middle
        )
        return cls(now=now, publisher=publisher, root=root, upper=upper, issuing=issuing)

    def leaf(self, host: str, issuer: Issued | None = None, **overrides: Any) -> Issued:
        """A server certificate for `host`, three weeks old, from the issuing CA by default."""
        signer = issuer or self.issuing
        dates = {"not_before": self.now - 21 * DAY, "not_after": self.now + 344 * DAY}
        return pki.leaf(
            signer, host, **{"ca_issuers": (url(self.publisher, signer),), **dates, **overrides}
        )

    def expired_issuing(self) -> Issued:
        """The issuing CA with the same name and key, but expired ten days ago."""
        spec = {
            "not_before": self.now - 5 * YEAR,
            "not_after": self.now - 10 * DAY,
            "key": self.issuing.key,
        }
        return pki.intermediate(
            self.upper, _name(self.issuing), ca_issuers=(url(self.publisher, self.upper),), **spec
        )

    def reissued_root(self) -> Issued:
        """Another edition of the root: same name and key, other dates."""
        return pki.root(
            _name(self.root),
            not_before=self.now - YEAR,
            not_after=self.now + 15 * YEAR,
            key=self.root.key,
        )


def url(publisher: str, issuer: Issued) -> str:
    """The URL of an issuer's certificate."""
    return f"{publisher}/{issuer.certificate.sha256[:16]}.cer"


def _name(issued: Issued) -> str:
    return issued.certificate.common_names[0]
