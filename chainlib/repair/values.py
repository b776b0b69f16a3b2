"""What a repair consists of: two files, what they lead to, and what nobody could supply."""

from __future__ import annotations

from dataclasses import dataclass

from chainlib.certificate import Certificate
from chainlib.findings import Code
from chainlib.pem import dump_bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingIssuer:
    """A certificate that the path needs and nobody could supply.

    Attributes:
        subject: RFC 4514 text, as the child names its issuer.
        key_id: authority key identifier in lower-case hex, where the child states one.
        ca_issuers: caIssuers URLs of the child; attacker-chosen text.
    """

    subject: str
    key_id: str | None
    ca_issuers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What would put it right.

    Attributes:
        chain: what the server should send, leaf first, every intermediate, no root; empty when it
            cannot be built or is what the server sends already.
        root: what the gateway should be given, `None` when it has it or when it is unknown.
        root_name: the name under which that root already lies on a gateway, `None` when it lies on
            none.
        verdict_after: the headline of judging the repaired chain under the repaired trust.
        sources: where each added certificate came from, for people.
        missing: what could not be found.
        unchanged: the list that is sent is already the one to send, so `chain` is empty.
    """

    chain: tuple[Certificate, ...]
    root: Certificate | None
    root_name: str | None
    verdict_after: Code
    sources: tuple[str, ...]
    missing: tuple[MissingIssuer, ...] = ()
    unchanged: bool = False

    @property
    def chain_pem(self) -> str | None:
        """The file for the server as PEM, `None` when it cannot be built or changes nothing."""
        return dump_bundle(self.chain) or None

    @property
    def root_pem(self) -> str | None:
        """The file for the gateway as PEM, `None` when the gateway needs none or it is unknown."""
        return dump_bundle((self.root,)) if self.root else None
