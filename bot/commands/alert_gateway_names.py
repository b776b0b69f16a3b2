"""Values and helpers for gateway names found in an alert. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from bot.commands.alert_names import registered_domain
from bot.commands.alert_tables import NO_NAMES, OTHER_RESOURCES
from bot.commands.alert_text import AlertText, Line
from bot.commands.known_names import KnownNames
from bot.domain.gateway_ref import GatewayRef

ARM_ID = re.compile(
    r"/?subscriptions/(?P<subscription>[\w-]{1,64})/resourcegroups/(?P<group>[\w.()-]{1,90})"
    r"/providers/microsoft\.network/applicationgateways/(?P<name>[\w.-]{1,80})"
    r"(?:/backendaddresspools/(?P<pool>[\w.-]{1,80}))?",
    re.IGNORECASE,
)
VALUE = r"(?P<quote>[`\"'*(<\[\u201c]*)(?P<name>[A-Za-z0-9][\w.-]{0,79})"
OURS = r"(?:(?:azure\s+)?application[\s_-]?gateway|app[\s_-]?gw|app\s?gateway|appgateway|agw)"
_LABEL_VALUE = re.compile(
    r"(?:^|(?<=[\s,;|{(]))[\"'*`_]*(?P<label>[A-Za-z][A-Za-z _.-]{0,30}?)[\"'*`_]*\s*[:=]+"
    r"[*_]{0,2}\s*[\"'*`]*(?P<value>[\w.()~/-]{1,120})"
)

OWN_PARTS = frozenset({"agw", "appgw", "agic", "appgateway", "appgtw"})
OUR_PARTS = OWN_PARTS | {"gw"}
"""Parts of names that mark them as gateways; `gw` alone may be a gateway of another kind."""


class Sure(IntEnum):
    """How reliably a gateway is named; the lowest value wins."""

    ID = 0
    TYPED = 1
    LABELLED = 2
    KNOWN = 3
    WORDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedGateway:
    """A gateway as an alert names it, in lower case, and how reliably."""

    ref: GatewayRef
    sure: Sure

    @property
    def name(self) -> str:
        """The name of the gateway."""
        return self.ref.name


def called(name: str, sure: Sure) -> NamedGateway:
    """The gateway with this name, without a resource group."""
    return NamedGateway(ref=GatewayRef(name=name), sure=sure)


def named(
    written: str, sure: Sure, known: KnownNames, *, quoted: bool, labelled: bool = False
) -> Iterator[NamedGateway]:
    """A gateway with this name, if the word can be the name of one."""
    name = written.rstrip(".-_").lower()
    if known.names.get(name):
        yield called(name, sure)
        return
    parts = [part for part in re.split(r"[-_.]", name) if part]
    if not labelled and _is_another_resource(parts):
        return
    distinctive = len(parts) > 1 or bool(re.search(r"\d", name))
    if not name or all(part in NO_NAMES or part.isdigit() for part in parts):
        return
    if (
        (name in NO_NAMES)
        or ("." in name and registered_domain(name))
        or re.fullmatch(r"[\d.]+", name)
    ):
        return
    if distinctive or quoted or labelled:
        yield called(name, sure)


def _is_another_resource(parts: list[str]) -> bool:
    ends = {parts[0], parts[-1]} if len(parts) > 1 else set()
    return bool(ends & OTHER_RESOURCES) and not OUR_PARTS & set(parts)


def is_own_name(name: str) -> bool:
    """Whether a name says that it is a gateway's and has a part of its own: `agw-prod`."""
    parts = set(re.split(r"[-_]", name.lower()))
    rest = {part for part in parts - OWN_PARTS if part and not part.isdigit()}
    return bool(parts & OWN_PARTS) and bool(rest) and not rest & NO_NAMES


def pairs(text: AlertText) -> Iterator[tuple[str, str]]:
    """Labels with their values: from fields, from lines, and within lines."""
    for line in text.lines:
        if line.label and " " not in line.text.strip() and len(line.text) < 200:  # noqa: PLR2004 -- a value, not prose
            yield (
                line.label.rpartition(" ")[2] if _is_path(line) else line.label,
                line.text.strip("`\"'* "),
            )
        for match in _LABEL_VALUE.finditer(line.text):
            yield match["label"], match["value"]


def _is_path(line: Line) -> bool:
    """Whether the label is a JSON key with the key of its parent."""
    return bool(re.search(r"[a-z][A-Z]", line.label)) and " " in line.label
