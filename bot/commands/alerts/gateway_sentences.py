"""Finds gateways in the sentences of an alert. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.commands.alerts.gateway_names import (
    OUR_PARTS,
    OURS,
    OWN_PARTS,
    VALUE,
    NamedGateway,
    Sure,
    after_label,
    is_own_name,
    is_quoted,
    named,
)
from bot.commands.alerts.text import AlertText, Line
from bot.commands.alerts.words import OTHER_KINDS
from bot.commands.known_names import KnownNames

_CALLED = r"(?:\s+(?:named|called|name|instance|resource|is|id))?"
_INLINE = re.compile(rf"(?<![\w/.-]){OURS}[*_`]{{0,2}}{_CALLED}\s+{VALUE}", re.IGNORECASE)
_COMMAND = re.compile(
    r"(?:\bnetwork\s+application-gateway\b[^|;&]{0,200}?\s(?:-n|--name|--gateway-name)"
    rf"|AzApplicationGateway\w{{0,60}}\b[^|;&]{{0,200}}?\s-(?:ApplicationGateway)?Name)[\s=]{{1,4}}{VALUE}",
    re.IGNORECASE,
)
"""Commands of the Azure CLI; the first name in them is the gateway's."""
_GENERIC = re.compile(
    rf"(?<![\w/.-])(?:(?P<kind>[A-Za-z0-9]+)[\s_-]+)?gateway(?P<called>(?:[\s_]?name)?[\"'*`]*\s*[:=]|\s+(?:is|named|called)|)\s+{VALUE}"
    rf"|(?<![\w/.-])gateway(?:[\s_]?name)?[\"'*`]*[:=]"
    rf"{VALUE.replace('quote', 'quote2').replace('<name>', '<name2>')}",
    re.IGNORECASE,
)
_AFTER_DASH = re.compile(
    rf"(?<![\w/.-]){OURS}s?[\s*_`]{{1,4}}[-\u2013\u2014|]\s{{1,4}}{VALUE}", re.IGNORECASE
)
_RESOURCE = re.compile(
    r"\b(?:resource\s+name|(?:fired|triggered|activated|resolved)\s+(?:for|on)\s+(?:the\s+)?resource)"
    r"\s+[`\"'*]{0,3}(?P<name>[A-Za-z0-9][\w-]{0,78}\w)(?![\w.-]*[./]\w)",
    re.IGNORECASE,
)
_BEFORE_TYPE = re.compile(
    rf"(?<![\w.-])(?P<name>[A-Za-z0-9][\w.-]{{0,79}})(?![\w-])[`\"'*)>\]]{{0,8}}\s{{0,8}}[(\[,;|\u00b7\u2013-]?\s{{0,8}}"
    rf"(?:microsoft\.network/applicationgateways|\(?{OURS}(?![\w-]))(?![\s:=]+[`\"'*]*[\w-]*-[\w-]*\w)",
    re.IGNORECASE,
)
_AFTER_TYPE = re.compile(
    r"(?<![\w./-])microsoft\.network/applicationgateways(?:/|[\"'`*:]{0,3}\s{1,4})"
    rf"{VALUE}(?![\w./-])",
    re.IGNORECASE,
)
"""As ARM's errors write it: `'Microsoft.Network/applicationGateways/prod-gw' ... was not found`."""
_HEAD = re.compile(
    rf"[\s*_>\u2022-]{{0,8}}{VALUE}[`\"'*)]{{0,3}}"
    r"(?::|\s+(?:is|has|shows?|throws?|returns?|reports?|answers?|down|red|unhealthy|degraded)\b)",
    re.IGNORECASE,
)
"""`agw-prod: pool web unhealthy`: the name at the head of a line."""
_AT = re.compile(
    r"\b(?:on|for|of|behind|via|through|in|resource|gateway)\s+[`\"'*]*(?P<name>[A-Za-z0-9][\w-]{0,78}\w)(?![\w.-]*\.\w)",
    re.IGNORECASE,
)


def in_words(text: AlertText, known: KnownNames, *, about: bool) -> Iterator[NamedGateway]:
    """Gateways named in the sentences of an alert.

    Args:
        text: the alert.
        known: the inventory.
        about: whether anything in the alert says that it is about Application Gateways.
    """
    for line in text.lines:
        found = _COMMAND.search(line.text)
        if found:
            yield from named(found["name"], Sure.LABELLED, known, quoted=True)
        for match in () if found else _INLINE.finditer(line.text):
            yield from named(match["name"], Sure.LABELLED, known, quoted=is_quoted(match))
        phrases = (_AFTER_TYPE, _BEFORE_TYPE, _AFTER_DASH, *([_RESOURCE] if about else []))
        for match in (found for one in phrases for found in one.finditer(line.text)):
            yield from named(match["name"], Sure.WORDS, known, quoted=False)
        yield from _after_gateway(line, known)
        head = _HEAD.match(line.text)
        if head and is_own_name(head["name"]):
            yield from named(head["name"], Sure.WORDS, known, quoted=False)
        if about or known:
            yield from _after_preposition(line, known)


def _after_gateway(line: Line, known: KnownNames) -> Iterator[NamedGateway]:
    """`gateway = prod-gw`, `gateway prod-gw`; not a NAT gateway, and not `Bad Gateway: host`."""
    for match in _GENERIC.finditer(line.text):
        if (match["kind"] or "").lower() in OTHER_KINDS:
            continue
        called = (match["called"] or "").rstrip()
        name, after = match["name"] or match["name2"] or "", line.text[match.end() :]
        if called[-1:] in {":", "="} or match["name2"]:
            yield from after_label(name, after, Sure.WORDS, known, quoted=is_quoted(match))
        else:
            yield from named(name, Sure.WORDS, known, quoted=False)


def _after_preposition(line: Line, known: KnownNames) -> Iterator[NamedGateway]:
    """`on prod-gw`: a name that itself says that it is a gateway."""
    for match in _AT.finditer(line.text):
        parts = set(re.split(r"[-_]", match["name"].lower()))
        ours = parts & OWN_PARTS or (parts & OUR_PARTS and not parts & OTHER_KINDS)
        if ours and len(parts) > 1:
            yield from named(match["name"], Sure.WORDS, known, quoted=False)
