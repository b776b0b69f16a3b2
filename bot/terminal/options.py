"""The arguments and options that commands of the `appgw` program take."""

from __future__ import annotations

from pathlib import Path

from bot.terminal.command_line import Argument

BACKEND = Argument(
    name="target",
    help=(
        "backend.contoso.com, backend.contoso.com:8443, 10.0.0.5 or "
        "https://backend.contoso.com/path"
    ),
)
CHAIN = Argument(
    name="chain",
    help="The chain to install: PEM, DER or PKCS #7; or gw:prod-gw with --without-root.",
)
GATEWAY = Argument(name="gateway", help="gw:prod-gw, gw:group/prod-gw/pool/setting or an ARM id.")
GATEWAY_OR_ALL = Argument(
    name="gateway",
    required=False,
    help=(
        "gw:prod-gw, gw:group/prod-gw/pool/setting, site:shop.contoso.com or an ARM id; default: "
        "every gateway."
    ),
)
ROOTS = Argument(
    name="--root",
    value="FILE",
    kind=Path,
    repeated=True,
    help="A trusted root certificate of the gateway (PEM, DER, PKCS #7). May be repeated.",
)
AUTH_CERTIFICATES = Argument(
    name="--auth-cert",
    value="FILE",
    kind=Path,
    repeated=True,
    help="v1: an authentication certificate. May be repeated.",
)
SKU = Argument(name="--sku", value="SKU", default="v2", help="v1 or v2; default: v2.")
NO_CHAIN = Argument(
    name="--no-validate-chain", help="As a setting with validateCertChainAndExpiry off."
)
NO_NAME = Argument(name="--no-validate-name", help="As a setting with validateSNI off.")
NAME = Argument(
    name="--name",
    value="NAME",
    help="The name that must match; without it the name is not checked.",
)
LIVE_NAME = Argument(
    name="--live-name",
    value="NAME",
    help="The host name that live traffic uses, if it differs.",
)
AT = Argument(
    name="--at",
    value="ISO8601",
    help="Judge at another instant, for example 2026-12-01T09:00:00Z.",
)
TIMEOUT = Argument(
    name="--timeout",
    value="SECONDS",
    kind=float,
    default=12.0,
    help="Seconds for the whole command; default: 12.",
)
PROBE_TIMEOUT = Argument(
    name="--timeout",
    value="SECONDS",
    kind=float,
    default=12.0,
    help="Seconds for the bot's own probe; default: 12.",
)
REPORT = Argument(
    name="--report",
    value="FILE",
    kind=Path,
    help="Also write one HTML page to print or attach.",
)
WITHOUT_ROOT = Argument(
    name="--without-root",
    value="NAME",
    help="With gw:prod-gw: the root, by its name there, that is to be removed.",
)
ANNOTATE = Argument(
    name="--annotate",
    value="SYNTAX",
    help="For pipelines: print annotations of github or azure, and write a job summary.",
)
WITH_CERTIFICATES = Argument(
    name="--with-certificates",
    help="Put the certificates themselves into the record, names and all.",
)
DAYS = Argument(
    name="--days", value="DAYS", kind=int, default=90, help="How far to look; default: 90."
)
JSON = Argument(name="--json", help="Print the report as one JSON object.")
SERVER_NAME = Argument(
    name="--sni",
    value="NAME",
    help="The server name that the handshake sends; default: the name that must match.",
)
HOST_NAME = Argument(
    name="--host-name",
    value="NAME",
    help="The name that must match; default: the target's host.",
)
PROBE_PATH = Argument(name="--path", value="PATH", help="Path of the health probe; default: /.")

TRUST = (ROOTS, AUTH_CERTIFICATES, SKU, NO_CHAIN, NO_NAME, LIVE_NAME, AT)
"""What the gateway trusts and validates, and the instant."""
