"""A TLS client without I/O.

Bytes in, bytes out, the certificate list out, also when the handshake fails later.

What lives here knows no socket, no clock and no certificate rule. `chainlib.aio` moves the bytes.
"""

from chainlib.causes import Breakage, Failure
from chainlib.handshake.client import ClientHandshake
from chainlib.handshake.failure import alert_name
from chainlib.handshake.offer import (
    ECDSA_ONLY_OFFER,
    GATEWAY_OFFER,
    LEGACY_OFFER,
    LENIENT_OFFER,
    RSA_ONLY_OFFER,
    V1_OFFER,
    Authentication,
    TlsOffer,
    TlsVersion,
)

__all__ = [
    "ECDSA_ONLY_OFFER",
    "GATEWAY_OFFER",
    "LEGACY_OFFER",
    "LENIENT_OFFER",
    "RSA_ONLY_OFFER",
    "V1_OFFER",
    "Authentication",
    "Breakage",
    "ClientHandshake",
    "Failure",
    "TlsOffer",
    "TlsVersion",
    "alert_name",
]
