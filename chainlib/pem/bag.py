"""The certificates of one file, and whether the file gives them an order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Self

from chainlib.certificate import Certificate

MAX_CERTIFICATES: Final = 100


class CertificateBag(tuple[Certificate, ...]):  # noqa: SLOT001 -- a subclass of tuple cannot have slots that hold something
    """Certificates as read from a file.

    Attributes:
        ordered: whether their order has a meaning; a PKCS #7 bag is a SET and has none (RFC 5652
            section 10.2.3).
    """

    ordered: bool

    def __new__(cls, certificates: Iterable[Certificate] = (), *, ordered: bool = True) -> Self:
        """Create it; `ordered=False` if the certificates came from a PKCS #7 bag."""
        bag = super().__new__(cls, certificates)
        bag.ordered = ordered
        return bag


def too_many(count: int) -> str:
    """The sentence about a file with more certificates than the limit."""
    return (
        f"the file holds {count} certificates, at most {MAX_CERTIFICATES} are read; send only "
        "those of one chain"
    )
