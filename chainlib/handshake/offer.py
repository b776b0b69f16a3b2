"""What a ClientHello offers, as a value, and the OpenSSL context for it.

A context costs a quarter of a handshake, so each offer has one that all connections share; data of
a single connection is in its app data.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache

from OpenSSL import SSL

from chainlib.frozen import dataclass
from chainlib.openssl import observe_messages, restrict_groups


class TlsVersion(IntEnum):
    """Protocol versions by their number on the wire (RFC 8446 section 4.2.1)."""

    TLS_1_0 = 0x0301
    TLS_1_1 = 0x0302
    TLS_1_2 = 0x0303
    TLS_1_3 = 0x0304


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsOffer:
    """What the client offers, except the server_name.

    Ciphers, security level and the requirement of secure renegotiation are OpenSSL's defaults,
    because the gateway's are not published. Small RSA keys and SHA-1 in a presented chain do not
    matter, because nothing is verified here. Below TLS 1.2 OpenSSL needs security level 0, so such
    an offer has it.

    Attributes:
        minimum, maximum: protocol versions.
        lenient: also every weak suite of OpenSSL, and servers without secure renegotiation; only
            used to find out what a server would have accepted.
    """

    minimum: TlsVersion = TlsVersion.TLS_1_2
    maximum: TlsVersion = TlsVersion.TLS_1_3
    lenient: bool = False


# v2 prefers TLS 1.3 and supports 1.2; v1 supports only 1.2 (azure-rules section 2.6).
GATEWAY_OFFER = TlsOffer()
V1_OFFER = TlsOffer(maximum=TlsVersion.TLS_1_2)
LENIENT_OFFER = TlsOffer(minimum=TlsVersion.TLS_1_0, maximum=TlsVersion.TLS_1_2, lenient=True)

# The default groups of OpenSSL 3.0. Newer versions add hybrid post-quantum groups, which double the
# size of the ClientHello; some servers cannot handle that, and nothing says that the gateway offers
# them.
_GROUPS = "X25519:P-256:X448:P-521:P-384:ffdhe2048:ffdhe3072"
_LEGACY_SERVER_CONNECT = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT of ssl.h, which pyOpenSSL lacks


@cache
def context_for(offer: TlsOffer) -> SSL.Context:
    """The shared context of an offer.

    It verifies nothing and resumes no session.
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_min_proto_version(offer.minimum)
    context.set_max_proto_version(offer.maximum)
    level = ":@SECLEVEL=0" if offer.minimum < TlsVersion.TLS_1_2 else ""
    suites = "ALL" if offer.lenient else "DEFAULT"
    context.set_cipher_list((suites + level).encode())
    if offer.lenient:
        context.set_options(_LEGACY_SERVER_CONNECT)
    restrict_groups(context, _GROUPS)
    observe_messages(context)
    return context
