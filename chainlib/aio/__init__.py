"""chainlib.aio: the only package of the library that opens sockets.

It resolves names, captures what a backend presents, and downloads missing issuers. Every function
takes its deadline as an argument and raises only `chainlib` errors.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from chainlib.aio.capture import StageHook, capture
from chainlib.aio.resolve import Resolver, resolve
from chainlib.aio.wellknown import load_well_known
from chainlib.handshake import (
    GATEWAY_OFFER,
    V1_OFFER,
    TlsOffer,
    TlsVersion,
)
from chainlib.limits import FetchLimits

if TYPE_CHECKING:
    from chainlib.aio.issuer_cache import IssuerCache
    from chainlib.aio.issuers import FetchResult, fetch_issuers
else:

    def __getattr__(name: str) -> object:
        """Import what downloads issuers when it is first asked for (PEP 562); few checks do."""
        if name not in _LATE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_LATE[name]), name)


_LATE = {
    "FetchResult": "chainlib.aio.issuers",
    "IssuerCache": "chainlib.aio.issuer_cache",
    "fetch_issuers": "chainlib.aio.issuers",
}

__all__ = [
    "GATEWAY_OFFER",
    "V1_OFFER",
    "FetchLimits",
    "FetchResult",
    "IssuerCache",
    "Resolver",
    "StageHook",
    "TlsOffer",
    "TlsVersion",
    "capture",
    "fetch_issuers",
    "load_well_known",
    "resolve",
]
