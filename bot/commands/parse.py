"""Parses the text after the slash command into a request or a usage answer.

Pure, bounded, and without exceptions for any text. `docs/commands.md` documents the grammar.
`typed_text` tolerates formatting, `target` parses targets, `options` checks values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from bot.commands.digest_verbs import read_mute, read_subscribe, read_unsubscribe
from bot.commands.gateway_names import read_gateway
from bot.commands.help import examples
from bot.commands.host import TypedHost
from bot.commands.near import nearest
from bot.commands.options import KEYS, OPTIONS
from bot.commands.pasted import unpasted
from bot.commands.products import another_product, product_named
from bot.commands.requests import ParsedLine, request_of
from bot.commands.scan import ScannedLine, looks_like_option, scan
from bot.commands.target import (
    add_path,
    looks_like_target,
    merge_options,
    named_by_option,
    only_target,
    refuse_missing,
)
from bot.commands.typed_text import Word, split
from bot.commands.usage import UnreadableLine, Usage, repeatable, shown
from bot.domain.gateway_ref import GatewayRef
from bot.domain.request import HostTarget, LastTarget, Request, SiteTarget, Target, Verb
from chainlib.frozen import dataclass

_SHORTEST_PREFIX = 2
_PAIR = re.compile(r"([\w-][\w.-]*)~([\w-][\w.-]*)")
_GATEWAY_WORDS = frozenset({"gw", "gateway"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
_HINT = (
    "write for example backend.contoso.com, gw:prod-gw for a gateway, or intranet:443 for a host "
    "without a dot."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opening:
    """The beginning of a line: its verb, whether that was typed, and the words after it."""

    verb: Verb
    written: bool
    words: tuple[Word, ...]


def parse(text: str) -> Request | Usage:
    """Parse one line.

    A line that cannot be understood gives a usage answer, never an exception.
    """
    read = _read(text)
    return read if isinstance(read, Usage) else request_of(read)


def _read(text: str) -> ParsedLine | Usage:
    verb: Verb | None = None
    try:
        words = split(unpasted(text))
        opening = _open(words)
        verb = opening.verb
        return _READERS[verb](opening)
    except UnreadableLine as misread:
        return Usage(
            error=str(misread),
            did_you_mean=misread.did_you_mean,
            examples=examples(misread.did_you_mean or verb),
        )


def parse_json(text: str) -> dict[str, Any]:
    """`parse` as the object that `appgw parse --json` prints."""
    answer = _read(text)
    if isinstance(answer, Usage):
        return {
            "error": answer.error,
            "did_you_mean": answer.did_you_mean,
            "examples": list(answer.examples),
        }
    return {
        "verb": answer.verb.value,
        "target": _target_json(answer.target),
        "options": dict(answer.options),
    }


def _target_json(target: Target | None) -> dict[str, Any] | None:
    if isinstance(target, HostTarget):
        return {"kind": "ip" if target.is_ip else "host", "host": target.host, "port": target.port}
    if isinstance(target, GatewayRef):
        shown = asdict(target)
        shown.pop("site")
        return {"kind": "gateway", **shown}
    if isinstance(target, SiteTarget):
        return {"kind": "site", "host": target.host}
    return {"kind": "last"} if target else None


def _open(words: tuple[Word, ...]) -> _Opening:
    if not words:
        return _Opening(verb=Verb.HELP, written=False, words=())
    first = words[0].bare
    name = first.lower().lstrip("-")
    if name in _VERBS:
        return _Opening(verb=Verb(name), written=True, words=words[1:])
    is_flag = name in KEYS[Verb.CHECK] and OPTIONS[name].bare
    if looks_like_target(first) or looks_like_option(first) or is_flag:
        return _Opening(verb=Verb.CHECK, written=False, words=words)
    if pair := _PAIR.fullmatch(first):
        raise UnreadableLine(
            f"{shown(first)} is a pool and a setting; name the gateway too, for example "
            f"gw:prod-gw pool={pair[1][:60]} setting={pair[2][:60]}.",
            Verb.HEALTH,
        )
    if product := product_named(" ".join(word.bare for word in words)):
        raise UnreadableLine(another_product(product), None)
    near = nearest_verb(name)
    raise UnreadableLine(
        f"{shown(first)} is not a command; {f'did you mean {near}?' if near else _meant(words)}",
        near,
    )


def _meant(words: tuple[Word, ...]) -> str:
    """The line that was probably meant, made of its own words; else a general example."""
    first, *rest = (word.bare for word in words)
    if named := next(filter(looks_like_target, rest), None):
        return f"did you mean {shown(named)}?"
    names = rest if first.lower() in _GATEWAY_WORDS else [first, *rest]
    name = names[0] if len(names) == 1 else ""
    if not _NAME.fullmatch(name) or repeatable(name) != name:
        return _HINT
    return f"did you mean gw:{name} for a gateway, or {name}:443 for a host without a dot?"


def nearest_verb(name: str) -> Verb | None:
    """The verb that was probably meant: the only one with that beginning, else the most similar."""
    beginning = (
        [verb for verb in _VERBS if verb.startswith(name)] if len(name) >= _SHORTEST_PREFIX else []
    )
    near = beginning[0] if len(beginning) == 1 else nearest(name, _VERBS)
    return Verb(near) if near else None


def _read_check(opening: _Opening) -> ParsedLine:
    """`check` and `health` are parsed alike; the target decides which one it is."""
    verb, line = opening.verb, scan(opening.words, opening.verb)
    typed = only_target(line.loose, dotless=opening.written) or named_by_option(
        line.options, gateway_first=verb is Verb.HEALTH
    )
    if typed is None and verb is Verb.CHECK:
        raise refuse_missing(verb)
    if isinstance(typed, TypedHost | LastTarget) and verb is Verb.HEALTH:
        named = typed.host if isinstance(typed, TypedHost) else "last"
        raise UnreadableLine(
            (
                "health is for gateways, for example health gw:prod-gw; for a host use check, for "
                f"example check {named[:60]}."
            ),
            Verb.CHECK,
        )
    if isinstance(typed, TypedHost):
        add_path(typed, line.options)
    target = merge_options(typed, line.options)
    if isinstance(target, GatewayRef | SiteTarget):
        verb = Verb.HEALTH
    return ParsedLine(verb=verb, target=target, options=line.options)


def _read_rehearse(opening: _Opening) -> ParsedLine:
    """Alone it opens a modal.

    With a gateway and `without=` it rehearses the removal of that root.
    """
    line = scan(opening.words, Verb.REHEARSE)
    if not line.loose and not line.options:
        return ParsedLine(verb=Verb.REHEARSE, target=None, options={})
    typed = only_target(line.loose, dotless=False) if _names_gateway(line.loose) else None
    typed = typed or named_by_option(line.options, gateway_first=True)
    if line.loose and not isinstance(typed, GatewayRef):
        raise UnreadableLine(
            f"rehearse takes a gateway or nothing, not {shown(line.loose[0])}; write for example "
            "rehearse.",
            Verb.REHEARSE,
        )
    if not isinstance(typed, GatewayRef) or "without" not in line.options:
        raise UnreadableLine(
            "rehearse takes a gateway and the root to remove, for example rehearse "
            "gw:prod-gw without=corp-root-2019; "
            "alone it opens the form for a new chain.",
            Verb.REHEARSE,
        )
    return ParsedLine(
        verb=Verb.REHEARSE, target=merge_options(typed, line.options), options=line.options
    )


def _read_forecast(opening: _Opening) -> ParsedLine:
    """The target is one gateway, or one pool or setting of it."""
    line = scan(opening.words, Verb.FORECAST)
    typed = only_target(line.loose, dotless=False)
    typed = typed or named_by_option(line.options, gateway_first=True)
    if not isinstance(typed, GatewayRef):
        raise UnreadableLine(
            "forecast takes a gateway, for example forecast gw:prod-gw days=90.",
            Verb.FORECAST,
        )
    return ParsedLine(
        verb=Verb.FORECAST, target=merge_options(typed, line.options), options=line.options
    )


def _names_gateway(loose: Iterable[str]) -> bool:
    return any(read_gateway(word) is not None for word in loose)


def _read_digest(opening: _Opening) -> ParsedLine:
    verb, line = opening.verb, _DIGEST_LINES[opening.verb](opening.words)
    typed = only_target(line.loose, dotless=False)
    if typed is None and verb in _NEED_TARGET and not line.options.keys() & {"number", "all"}:
        raise refuse_missing(verb)
    if typed is not None and line.options.keys() & {"number", "all"}:
        raise UnreadableLine(
            "unsubscribe takes a number, a target or all, one of them; write for example "
            "unsubscribe 2."
        )
    return ParsedLine(verb=verb, target=merge_options(typed, line.options), options=line.options)


def _read_help(opening: _Opening) -> ParsedLine:
    """`help`: a verb after it is the topic, anything else is ignored."""
    topics = [
        name for word in opening.words if (name := re.sub(r"\W", "", word.text).lower()) in _VERBS
    ]
    return ParsedLine(verb=Verb.HELP, target=None, options={"topic": topics[0]} if topics else {})


def _read_alerts(opening: _Opening) -> ParsedLine:
    """`alerts on`, `alerts off`, or alone for the state."""
    line = scan(opening.words, Verb.ALERTS)
    typed = [word.lower() for word in line.loose]
    if len(typed) > 1 or not set(typed) <= _ALERT_STATES:
        raise UnreadableLine(
            f"alerts takes on or off, not {shown(' '.join(line.loose))}; write for example "
            "alerts on.",
            Verb.ALERTS,
        )
    return ParsedLine(verb=Verb.ALERTS, target=None, options={"state": typed[0]} if typed else {})


def _read_alone(opening: _Opening) -> ParsedLine:
    verb, line = opening.verb, scan(opening.words, opening.verb)
    if line.loose:
        raise UnreadableLine(
            f"{verb} takes no target, but {shown(line.loose[0])} was given; write for example "
            f"{verb}.",
            verb,
        )
    return ParsedLine(verb=verb, target=None, options={})


_VERBS = tuple(verb.value for verb in Verb)
_ALERT_STATES = frozenset({"on", "off"})
_NEED_TARGET = frozenset({Verb.UNSUBSCRIBE, Verb.MUTE, Verb.UNMUTE, Verb.HISTORY})
_DIGEST_LINES: Mapping[Verb, Callable[[Iterable[Word]], ScannedLine]] = {
    Verb.SUBSCRIBE: read_subscribe,
    Verb.UNSUBSCRIBE: read_unsubscribe,
    Verb.MUTE: read_mute,
    Verb.UNMUTE: lambda words: scan(words, Verb.UNMUTE),
    Verb.PREVIEW: lambda words: scan(words, Verb.PREVIEW),
    Verb.HISTORY: lambda words: scan(words, Verb.HISTORY),
}
_READERS: Mapping[Verb, Callable[[_Opening], ParsedLine]] = {
    Verb.CHECK: _read_check,
    Verb.HEALTH: _read_check,
    Verb.HELP: _read_help,
    **dict.fromkeys(_DIGEST_LINES, _read_digest),
    Verb.FORECAST: _read_forecast,
    Verb.REHEARSE: _read_rehearse,
    Verb.ALERTS: _read_alerts,
    **dict.fromkeys((Verb.LIST, Verb.DOCTOR, Verb.WHOAMI, Verb.VERSION), _read_alone),
}
