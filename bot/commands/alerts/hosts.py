"""Finds every host and address in an alert, with its role there. Pure.

Names of the inventory are accepted as they are; other words must be possible host names.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import replace

from bot.commands.alerts.certificates import without_certificates
from bot.commands.alerts.host_names import (
    NAME,
    SINGLE,
    SIX,
    SLASHED,
    URL,
    address_of,
    around,
    is_network,
    may_be_host,
    port_of,
    spelt,
)
from bot.commands.alerts.markup import LINK_CLOSE, LINK_OPEN
from bot.commands.alerts.mentions import (
    Mention,
    side_by_side,
    with_watched_page,
    without_resolvers,
)
from bot.commands.alerts.pages import (
    is_page_host,
    is_page_path,
    is_root_or_health,
    is_script,
    is_tool_path,
    may_be_site,
)
from bot.commands.alerts.roles import (
    Role,
    fails_itself,
    is_client_address,
    label_role,
    place_role,
    says_failure,
)
from bot.commands.alerts.text import AlertText, Line
from bot.commands.alerts.words import VENDORS
from bot.commands.host_endings import registered_domain
from bot.commands.known_names import KnownNames

MAX_MENTIONS = 400
_PORT_AFTER = re.compile(r"[\s,(`*\"']*(?:on\s+)?port[\s:=]*(\d{1,5})\b", re.IGNORECASE)
_GLUED = re.compile(r"(?<![\w.])(?:[^\W\d_][\w-]+|[1-5]\d\d):$")
"""What may precede a name without a space: a label or a status."""
_LONGEST_LABEL = 100
_OTHER_PORTS = frozenset(
    {22, 25, 53, 110, 143, 389, 445, 465, 587, 636, 993, 995, 1433, 1521, 3306, 3389, 5432, 5671}
    | {5672, 6379, 6380, 9092, 11211, 27017}
)
"""Ports of mail, directories, databases and queues (IANA's register), which do not serve HTTPS."""
_LABEL_WORDS = 3
"""How many words before a link's URL may be its label."""
_STARRED = re.compile(r"(?i)\s*\*{3,}[^*]{0,80}\bmonitoring\b[^*]{0,20}$")
"""A heading between asterisks in which a monitoring server names itself."""
_ARTICLE = re.compile(r"(?i)\s+(?:the|our|my|this|that|a|an)$")
_HTTP_PORT = 80
_EXPORTER_PORTS = frozenset({9090, 9093, 9100, 9115, 9182, 10250})


def read_hosts(text: AlertText, known: KnownNames) -> tuple[Mention, ...]:
    """Every host that may be meant, in the order of the text."""
    pages = {_authority(url) for url in text.pages}
    found: list[Mention] = []
    for number, line in enumerate(text.lines):
        of_line = (one for one in _of_line(line, number, known) if one.host)
        found += sorted(of_line, key=lambda one: one.start)
        if len(found) > MAX_MENTIONS:
            break
    found = without_resolvers(without_certificates(found, text), text)
    found = with_watched_page(found, text)
    pages |= {(one.host, one.port) for one in found if one.role is Role.PAGE}
    return tuple(
        one
        for one in side_by_side(found, text)
        if one.role < Role.PAGE and (one.role <= Role.SUBJECT or (one.host, one.port) not in pages)
    )


def _authority(url: str) -> tuple[str, int | None]:
    found = URL.match(url.strip())
    return (found["host"].lower(), port_of(found["port"])) if found else ("", None)


def _of_line(line: Line, number: int, known: KnownNames) -> Iterator[Mention]:
    text, taken = line.text, bytearray(len(line.text))
    for pattern in (URL, SLASHED, NAME, SIX, SINGLE):
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(taken[start:end]):
                continue
            taken[start:end] = b"\1" * (end - start)
            may_be = pattern is not SINGLE or _may_be_single(match["host"], known)
            mention = _mention(match, line, number, known) if may_be else None
            if mention:
                yield mention
                yield from _after_slash(mention, match, known)


def _after_slash(one: Mention, match: re.Match[str], known: KnownNames) -> Iterator[Mention]:
    """In `A/B` with two known names, B is no path of A."""
    second = (match.groupdict().get("path") or "")[1:].rstrip("/.").lower()
    if match.re is NAME and (known.holding(second) or known.serving(second)):
        start = match.start("path") + 1
        yield replace(one, host=second, port=None, is_ip=False, start=start)


def _mention(match: re.Match[str], line: Line, number: int, known: KnownNames) -> Mention | None:
    start = match.start()
    host, preceding = spelt(match["host"]), line.text[max(0, start - _LONGEST_LABEL) : start]
    if host is None or (preceding.endswith(":") and not _GLUED.search(preceding)):
        return None
    written_port = _PORT_AFTER.match(line.text[match.end() :])
    port = port_of(match["port"] or (written_port[1] if written_port else None))
    address = address_of(host)
    is_known = bool(known.holding(host) or known.serving(host))
    is_url, single = match.re is URL, "." not in host and address is None
    if not is_known and not may_be_host(match, host, address, line.text):
        return None
    if (address and is_network(match)) or port in _OTHER_PORTS:
        return None
    if is_known and single and not _certain_single(host, match, line):
        return None
    role = _role(match, line, host, address, is_known=is_known)
    if role is None:
        return None
    scheme = (match["scheme"] or "").lower() if is_url else ""
    if port in _EXPORTER_PORTS or (scheme == "http" and port == _HTTP_PORT):
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


def _may_be_single(written: str, known: KnownNames) -> bool:
    """Whether a word without a dot, which most words of a message are, can be a host at all."""
    host = spelt(written) or ""
    return host == "localhost" or bool(known.holding(host) or known.serving(host))


def _certain_single(host: str, match: re.Match[str], line: Line) -> bool:
    """Whether a known name without a dot counts: only if it cannot be an ordinary word."""
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
    before, after = around(match, line.text)
    if before.endswith(LINK_OPEN):
        linked = _behind_link(match, before, line)
        return Role.KNOWN if is_known and linked < Role.FINE else linked
    role: Role | None = place_role(before, after, line.label)
    if address and role is not None and Role.SUBJECT <= role < Role.PAGE:
        role = _address_role(address, match, before, after, role)
    if role is not None and role > Role.LABELLED and _is_page(match, before, after, host):
        doubtful = Role.KNOWN if is_known and role is Role.SUBJECT else Role.DOUBTFUL
        role = doubtful if _may_be_site(match, role, before, after) else max(role, Role.PAGE)
    if role is Role.LABELLED and _is_tool_page(match, host):
        role = Role.PAGE
    if role is Role.NAMED and is_script(match.groupdict().get("path") or ""):
        role = Role.FINE
    return Role.KNOWN if is_known and role is not None and role < Role.FINE else role


def _may_be_site(match: re.Match[str], role: Role, before: str, after: str) -> bool:
    """Whether what looks like a page of a tool may be the site that an alert is about."""
    host, path = match["host"].lower(), match.groupdict().get("path") or ""
    is_said = role is Role.SUBJECT or (role is Role.NAMED and match.re is not URL)
    is_other = is_page_path(path) or _in_heading(before, after)
    fails = fails_itself(after)
    return is_said and not is_other and may_be_site(host, registered_domain(host), fails=fails)


def _is_page(match: re.Match[str], before: str, after: str, host: str) -> bool:
    """Whether a name without a label belongs to the tool that sent the alert."""
    return (
        is_page_path(match.groupdict().get("path") or "")
        or _in_heading(before, after)
        or (address_of(host) is None and is_page_host(host, registered_domain(host)))
    )


def _is_tool_page(match: re.Match[str], host: str) -> bool:
    """Whether a name behind a general label, such as `url`, is a page of a tool all the same."""
    domain = registered_domain(host)
    is_vendor = (domain in VENDORS or host in VENDORS) and is_page_host(host, domain)
    return is_vendor or (match.re is URL and is_tool_path(match["path"] or ""))


def _behind_link(match: re.Match[str], before: str, line: Line) -> Role:
    """The role of a host in the URL of a link with another label.

    A page, unless a fault is reported there.
    """
    if is_page_path(match["path"] if "path" in match.groupdict() and match["path"] else ""):
        return Role.PAGE
    host = match["host"].lower()
    if is_page_host(host, registered_domain(host)):
        return Role.PAGE
    closed = line.text[match.end() :].removeprefix(LINK_CLOSE)
    if is_root_or_health(match.groupdict().get("path") or "") and says_failure(closed):
        return Role.SUBJECT
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
    """The role of an address without a label.

    Private ones are servers, public ones only if the text says so.
    """
    if match.re is not URL and is_client_address(before, after, port_of(match["port"])):
        return Role.CLIENT
    inside = any(address in network for network in _INSIDE if network.version == address.version)
    if inside or role is Role.SUBJECT or match["port"]:
        return role
    return Role.CLIENT


def _in_heading(before: str, after: str) -> bool:
    """Whether a name is in the opening brackets with which a tool names itself."""
    if _STARRED.match(before):
        return True
    opening = before.lstrip("*_` \u2022")
    if not opening.startswith("[") or "]" in opening or "]" not in after:
        return False
    return bool(re.search(r"[A-Za-z]{3}", opening))


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
"""Networks of servers (RFC 1918, RFC 6598, RFC 4193); an address elsewhere may be a client's."""
