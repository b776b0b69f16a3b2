"""docs/findings.md as text, generated from the catalogue.

`python -m chainlib.explain.document > docs/findings.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from chainlib.explain.catalogue import CATALOGUE
from chainlib.explain.values import CatalogueEntry, Where
from chainlib.findings import Basis

_HEAD = """# Findings

Every code that a check can report, in the order in which the headline is chosen. Generated from the
catalogue in `chainlib/explain/` by `make findings`; edit the catalogue, not this file.

*Basis* says why a rule is believed, since no gateway can be looked into from outside:
documented by Microsoft, refused by OpenSSL (the library under the gateway), reported by users, or
inferred. A cause that a gateway's own backend health names has the basis `gateway`.
"""
_BASIS = {
    Basis.DOCUMENTED: "documented by Microsoft",
    Basis.OPENSSL: "refused by OpenSSL",
    Basis.REPORTED: "reported by users",
    Basis.INFERRED: "inferred",
    Basis.GATEWAY: "said by the gateway itself",
}
_WHERE = {
    Where.SERVER: "on the server",
    Where.GATEWAY: "on the gateway",
    Where.NETWORK: "in the network",
    Where.DNS: "in DNS",
}


def document() -> str:
    """The whole page: an overview table, then one section for each code."""
    rows = "\n".join(
        f"| [`{e.code}`](#{e.code.lower()}) | {e.title} | {_WHERE[e.where]} |"
        for e in CATALOGUE.values()
    )
    table = f"| code | what is wrong | fixed |\n|---|---|---|\n{rows}\n"
    return "\n".join([_HEAD, table, *(_section(entry) for entry in CATALOGUE.values())])


def _section(entry: CatalogueEntry) -> str:
    return "\n".join(_lines(entry))


def _lines(entry: CatalogueEntry) -> Iterator[str]:
    yield f"## {entry.code}\n"
    yield f"**{entry.title}.** {entry.cause}\n"
    if entry.gateway_message:
        yield f"Azure prints:\n\n> {entry.gateway_message}\n"
    yield f"Fixed {_WHERE[entry.where]}:\n"
    yield from (f"{number}. {step}" for number, step in enumerate(entry.steps, start=1))
    yield f"\nBasis: {_BASIS[entry.basis]}. Reference: <{entry.reference}>\n"


if __name__ == "__main__":
    sys.stdout.write(document())
