"""Limits on everything that is received from peers, in one table.

Backends and certificates may be hostile: they choose what is sent and from where issuers are
downloaded. Every receiving function takes its limits from here; `tests/chainlib/test_bounds.py`
tests each with an endless peer.
"""

from __future__ import annotations

from typing import Final

from chainlib.frozen import dataclass

KIB: Final = 1024

# One read of a socket; the TLS library gets no larger piece at once.
READ_BYTES: Final = 64 * KIB

# One connection, in bytes of TLS records; OpenSSL itself accepts a chain of 100 KB.
CONNECTION_BYTES: Final = 1024 * KIB
CONNECTION_RECORDS: Final = 16 * KIB
# ServerHello messages: one, another after a HelloRetryRequest, and another when IIS renegotiates to
# request a client certificate. Each costs CPU time.
SERVER_HELLOS: Final = 4
CERTIFICATES: Final = 100
# How many parsed certificates are cached, and the largest of them.
REMEMBERED_CERTIFICATES: Final = 1024
REMEMBERED_CERTIFICATE_BYTES: Final = 8 * KIB
BANNER_BYTES: Final = 200  # of what a peer says that is not TLS or not HTTP

# The health probe's response (RFC 9112); the gateway reads no more of it either.
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
# How long a TLS 1.3 server may take to reject a client without certificate: two round trips, within
# these bounds.
LATE_ALERT_MIN_S: Final = 0.15
LATE_ALERT_MAX_S: Final = 1.0
# Further handshakes that find the cause of a failed one: how many, and seconds for each.
TRIALS: Final = 2
TRIAL_S: Final = 2.0


# One download in received bytes: headers, 1xx responses, body and chunk framing.
DOWNLOAD_WIRE_BYTES: Final = 512 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """Limits of the issuer downloads of one check.

    Attributes:
        max_bytes: of one response.
        timeout: seconds for one URL, its redirect included.
        redirects: followed per URL, each with all checks.
        levels: how many issuers above each other are downloaded.
        fetches: how many URLs are requested in one check; cached results do not count.
    """

    max_bytes: int = 64 * KIB
    timeout: float = 3.0
    redirects: int = 1
    levels: int = 4
    fetches: int = 8
