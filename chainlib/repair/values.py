"""The parts of a repair: two files, the new verdict, and missing certificates."""

from __future__ import annotations

from chainlib.certificate import Certificate
from chainlib.findings import Code
from chainlib.frozen import dataclass
from chainlib.pem import dump_bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingIssuer:
    """A required certificate that could not be found.

    Attributes:
        subject: RFC 4514 text, the issuer name in the child.
        key_id: authority key identifier in lower-case hex, if the child has one.
        ca_issuers: caIssuers URLs of the child; hostile text.
    """

    subject: str
    key_id: str | None
    ca_issuers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What would correct the fault.

    Attributes:
        chain: what the server should send, leaf first, every intermediate, no root; empty if it
            cannot be built or is what the server already sends.
        root: what the gateway should trust; `None` if it has it already or it is unknown.
        root_name: the name of that root on a gateway that already has it; `None` if none has.
        verdict_after: the headline for the repaired chain with the repaired trust.
        sources: where each added certificate came from, for users.
        missing: certificates that could not be found.
        unchanged: the presented chain is already right, so `chain` is empty.
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
        """The file for the server as PEM; `None` if it cannot be built or changes nothing."""
        return dump_bundle(self.chain) or None

    @property
    def root_pem(self) -> str | None:
        """The file for the gateway as PEM; `None` if the gateway needs none or it is unknown."""
        return dump_bundle((self.root,)) if self.root else None
