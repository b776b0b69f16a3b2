"""A TLS client without I/O: bytes in, bytes out, and the presented chain.

The chain is available even if the handshake fails later. No socket, no clock and no certificate
rule is used here; `chainlib.aio` moves the bytes.
"""

from chainlib.causes import Breakage, Failure
from chainlib.handshake.client import Buffer, ClientHandshake
from chainlib.handshake.failure import alert_name
from chainlib.handshake.offer import (
    GATEWAY_OFFER,
    LENIENT_OFFER,
    V1_OFFER,
    TlsOffer,
    TlsVersion,
)

__all__ = [
    "GATEWAY_OFFER",
    "LENIENT_OFFER",
    "V1_OFFER",
    "Breakage",
    "Buffer",
    "ClientHandshake",
    "Failure",
    "TlsOffer",
    "TlsVersion",
    "alert_name",
]
