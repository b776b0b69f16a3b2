"""Short phrases for notification texts: one per code, per severity and per party that must act.

The library's catalogue has the full titles, causes and steps; a phrase here must fit beside a host
name in 90 characters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from bot.cards.escaping import clean
from bot.domain.check_report import CheckReport
from chainlib import Code, Verdict, Where

_HTTPS_PORT = 443

PHRASES: Mapping[Code, str] = MappingProxyType(
    {
        Code.DNS_FAILED: "name does not resolve",
        Code.TCP_FAILED: "nothing answers on the port",
        Code.NOT_TLS: "the port does not speak TLS",
        Code.TLS_VERSION_UNSUPPORTED: "no TLS version in common",
        Code.SNI_REQUIRED: "server name (SNI) needed",
        Code.CLIENT_CERTIFICATE_REQUIRED: "wants a client certificate",
        Code.TLS_FAILED: "TLS handshake fails",
        Code.CERTIFICATE_UNREADABLE: "unreadable certificate sent",
        Code.AUTH_CERTIFICATE_MISMATCH: "not the certificate v1 was given",
        Code.LEAF_MISSING: "server certificate not sent",
        Code.LEAF_NOT_FIRST: "server certificate not first",
        Code.SELF_SIGNED_NOT_CA: "self-signed, no CA",
        Code.CHAIN_OUT_OF_ORDER: "chain in wrong order",
        Code.INTERMEDIATE_MISSING: "intermediate missing",
        Code.SERVER_UNKNOWN_CA: "root unknown to the gateway",
        Code.INTERMEDIATE_UNKNOWN_CA: "last CA unknown to the gateway",
        Code.UPLOADED_ROOT_UNUSABLE: "uploaded root unusable",
        Code.ROOT_NOT_ATTACHED: "root not attached to the setting",
        Code.ROOT_MISMATCH: "gateway trusts another root",
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN: "no uploaded root signed this",
        Code.SIGNATURE_INVALID: "a signature does not verify",
        Code.CA_CONSTRAINT_VIOLATED: "a CA may not sign this",
        Code.VERIFY_FAILED: "OpenSSL refuses the chain",
        Code.CERTIFICATE_EXPIRED: "certificate expired",
        Code.CERTIFICATE_NOT_YET_VALID: "certificate not valid yet",
        Code.NAME_MISMATCH: "certificate for another name",
        Code.LIVE_NAME_MISMATCH: "probe fine, live name fails",
        Code.PROBE_TIMEOUT: "health probe times out",
        Code.HTTP_STATUS_MISMATCH: "unexpected HTTP status",
        Code.HTTP_BODY_MISMATCH: "probe text not in the answer",
        Code.HTTP_FAILED: "no usable HTTP answer",
        Code.VALIDATION_OFF: "validation is switched off",
        Code.NO_SNI: "gateway sends no server name",
        Code.SERVERS_DIFFER: "servers send different chains",
        Code.CERTIFICATE_EXPIRING: "certificate expires soon",
        Code.WEAK_CRYPTO: "weak key or signature",
        Code.HEALTH_UNKNOWN: "gateway cannot tell",
        Code.VANTAGE_DIFFERS: "gateway refuses, passes from here",
        Code.PROBE_DISAGREES: "gateway says fine, fails from here",
        Code.PROXY_PROTOCOL_EXPECTED: "PROXY header not understood",
        Code.CERTIFICATE_INVALID: "certificate marked invalid",
        Code.POOL_EMPTY: "backend pool has no servers",
        Code.TRUST_NOT_VISIBLE: "gateway's root not visible",
        Code.GATEWAY_PROVISIONING_FAILED: "last change of gateway failed",
        Code.SKU_RETIRED: "v1 gateway, retired",
        Code.ENCODING_UNUSUAL: "certificate encoded unusually",
        Code.UNRECOGNISED: "unknown message from Azure",
        Code.DEFAULT_CERTIFICATE_DIFFERS: "default certificate differs",
        Code.CHAIN_EXTRA: "more sent than needed",
        Code.OK: "gateway would accept it",
    }
)

ACTORS: Mapping[Where, str] = MappingProxyType(
    {Where.SERVER: "server", Where.GATEWAY: "gateway", Where.NETWORK: "network", Where.DNS: "DNS"}
)
PLACES: Mapping[Where, str] = MappingProxyType(
    {
        Where.SERVER: "on the server",
        Where.GATEWAY: "on the gateway",
        Where.NETWORK: "in the network",
        Where.DNS: "in DNS",
    }
)


_RAW_CODE = re.compile(
    r"\b(?:" + "|".join(code.value for code in Code if code is not Code.OK) + r")\b"
)


def phrased(sentence: str) -> str:
    """A finding's sentence for a card, with codes replaced by their phrases."""
    return _RAW_CODE.sub(lambda found: PHRASES[Code(found[0])], sentence)


def grade(verdict: Verdict) -> str:
    """The verdict in one word: FAIL, WARN or OK."""
    if not verdict.accepted:
        return "FAIL"
    return "OK" if verdict.headline is Code.OK else "WARN"


SHAPES: Mapping[str, str] = MappingProxyType({"FAIL": "✖", "WARN": "▲", "OK": "✔"})


def target_name(report: CheckReport) -> str:
    """The host, with its port unless it is 443, in a form that no client shows as an emoji."""
    target = report.request.target
    host = clean(target.host, 253)
    return host if target.port == _HTTPS_PORT else f"{host} port {target.port}"
