"""Values and helpers for gateway names found in an alert. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum

from bot.commands.alerts.text import AlertText, Line
from bot.commands.alerts.words import NO_NAMES, OTHER_RESOURCES, words_of
from bot.commands.host_endings import registered_domain
from bot.commands.known_names import KnownNames
from bot.domain.gateway_ref import GatewayRef
from chainlib.frozen import dataclass

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

_ALONE = re.compile(
    r"[`\"'*_)>\]\u201d]{0,4}\s{0,8}(?:$|[,;|(){}\[\]<&\u00b7\u2022\u2192]|\.(?:\s|$)|[-\u2013\u2014>]{1,2}\s|:[a-z_]{1,30}:"
    r"|[\"'*`_]{0,2}[A-Za-z][\w.-]{0,30}(?:\s[A-Za-z][\w.-]{0,30})?[\"'*`_]{0,2}\s?[:=])"
)
"""What follows a value that is a whole one: the end, a separator or the next label."""
_STATE = re.compile(
    r"\s{1,4}(?:(?:is|was|are|has|reports?|shows?|returns?|gives?|throws?|marks?|says?|answers?)\b"
    r"|unhealthy|degraded|down\b|red\b)",
    re.IGNORECASE,
)
"""What follows a name of which something is said: `prod-gw is red`."""
_CLOSERS = "`\"'*_)>]\u201d"
_PLACEHOLDERS = frozenset({"n", "n/a", "na", "nil", "tbd"})
"""What tools write where they have no value."""

_TYPE = "microsoft.network/applicationgateways/"
_PREFIXES = words_of(
    "anti co cross end ex half in mid multi non off on out over post pre re self semi un"
)
"""First parts of compound words."""

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
    group, name = _split(written.rstrip(".-_/").lower(), known)
    if group is not None and "/" in group:
        return
    whole = NamedGateway(ref=GatewayRef(name=name, group=group), sure=sure)
    if known.names.get(name):
        yield whole
        return
    parts = [part for part in re.split(r"[-_.]", name) if part]
    if not labelled and _is_another_resource(parts):
        return
    distinctive = len(parts) > 1 or bool(re.search(r"\d", name))
    if not name or all(part in NO_NAMES or part.isdigit() for part in parts):
        return
    if name in _PLACEHOLDERS:
        return
    if (
        (name in NO_NAMES)
        or ("." in name and registered_domain(name))
        or re.fullmatch(r"[\d.]+", name)
    ):
        return
    if distinctive or quoted or labelled:
        yield whole


def _split(written: str, known: KnownNames) -> tuple[str | None, str]:
    """Group and name of `prod-gw`, `rg-prod/prod-gw`, `prod-gw/pool`, or ARM's type and a name."""
    before, _, last = written.removeprefix(_TYPE).rpartition("/")
    is_group = "rg" in re.split(r"[-_.]", before)
    is_gateway = is_own_name(before) and not is_own_name(last) and not is_group
    if before and (known.names.get(before) or is_gateway):
        return None, before
    return before or None, last


def is_quoted(match: re.Match[str]) -> bool:
    """Whether exactly the name of a match is in quotes, bold, or in code."""
    after = match.string[match.end() : match.end() + 1]
    opened = match["quote"] or match.groupdict().get("quote2")
    return bool(opened) and bool(after) and after in _CLOSERS


def after_label(
    written: str, after: str, sure: Sure, known: KnownNames, *, quoted: bool = False
) -> Iterator[NamedGateway]:
    """A gateway whose name stands behind a label, such as `app gateway:`; prose stands there too.

    Args:
        written: the word behind the label.
        after: the rest of its line.
        sure: how reliably the label names a gateway.
        known: the inventory.
        quoted: whether exactly the word is in quotes, bold, or in code.
    """
    if is_value(written, after, known, quoted=quoted):
        yield from named(written, sure, known, quoted=True)


def is_value(written: str, after: str, known: KnownNames, *, quoted: bool = False) -> bool:
    """Whether the word behind a label is its value, and not the beginning of a sentence.

    `Gateway: cert mismatch on ...` names no gateway. A name has a digit, a hyphen or an underscore,
    or is in quotes; and it stands alone, says itself what it is, or something is said of it.
    """
    name = written.rstrip(".-_").lower()
    shaped = bool(re.search(r"[-_0-9]", name)) and not _is_compound_word(name)
    alone = (quoted or shaped) and bool(_ALONE.match(after))
    said = shaped and (quoted or is_own_name(name) or bool(_STATE.match(after)))
    return bool(known.names.get(name)) or alone or said


def _is_compound_word(name: str) -> bool:
    """Whether a hyphen joins words of the language, as in `on-call` and `mid-migration`."""
    parts = re.split(r"[-_]", name)
    own = bool(OUR_PARTS & set(parts) or re.search(r"\d", name))
    return len(parts) > 1 and parts[0] in _PREFIXES and not own


def _is_another_resource(parts: list[str]) -> bool:
    ends = {parts[0], parts[-1]} if len(parts) > 1 else set()
    return bool(ends & OTHER_RESOURCES) and not OUR_PARTS & set(parts)


def is_own_name(name: str) -> bool:
    """Whether a name says that it is a gateway's and has a part of its own: `agw-prod`."""
    parts = set(re.split(r"[-_]", name.lower()))
    rest = {part for part in parts - OWN_PARTS if part and not part.isdigit()}
    return bool(parts & OWN_PARTS) and bool(rest) and not rest & NO_NAMES


def pairs(text: AlertText) -> Iterator[tuple[str, str, str | None]]:
    """Labels with their values and what follows: from fields, from lines, and within lines.

    Nothing (`None`) follows what is the whole value of a field.
    """
    for line in text.lines:
        if line.label and " " not in line.text.strip() and len(line.text) < 200:  # noqa: PLR2004 -- a value, not prose
            yield (
                line.label.rpartition(" ")[2] if _is_path(line) else line.label,
                line.text.strip("`\"'* "),
                None,
            )
        signed = ":" in line.text or "=" in line.text
        for match in _LABEL_VALUE.finditer(line.text) if signed else ():
            yield match["label"], match["value"], line.text[match.end() :]


def _is_path(line: Line) -> bool:
    """Whether the label is a JSON key with the key of its parent."""
    return bool(re.search(r"[a-z][A-Z]", line.label)) and " " in line.label
