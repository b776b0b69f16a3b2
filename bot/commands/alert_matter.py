"""Decides whether an HTTPS probe of a host could explain an alert. Pure.

A host in an alert is only checked if the alert mentions HTTP, TLS or a backend, or if nothing in it
points to another subject. Host names count too: `kafka-3` is a queue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.commands.alert_matter_words import (
    CALM_MATTERS,
    OTHER_MATTERS,
    OTHER_SERVERS,
    PERHAPS_OTHER_SERVERS,
)
from bot.commands.alert_mentions import Mention
from bot.commands.alert_text import AlertText
from bot.commands.alert_words import Role, is_said_to_be_down

_ADDRESS = re.compile(r"(?i)\b[a-z][a-z0-9+.-]{1,20}://\S{1,500}|\S{1,100}@\S{1,100}")
"""Addresses, whose words speak of pages and not of the matter."""
_DOTTED = re.compile(r"(?<![\w.-])[\w-]{1,63}(?:\.[\w-]{1,63}){2,}(?![\w.-])")
"""Host names and addresses, whose words are judged with the host."""
_HTTPS = re.compile(
    r"(?<![\w.:#$\u20ac-])(?:50[0-4]|52[0-7])s?(?![\w.:%-]|\s{0,2}(?:%|[kmg]i?b|ms|s|sec|min|messages?"
    r"|items?|rows?|jobs?|users?|files?|days?|hours?|connections?|records?|events?|threads?|pods?)\b)"
    r"|(?<![\d.])[45]xx\b|(?:\bhttp|\bstatus|\bcode|\bresponse)\D{0,14}\b[345]\d\d\b"
    r"|\bbad\s?gateway|\bgateway\s?time-?out|\bservice\s+unavailable|\berr_[a-z]{3}"
    r"|(?<![a-z])m?tls(?![a-z])|(?<![a-z])ssl|\bx\.?509|\bcert(?:s|ificates?|ificats?|ificados?)?\b"
    r"|\bzertifikat|\bhandshake|\bciphers?\b|\bsni\b|(?<![a-z])https?(?![a-z]|s?:/)|\bcurl\b"
    r"|\bapplication\s?gateway|\bapp\s?gw|\bagw\b|\bweb\s?(?:site|test|check|page|scenario|server|app)"
    r"|\bwebsite|\buptime|\bprobe\s?(?:success|http|fail|down)|\bblackbox|\bsynthetic|\bhealthz?\s?(?:check|probe)|\bhealth_?check"
    r"|\breverse\s+proxy|\bnginx\b|\bhaproxy\b|\bingress\b",
    re.IGNORECASE,
)
"""What only an alert about HTTP, TLS or a web server says."""
_FAULT = re.compile(
    r"\bdown\b|offline|unreachable|unavailable|\btime[ds]?.?out|timing\s+out|refused|\brespon[sd]"
    r"|latency|\bslow|\banswer|\burls?\b|\bweb\b|\bsites?\b|\bpages?\b|outage|health|backend|upstream"
    r"|\bprob(?:e|ing)|\bmonitors?\b|\berrors?\b|\bfail|\bcritical|\bcrash|\bbroken|\balerts?\b"
    r"|\balarm|\bincident|\bproblems?\b|\bissues?\b|\bwarning|\bfiring|\btriggered|\bcannot\b"
    r"|\bcan.?t\b|\bnot\s+work|\bno\s+longer|\bcomplain|\breset\b|\baborted|\brejected|\bdenied"
    r"|\bst(?:\u00f6|oe)rung|\bausfall|\bfehler|\bnicht\b|\bpanne|\berreur|\bca(?:i|\u00ed)d|\bfall"
    r"|\bfout|\bproblem|\bprobl(?:e|\u00e8)me|\bindispon",
    re.IGNORECASE,
)
"""That something fails, whatever it is."""
_JOINED_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")
"""Where the name of an alert or metric, such as `ProbeFailed` or `probe_success`, has words."""
_SPLIT = re.compile(r"[-_.\d]+")
_FEW = 3
"""Up to how many words a text may have that is nothing but a host, as in `HOST build 7`."""
_BRIEF = 15
"""Up to how many words a text may have that names a host and says nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """The subject of an alert.

    Attributes:
        is_https: whether it mentions HTTP, TLS or a web server.
        other: another subject in the alert's own word, such as a disk; `None` if there is none.
        is_fault: whether it reports a failure.
        words: how many words it has.
    """

    is_https: bool
    other: str | None
    is_fault: bool
    words: int


def read_matter(text: AlertText) -> Matter:
    """The subject of an alert by its words, without those of URLs and host names."""
    parts = [part for line in text.lines for part in (line.label, line.text) if part]
    plain = [_JOINED_WORDS.sub(" ", _DOTTED.sub(" ", _ADDRESS.sub(" ", part))) for part in parts]
    is_fault = any(map(_FAULT.search, plain))
    found = [match for part in plain if (match := OTHER_MATTERS.search(part))]
    words = sum(len(part.split()) for part in plain)
    if not is_fault and words > _FEW:
        found += [match for part in plain if (match := CALM_MATTERS.search(part))]
    return Matter(
        is_https=any(map(_HTTPS.search, plain)),
        other=found[0][0].lower() if found else None,
        is_fault=is_fault,
        words=words,
    )


def other_matter(matter: Matter, mention: Mention, text: AlertText) -> str | None:
    """Why checking a host is pointless, in words for users; `None` if it is not.

    Args:
        matter: the subject of the alert.
        mention: the most likely host in it.
        text: the alert.
    """
    if matter.is_https or mention.role is Role.BACKEND:
        return None
    labels = set(_SPLIT.split(mention.host.partition(".")[0])) if not mention.is_ip else set()
    if labels & OTHER_SERVERS:
        return matter.other or f"the server {mention.host}"
    if is_said_to_be_down(text.lines[mention.line].text[mention.end :]):
        return None
    if matter.other:
        return matter.other
    if not matter.is_fault and labels & PERHAPS_OTHER_SERVERS:
        return f"the server {mention.host}"
    return None


def is_in_passing(matter: Matter, mention: Mention) -> bool:
    """Whether a host is only mentioned: without a label, in a longer text without a fault."""
    said = matter.is_https or matter.is_fault
    return mention.role in {Role.SUBJECT, Role.NAMED} and not said and matter.words > _BRIEF
