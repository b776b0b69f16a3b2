"""Which gateway and which pool an alert names, and how surely. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import IntEnum
from urllib.parse import unquote

from bot.commands.alert_hosts import registered_domain
from bot.commands.alert_tables import (
    CODE_PATHS,
    NO_NAMES,
    OTHER_KINDS,
    OTHER_POOLS,
)
from bot.commands.alert_text import AlertText, Line
from bot.commands.alert_words import label_words
from bot.commands.known_names import KnownNames
from bot.domain.gateway_ref import GatewayNameError, GatewayRef

_ID = re.compile(
    r"/?subscriptions/(?P<subscription>[\w-]{1,64})/resourcegroups/(?P<group>[\w.()-]{1,90})"
    r"/providers/microsoft\.network/applicationgateways/(?P<name>[\w.-]{1,80})"
    r"(?:/backendaddresspools/(?P<pool>[\w.-]{1,80}))?",
    re.IGNORECASE,
)
_OTHER_ID = re.compile(
    r"/resourcegroups/[\w.()-]{1,90}|/providers/(?!microsoft\.network/applicationgateways/)"
    r"[\w.]{1,80}/\w{1,80}/[\w.-]{1,120}",
    re.IGNORECASE,
)
"""Names of groups and of other resources inside ARM ids."""
_OTHER_NAME = re.compile(
    r"/providers/(?!microsoft\.network/applicationgateways/)[\w.]{1,80}/\w{1,80}/([\w.-]{1,120})",
    re.IGNORECASE,
)
_URL_PATH = re.compile(r"(?i)(?<=://)[^\s<>\"'`|?]{1,500}")
"""Of a page's address only the query may name a gateway."""
_CODE_PATH = re.compile(r"(?i)(?<![\w/-])([a-z]{2,10})/$")
_TYPED = re.compile(
    r"(?<![\w-])gw[:=](?P<name>[\w(][\w.()-]*(?:/[\w(][\w.()-]*){0,3})", re.IGNORECASE
)
_ABOUT = re.compile(
    r"application[\s_-]*gateways?|app[\s_-]?gw|appgateway|\bagw\b|backendsettingspool|unhealthyhostcount",
    re.IGNORECASE,
)
_VALUE = r"(?P<quote>[`\"'*(<\[\u201c]*)(?P<name>[A-Za-z0-9][\w.-]{0,79})"
_CALLED = r"(?:\s+(?:named|called|name|instance|resource|is|id))?"
_OURS = r"(?:(?:azure\s+)?application[\s_-]?gateway|app[\s_-]?gw|app\s?gateway|appgateway|agw)"
_INLINE = re.compile(rf"(?<![\w/.-]){_OURS}{_CALLED}\s+{_VALUE}", re.IGNORECASE)
_LABELLED = re.compile(
    rf"(?<![\w/.-]){_OURS}(?:[\s_]?(?:name|instance|resource))?[\"'*`\])]*\s*[:=]\s*{_VALUE}",
    re.IGNORECASE,
)
_GENERIC = re.compile(
    rf"(?<![\w/.-])(?:(?P<kind>[A-Za-z0-9]+)[\s_-]+)?gateway(?P<called>(?:[\s_]?name)?[\"'*`]*\s*[:=]|\s+(?:is|named|called)|)\s+{_VALUE}"
    rf"|(?<![\w/.-])gateway(?:[\s_]?name)?[\"'*`]*[:=]"
    rf"{_VALUE.replace('quote', 'quote2').replace('<name>', '<name2>')}",
    re.IGNORECASE,
)
_AFTER_DASH = re.compile(
    rf"(?<![\w/.-]){_OURS}s?[\s*_`]{{1,4}}[-\u2013\u2014|]\s{{1,4}}{_VALUE}", re.IGNORECASE
)
_RESOURCE = re.compile(
    r"\b(?:resource\s+name|(?:fired|triggered|activated|resolved)\s+(?:for|on)\s+(?:the\s+)?resource)"
    r"\s+[`\"'*]{0,3}(?P<name>[A-Za-z0-9][\w-]{0,78}\w)(?![\w.-]*[./]\w)",
    re.IGNORECASE,
)
_BEFORE_TYPE = re.compile(
    rf"(?<![\w.-]){_VALUE}(?![\w-])[`\"'*)>\]]{{0,8}}\s{{0,8}}[(\[,;-]?\s{{0,8}}"
    rf"(?:microsoft\.network/applicationgateways|\(?{_OURS}(?![\w-]))(?![\s:=]+[`\"'*]*[\w-]*-[\w-]*\w)",
    re.IGNORECASE,
)
_AT = re.compile(
    r"\b(?:on|for|of|behind|via|through|in|resource|gateway)\s+[`\"'*]*(?P<name>[A-Za-z0-9][\w-]{0,78}\w)(?![\w.-]*\.\w)",
    re.IGNORECASE,
)
_OWN_PARTS = frozenset({"agw", "appgw", "agic", "appgateway", "appgtw"})
_OUR_PARTS = _OWN_PARTS | {"gw"}
"""Parts of names that say what they are; `gw` alone may be a gateway of another kind."""
_NAME_WORDS = (
    frozenset({"resource"}),
    frozenset({"resource", "name"}),
    frozenset({"entity"}),
    frozenset({"entity", "name"}),
    frozenset({"configuration", "items"}),
    frozenset({"affected", "resource"}),
    frozenset({"affected", "resources"}),
    frozenset({"impacted", "resource"}),
    frozenset({"target", "resource"}),
    frozenset({"target", "resource", "name"}),
    frozenset({"name"}),
    frozenset({"object"}),
    frozenset({"component"}),
    frozenset({"resource", "id"}),
    frozenset({"device"}),
    frozenset({"host"}),
    frozenset({"service"}),
    frozenset({"ci"}),
    frozenset({"impacted", "entity"}),
    frozenset({"affected", "entity"}),
    frozenset({"monitored", "resource"}),
    frozenset({"instance"}),
)
_WEAK_NAME_WORDS = (
    frozenset({"name"}),
    frozenset({"host"}),
    frozenset({"service"}),
    frozenset({"instance"}),
)
_TYPE_LABELS = frozenset({"type", "resourcetype"})
_LABEL_VALUE = re.compile(
    r"(?:^|(?<=[\s,;|{(]))[\"'*`_]*(?P<label>[A-Za-z][A-Za-z _.-]{0,30}?)[\"'*`_]*\s*[:=]+"
    r"[*_]{0,2}\s*[\"'*`]*(?P<value>[\w.()~/-]{1,120})"
)
_POOL = re.compile(
    r"(?P<before>\w{1,40}[\s_-]{1,8})?(?:backend[\s_]?(?:http)?(?:settings?)?[\s_]?(?:address)?[\s_]?pool|backendsettingspool|pool)"
    r"(?:[\s_]?name)?(?:_s)?(?P<sign>[\"'*`]*\s*(?:[:=]+|\s+(?:is|named|called)\s|\s)\s*)[\"'*`(]*(?P<pool>[A-Za-z0-9][\w.-]{0,79})(?P<pair>~[\w.-]{1,80})?",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"(?<![\w.-])[A-Za-z0-9(][\w().-]{0,89}")


class Sure(IntEnum):
    """How surely a gateway is named; the lowest counts."""

    ID = 0
    TYPED = 1
    LABELLED = 2
    KNOWN = 3
    WORDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedGateway:
    """A gateway as an alert names it, in lower case, and how surely."""

    ref: GatewayRef
    sure: Sure

    @property
    def name(self) -> str:
        """The name of the gateway."""
        return self.ref.name


def read_gateways(text: AlertText, known: KnownNames) -> tuple[NamedGateway, ...]:
    """The gateways that are named most surely; more than one where the alert does not decide."""
    for reading in (_by_id, _by_prefix):
        if found := reading(text):
            return _distinct(_completed(found, text, known))
    whole = "\n".join(line.text for line in text.lines)
    about = bool(_ABOUT.search(whole) or any(map(_ABOUT.search, (one.label for one in text.lines))))
    found = [*_labelled(text, known, about=about), *_bare_known(text, known, about=about)]
    found += _in_words(text, known, about=about)
    others = {one.lower() for line in text.lines for one in _OTHER_NAME.findall(line.text)}
    found = [one for one in found if one.name not in others or known.names.get(one.name)]
    best = min((one.sure for one in found), default=None)
    kept = [one for one in found if one.sure is best]
    if known:
        listed = [one for one in found if known.names.get(one.name)]
        kept = [one for one in listed if one.sure is min(x.sure for x in listed)] or [
            one for one in kept if one.sure is Sure.LABELLED
        ]
    return _distinct(_completed(kept, text, known))


def _by_id(text: AlertText) -> list[NamedGateway]:
    sources = (*(line.text for line in text.lines), *text.links, *text.pages)
    found = [match for source in sources for match in _ID.finditer(unquote(source))]
    return [
        NamedGateway(
            ref=GatewayRef(
                name=one["name"].rstrip(".").lower(),
                group=one["group"].lower(),
                subscription=one["subscription"].lower(),
            ),
            sure=Sure.ID,
        )
        for one in found
    ]


def _by_prefix(text: AlertText) -> list[NamedGateway]:
    found = []
    for line in text.lines:
        for match in _TYPED.finditer(line.text):
            parts = [part.rstrip(".").lower() for part in match["name"].split("/")]
            with suppress(GatewayNameError):
                found.append(NamedGateway(ref=GatewayRef.of_parts(parts), sure=Sure.TYPED))
    return found


def _labelled(text: AlertText, known: KnownNames, *, about: bool) -> Iterator[NamedGateway]:
    types = {value.lower() for label, value in _pairs(text) if _is_type(label)}
    other = bool(types) and not any("applicationgateways" in one for one in types)
    before = ""
    for line in text.lines:
        for match in _LABELLED.finditer(line.text):
            yield from _named(match["name"], Sure.LABELLED, known, quoted=True)
        heading, before = before, line.text
        if known.names.get(line.text.strip("`\"'* ").lower()) and _is_ours(heading):
            yield _called(line.text.strip("`\"'* ").lower(), Sure.LABELLED)
        if _is_ours(line.label) and (
            whole := re.fullmatch(r"[`\"'*]*([\w.-]{1,80})[`\"'*]*", line.text)
        ):
            yield from _named(whole[1], Sure.LABELLED, known, quoted=True)
    for label, value in _pairs(text):
        words = frozenset(label_words(label)) - {"s", "data", "context", "essentials", "over"}
        weak = words in _WEAK_NAME_WORDS
        fitting = words in _NAME_WORDS and about and not other
        if fitting and (not weak or known.names.get(value.lower())):
            yield from _named(value, Sure.LABELLED, known, quoted=False, labelled=True)


def _is_ours(label: str) -> bool:
    words = [word for word in label_words(label) if word not in {"name", "azure", "instance"}]
    return words in (
        ["application", "gateway"],
        ["appgw"],
        ["app", "gw"],
        ["app", "gateway"],
        ["agw"],
    )


def _is_type(label: str) -> bool:
    words = label_words(label)
    return words[-1:] == ("type",) and "resource" in words


def _pairs(text: AlertText) -> Iterator[tuple[str, str]]:
    """Labels with their values: of fields, of lines, and within lines."""
    for line in text.lines:
        if line.label and " " not in line.text.strip() and len(line.text) < 200:  # noqa: PLR2004 -- a value, not prose
            yield (
                line.label.rpartition(" ")[2] if _is_path(line) else line.label,
                line.text.strip("`\"'* "),
            )
        for match in _LABEL_VALUE.finditer(line.text):
            yield match["label"], match["value"]


def _is_path(line: Line) -> bool:
    """Whether the label is a key of JSON with its parent's."""
    return bool(re.search(r"[a-z][A-Z]", line.label)) and " " in line.label


def _in_words(text: AlertText, known: KnownNames, *, about: bool) -> Iterator[NamedGateway]:
    for line in text.lines:
        for match in _INLINE.finditer(line.text):
            yield from _named(match["name"], Sure.LABELLED, known, quoted=bool(match["quote"]))
        phrases = (_BEFORE_TYPE, _AFTER_DASH, *([_RESOURCE] if about else []))
        for match in (found for one in phrases for found in one.finditer(line.text)):
            yield from _named(match["name"], Sure.WORDS, known, quoted=False)
        yield from _after_gateway(line, known)
        if about or known:
            yield from _after_preposition(line, known)


def _after_gateway(line: Line, known: KnownNames) -> Iterator[NamedGateway]:
    """`gateway = prod-gw`, `gateway prod-gw`; not a NAT gateway, and not `Bad Gateway: host`."""
    for match in _GENERIC.finditer(line.text):
        if (match["kind"] or "").lower() in OTHER_KINDS:
            continue
        called = (match["called"] or "").rstrip()
        signed = called[-1:] in {":", "="} or bool(match["name2"])
        yield from _named(match["name"] or match["name2"] or "", Sure.WORDS, known, quoted=signed)


def _after_preposition(line: Line, known: KnownNames) -> Iterator[NamedGateway]:
    """`on prod-gw`: a name that says itself that it is a gateway."""
    for match in _AT.finditer(line.text):
        parts = set(re.split(r"[-_]", match["name"].lower()))
        ours = parts & _OWN_PARTS or (parts & _OUR_PARTS and not parts & OTHER_KINDS)
        if ours and len(parts) > 1:
            yield from _named(match["name"], Sure.WORDS, known, quoted=False)


def _bare_known(text: AlertText, known: KnownNames, *, about: bool) -> Iterator[NamedGateway]:
    """Inventory names found anywhere; a common word counts only in an alert about gateways."""
    if not known:
        return
    for line in text.lines:
        titled = line.label.strip("`\"'* ").rpartition("/")[2].lower()
        if titled in known.names and re.search(r"[-_0-9]", titled):
            yield _called(titled, Sure.KNOWN)
        kept = _URL_PATH.sub(_blank, _OTHER_ID.sub(_blank, line.text))
        for match in _TOKEN.finditer(kept):
            name = match[0].rstrip(".)").lower()
            path = _CODE_PATH.search(kept[: match.start()])
            if name not in known.names or (path and path[1].lower() in CODE_PATHS):
                continue
            if re.search(r"[-_0-9]", name) or (about and _is_named(line, match)):
                yield _called(name, Sure.KNOWN)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _is_named(line: Line, match: re.Match[str]) -> bool:
    return bool(re.search(r"(?i)gateway\W*$|appgw\W*$", line.text[: match.start()]))


def _called(name: str, sure: Sure) -> NamedGateway:
    return NamedGateway(ref=GatewayRef(name=name), sure=sure)


def _named(
    written: str, sure: Sure, known: KnownNames, *, quoted: bool, labelled: bool = False
) -> Iterator[NamedGateway]:
    """A gateway of this name, where the word can be one."""
    name = written.rstrip(".-_").lower()
    if known.names.get(name):
        yield _called(name, sure)
        return
    parts = [part for part in re.split(r"[-_.]", name) if part]
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
        yield _called(name, sure)


def _completed(
    found: Iterable[NamedGateway], text: AlertText, known: KnownNames
) -> list[NamedGateway]:
    """Each with the group that the alert or the inventory names."""
    groups = {
        value.lower()
        for label, value in _pairs(text)
        if label_words(label)[-2:] == ("resource", "group")
        or label_words(label)[-3:] == ("resource", "group", "name")
        or label_words(label)[-1:] == ("resourcegroup",)
    }
    return [whole for one in found for whole in _with_group(one, groups, known)]


def _with_group(one: NamedGateway, groups: set[str], known: KnownNames) -> Iterator[NamedGateway]:
    if one.ref.group:
        yield one
        return
    listed = known.names.get(one.name, ())
    fitting = [gateway for gateway in listed if gateway.ref.group in groups] or list(listed)
    for gateway in fitting:
        found = replace(one.ref, group=gateway.ref.group, subscription=gateway.ref.subscription)
        yield replace(one, ref=found)
    if not fitting:
        group = next(iter(groups)) if len(groups) == 1 else None
        yield replace(one, ref=replace(one.ref, group=group))


def _distinct(found: Iterable[NamedGateway]) -> tuple[NamedGateway, ...]:
    kept: dict[tuple[str, str | None], NamedGateway] = {}
    for one in found:
        kept.setdefault((one.name, one.ref.group), one)
    grouped = {name for name, group in kept if group}
    return tuple(one for (name, group), one in kept.items() if group or name not in grouped)


def read_pool(text: AlertText) -> str | None:
    """The one pool that an alert names; `None` where there is none, or more than one."""
    found: Counter[str] = Counter()
    for line in text.lines:
        for one in _ID.finditer(unquote(line.text)):
            if one["pool"]:
                found[one["pool"].rstrip(".").lower()] += 1
        found.update(_pools_of(line))
    return next(iter(found)) if len(found) == 1 else None


def _pools_of(line: Line) -> Iterator[str]:
    words = set(label_words(line.label))
    labelled = "pool" in words or "backendsettingspool" in words
    if labelled and not words & OTHER_POOLS:
        whole = re.fullmatch(
            r"[`\"'*]*([A-Za-z0-9][\w.-]{0,79})(?:~[\w.-]{1,80})?[`\"'*]*", line.text
        )
        if whole:
            yield whole[1].lower()
    for match in _POOL.finditer(_ID.sub(" ", line.text)):
        before = (match["before"] or "").strip(" _-").lower()
        name = match["pool"].rstrip(".-_").lower()
        signed = any(sign in match["sign"] for sign in ":=")
        distinct = signed or bool(match["pair"]) or name not in NO_NAMES
        if distinct and name not in NO_NAMES and before not in OTHER_POOLS and name != "name":
            yield name
