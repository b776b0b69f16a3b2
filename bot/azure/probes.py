"""Translates custom health probes and their HTTP rule (azure-rules section 3.2). Pure."""

from __future__ import annotations

import re
from urllib.parse import quote

from bot.azure.arm_json import Document, host, mapping, name_of, number, properties, switch, text
from bot.domain.azure import HealthProbe
from chainlib import HttpProbeRule

MAX_SECONDS = 86400
MAX_PORT = 65535
DEFAULT_RULE = HttpProbeRule()
_IN_A_PATH = "/?&=%;:@!$'()*+,-._~[]|"
_RANGE = re.compile(r"(\d{3})\s*(?:-\s*(\d{3}))?")


def health_probe(item: Document) -> HealthProbe:
    """Translate one custom probe; a missing or invalid member gets the portal's default."""
    facts = properties(item)
    named = host(facts.get("host"))
    picks = ("pickHostNameFromBackendHttpSettings", "pickHostNameFromBackendSettings")
    port = number(facts.get("port"), 0, low=1, high=MAX_PORT)
    return HealthProbe(
        name=name_of(item),
        protocol=text(facts.get("protocol")) or "Http",
        host=named,
        path=_path(facts),
        pick_host_from_settings=any(switch(facts.get(pick), default=False) for pick in picks),
        port=port or None,
        rule=_rule(facts, named),
        proxy_header=switch(facts.get("enableProbeProxyProtocolHeader"), default=False),
    )


def _rule(facts: Document, named: str) -> HttpProbeRule:
    match = mapping(facts.get("match"))
    return HttpProbeRule(
        host_header=named or DEFAULT_RULE.host_header,
        path=_path(facts),
        statuses=status_ranges(match.get("statusCodes")) or DEFAULT_RULE.statuses,
        body=text(match.get("body")),
        timeout=float(number(facts.get("timeout"), 30, low=1, high=MAX_SECONDS)),
    )


def _path(facts: Document) -> str:
    """The probe's path with blanks and non-ASCII letters percent-encoded."""
    path = text(facts.get("path"))
    if not path.startswith("/") or not path.isprintable():
        return "/"
    return quote(path.partition("#")[0], safe=_IN_A_PATH)


def status_ranges(value: object) -> tuple[tuple[int, int], ...]:
    """Read `["200-399", "401"]` as inclusive ranges; other entries are left out."""
    words = [str(word) for word in value] if isinstance(value, list | tuple) else []
    found = [
        match.groups()
        for word in words
        for part in word.split(",")
        if (match := _RANGE.fullmatch(part.strip()))
    ]
    return tuple(
        (int(low), int(high or low)) for low, high in found if int(low) <= int(high or low)
    )
