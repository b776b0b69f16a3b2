"""The row type of the tables of default certificates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

from chainlib.frozen import dataclass


class DefaultKind(StrEnum):
    """The kind of product that sends it, which decides the steps."""

    ROUTER = "router"
    DEVELOPMENT = "development"
    APPLIANCE = "appliance"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultCertificate:
    """One row of the table.

    Attributes:
        product: its name, as in "the default certificate of ...".
        kind: the kind of product.
        patterns: field of the certificate -> pattern (`*`), lower case; all must match. `names`
            matches if every name of the certificate matches one of the patterns, which are
            separated by blanks. `{cn}` in an address stands for the subject's own CN.
        source: URL of the public source.
    """

    product: str
    kind: DefaultKind
    patterns: Mapping[str, str]
    source: str

    @property
    def of_platform(self) -> bool:
        """Whether a platform sends it, whose certificate is sound in itself."""
        return self.kind is DefaultKind.PLATFORM


def rows(kind: DefaultKind) -> Callable[..., DefaultCertificate]:
    """Makes rows of this kind from product, source and the values of the certificate."""

    def row(product: str, source: str, **patterns: str) -> DefaultCertificate:
        return DefaultCertificate(
            product=product, kind=kind, patterns=MappingProxyType(patterns), source=source
        )

    return row
