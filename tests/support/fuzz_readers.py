"""Entry points for a fuzzer: any bytes in, no exception but those of the library's own tree."""

from __future__ import annotations

import contextlib

from chainlib import (
    Certificate,
    ChainlibError,
    GatewayPolicy,
    PresentedChain,
    Target,
    TrustAnchors,
    TrustMode,
    explain,
    judge,
    load_certificates,
    load_uploaded,
    repair,
)
from chainlib.certificate import parse_entry
from chainlib.der import children, definite
from playground.lab.pki import NOW

FACTS = tuple(name for name in dir(Certificate) if not name.startswith("_") and name != "parsed")


def certificate(data: bytes) -> None:
    """One entry of a certificate list, with every fact of it."""
    entry = parse_entry(data)
    if isinstance(entry, Certificate):
        for fact in FACTS:
            getattr(entry, fact)


def file(data: bytes) -> None:
    """A file of certificates, and the same as the `data` of an upload."""
    for read in (load_certificates, lambda content: load_uploaded(content.decode("latin-1"))):
        with contextlib.suppress(ChainlibError):
            read(data)


def presented_list(data: bytes) -> None:
    """The certificates inside a SEQUENCE as what a server sent, each of them a root as well."""
    sent = tuple(parse_entry(bytes(one.encoded)) for one in children(data, at_most=10))
    roots = tuple(entry for entry in sent if isinstance(entry, Certificate))
    anchors = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=roots)
    policy = GatewayPolicy(anchors=anchors, name="backend.contoso.com")
    chain = PresentedChain(target=Target(host="backend.contoso.com"), certificates=sent)
    explain(judge(chain, policy, at=NOW))
    repair(chain, policy, at=NOW, issuers=roots)


def shapes(data: bytes) -> None:
    """The reader of DER and BER headers; what it writes reads as itself."""
    again = definite(data)
    assert definite(again) == again


ENTRY_POINTS = (certificate, file, presented_list, shapes)
