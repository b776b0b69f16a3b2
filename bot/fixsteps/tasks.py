"""Which work a finding code needs, on the server and on the gateway; chooses the recipes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from chainlib import CHAIN_SWITCH_CODES, NAME_SWITCH_CODES, Code


class ServerTask(StrEnum):
    """Work on the server."""

    CHAIN = "install the chain"
    TLS_VERSION = "enable TLS 1.2"
    CLIENT_CERTIFICATE = "make the client certificate optional"
    PROXY_PROTOCOL = "accept the PROXY protocol"


class GatewayTask(StrEnum):
    """Work on the gateway."""

    UPLOAD_ROOT = "upload and attach the root"
    ATTACH_ROOT = "attach the root"
    DETACH_ROOTS = "trust the well-known CAs again"
    AUTH_CERTIFICATE = "upload the server's certificate (v1)"
    HOST_NAME = "set the host name"
    POOL_NAME = "name the server in the pool (v1)"
    SNI_NAME = "set the SNI name"
    VALIDATION = "switch validation on"
    PROBE = "change the probe"


_CHAIN_CODES = (
    Code.CERTIFICATE_UNREADABLE,
    Code.LEAF_MISSING,
    Code.LEAF_NOT_FIRST,
    Code.SELF_SIGNED_NOT_CA,
    Code.CHAIN_OUT_OF_ORDER,
    Code.INTERMEDIATE_MISSING,
    Code.SIGNATURE_INVALID,
    Code.CA_CONSTRAINT_VIOLATED,
    Code.VERIFY_FAILED,
    Code.CERTIFICATE_EXPIRED,
    Code.CERTIFICATE_NOT_YET_VALID,
    Code.CERTIFICATE_EXPIRING,
    Code.CERTIFICATE_INVALID,
    Code.SERVERS_DIFFER,
    Code.WEAK_CRYPTO,
    Code.CHAIN_EXTRA,
    Code.NAME_MISMATCH,
    Code.LIVE_NAME_MISMATCH,
    Code.INTERMEDIATE_UNKNOWN_CA,
    Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
)
_UPLOAD_CODES = (
    Code.SERVER_UNKNOWN_CA,
    Code.INTERMEDIATE_UNKNOWN_CA,
    Code.ROOT_MISMATCH,
    Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
    Code.UPLOADED_ROOT_UNUSABLE,
)
_NAME_CODES = (
    Code.NAME_MISMATCH,
    Code.LIVE_NAME_MISMATCH,
    Code.NO_SNI,
    Code.SNI_REQUIRED,
    Code.DEFAULT_CERTIFICATE_DIFFERS,
)
_HTTP_CODES = (Code.PROBE_TIMEOUT, Code.HTTP_STATUS_MISMATCH, Code.HTTP_BODY_MISMATCH)

SERVER_TASKS: Mapping[Code, ServerTask] = MappingProxyType(
    dict.fromkeys(_CHAIN_CODES, ServerTask.CHAIN)
    | {
        Code.TLS_VERSION_UNSUPPORTED: ServerTask.TLS_VERSION,
        Code.CLIENT_CERTIFICATE_REQUIRED: ServerTask.CLIENT_CERTIFICATE,
        Code.PROXY_PROTOCOL_EXPECTED: ServerTask.PROXY_PROTOCOL,
    }
)
GATEWAY_TASKS: Mapping[Code, GatewayTask] = MappingProxyType(
    dict.fromkeys(_UPLOAD_CODES, GatewayTask.UPLOAD_ROOT)
    | dict.fromkeys(_NAME_CODES, GatewayTask.HOST_NAME)
    | dict.fromkeys(_HTTP_CODES, GatewayTask.PROBE)
    | {
        Code.ROOT_NOT_ATTACHED: GatewayTask.ATTACH_ROOT,
        Code.AUTH_CERTIFICATE_MISMATCH: GatewayTask.AUTH_CERTIFICATE,
        Code.VALIDATION_OFF: GatewayTask.VALIDATION,
    }
)
# The codes that each validation switch suppresses; only these have the temporary workaround.
# Left out: a v1 gateway compares the server's certificate itself and has no such switch. Neither
# switch suppresses CERTIFICATE_INVALID, which only a v1 gateway reports, or CERTIFICATE_UNREADABLE,
# with which the handshake itself fails.
CHAIN_STOPGAP_CODES = CHAIN_SWITCH_CODES - {Code.AUTH_CERTIFICATE_MISMATCH}
NAME_STOPGAP_CODES = NAME_SWITCH_CODES
# What must be done before the file can be installed.
FIRST: Mapping[Code, str] = MappingProxyType(
    {
        Code.CERTIFICATE_EXPIRED: (
            "Renew the expired certificate first; put the new one and its intermediates into "
            "<chainfile>."
        ),
        Code.CERTIFICATE_NOT_YET_VALID: (
            "Take the previous certificate or have it reissued; put it with its chain into "
            "<chainfile>."
        ),
        Code.CERTIFICATE_EXPIRING: (
            "Renew the certificate; put the new one and its intermediates into <chainfile>."
        ),
        Code.CERTIFICATE_INVALID: (
            "Get a new certificate if it is expired or revoked; put it and its intermediates into "
            "<chainfile>."
        ),
        Code.WEAK_CRYPTO: (
            "Have the certificate reissued (RSA 2048 or P-256, SHA-256); put it and its "
            "intermediates into <chainfile>."
        ),
        Code.SELF_SIGNED_NOT_CA: (
            "Get a certificate from a CA; put it and its intermediates into <chainfile>."
        ),
        Code.LEAF_MISSING: (
            "Find the certificate issued for <host>; put it first into <chainfile>, its "
            "intermediates after it."
        ),
        Code.NAME_MISMATCH: (
            "Only where the host name cannot change: have the certificate issued with <name>; put "
            "it into <chainfile>."
        ),
        Code.LIVE_NAME_MISMATCH: (
            "Only where the host name cannot change: have the certificate issued with the live "
            "name as well."
        ),
        Code.CA_CONSTRAINT_VIOLATED: (
            "Have the certificate reissued by a CA that may; put it and its intermediates into "
            "<chainfile>."
        ),
        Code.VERIFY_FAILED: (
            "Have the refused certificate reissued; put it and its intermediates into <chainfile>."
        ),
        Code.SIGNATURE_INVALID: (
            "Download the intermediate again from its CA; put it into <chainfile> after the "
            "server's own certificate."
        ),
    }
)
SAVE = (
    "Save <chainfile> from this thread: the server's own certificate first, then the "
    "intermediates, no root, no key."
)
# Without a file in the thread there is nothing to install: the issuer is unknown, or another server
# has the right chain.
WRITE = (
    "Write <chainfile>: the server's own certificate first, then each issuer above it, no root, "
    "no key."
)
MAKE = (
    "Get the certificate of <missing> from its CA; put it into <chainfile> after the server's own "
    "certificate."
)
