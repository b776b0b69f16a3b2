"""Which findings of our probe are the fault that Azure names in other words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.domain.azure import GatewayMessage
from chainlib import Code

_SAME_FAULT: Mapping[Code, frozenset[Code]] = MappingProxyType(
    {
        Code.ROOT_MISMATCH: frozenset(
            {
                Code.INTERMEDIATE_MISSING,
                Code.CHAIN_OUT_OF_ORDER,
                Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
                Code.UPLOADED_ROOT_UNUSABLE,
                Code.ROOT_NOT_ATTACHED,
            }
        ),
        Code.INTERMEDIATE_MISSING: frozenset({Code.SELF_SIGNED_NOT_CA, Code.CHAIN_OUT_OF_ORDER}),
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN: frozenset({Code.UPLOADED_ROOT_UNUSABLE}),
        Code.SERVER_UNKNOWN_CA: frozenset({Code.ROOT_NOT_ATTACHED}),
        Code.INTERMEDIATE_UNKNOWN_CA: frozenset({Code.ROOT_NOT_ATTACHED}),
        Code.TCP_FAILED: frozenset(
            {
                Code.NOT_TLS,
                Code.TLS_VERSION_UNSUPPORTED,
                Code.SNI_REQUIRED,
                Code.CLIENT_CERTIFICATE_REQUIRED,
                Code.TLS_FAILED,
            }
        ),
        Code.CERTIFICATE_INVALID: frozenset(
            {Code.CERTIFICATE_EXPIRED, Code.CERTIFICATE_NOT_YET_VALID}
        ),
        Code.CERTIFICATE_EXPIRED: frozenset({Code.CERTIFICATE_NOT_YET_VALID}),
    }
)
"""Azure's code -> our codes for the same fault (azure-rules section 10)."""
_TRUST_END = frozenset(
    {
        Code.INTERMEDIATE_MISSING,
        Code.SERVER_UNKNOWN_CA,
        Code.INTERMEDIATE_UNKNOWN_CA,
        Code.UPLOADED_ROOT_UNUSABLE,
        Code.ROOT_NOT_ATTACHED,
        Code.ROOT_MISMATCH,
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
        Code.SELF_SIGNED_NOT_CA,
        Code.CHAIN_OUT_OF_ORDER,
    }
)
_SAME_NUMBER: Mapping[int, frozenset[Code]] = MappingProxyType(
    {
        **dict.fromkeys((2, 18, 19, 20, 21), _TRUST_END),
        7: frozenset({Code.SIGNATURE_INVALID}),
        9: frozenset({Code.CERTIFICATE_NOT_YET_VALID}),
        10: frozenset({Code.CERTIFICATE_EXPIRED, Code.UPLOADED_ROOT_UNUSABLE}),
        **dict.fromkeys((24, 25, 32, 47, 48, 79), frozenset({Code.CA_CONSTRAINT_VIOLATED})),
        **dict.fromkeys((62, 64), frozenset({Code.NAME_MISMATCH})),
        **dict.fromkeys((66, 67, 68), frozenset({Code.WEAK_CRYPTO})),
    }
)
"""OpenSSL's number -> our codes for the same fault (azure-rules section 1)."""
_WITHOUT_CERTIFICATE = frozenset({400, 403, 495, 496})
"""Statuses of servers that miss a client certificate (azure-rules row 5)."""


def same_fault(message: GatewayMessage) -> frozenset[Code]:
    """Our codes for the fault of this message, besides its own code."""
    if message.code is Code.VERIFY_FAILED:
        return _SAME_NUMBER.get(message.error_code or 0, frozenset())
    if message.code is Code.HTTP_STATUS_MISMATCH and message.received in _WITHOUT_CERTIFICATE:
        return frozenset({Code.CLIENT_CERTIFICATE_REQUIRED})
    return _SAME_FAULT.get(message.code, frozenset())
