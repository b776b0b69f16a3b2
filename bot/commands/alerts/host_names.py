"""Patterns and checks for host names and addresses in the text of an alert. Pure.

A name must end in a public suffix, because `node.js`, `main.go` and `microsoft.insights` contain
dots too.
"""

from __future__ import annotations

import ipaddress
import re

from bot.commands.alerts.markup import LINK_CLOSE, LINK_OPEN
from bot.commands.alerts.words import CODE_ENDINGS, FIELD_ENDINGS, FIELD_HEADS
from bot.commands.host_endings import FILE_ENDINGS, PRIVATE_ENDINGS, registered_domain
from bot.commands.host_spelling import a_label
from bot.commands.usage import TargetError

_REACH = 240
_MAX_PORT = 65_535
_ASCII_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_LABEL = r"\w(?:[\w-]{0,61}\w)?"
URL = re.compile(
    r"(?:(?P<scheme>https?|tls|ssl|tcp|wss?|grpcs?):|(?<![\w:/.]))//(?:[^\s/@<>\"']{1,200}@)?"
    rf"(?P<host>\[[0-9A-Fa-f:.]{{2,45}}\]|{_LABEL}(?:\.{_LABEL})*)\.?(?::(?P<port>\d{{1,5}}))?"
    rf"(?P<path>[/?#][^\s<>\"'`|{LINK_OPEN}{LINK_CLOSE}]*)?",
    re.IGNORECASE,
)
NAME = re.compile(
    rf"(?<![\w@./\\%+-])(?P<host>{_LABEL}(?:\.{_LABEL})+)(?::(?P<port>\d{{1,5}})(?!\d))?"
    r"(?P<path>/[^\s<>\"'`|,;)]*)?(?![\w@])"
)
SINGLE = re.compile(
    rf"(?<![\w@./\\%+-])(?P<host>{_ASCII_LABEL})(?::(?P<port>\d{{2,5}})(?!\d))?(?![\w@/\\-]|\.\w)"
)
SLASHED = re.compile(
    r"(?<=/)(?P<host>\d{1,3}(?:\.\d{1,3}){3}):(?P<port>\d{1,5})(?P<path>)(?![\w.])"
)
"""As Java and load balancers write an address: `name/10.0.0.5:443`, `/Common/10.0.0.5:443`."""
SIX = re.compile(
    r"(?<![\w:.])\[?(?P<host>(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})\]?(?::(?P<port>\d{1,5}))?(?![\w:])"
)
_NETWORK = re.compile(r"/\d{1,3}\b")
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
"""`batch.example.io/v1 Job`: an API group of Kubernetes, with its version and kind."""
_TOP_LEVEL = frozenset({"com", "org", "net", "io", "dev", "edu", "gov"})
_BROADCAST = ipaddress.IPv4Address("255.255.255.255")
_PLATFORM = ipaddress.IPv4Address("168.63.129.16")
"""Azure's own address for DNS and health probes in every virtual network."""


def around(match: re.Match[str], text: str) -> tuple[str, str]:
    """The words before and after a name that can describe it."""
    start, end = match.span()
    return text[max(0, start - _REACH) : start], text[end : end + _REACH]


def may_be_host(
    match: re.Match[str],
    host: str,
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None,
    text: str,
) -> bool:
    """Whether a match of the pattern is a host and not a word written like one."""
    before, after = around(match, text)
    if address is not None:
        return _may_be_address(address, match, before, after)
    if match.re is SINGLE:
        return host == "localhost" and match["port"] is not None
    labels = host.split(".")
    numbered = any(label.isdigit() for label in labels[1:]) or re.fullmatch(r"v\d+", labels[0])
    ends = registered_domain(host) is not None or labels[-1] in PRIVATE_ENDINGS
    if match.re is SIX or numbered or len(labels) == 1 or not ends:
        return False
    return match.re is URL or _is_no_word(match["host"], labels, match, before, after)


def _is_no_word(
    written: str, labels: list[str], match: re.Match[str], before: str, after: str
) -> bool:
    """Whether a dotted word is no file, field, package, or end of a sentence without a space."""
    pair = len(labels) == 2  # noqa: PLR2004 -- a name and its ending
    ending = written.rpartition(".")[2]
    path = match["path"] or ""
    installed = _PACKAGE.search(before) or _NEW_VERSION.match(after)
    is_key = bool(re.match(r"/[\w.-]+$", path) and re.match(r"\s*[=:](?!>)", after)) or ":" in path
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
    version = match.re not in {URL, SLASHED} and _VERSION_BEFORE.search(before)
    special = address.is_multicast or address.is_unspecified or address.is_link_local
    unusable = special or address in {_BROADCAST, _PLATFORM}
    return not (more or version or unusable)


def is_network(match: re.Match[str]) -> bool:
    """Whether an address has a prefix length."""
    return match.re is not URL and bool(_NETWORK.match(match.groupdict().get("path") or ""))


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, if the host is one; `None` for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def spelt(written: str) -> str | None:
    """A host in lower case without brackets, as A-labels; `None` if it cannot be written so."""
    host = written.strip("[]").rstrip(".").strip("_").lower()
    if host.isascii():
        return host
    try:
        name = a_label(host)
    except TargetError:
        return None
    return None if address_of(name) else name


def port_of(text: str | None) -> int | None:
    """A written port; `None` if there is none or it is out of range."""
    return int(text) if text and 1 <= int(text) <= _MAX_PORT else None
