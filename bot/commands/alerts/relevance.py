"""Decides whether an HTTPS probe of a host could explain an alert. Pure.

A host that is in no inventory is checked only if the alert gives a reason: a label that says
backend, a 5xx status, TLS or a web site as the subject, words that say that it does not answer, or
a text that names the host and hardly anything else. The absence of another subject is not enough,
because most alerts of a channel are about other things. Host names count too: `kafka-3` is a queue.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.commands.alerts.mentions import Mention
from bot.commands.alerts.pages import is_root_or_health
from bot.commands.alerts.relevance_words import (
    CALM_SUBJECTS,
    FAILURE,
    FAULT,
    GOOD_NEWS,
    NO_ANSWER,
    OTHER_SERVERS,
    OTHER_SUBJECTS,
    PERHAPS_OTHER_SERVERS,
    STATUS,
    WEB,
)
from bot.commands.alerts.roles import Role, is_at_the_head, is_said_to_fail, label_role
from bot.commands.alerts.text import AlertText, Line
from chainlib.frozen import dataclass

_ADDRESS = re.compile(r"(?i)\b[a-z][a-z0-9+.-]{1,20}://\S{1,500}|\S{1,100}@\S{1,100}")
"""URLs and e-mail addresses; their words describe pages and people, not the subject."""
_DOTTED = re.compile(
    r"(?<![\w.-])[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\.(?:[a-z]{2,63}|\d{1,3})(?![\w.-])"
)
"""Host names and IP addresses; their words are judged with the host."""
_JOINED_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_")
"""Word boundaries in names of alerts and metrics: `SSLProbeFailed`, `probe_success`."""
_SPLIT = re.compile(r"[-_.\d]+")
_CODED = re.compile(r"\S{60,}")
"""Signatures and encoded values."""
_SINCE = re.compile(
    r"(?i)\b(?:since|after|following|during|despite)\s+(?:\w{1,20}\s+){0,2}\w{1,20}"
)
"""When it began: `since the last backup`."""
_WORD = re.compile(r"(?<![\w.:-])[^\W\d_][\w-]+(?![\w:]*[:.]\w)")
"""A word of the language; `main.go` and `:fire:` are none."""
_BARE, _LABELLED, _FAILING = 2, 4, 4
"""The most words of a text that is hardly more than a host: alone, with a label, with a fault."""
_SENTENCE = 10
"""The most words of a text that is one sentence about a host."""
_INSTANCE = re.compile(r"(?i)\binstances?\W{0,6}$|^instances?\b")
_REACH = 240
"""How far from a name words count as said of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSubject:
    """The subject of an alert.

    Attributes:
        is_status: whether it has a status of a gateway or web server, such as 502.
        is_web: whether it mentions TLS, HTTP or a web site.
        is_no_answer: whether it says that something does not answer.
        other: another subject in the alert's own word, such as a disk; `None` if there is none.
        is_fault: whether it reports a failure, or says that it is an alert.
        is_failure: whether it reports a failure.
        is_good: whether it tells of a success, and of no failure.
        words: how many words it has besides names of hosts, files and versions.
    """

    is_status: bool
    is_web: bool
    is_no_answer: bool
    other: str | None
    is_fault: bool
    is_failure: bool
    is_good: bool
    words: int


def read_subject(text: AlertText) -> AlertSubject:
    """The subject of an alert by its words, without those of URLs and host names."""
    texts = [_plain(line.text) for line in text.lines]
    labels = {line.label for line in text.lines if label_role(line.label) is not Role.PAGE}
    plain = [*texts, *map(_plain, labels)]
    is_fault, words = _says(FAULT, plain), sum(len(_WORD.findall(part)) for part in texts)
    is_good = not is_fault and _says(GOOD_NEWS, plain)
    is_calm = not is_fault and words > _BARE and _says(CALM_SUBJECTS, plain)
    said = [_SINCE.sub(lambda time: " " * len(time[0]), part) for part in plain]
    other = _first(OTHER_SUBJECTS, said) or (_first(CALM_SUBJECTS, said) if is_calm else None)
    web = _first(WEB, plain)
    is_web = web is not None and not is_good and not is_calm and (not other or web[0] < other[0])
    return AlertSubject(
        is_status=_says(STATUS, plain),
        is_web=is_web,
        is_no_answer=_says(NO_ANSWER, plain),
        other=other[1].lower() if other else None,
        is_fault=is_fault,
        is_failure=_says(FAILURE, plain),
        is_good=is_good,
        words=words,
    )


def _plain(part: str) -> str:
    for pattern in (_ADDRESS, _DOTTED, _CODED, _JOINED_WORDS):
        part = pattern.sub(" ", part)
    return part


def _first(pattern: re.Pattern[str], parts: Sequence[str]) -> tuple[tuple[int, int], str] | None:
    """Where a pattern is found first, as part and place in it, and what it found."""
    for number, part in enumerate(parts):
        if match := pattern.search(part):
            return (number, match.start()), match[0]
    return None


def _says(pattern: re.Pattern[str], parts: Sequence[str]) -> bool:
    return any(map(pattern.search, parts))


def why_unchecked(subject: AlertSubject, mention: Mention, text: AlertText) -> str | None:
    """Why a host is not checked, as the end of a sentence that begins with `the message`.

    Args:
        subject: the subject of the alert.
        mention: the host with the strongest role.
        text: the alert.

    Returns:
        `None` if the host is worth a check.
    """
    if subject.is_status or subject.is_web or mention.role is Role.BACKEND:
        return None
    labels = set(_SPLIT.split(mention.host.partition(".")[0])) if not mention.is_ip else set()
    line = text.lines[mention.line]
    before, after = line.text[: mention.start], line.text[mention.end :]
    is_down = is_said_to_fail(before[-_REACH:], after[:_REACH])
    is_head = subject.words <= _SENTENCE and is_at_the_head(before, after[:_REACH])
    by_itself = is_down and not OTHER_SUBJECTS.search(_plain(before))
    if labels & OTHER_SERVERS or (subject.other and not by_itself):
        about = subject.other or f"the server {mention.host}"
        return f"is about {about} and no HTTPS backend; name one to check it"
    is_vague = bool(labels & PERHAPS_OTHER_SERVERS) and not subject.is_no_answer
    if (
        is_vague
        or subject.is_good
        or not (is_down or is_head or _is_monitored(subject, mention, line))
    ):
        return f"mentions {mention.host} and does not say that it fails; name what to check"
    return None


def _is_monitored(subject: AlertSubject, mention: Mention, line: Line) -> bool:
    """Whether a label, a URL or the words of the alert say that the host is monitored."""
    address = line.text[mention.start : mention.end].lower()
    is_watched = _is_watched(subject, mention, line)
    return (
        mention.role is Role.KNOWN
        or subject.is_no_answer
        or is_watched
        or subject.words <= _most_words(subject, mention, is_url="://" in address)
    )


def _is_watched(subject: AlertSubject, mention: Mention, line: Line) -> bool:
    """Whether a label or a URL says that a host is monitored, and the alert that it fails.

    Exporters put the label `instance` on every alert of a product, so it says nothing.
    """
    scheme, _, address = line.text[mention.start : mention.end].lower().rpartition("://")
    path = address.partition("/")[2]
    if scheme or path:
        asked = is_root_or_health(f"/{path}")
        watched = mention.role <= Role.SUBJECT and scheme
        return subject.is_fault and bool(watched or (asked and mention.role <= Role.NAMED))
    by_exporter = _INSTANCE.search(f"{line.label} {line.text[: mention.start][-_REACH:]}")
    return subject.is_failure and mention.role is Role.LABELLED and not by_exporter


def _most_words(subject: AlertSubject, mention: Mention, *, is_url: bool) -> int:
    """How many words a text about nothing but this host may have."""
    if mention.role is Role.DOUBTFUL:
        return _FAILING if subject.is_fault and not is_url else -1
    if mention.role is Role.LABELLED:
        return _LABELLED
    if subject.is_fault:
        return _FAILING
    return 0 if is_url else _BARE
