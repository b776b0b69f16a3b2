"""Translates pasted commands of other programs into command lines of the bot. Pure.

It knows `openssl s_client`, `curl`, and the commands for backend health of the Azure CLI and Azure
PowerShell. Only names are taken from them: the target, the SNI, the gateway with its resource
group.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.domain.gateway_ref import GatewayRef

MAX_PASTED = 2_000
_OPENSSL = re.compile(
    r"(?:^|[|;&]\s*)(?:\S*/)?openssl(?:\.exe)?\s+s_client\b(.*)", re.IGNORECASE | re.DOTALL
)
_CURL = re.compile(r"^(?:\S*/)?curl(?:\.exe)?\s(.*)", re.IGNORECASE | re.DOTALL)
_AZ = re.compile(
    r"^az\s+network\s+application-gateway\s+(?:show|show-backend-health)\b(.*)",
    re.IGNORECASE | re.DOTALL,
)
_POWERSHELL = re.compile(
    r"^(?:\$\w+\s*=\s*)?Get-AzApplicationGateway(?:BackendHealth)?\b(.*)", re.IGNORECASE | re.DOTALL
)
_URL = re.compile(r"https://[^\s'\"<>|]+", re.IGNORECASE)


def unpasted(text: str) -> str:
    """The command line for a pasted command; any other text unchanged."""
    plain = re.sub(r"^[\s`$>#]+(?=\S)|[\s`]+$", "", text[:MAX_PASTED])
    for pattern, read in _READERS:
        found = pattern.search(plain)
        line = read(found[1]) if found else ""
        if line:
            return line
    return text


def _s_client(rest: str) -> str:
    target = _option(rest, "connect") or _option(rest, "host")
    name = _option(rest, "servername")
    return f"{target} sni={name}" if target and name and name != _host(target) else target


def _curl(rest: str) -> str:
    """A URL; `--resolve` and `--connect-to` give the address that is really used."""
    url = _URL.search(rest)
    forced = re.search(r"--resolve[\s=]+['\"]?([^:\s]+):(\d+):([^\s'\",]+)", rest)
    if url and forced:
        return f"{forced[3]}:{forced[2]} sni={forced[1]} host={forced[1]}"
    return url[0] if url else ""


def _cli(rest: str) -> str:
    if identity := _option(rest, "-?ids"):
        return identity
    return _gateway(
        _option(rest, "n") or _option(rest, "-?name"),
        _option(rest, "g") or _option(rest, "-?resource-group"),
    )


def _powershell(rest: str) -> str:
    return _gateway(_option(rest, "Name"), _option(rest, "ResourceGroupName"))


def _gateway(name: str, group: str) -> str:
    if not name or name.startswith("$"):
        return ""
    known_group = group if group and not group.startswith("$") else None
    return GatewayRef(name=name, group=known_group).text


def _option(rest: str, name: str) -> str:
    found = re.search(rf"(?<!\S)-{name}[\s=:]+[\"']?([^\s\"'|;<>]+)", rest, re.IGNORECASE)
    return found[1] if found else ""


def _host(target: str) -> str:
    return re.sub(r":\d*$", "", target)


_READERS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (_OPENSSL, _s_client),
    (_CURL, _curl),
    (_AZ, _cli),
    (_POWERSHELL, _powershell),
)
