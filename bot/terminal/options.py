"""The options that commands of the `appgw` program share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

Backend = Annotated[
    str,
    Argument(
        help=(
            "backend.contoso.com, backend.contoso.com:8443, 10.0.0.5 or "
            "https://backend.contoso.com/path"
        )
    ),
]
Roots = Annotated[
    list[Path] | None,
    Option(
        "--root",
        help="A trusted root certificate of the gateway (PEM, DER, PKCS #7). May be repeated.",
    ),
]
AuthCertificates = Annotated[
    list[Path] | None,
    Option("--auth-cert", help="v1: an authentication certificate. May be repeated."),
]
SkuOption = Annotated[str, Option("--sku", help="v1 or v2.")]
NoChain = Annotated[
    bool, Option("--no-validate-chain", help="As a setting with validateCertChainAndExpiry off.")
]
NoName = Annotated[bool, Option("--no-validate-name", help="As a setting with validateSNI off.")]
LiveName = Annotated[
    str | None,
    Option("--live-name", help="The host name that live traffic uses, if it differs."),
]
At = Annotated[
    str | None, Option("--at", help="Judge at another instant, for example 2026-12-01T09:00:00Z.")
]
WithoutRoot = Annotated[
    str | None,
    Option(
        "--without-root",
        help="With gw:prod-gw: the root, by its name there, that is to be removed.",
    ),
]
AnnotateOption = Annotated[
    str | None,
    Option(
        "--annotate",
        help="For pipelines: print annotations of github or azure, and write a job summary.",
    ),
]
WithCertificates = Annotated[
    bool,
    Option(
        "--with-certificates",
        help="Put the certificates themselves into the record, names and all.",
    ),
]
Json = Annotated[bool, Option("--json", help="Print the report as one JSON object.")]
ServerName = Annotated[
    str | None,
    Option(
        "--sni", help="The server name that the handshake sends; default: the name that must match."
    ),
]
HostName = Annotated[
    str | None, Option("--host-name", help="The name that must match; default: the target's host.")
]
ProbePath = Annotated[str | None, Option("--path", help="Path of the health probe; default /.")]
