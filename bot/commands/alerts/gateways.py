"""Finds the gateway that an alert names, and the pool. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from urllib.parse import unquote

from bot.commands.alerts.gateway_names import (
    ARM_ID,
    OURS,
    OWN_PARTS,
    VALUE,
    NamedGateway,
    Sure,
    after_label,
    called,
    is_quoted,
    is_value,
    named,
    pairs,
)
from bot.commands.alerts.gateway_sentences import in_words
from bot.commands.alerts.roles import label_words
from bot.commands.alerts.text import AlertText, Line
from bot.commands.alerts.words import CODE_PATHS, NO_NAMES, OTHER_POOLS
from bot.commands.known_names import KnownNames
from bot.domain.gateway_ref import GatewayNameError, GatewayRef

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
"""In the URL of a page, only the query may name a gateway."""
_CODE_PATH = re.compile(r"(?i)(?<![\w/-])([a-z]{2,10})/$")
_GROUP_BEFORE = re.compile(r"(?<![\w./-])([\w(][\w.()-]{0,89})/$")
_TYPED = re.compile(
    r"(?<![\w-])gw[:=](?P<name>[\w(][\w.()-]*(?:/[\w(][\w.()-]*){0,3})", re.IGNORECASE
)
_ABOUT = re.compile(
    r"application[\s_-]*gateways?|app[\s_-]?gw|appgateway|\bagw\b|backendsettingspool|unhealthyhostcount",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    rf"(?<![\w/.-]){OURS}(?:[\s_]?(?:name|instance|resource))?[\"'*`\])]*\s*[:=][*_]{{0,2}}\s*{VALUE}"
    r"(?P<behind>(?:/[\w.()-]{1,80})?)",
    re.IGNORECASE,
)
_SHORT_LABEL = re.compile(
    rf"(?:^|(?<=[,;|(]))\W{{0,4}}gw[*_`]{{0,2}}\s{{0,4}}[:=]\s{{1,4}}{VALUE}", re.IGNORECASE
)
"""`gw: prod-gw`; with a word before it (`default gw: ...`) it is a router."""
_OUR_TYPE = re.compile(r"(?i)\bapplication[\s_-]?gateways?\b|/applicationgateways\b")
_METRIC = re.compile(r"(?i)\bnetwork_applicationgateways\b")
_TAG = re.compile(r"(?<![\w.:/-])name:[\"']?(?P<name>[A-Za-z0-9][\w-]{0,79})", re.IGNORECASE)
"""A tag of a metric in Datadog's words: `name:prod-gw`, in bold, code or braces as well."""
_LABEL_FRAMES = frozenset({"s", "data", "context", "essentials"})
"""Words in a label that carry no meaning for its kind."""
_WEAK_LABELS = frozenset({"name", "host", "service", "instance", "target"})
"""Labels used for many kinds of things, so only a known gateway counts after them."""
_NAME_LABELS = _WEAK_LABELS | {
    *("resource", "resource name", "resource id", "entity", "entity name", "object", "component"),
    *("device", "ci", "cmdb ci", "configuration item", "configuration items"),
    *("affected resource", "affected resources", "affected entity", "impacted entity"),
    *("impacted resource", "target resource", "target resource name", "monitored resource"),
    *("gateway", "gateway name", "over name"),
}
"""Labels of a gateway's name in an alert about gateways."""
_TOKEN = re.compile(r"(?<![\w.-])[A-Za-z0-9(][\w().-]{0,89}")

_POOL = re.compile(
    r"(?=[\w\s-]{0,77}pool)(?P<before>\w{1,40}+[\s_-]{1,8}|\w{1,39}_)?(?:backend[\s_]?(?:http)?(?:settings?)?[\s_]?(?:address)?[\s_]?pool|backendsettingspool|pool)"
    r"(?:[\s_]?name)?(?:_s)?(?P<sign>[\"'*`]*+(?:\s*+[:=]++|\s++(?:is|named|called)\s|\s)\s*+)[\"'*`(]*(?P<pool>[A-Za-z0-9][\w.-]{0,79})(?P<pair>~[\w.-]{1,80})?",
    re.IGNORECASE,
)
"""A pool with the word before it. The first look is for `pool`, and nothing is split in two ways:
time grew with the third power of a run of underscores or blanks."""


def read_gateways(text: AlertText, known: KnownNames) -> tuple[NamedGateway, ...]:
    """The most reliably named gateways; more than one if the alert does not decide."""
    for reading in (_by_id, _by_prefix):
        if found := reading(text):
            return _distinct(_completed(found, text, known))
    whole = "\n".join(line.text for line in text.lines)
    about = bool(_ABOUT.search(whole) or any(map(_ABOUT.search, (one.label for one in text.lines))))
    found = [*_labelled(text, known, about=about), *_bare_known(text, known, about=about)]
    found += in_words(text, known, about=about)
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
    found = [match for source in sources for match in ARM_ID.finditer(unquote(source))]
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
    types = {value.lower() for label, value, _ in pairs(text) if _is_type(label)}
    ours = any(_OUR_TYPE.search(part) for line in text.lines for part in (line.label, line.text))
    other = bool(types) and not ours
    before = ""
    for line in text.lines:
        for match in _SHORT_LABEL.finditer(line.text):
            yield from named(match["name"], Sure.LABELLED, known, quoted=False)
        for match in _LABELLED.finditer(line.text):
            rest, quoted = line.text[match.end() :], is_quoted(match)
            name = match["name"] + match["behind"]
            yield from after_label(name, rest, Sure.LABELLED, known, quoted=quoted)
        heading, before = before, line.text
        if known.names.get(line.text.strip("`\"'* ").lower()) and _is_ours(heading):
            yield called(line.text.strip("`\"'* ").lower(), Sure.LABELLED)
        if _is_ours(line.label) and (
            whole := re.fullmatch(r"[`\"'*]*([\w.-]{1,80})[`\"'*]*", line.text)
        ):
            yield from named(whole[1], Sure.LABELLED, known, quoted=True)
    yield from _tagged(text, known)
    for label, value, after in pairs(text):
        words = " ".join(word for word in label_words(label) if word not in _LABEL_FRAMES)
        weak = words in _WEAK_LABELS
        fitting = words in _NAME_LABELS and about and not other
        surely = not weak or known.names.get(value.lower()) or _says_gateway(words, value)
        if fitting and surely and (after is None or is_value(value, after, known)):
            yield from named(value, Sure.LABELLED, known, quoted=False, labelled=True)


def _tagged(text: AlertText, known: KnownNames) -> Iterator[NamedGateway]:
    """Names in the tags of a metric of Application Gateways."""
    if not any(_METRIC.search(f"{line.label} {line.text}") for line in text.lines):
        return
    for match in (found for line in text.lines for found in _TAG.finditer(line.text)):
        yield from named(match["name"], Sure.LABELLED, known, quoted=False)


def _says_gateway(label: str, value: str) -> bool:
    """Whether a name says itself that it is a gateway; names of rules do as well."""
    parts = set(re.split(r"[-_]", value.lower()))
    return label in {"target", "host", "instance"} and len(parts) > 1 and bool(parts & OWN_PARTS)


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


def _bare_known(text: AlertText, known: KnownNames, *, about: bool) -> Iterator[NamedGateway]:
    """Names of the inventory anywhere; a common word counts only in an alert about gateways."""
    if not known:
        return
    for line in text.lines:
        titled = line.label.strip("`\"'* ").rpartition("/")[2].lower()
        if titled in known.names and re.search(r"[-_0-9]", titled):
            yield called(titled, Sure.KNOWN)
        kept = _URL_PATH.sub(_blank, _OTHER_ID.sub(_blank, line.text))
        for match in _TOKEN.finditer(kept):
            name = match[0].rstrip(".)").lower()
            path = _CODE_PATH.search(kept[: match.start()])
            if name not in known.names or (path and path[1].lower() in CODE_PATHS):
                continue
            if re.search(r"[-_0-9]", name) or (about and _is_named(line, match)):
                yield from _of_group(kept[: match.start()], name, known)


def _of_group(before: str, name: str, known: KnownNames) -> Iterator[NamedGateway]:
    """A known gateway, of the group right before its name: `rg-prod/prod-gw`."""
    group = _GROUP_BEFORE.search(before)
    refs = [one.ref for one in known.names[name] if group and one.ref.group == group[1].lower()]
    for ref in refs or (GatewayRef(name=name),):
        yield NamedGateway(ref=ref, sure=Sure.KNOWN)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _is_named(line: Line, match: re.Match[str]) -> bool:
    return bool(re.search(r"(?i)gateway\W*$|appgw\W*$", line.text[: match.start()]))


def _completed(
    found: Iterable[NamedGateway], text: AlertText, known: KnownNames
) -> list[NamedGateway]:
    """Each gateway with the resource group that the alert or the inventory gives."""
    groups = {
        value.lower()
        for label, value, _ in pairs(text)
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
    """The one pool that an alert names; `None` if there is none, or more than one."""
    found: Counter[str] = Counter()
    for line in text.lines:
        for one in ARM_ID.finditer(unquote(line.text)):
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
    for match in _POOL.finditer(ARM_ID.sub(" ", line.text)):
        before = (match["before"] or "").strip(" _-").lower()
        name = match["pool"].rstrip(".-_").lower()
        signed = any(sign in match["sign"] for sign in ":=")
        distinct = signed or bool(match["pair"]) or name not in NO_NAMES
        if distinct and name not in NO_NAMES and before not in OTHER_POOLS and name != "name":
            yield name
