"""Reduces the free text of a mention to a command line. Pure.

A slash command is only read by `parse`. In a mention, `please check X`, `why is X down?` and `X
thanks` ask about X; `this`, `here` and `it` are no hosts but mean the thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.commands.host import TypedHost
from bot.commands.host_endings import FILE_ENDINGS, PRIVATE_ENDINGS, registered_domain
from bot.commands.options import KEYS, OPTIONS
from bot.commands.parse import nearest_verb, parse
from bot.commands.scan import looks_like_option
from bot.commands.target import looks_like_target, read_target
from bot.commands.typed_text import SCRIPT_CHANGE, Word, split
from bot.commands.usage import UnreadableLine
from bot.domain.request import HelpRequest, HostTarget, Request, Verb


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FILE_LABELS = 2
_COURTESY = _words(
    "a again asap can cheers could danke dear everyone folks guys hello hey hi just kindly many "
    "morning now ok okay please pls plz quickly quick right team thank thanks thx today ty u "
    "would you your will awesome cool great nice perfect "
)
_POINTING = _words(
    "above alert all any anything everything here her him issue it link message now one problem "
    "same something status that the them there these thing this those thread up us what which why "
    "wrong "
)
_TALK = _words(
    "are could diagnose do does find has have how is look see show tell test when where who whose "
    "why "
)
_ASKS_ANYTHING = frozenset({Verb.CHECK, Verb.HEALTH})
_ALONE = frozenset({Verb.ALERTS, Verb.DOCTOR, Verb.LIST, Verb.VERSION, Verb.WHOAMI})
_ABOUT_ONE = frozenset({Verb.FORECAST, Verb.HISTORY, Verb.PREVIEW})
_NUMBERED = _words("build release ver version")
_LINKING = _words("about for from of on the")
_BARE = frozenset(key for key in KEYS[Verb.CHECK] if OPTIONS[key].bare)
_WORDS = re.compile(r"[^\W_]+")
_OWNED = re.compile(r"'s$", re.IGNORECASE)
_PORT_IN_WORDS = re.compile(r"(?:^|\s)port\W{0,3}([0-9]{1,5})(?![\w.])", re.IGNORECASE)


def read_mention(text: str) -> str | None:
    """The command line that is meant, to be parsed; `None` if the text names no target.

    Args:
        text: the message without the mention of the bot.

    Returns:
        A command line. It may still be invalid, with a usage answer of its own.
    """
    try:
        words = split(SCRIPT_CHANGE.sub(" ", text))
    except UnreadableLine:
        return text
    plain = _without_courtesy(words)
    line = " ".join(word.text for word in plain)
    if any(word.problem for word in words):
        return text
    understood = parse(line)
    if isinstance(understood, Request) and not _asks_for_help_with_one(understood, plain):
        return None if _points(understood) else line
    if plain and (verb := _verb_in_a_sentence(plain)):
        return _with_verb(verb, plain) or line
    if not plain or _is_near_another_verb(plain[0]):
        return line or None
    return _around_targets(plain)


def _asks_for_help_with_one(understood: Request, words: tuple[Word, ...]) -> bool:
    """Whether it is `help with HOST` or `help, HOST is down`, which asks about the host."""
    topic = isinstance(understood, HelpRequest) and understood.topic
    return understood.verb is Verb.HELP and not topic and any(_targets(words[1:]))


def _verb_in_a_sentence(words: tuple[Word, ...]) -> Verb | None:
    """The verb of `version 1.2 of nginx on HOST` or `history of HOST`, which `parse` refuses."""
    first, *rest = (_folded(word) for word in words)
    verb = next((verb for verb in _ALONE | _ABOUT_ONE | {Verb.HELP} if verb.value == first), None)
    talks = bool(rest) and not looks_like_option(words[1].bare)
    state = verb is Verb.ALERTS and rest[:1] in (["on"], ["off"])
    return verb if talks and not state and any(_targets(words)) else None


def _with_verb(verb: Verb, words: tuple[Word, ...]) -> str | None:
    """The line that is meant; `None` if it is the verb with a target, which keeps its answer."""
    if verb in _ABOUT_ONE:
        return " ".join(word.text for word in words if _folded(word) not in _LINKING)
    alone = verb is not Verb.HELP and any(_targets(words[:2]))
    return None if alone else _around_targets(words)


def _without_courtesy(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words without polite phrases before and after; a target or option is kept."""
    first, last = 0, len(words)
    while first < last and _is_courtesy(words[first]):
        first += 1
    while last > first and _is_courtesy(words[last - 1]):
        last -= 1
    return words[first:last]


def _is_courtesy(word: Word) -> bool:
    return not word.problem and _folded(word) in _COURTESY


def _folded(word: Word) -> str:
    return "".join(_WORDS.findall(word.text.lower()))


def _points(understood: Request) -> bool:
    """Whether the host is a word for the thread, or there is no text."""
    target = understood.target
    return isinstance(target, HostTarget) and target.host in _POINTING | _COURTESY


def _is_near_another_verb(word: Word) -> bool:
    """Whether a word is a misspelt verb that changes data; then the usage answer names the verb."""
    name = _folded(word)
    verb = nearest_verb(name) if name not in _POINTING | _TALK else None
    return verb is not None and verb not in _ASKS_ANYTHING and not looks_like_target(word.text)


def _around_targets(words: tuple[Word, ...]) -> str | None:
    targets = list(dict.fromkeys(_targets(words)))
    if not targets:
        return None
    if len(targets) > 1:
        targets = [one for one in targets if not _is_place_in_file(one)] or targets
    options = [word.bare for word in words if looks_like_option(word.bare)]
    if not any(option.lower().lstrip("-").startswith("port=") for option in options):
        options += _ports_in_words(words)
    bare = [word.bare for word in words if word.bare.lower() in _BARE]
    return " ".join((*targets, *options, *bare))


def _targets(words: tuple[Word, ...]) -> Iterator[str]:
    """The words that can be targets.

    The one right after `check` counts whatever its ending, and `version 1.2.3.4` is no address.
    """
    before = ""
    for word in words:
        text = _OWNED.sub("", word.bare)
        if looks_like_target(text) and not looks_like_option(text):
            named = before in _ASKS_ANYTHING
            if before not in _NUMBERED and _is_target(text, named=named):
                yield text
        before = _folded(word)


def _ports_in_words(words: tuple[Word, ...]) -> list[str]:
    """The options for `on port 8443`; two different ones are an error of the line."""
    found = _PORT_IN_WORDS.findall(" ".join(word.text for word in words))
    return [f"port={port}" for port in dict.fromkeys(found)]


def _is_place_in_file(text: str) -> bool:
    """Whether it is a line of a source file such as `main.go:141`."""
    name, colon, line = text.rpartition(":")
    return bool(colon) and line.isdigit() and name.count(".") == 1 and not _is_plausible_name(name)


def _is_target(text: str, *, named: bool) -> bool:
    try:
        typed = read_target(text)
    except UnreadableLine:
        return "://" in text
    if not isinstance(typed, TypedHost) or typed.typed_port is not None or named or "://" in text:
        return text.lower() != "last" or named
    return typed.is_ip or _is_plausible_name(typed.host)


def _is_plausible_name(host: str) -> bool:
    """Whether a dotted word in a sentence is a host name: not `node.js`, `e.g` or `file.go`."""
    labels = host.split(".")
    ending = labels[-1]
    if len(labels) <= _FILE_LABELS and ending in FILE_ENDINGS:
        return False
    return ending in PRIVATE_ENDINGS or registered_domain(host) is not None
