"""Host, gateway and pool read out of somebody else's alert.

Its text, blocks, attachments, or an Azure alert's JSON. Pure.

Everything found is a guess from hostile text; it goes through the same parser and the same guard as
if it had been typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

MAX_TEXT = 40_000
_ARM_ID = re.compile(
    r"/subscriptions/(?P<subscription>[\w-]+)/resourcegroups/(?P<group>[\w.()-]+)/providers/microsoft\.network/applicationgateways/(?P<name>[\w.-]+)",
    re.IGNORECASE,
)
_URL = re.compile(
    r"https://(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9])(?::(?P<port>\d{1,5}))?", re.IGNORECASE
)
_NAME = re.compile(
    r"(?<![\w@./-])(?P<host>(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9])(?::(?P<port>\d{1,5}))?(?![\w@])"
)
_ADDRESS = re.compile(
    r"(?<![\w./-])(?P<host>(?:\d{1,3}\.){3}\d{1,3})(?::(?P<port>\d{1,5}))?(?![\w./-])"
)
_LABELLED = re.compile(
    (
        r"(?:backend|server|host|member|target|upstream)[\w "
        r"]{0,20}[\"'*`]*\s*[:=]\s*[\"'*`]*(?P<rest>\S+)"
    ),
    re.IGNORECASE,
)
_GATEWAY = re.compile(
    (
        r"(?:application\s*gateway|app\s?gw|gateway)(?:[ "
        r"_]?name)?[\"'*`]*\s*[:=]\s*[\"'*`]*(?P<name>[A-Za-z0-9][\w.-]{0,79})"
    ),
    re.IGNORECASE,
)
_QUOTES = r"[\"'*`]*"
_POOL_LABEL = r"(?:backend(?:settings)?pool(?:name)?|backend\s+pool|pool)(?:\"\s*,\s*\"value)?"
_POOL = re.compile(
    rf"{_POOL_LABEL}{_QUOTES}\s*[:=]\s*{_QUOTES}(?P<pool>[A-Za-z0-9][\w.-]{{0,79}})(?:~[\w.-]{{1,80}})?",
    re.IGNORECASE,
)
_NOT_BACKENDS = (
    *("slack.com", "github.com", "grafana.net", "datadoghq.com", "pagerduty.com", "office.com"),
    *("azure.com", "microsoft.com", "windows.net", "microsoftonline.com", "aka.ms"),
)
_FILE_ENDINGS = {
    "pem",
    "crt",
    "cer",
    "json",
    "yaml",
    "yml",
    "log",
    "txt",
    "py",
    "md",
    "html",
    "conf",
    "network",
}


def read_alert(message: Mapping[str, Any]) -> str | None:
    """The command that asks about what the alert names; `None` when it names nothing."""
    text = "\n".join(_strings(message))[:MAX_TEXT].replace("\\/", "/").replace('\\"', '"')
    gateway, host = _gateway(text), _host(_ARM_ID.sub(" ", text))
    if host is None:
        return gateway and f"gw:{gateway}{_pool(text, '/{pool}')}"
    return f"{host} gw={gateway}{_pool(text, ' pool={pool}')}" if gateway else host


def _strings(node: object, key: str = "text") -> Iterator[str]:
    """Every piece of text that people see in a message, links included."""
    if isinstance(node, str):
        if key in {
            "text",
            "fallback",
            "title",
            "value",
            "pretext",
            "footer",
            "url",
            "title_link",
            "from_url",
        }:
            yield node
    elif isinstance(node, Mapping):
        for name, item in node.items():
            yield from _strings(item, str(name))
    elif isinstance(node, list | tuple):
        for item in node:
            yield from _strings(item, key)


def _gateway(text: str) -> str | None:
    by_id = _ARM_ID.search(text)
    if by_id:
        return f"{by_id['group']}/{by_id['name']}"
    named = _GATEWAY.search(text)
    return named["name"].rstrip(".") if named else None


def _pool(text: str, shape: str) -> str:
    found = _POOL.search(text)
    return shape.format(pool=found["pool"].rstrip(".")) if found else ""


def _host(text: str) -> str | None:
    """A labelled host counts most, then a link, then a bare name or address."""
    labelled = " ".join(match["rest"] for match in _LABELLED.finditer(text))
    for where in (labelled, text):
        for pattern in (_URL, _NAME, _ADDRESS):
            found = next(
                (match for match in pattern.finditer(where) if _may_be_backend(match["host"])), None
            )
            if found:
                return found["host"].lower() + (f":{found['port']}" if found["port"] else "")
    return None


def _may_be_backend(host: str) -> bool:
    lowered = host.lower()
    known = any(lowered == domain or lowered.endswith(f".{domain}") for domain in _NOT_BACKENDS)
    return "." in lowered and not known and lowered.rpartition(".")[2] not in _FILE_ENDINGS
