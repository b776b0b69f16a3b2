"""How much any peer may cost us: the one table of limits for everything that is received.

Whoever runs a backend decides what it sends, and whoever made a certificate decides where its
issuer is downloaded from. Every receive path takes its bounds from here; `tests/chainlib/
test_bounds.py` drives each of them with a peer that never ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

KIB: Final = 1024

# One read of a socket: nothing larger is ever handed to the TLS library at once.
READ_BYTES: Final = 64 * KIB

# One connection, TLS records as they come: OpenSSL itself takes a certificate list of 100 KB.
CONNECTION_BYTES: Final = 1024 * KIB
CONNECTION_RECORDS: Final = 16 * KIB
# ServerHello messages: one, one more after a HelloRetryRequest, and as IIS shakes hands anew to ask
# for a client certificate. Each costs CPU time on this side.
SERVER_HELLOS: Final = 4
CERTIFICATES: Final = 100
# Parsed certificates that are kept for the next connection, and the largest of them.
REMEMBERED_CERTIFICATES: Final = 1024
REMEMBERED_CERTIFICATE_BYTES: Final = 8 * KIB
BANNER_BYTES: Final = 200  # of what a peer says that is not TLS or not HTTP

# The health probe's answer (RFC 9112); the gateway reads no more of it either.
STATUS_LINE_BYTES: Final = 8 * KIB
HEADER_BYTES: Final = 64 * KIB
BODY_BYTES: Final = 64 * KIB
INTERIM_ANSWERS: Final = 4 * KIB  # 1xx, of which RFC 9110 section 15.2 allows any number
# nginx reads a backend's header into one buffer of one memory page (proxy_buffer_size).
USUAL_HEADER_BYTES: Final = 8 * KIB

# Seconds of one stage, inside the deadline of the whole.
RESOLVE_S: Final = 5.0
CONNECT_S: Final = 5.0
HANDSHAKE_S: Final = 10.0
# How long a TLS 1.3 server may take to refuse a client that has no certificate: two round trips,
# within these bounds.
LATE_ALERT_MIN_S: Final = 0.15
LATE_ALERT_MAX_S: Final = 1.0
# Further handshakes that name the cause of a failed one: how many, and seconds for each.
TRIALS: Final = 2
TRIAL_S: Final = 2.0


# Of one download over the wire: header, interim answers, body and what chunks add to it.
DOWNLOAD_WIRE_BYTES: Final = 512 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """Bounds of the issuer downloads of one case.

    Attributes:
        max_bytes: of one answer.
        timeout: seconds for one URL, its redirect included.
        redirects: followed per URL, each checked again in full.
        levels: issuers above one another that are downloaded.
        fetches: URLs that are asked in one case; answers from the cache do not count.
    """

    max_bytes: int = 64 * KIB
    timeout: float = 3.0
    redirects: int = 1
    levels: int = 4
    fetches: int = 8
