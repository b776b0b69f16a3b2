"""The catalogue of findings: one entry for every code, joined from one file per family.

docs/findings.md is generated from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chainlib.explain import (
    catalogue_chain,
    catalogue_gateway,
    catalogue_http,
    catalogue_soundness,
    catalogue_transport,
    catalogue_trust,
)
from chainlib.explain.values import CatalogueEntry
from chainlib.findings import Code, rank

_FAMILIES = (
    catalogue_transport,
    catalogue_chain,
    catalogue_soundness,
    catalogue_trust,
    catalogue_http,
    catalogue_gateway,
)
_ENTRIES = sorted(
    (entry for family in _FAMILIES for entry in family.ENTRIES), key=lambda entry: rank(entry.code)
)

CATALOGUE: Mapping[Code, CatalogueEntry] = MappingProxyType(
    {entry.code: entry for entry in _ENTRIES}
)
