"""Turns SDK exceptions and ARM error codes into one `Refusal`.

No other module knows Azure's exceptions and error codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from azure.core.exceptions import (
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline.policies import RetryPolicy

from bot.azure import refusals
from bot.domain.gateway_ref import GatewayId
from bot.domain.refusal import Refusal

_ACTION = re.compile(r"perform action '([\w./]+)'")
_BUSY_CODES = frozenset(
    {
        "retryableerrorduetoanotheroperation",
        "anotheroperationinprogress",
        "retryableerror",
        "referencedresourcenotprovisioned",
        "operationpreempted",
        "operationinprogress",
        "resourceupdatinginprogress",
    }
)
_LOCKED_CODES = frozenset({"scopelocked"})
_PLAIN_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}")


class UnexpectedAnswer(Exception):
    """ARM's answer does not have the expected shape."""


def refusal_of(
    error: Exception, what: str, *, credential: str, budget: float, gateway: GatewayId | None = None
) -> Refusal:
    """Turn an exception into a refusal that can be shown to users.

    Args:
        error: any exception from the SDK.
        what: what was requested, as it reads after "did not give", for example `the list of
            gateways`.
        credential: the configured kind of credential, for the advice.
        budget: allowed time in seconds.
        gateway: the gateway that was asked about, for the commands in the advice.
    """
    match error:
        case (
            ClientAuthenticationError()
            | HttpResponseError(status_code=HTTPStatus.UNAUTHORIZED)
            | OSError(filename=str())  # of a sign-in: only its token is read from a file
        ):
            return refusals.no_credential(credential, what)
        case TimeoutError() | ServiceRequestTimeoutError() | ServiceResponseTimeoutError():
            return refusals.timed_out(what, budget)
        case DecodeError():
            return refusals.malformed(what)
        case HttpResponseError():
            return _of_status(error, what, gateway)
        case ServiceRequestError() | ServiceResponseError() | OSError():
            return refusals.unavailable(what, _network_reason(error))
        case _:
            return refusals.malformed(what)


def _of_status(error: HttpResponseError, what: str, gateway: GatewayId | None) -> Refusal:
    status = error.status_code or 0
    wait = _retry_after(error)
    if _code(error) in _BUSY_CODES:
        return refusals.updating(what, gateway, wait)
    match status:
        case HTTPStatus.FORBIDDEN:
            return refusals.forbidden(what, _missing_action(error))
        case HTTPStatus.NOT_FOUND | HTTPStatus.GONE:
            return refusals.not_found(what)
        case HTTPStatus.TOO_MANY_REQUESTS:
            return refusals.throttled(what, wait)
        case HTTPStatus.CONFLICT:
            return _of_conflict(error, what, gateway)
    failed = status >= HTTPStatus.BAD_REQUEST
    return (
        refusals.unavailable(what, f"it answered {status}") if failed else refusals.malformed(what)
    )


def _of_conflict(error: HttpResponseError, what: str, gateway: GatewayId | None) -> Refusal:
    """The refusal for a 409: a lock, which somebody must remove, or a conflict by its code."""
    if _code(error) in _LOCKED_CODES:
        return refusals.locked(what, gateway)
    return refusals.conflict(what, _shown_code(error), gateway)


def _code(error: HttpResponseError) -> str:
    """ARM's error code in lower case; empty when the error is not from ARM."""
    code = getattr(error.error, "code", None)
    return code.lower() if isinstance(code, str) else ""


def _shown_code(error: HttpResponseError) -> str:
    """ARM's error code as ARM spells it, for users; `409 Conflict` when there is none."""
    code = getattr(error.error, "code", None)
    return code if isinstance(code, str) and _PLAIN_CODE.fullmatch(code) else "409 Conflict"


def _missing_action(error: HttpResponseError) -> str | None:
    """The missing right that ARM's message names, if it is one that the bot's role contains."""
    match = _ACTION.search(error.message or "")
    return match[1] if match and match[1] in refusals.ROLE["Actions"] else None


def _retry_after(error: HttpResponseError) -> float | None:
    headers: Mapping[str, Any] = getattr(error.response, "headers", None) or MappingProxyType({})
    given = headers.get("Retry-After")
    try:
        return RetryPolicy().parse_retry_after(given) if given else None
    except (TypeError, ValueError):
        return None


def _network_reason(error: Exception) -> str:
    """Why the network failed, in a few words.

    The SDK's own text is not used: it may contain URLs with subscription IDs.
    """
    words = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in words:
        return "its certificate is not trusted here"
    if "Cannot connect" in words or isinstance(error, ServiceRequestError):
        return "no connection"
    return "the connection broke"
