"""chainlib.aio: the only room with sockets.

Resolve a name, capture what a backend presents, download missing issuers.

Every function takes its deadline as an argument and raises only `chainlib` errors.
"""

from chainlib.aio.capture import StageHook, capture
from chainlib.aio.diagnose import diagnose
from chainlib.aio.issuer_cache import IssuerCache
from chainlib.aio.issuers import FetchResult, fetch_issuers
from chainlib.aio.resolve import Resolver, resolve
from chainlib.aio.wellknown import load_well_known
from chainlib.handshake import (
    GATEWAY_OFFER,
    V1_OFFER,
    TlsOffer,
    TlsVersion,
)
from chainlib.limits import FetchLimits

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
    "diagnose",
    "fetch_issuers",
    "load_well_known",
    "resolve",
]
