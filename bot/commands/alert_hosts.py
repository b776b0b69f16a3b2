"""Every host and address in an alert, with what it is there. Pure.

A public suffix decides what can be a name, since `node.js`, `main.go` and `microsoft.insights` have
dots too; names of the inventory are taken as they are.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, lru_cache

from bot.commands.alert_mentions import Mention, side_by_side
from bot.commands.alert_tables import (
    CODE_ENDINGS,
    FIELD_ENDINGS,
    FIELD_HEADS,
    FILE_ENDINGS,
    PRIVATE_ENDINGS,
    VENDORS,
)
from bot.commands.alert_text import LINK_CLOSE, LINK_OPEN, AlertText, Line
from bot.commands.alert_words import (
    Role,
    is_client_address,
    is_page_host,
    is_page_path,
    is_script,
    label_role,
    place_role,
)
from bot.commands.known_names import KnownNames

MAX_MENTIONS = 400
_REACH = 240
_MAX_PORT = 65_535
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_URL = re.compile(
    r"(?P<scheme>https?|tls|ssl|tcp|wss?|grpcs?)://(?:[^\s/@<>\"']{1,200}@)?"
    rf"(?P<host>\[[0-9A-Fa-f:.]{{2,45}}\]|{_LABEL}(?:\.{_LABEL})*)\.?(?::(?P<port>\d{{1,5}}))?"
    rf"(?P<path>[/?#][^\s<>\"'`|{LINK_OPEN}{LINK_CLOSE}]*)?",
    re.IGNORECASE,
)
_NAME = re.compile(
    rf"(?<![\w@./\\%+-])(?P<host>{_LABEL}(?:\.{_LABEL})+)(?::(?P<port>\d{{1,5}})(?!\d))?"
    r"(?P<path>/[^\s<>\"'`|,;)]*)?(?![\w@])"
)
_SINGLE = re.compile(
    rf"(?<![\w@./\\%+-])(?P<host>{_LABEL})(?::(?P<port>\d{{2,5}})(?!\d))?(?![\w@/\\-]|\.\w)"
)
_SLASHED = re.compile(
    r"(?<=/)(?P<host>\d{1,3}(?:\.\d{1,3}){3}):(?P<port>\d{1,5})(?P<path>)(?![\w.])"
)
"""As Java and load balancers write an address: `name/10.0.0.5:443`, `/Common/10.0.0.5:443`."""
_SIX = re.compile(
    r"(?<![\w:.])\[?(?P<host>(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})\]?(?::(?P<port>\d{1,5}))?(?![\w:])"
)
_PORT_AFTER = re.compile(r"[\s,(`*\"']*(?:on\s+)?port[\s:=]*(\d{1,5})\b", re.IGNORECASE)
_GLUED = re.compile(r"(?<![\w.])(?:[A-Za-z][\w-]+|[1-5]\d\d):$")
"""What may stand before a name without a space: a label or a status."""
_NETWORK = re.compile(r"/\d{1,3}\b")
_OTHER_PORTS = frozenset(
    {22, 25, 53, 110, 143, 389, 445, 465, 587, 636, 993, 995, 1433, 1521, 3306, 3389, 5432, 5671}
    | {5672, 6379, 6380, 9092, 11211, 27017}
)
"""Ports of mail, directories, databases and queues (IANA's register): no HTTPS is behind them."""
_VERSION_BEFORE = re.compile(
    r"(?i)(?:\bv|\bversion\s*:?\s*|\bbuild\s*|\brelease\s*|\bagent\s+|\w/)$"
)
_CODE_NAME = re.compile(r"(?i)\b(?:file|module|package|class|import)\s+[\"'`]?$")
_PACKAGE = re.compile(
    r"(?i)\b(?:dependency|dependencies|library|crate|gem|plugin|framework|bump(?:s|ed)?)\s+[\"'`]?$"
)
_NEW_VERSION = re.compile(r"(?i)[\"'`]?\s+(?:(?:from|to)\s+)?v?\d+\.\d+")
_API_VERSION = re.compile(r"/v\d+(?:(?:alpha|beta)\d+)?,?")
_API_KIND = re.compile(r"[\s,]{1,3}(?:Kind=)?[A-Z][a-z]+[A-Za-z]*")
"""`batch.example.io/v1 Job`: a group of an API of Kubernetes, with its version and kind."""
_TOP_LEVEL = frozenset({"com", "org", "net", "io", "dev", "edu", "gov"})
_LABEL_WORDS = 3
"""How many words before a link's address may be its label."""
_STARRED = re.compile(r"(?i)\s*\*{3,}[^*]{0,80}\bmonitoring\b[^*]{0,20}$")
"""A heading between asterisks in which a monitoring server names itself."""
_ARTICLE = re.compile(r"(?i)\s+(?:the|our|my|this|that|a|an)$")
_EXPORTER_PORTS = frozenset({9090, 9093, 9100, 9115, 9182, 10250})


@cache
def _suffixes() -> object:
    """The list as the library ships it; read once, and only where an alert is read."""
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 -- a third of a megabyte

    return PublicSuffixList(accept_unknown=False)


@lru_cache(maxsize=4096)
def registered_domain(host: str) -> str | None:
    """The part of a host that somebody registered, `None` where it ends in no public suffix."""
    return _suffixes().privatesuffix(host)  # type: ignore[attr-defined, no-any-return]


def read_hosts(text: AlertText, known: KnownNames) -> tuple[Mention, ...]:
    """Every host that may be meant, in the order of the text."""
    pages = {_authority(url) for url in text.pages}
    found: list[Mention] = []
    for number, line in enumerate(text.lines):
        of_line = (one for one in _of_line(line, number, known) if one.host)
        found += sorted(of_line, key=lambda one: one.start)
        if len(found) > MAX_MENTIONS:
            break
    pages |= {(one.host, one.port) for one in found if one.role is Role.PAGE}
    return tuple(
        one
        for one in side_by_side(found, text)
        if one.role < Role.PAGE and (one.role <= Role.SUBJECT or (one.host, one.port) not in pages)
    )


def _authority(url: str) -> tuple[str, int | None]:
    found = _URL.match(url.strip())
    return (found["host"].lower(), _port(found["port"])) if found else ("", None)


def _of_line(line: Line, number: int, known: KnownNames) -> Iterator[Mention]:
    text, taken = line.text, bytearray(len(line.text))
    for pattern in (_URL, _SLASHED, _NAME, _SIX, _SINGLE):
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(taken[start:end]):
                continue
            taken[start:end] = b"\1" * (end - start)
            mention = _mention(match, line, number, known)
            if mention:
                yield mention
                yield from _after_slash(mention, match, known)


def _after_slash(one: Mention, match: re.Match[str], known: KnownNames) -> Iterator[Mention]:
    """`A/B` of two known names is no path below the first."""
    second = (match.groupdict().get("path") or "")[1:].rstrip("/.").lower()
    if match.re is _NAME and (known.holding(second) or known.serving(second)):
        start = match.start("path") + 1
        yield replace(one, host=second, port=None, is_ip=False, start=start)


def _mention(match: re.Match[str], line: Line, number: int, known: KnownNames) -> Mention | None:
    host = match["host"].strip("[]").rstrip(".").strip("_").lower()
    if line.text[: match.start()].endswith(":") and not _GLUED.search(line.text[: match.start()]):
        return None
    spoken = _PORT_AFTER.match(line.text[match.end() :])
    port = _port(match["port"] or (spoken[1] if spoken else None))
    address = _address(host)
    is_known = bool(known.holding(host) or known.serving(host))
    is_url, single = match.re is _URL, "." not in host and address is None
    if not is_known and not _may_be(match, host, address, line.text):
        return None
    if (address and _is_network(match)) or port in _OTHER_PORTS:
        return None
    if is_known and single and not _certain_single(host, match, line):
        return None
    role = _role(match, line, host, address, is_known=is_known)
    if role is None:
        return None
    if port in _EXPORTER_PORTS or (is_url and match["scheme"].lower() == "http" and port == 80):  # noqa: PLR2004 -- HTTP's own port
        port = None
    return Mention(
        host=str(address) if address else host,
        port=port,
        role=role,
        is_ip=address is not None,
        line=number,
        start=match.start(),
        end=match.end(),
    )


def _certain_single(host: str, match: re.Match[str], line: Line) -> bool:
    """A known name without a dot counts where it cannot be a word of the language."""
    before = line.text[: match.start()]
    labelled = place_role(before, "", line.label) <= Role.LABELLED
    return labelled or match["port"] is not None or bool(re.search(r"[0-9-]", host))


def _role(
    match: re.Match[str],
    line: Line,
    host: str,
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None,
    *,
    is_known: bool,
) -> Role | None:
    before, after = _around(match, line.text)
    if before.endswith(LINK_OPEN):
        linked = _behind_link(match, before, line)
        return Role.KNOWN if is_known and linked < Role.FINE else linked
    role: Role | None = place_role(before, after, line.label)
    if address and role is not None and Role.SUBJECT <= role < Role.PAGE:
        role = _address_role(address, match, before, after, role)
    if role is not None and role > Role.LABELLED and _is_page(match, before, after, host):
        role = max(role, Role.PAGE)
    if role is Role.LABELLED and match.re is _URL and registered_domain(host) in VENDORS:
        role = Role.PAGE if is_page_host(host, registered_domain(host)) else role
    if role is Role.NAMED and is_script(match.groupdict().get("path") or ""):
        role = Role.FINE
    return Role.KNOWN if is_known and role is not None and role < Role.FINE else role


def _around(match: re.Match[str], text: str) -> tuple[str, str]:
    """The words before and after a name, as far as they can speak of it."""
    start, end = match.span()
    return text[max(0, start - _REACH) : start], text[end : end + _REACH]


def _is_page(match: re.Match[str], before: str, after: str, host: str) -> bool:
    """Whether a name without a label is that of the tool which sent the alert."""
    return (
        is_page_path(match.groupdict().get("path") or "")
        or _in_heading(before, after)
        or (_address(host) is None and is_page_host(host, registered_domain(host)))
    )


def _behind_link(match: re.Match[str], before: str, line: Line) -> Role:
    """A link whose label names something else: a page, unless a fault is said to be there."""
    if is_page_path(match["path"] if "path" in match.groupdict() and match["path"] else ""):
        return Role.PAGE
    host = match["host"].lower()
    if is_page_host(host, registered_domain(host)):
        return Role.PAGE
    stem = before[: -len(LINK_OPEN)].rstrip()
    for _ in range(_LABEL_WORDS):
        stem, _, last = stem.rpartition(" ")
        if not stem or label_role(last) is Role.PAGE:
            return Role.PAGE
        role = place_role(f"{_ARTICLE.sub('', stem)} ", "", line.label)
        if role is not Role.NAMED:
            return role if role <= Role.SUBJECT else Role.PAGE
    return Role.PAGE


def _address_role(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
    match: re.Match[str],
    before: str,
    after: str,
    role: Role,
) -> Role | None:
    """A bare address: private ones are servers, public ones only where something says so."""
    if is_client_address(before, after, _port(match["port"])):
        return Role.CLIENT
    inside = any(address in network for network in _INSIDE if network.version == address.version)
    if inside or role is Role.SUBJECT or match["port"]:
        return role
    return Role.CLIENT


def _in_heading(before: str, after: str) -> bool:
    """Whether a name stands in the opening brackets with which a tool names itself."""
    if _STARRED.match(before):
        return True
    opening = before.lstrip("*_` \u2022")
    if not opening.startswith("[") or "]" in opening or "]" not in after:
        return False
    return bool(re.search(r"[A-Za-z]{3}", opening))


def _may_be(
    match: re.Match[str],
    host: str,
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None,
    text: str,
) -> bool:
    before, after = _around(match, text)
    if address is not None:
        return _may_be_address(address, match, before, after)
    if match.re is _SINGLE:
        return host == "localhost" and match["port"] is not None
    labels = host.split(".")
    numbered = any(label.isdigit() for label in labels[1:]) or re.fullmatch(r"v\d+", labels[0])
    ends = registered_domain(host) is not None or labels[-1] in PRIVATE_ENDINGS
    if match.re is _SIX or numbered or len(labels) == 1 or not ends:
        return False
    return match.re is _URL or _is_no_word(match["host"], labels, match, before, after)


def _is_no_word(
    written: str, labels: list[str], match: re.Match[str], before: str, after: str
) -> bool:
    """Dotted words that end like a domain: files, fields, packages, sentences without a space."""
    pair = len(labels) == 2  # noqa: PLR2004 -- a name and its ending
    ending = written.rpartition(".")[2]
    path = match["path"] or ""
    installed = _PACKAGE.search(before) or _NEW_VERSION.match(after)
    is_key = bool(re.match(r"/[\w.-]+$", path) and re.match(r"\s*[=:]", after)) or ":" in path
    return not (
        (pair and labels[-1] in FILE_ENDINGS)
        or (pair and labels[0] == "microsoft" and labels[-1] != "com")
        or (labels[0] in FIELD_HEADS and labels[-1] in FIELD_ENDINGS)
        or (labels[0] in _TOP_LEVEL and not pair and labels[-1] not in {"com", "net", "org"})
        or (ending[:1].isupper() and ending[1:].islower())
        or (pair and ending.isupper())
        or is_key
        or (_API_VERSION.fullmatch(path) and _API_KIND.match(after))
        or _CODE_NAME.search(before)
        or (pair and installed)
        or (pair and labels[-1] in CODE_ENDINGS)
    )


def _may_be_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
    match: re.Match[str],
    before: str,
    after: str,
) -> bool:
    more = after.startswith(".") and after[1:2].isdigit()
    version = match.re is not _URL and _VERSION_BEFORE.search(before)
    unusable = address.is_multicast or address.is_unspecified or address == _BROADCAST
    return not (more or version or unusable)


def _is_network(match: re.Match[str]) -> bool:
    return match.re is not _URL and bool(_NETWORK.match(match.groupdict().get("path") or ""))


_INSIDE = tuple(
    map(
        ipaddress.ip_network,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "fc00::/7",
        ),
    )
)
"""Networks of servers (RFC 1918, RFC 6598, RFC 4193); an address elsewhere may be a visitor's."""
_BROADCAST = ipaddress.IPv4Address("255.255.255.255")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _port(text: str | None) -> int | None:
    return int(text) if text and 1 <= int(text) <= _MAX_PORT else None
