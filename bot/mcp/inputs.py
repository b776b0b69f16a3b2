"""The arguments of the tools: the options of the terminal commands, with the same names.

Arguments come from a language model that may have read hostile text, so each is bounded, and an
invalid one is refused in one sentence with an example.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from bot.cards.escaping import clean
from bot.domain.forecast_days import MAX_DAYS
from bot.terminal.inputs import (
    MAX_FILE_BYTES,
    MAX_TIMEOUT_S,
    CertificateSource,
    InputError,
    PastedCertificates,
)

MAX_FILES = 20
"""Certificate files or texts in one argument."""
LONGEST_TARGET = 1000
"""Most characters of a target; longer than any ARM ID."""
LONGEST_MESSAGE = 200_000
"""Most characters of a text that is searched for Azure's message."""
_LONGEST_PATH = 4096
_SHOULD = re.compile(r"^\w+ should ")  # as in "Input should be", "String should have"
_BEGIN = "-----BEGIN"


def _as_list(value: object) -> object:
    """Wrap a single text in a list, where a list is expected."""
    return [value] if isinstance(value, str) else value


Certificates = Annotated[str, Field(min_length=1, max_length=MAX_FILE_BYTES)]
CertificateList = Annotated[
    tuple[Certificates, ...], BeforeValidator(_as_list), Field(max_length=MAX_FILES)
]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_TARGET)]


class ToolInput(BaseModel):
    """The arguments of a tool; unknown arguments are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TrustInput(ToolInput):
    """What the gateway trusts and validates, and the instant; named like the options."""

    root: CertificateList = Field(
        default=(),
        description="Trusted root certificates of a v2 gateway, each as PEM text or the path of a "
        "file (PEM, DER, PKCS #7). Without any, the well-known CAs are trusted.",
    )
    auth_cert: CertificateList = Field(
        default=(),
        description="v1 only: authentication certificates, each as PEM text or the path of a file.",
    )
    sku: str = Field(default="v2", max_length=20, description="v1 or v2.")
    no_validate_chain: bool = Field(
        default=False, description="True as in a setting with validateCertChainAndExpiry off."
    )
    no_validate_name: bool = Field(
        default=False, description="True as in a setting with validateSNI off."
    )
    live_name: Name | None = Field(
        default=None, description="The host name that live traffic uses, where it differs."
    )
    at: Annotated[str, Field(max_length=100)] | None = Field(
        default=None,
        description="Judge at another instant, ISO 8601, for example 2026-12-01T09:00:00Z.",
    )


class CheckInput(TrustInput):
    """Arguments of `check`."""

    target: Name = Field(
        description="One backend server: backend.contoso.com, backend.contoso.com:8443, 10.0.0.5 "
        "or https://backend.contoso.com/path."
    )
    sni: Name | None = Field(
        default=None,
        description="The server name (SNI) that the handshake sends; by default the name that must "
        "match.",
    )
    host_name: Name | None = Field(
        default=None,
        description="The host name of the health probe or backend setting, which must match the "
        "certificate; by default the target's host.",
    )
    path: Name | None = Field(default=None, description="Path of the health probe; by default /.")
    timeout: float = Field(
        default=12.0, gt=0, le=MAX_TIMEOUT_S, description="Seconds for the whole check."
    )


class RehearseInput(TrustInput):
    """Arguments of `rehearse`."""

    chain: Certificates = Field(
        description="The certificate chain that is to be installed on the server: PEM text, leaf "
        "first, or the path of a file (PEM, DER, PKCS #7). Never a private key. With without_root: "
        "a gateway, for example gw:prod-gw."
    )
    name: Name | None = Field(
        default=None,
        description="The host name that the certificate must match; without it the name is not "
        "checked.",
    )
    without_root: Name | None = Field(
        default=None,
        description="With a gateway as chain: the name of the trusted root certificate that is to "
        "be removed from it. The answer says which servers break.",
    )


class HealthInput(ToolInput):
    """Arguments of `health`."""

    target: Name | None = Field(
        default=None,
        description="gw:prod-gw, gw:group/prod-gw/pool/setting, site:shop.contoso.com or a "
        "gateway's ARM id; without it every gateway that can be seen.",
    )
    timeout: float = Field(
        default=12.0, gt=0, le=MAX_TIMEOUT_S, description="Seconds for the probe of each server."
    )


class ForecastInput(ToolInput):
    """Arguments of `forecast`."""

    target: Name = Field(
        description="gw:prod-gw, gw:group/prod-gw/pool/setting or a gateway's ARM id."
    )
    days: int = Field(default=90, ge=1, le=MAX_DAYS, description="How many days to look ahead.")


class ExplainInput(ToolInput):
    """Arguments of `explain-message`."""

    text: str = Field(
        max_length=LONGEST_MESSAGE,
        description="Azure's message about a backend server, or a text that holds it: a log, an "
        "alert, an e-mail, in any language of the portal.",
    )
    name: Annotated[str, Field(max_length=200)] | None = Field(
        default=None,
        description="ARM's healthProbeErrorName, where it is known; it decides where the text is "
        "empty or unknown.",
    )


_Input = TypeVar("_Input", bound=ToolInput)


def understood(kind: type[_Input], arguments: dict[str, Any], example: dict[str, Any]) -> _Input:
    """Validate the arguments.

    Raises:
        InputError: the first argument that is invalid, with the example.
    """
    try:
        return kind.model_validate(arguments)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise InputError(f"{_problem(kind, problem)}; for example {json.dumps(example)}.") from None


def _problem(kind: type[ToolInput], problem: ErrorDetails) -> str:
    where = clean(".".join(str(part) for part in problem["loc"]), 60)
    if problem["type"] == "extra_forbidden":
        return f"there is no argument {where}; the arguments are {', '.join(kind.model_fields)}"
    if problem["type"] == "missing":
        return f"the argument {where} is missing"
    said = clean(_SHOULD.sub("", problem["msg"]), 200)
    return f"{where} should {said[:1].lower()}{said[1:]}"


def source(text: str, argument: str) -> CertificateSource:
    """The source of certificates: the text itself if it is PEM, else the file that it names.

    Raises:
        InputError: it is neither.
    """
    if _BEGIN in text:
        return PastedCertificates(name=argument, text=text)
    if len(text) > _LONGEST_PATH or not text.isprintable():
        raise InputError(
            f"{argument} is neither PEM text nor the path of a file; give for example "
            f"-----BEGIN CERTIFICATE-----... or /etc/ssl/fullchain.pem."
        )
    return Path(text)


def sources(texts: tuple[str, ...], argument: str) -> tuple[CertificateSource, ...]:
    """`source` for several arguments; error messages call the second `root[1]`.

    Raises `InputError`.
    """
    return tuple(source(text, f"{argument}[{place}]") for place, text in enumerate(texts))
