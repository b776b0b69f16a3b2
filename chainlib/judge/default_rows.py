"""What a row of the table of default certificates holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class DefaultKind(StrEnum):
    """What kind of product sends it, which decides the steps."""

    ROUTER = "router"
    DEVELOPMENT = "development"
    APPLIANCE = "appliance"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultCertificate:
    """One row of the table.

    Attributes:
        product: as it stands in "the default certificate of ...".
        kind: what sends it.
        says: field of the certificate -> pattern (`*`), lower case; all of them must hold.
            `names` holds when every name of the certificate fits one of the patterns, which are
            separated by blanks. `{cn}` in an address stands for the subject's own CN.
        source: where it can be read.
    """

    product: str
    kind: DefaultKind
    says: Mapping[str, str]
    source: str

    @property
    def of_platform(self) -> bool:
        """Whether a platform sends it, whose certificate is sound in itself."""
        return self.kind is DefaultKind.PLATFORM


def rows(kind: DefaultKind) -> Callable[..., DefaultCertificate]:
    """Make rows of this kind: product, source, then what the certificate says."""

    def row(product: str, source: str, **says: str) -> DefaultCertificate:
        return DefaultCertificate(
            product=product, kind=kind, says=MappingProxyType(says), source=source
        )

    return row
