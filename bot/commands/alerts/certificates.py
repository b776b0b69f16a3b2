"""Tells the names in a certificate from the name that was asked for. Pure.

Reports of a wrong name give both: Go `valid for A, not B`, Node `Host: B. is not in the cert's
altnames: DNS:A`, Java `Hostname B not verified: subjectAltNames: [A]`, curl `subject name 'A' does
not match target host name 'B'`. B is the machine; A only says what its certificate holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.commands.alerts.mentions import Mention
from bot.commands.alerts.roles import Role
from bot.commands.alerts.text import AlertText, Line

_CERT = r"cert(?:s|ificates?)?\b"
_NAMES = (
    r"(?:(?:subject\s?)?alt(?:ernat(?:iv|e)e?)?[\s_-]?names?|sans?|cn|common[\s_-]?names?|subject\s?names?"
    r"|dns[\s_-]?names?|(?:cert(?:ificate)?(?:.s)?\s(?:list|names?|hostnames?)))"
)
_OPENER = re.compile(
    rf"(?<!not\s)(?<!n.t\s)\b(?:valid|issued|made\s+out)\s+(?:only\s+)?(?:for|to)\s"
    rf"|(?<!expected\s)(?<!requested\s)\b{_NAMES}[\"'`*]{{0,2}}(?:\s{{0,3}}[:=]|\s{{1,3}}(?:is|are|was)\s"
    rf"|\s{{0,3}}[\"'`(<\[\u2018\u201c])"
    rf"|\b(?:(?:present|serve|send|return|show|use|deliver|get|offer)(?:s|d|ed)?|got|sent)\s+(?:\w{{1,12}}\s+){{0,3}}{_CERT}\s+(?:of|for|from)\s"
    rf"|\b(?:answer|respond)s?\s+with\s+(?:\w{{1,12}}\s+){{0,3}}{_CERT}\s+(?:of|for|from)\s"
    rf"|\b{_CERT}\s+(?:is|was|comes)\s+(?:for|from|of)\s|\b{_CERT}\s+(?:belongs\s+to|has|says|names|lists|covers|contains)\s",
    re.IGNORECASE,
)
"""What precedes names in a certificate."""
_CLOSER = re.compile(
    r"\b(?:not|but|instead|while|when|expected|asked|requested|at|on|does|did|do|doesn.t|didn.t)\b"
    r"|[;\])]|\.\s|!=|\bhttps?://|\s(?!dns|cn|ip)[a-z][\w-]{1,20}\s?[:=]",
    re.IGNORECASE,
)
"""What ends a list of them."""
_MISMATCH = re.compile(
    r"\b(?:does|did|do)(?:n.t|\s+not)\s+match\b|!=|\bmismatch(?:es)?\b", re.IGNORECASE
)
_TO_ASKED = re.compile(r"(?i)[\W\d]{0,4}(?:target|requested|expected|wanted)\b")
_TO_NAMES = re.compile(rf"(?i)\W{{0,4}}(?:either\b|any\b|one\s+of\b|the\s|{_NAMES})")
_OF_CERTIFICATE = re.compile(rf"(?i)\b{_CERT}\s+(?:of|for|from|with)\s[\s\"'`<(\[*]{{0,4}}$")
_IN_CERTIFICATE = re.compile(rf"(?i)[\"'`*>)\]]{{0,4}}\s(?:is\s)?in\s(?:the\s|its\s)?{_CERT}")
_NOT = re.compile(r"(?i),?\snot\s[\"'`*<]{0,2}$")
_LABEL = re.compile(rf"(?i)(?:^|\W){_NAMES}\W*$")
_REACH = 120


def without_certificates(found: Sequence[Mention], text: AlertText) -> list[Mention]:
    """The hosts without those that only stand in a certificate, if another host was asked for.

    Args:
        found: every host of the alert, in the order of the text.
        text: the alert.
    """
    held = {id(one) for one in _held(found, text)}
    asked = [one for one in found if id(one) not in held and one.role <= Role.NAMED]
    hosts = {one.host for one in found if id(one) in held} - {one.host for one in asked}
    if not held or not asked:
        return list(found)
    surely = any(one.role <= Role.SUBJECT for one in asked)
    lines = {one.line for one in asked}
    return [
        one
        for one in found
        if not (one.host in hosts and (surely or one.line in lines or one.role is not Role.KNOWN))
    ]


def _held(found: Sequence[Mention], text: AlertText) -> Iterator[Mention]:
    """The hosts that the words around them place in a certificate."""
    for number in sorted({one.line for one in found}):
        line, here = text.lines[number], [one for one in found if one.line == number]
        spans = list(_spans(line))
        inside = [
            one
            for one in here
            if any(start <= one.start < end for start, end in spans)
            or _IN_CERTIFICATE.match(line.text, one.end)
        ]
        yield from inside
        yield from _by_mismatch(here, inside, line)
        yield from _beside_address(here, inside, line)


def _spans(line: Line) -> Iterator[tuple[int, int]]:
    """Where a line lists names of a certificate."""
    if _LABEL.search(line.label[-_REACH:]):
        yield 0, len(line.text)
    end = 0
    for opener in _OPENER.finditer(line.text):
        if opener.start() < end:
            continue
        closer = _CLOSER.search(line.text, opener.end())
        end = closer.start() if closer else len(line.text)
        yield opener.end(), end


def _by_mismatch(here: list[Mention], inside: list[Mention], line: Line) -> Iterator[Mention]:
    """`B does not match A`: of two names that differ the certificate's is the second one.

    It is the first one where the words say so: `certificate of A does not match B`.
    """
    for verb in _MISMATCH.finditer(line.text):
        left = [one for one in here if one.end <= verb.start()]
        right = [one for one in here if one.start >= verb.end()]
        if not left or not right:
            continue
        before = line.text[: left[-1].start][-_REACH:]
        to_names = _TO_NAMES.match(line.text, verb.end())
        if _TO_ASKED.match(line.text, verb.end()) or (
            _OF_CERTIFICATE.search(before) and not to_names
        ):
            yield left[-1]
        elif left[-1] not in inside and "://" not in line.text[right[0].start : right[0].end]:
            yield from right
        return


def _beside_address(here: list[Mention], inside: list[Mention], line: Line) -> Iterator[Mention]:
    """The name behind `not` as well, if an URL before it says what was asked."""
    links = [one for one in here if "://" in line.text[one.start : one.end]]
    for one in here if inside and links else ():
        is_asked = any(link.end <= one.start and link.host != one.host for link in links)
        if is_asked and _NOT.search(line.text[: one.start][-_REACH:]):
            yield one
