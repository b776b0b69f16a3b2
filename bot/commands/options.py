"""The options: which verb has which, and how their values are checked.

`scan` finds the options in a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bot.commands import times
from bot.commands.gateway_names import named_gateway, read_gateway
from bot.commands.host import port_number, read_host, url_path
from bot.commands.near import nearest
from bot.commands.usage import OptionValue, TargetError, UnreadableLine, brief, shown
from bot.domain.forecast_days import MAX_DAYS
from bot.domain.request import Verb
from chainlib.frozen import dataclass

TRUE_WORDS = ("true", "yes", "on", "1")
SEVERITY_WORDS: Mapping[str, str] = {
    "info": "info",
    "warn": "warning",
    "warning": "warning",
    "crit": "critical",
    "critical": "critical",
}
"""The words of `min=` and the severities that they stand for."""
_VIA = ("probe", "gateway", "both")
_RESOURCE = re.compile(r"[\w(][\w.()-]{0,89}")
_PATTERNS = re.compile(r"(?:[a-z]+:)?[\w.*?()/-]+(?:,(?:[a-z]+:)?[\w.*?()/-]+)*")
_MAX_NUMBER_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option.

    Attributes:
        read: parses its value; raises `UnreadableLine`.
        example: shown in sentences.
        bare: whether the key may be written without a value.
    """

    read: Callable[[str], OptionValue]
    example: str
    bare: bool = False


def _server_name(text: str) -> str:
    host = read_host(text)
    if host.is_ip:
        raise TargetError(
            f"sni={brief(text)} is an address, and a server name is a host name; write for "
            "example sni=backend.contoso.com."
        )
    return _only_host(text, "sni")


def _only_host(text: str, key: str) -> str:
    host = read_host(text)
    if host.typed_port is not None or host.path is not None:
        raise TargetError(
            f"{key}={brief(text)} holds more than a host; write for example "
            f"{key}=backend.contoso.com."
        )
    return host.host


def _resource(key: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not _RESOURCE.fullmatch(text):
            raise UnreadableLine(
                f"{key}={brief(text)} is not a valid name of an Azure resource; write for example "
                f"{OPTIONS[key].example}."
            )
        return text.lower()

    return read


def _gateway(text: str) -> str:
    gateway = read_gateway(text) or named_gateway(text)
    if gateway.pool or gateway.setting:
        raise UnreadableLine(
            f"gw={brief(text)} holds more than a gateway; write for example "
            f"gw=rg-prod/{gateway.name} pool={gateway.pool or 'shop'}."
        )
    return gateway.option


def _word(key: str, allowed: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        folded = text.lower()
        if folded not in allowed:
            near = nearest(folded, allowed) or allowed[0]
            raise UnreadableLine(
                f"{key}={brief(text)} is not one of {', '.join(allowed)}; write for example "
                f"{key}={near}."
            )
        return folded

    return read


def _flag(key: str) -> Callable[[str], bool]:
    def read(text: str) -> bool:
        if text.lower() not in ("", *TRUE_WORDS):
            raise UnreadableLine(
                f"{key}={brief(text)} is not a switch; write {key} alone, or leave it out, for "
                f"example backend.contoso.com {key}."
            )
        return True

    return read


def _watch(text: str) -> int | bool:
    return (
        True
        if text.lower() in ("", *TRUE_WORDS)
        else times.duration(text, "watch", times.LONGEST_WATCH)
    )


def _heartbeat(text: str) -> str:
    folded = text.lower()
    return "on" if folded in ("", *TRUE_WORDS) else _word("heartbeat", ("on", "off"))(folded)


def _patterns(text: str) -> str:
    if not _PATTERNS.fullmatch(text.lower()):
        raise UnreadableLine(
            f"not={brief(text)} is not a pattern; write for example not=pool:test* or "
            "not=pool:test*,setting:old."
        )
    return text.lower()


def number(text: str) -> int:
    """The number of a subscription as `list` shows it.

    Raises:
        UnreadableLine: it is no such number.
    """
    digits = text.removeprefix("#")
    if not re.fullmatch(rf"[0-9]{{1,{_MAX_NUMBER_DIGITS}}}", digits) or int(digits) == 0:
        raise UnreadableLine(
            f"{shown(text)} is not the number of a subscription; list shows the numbers, then "
            "write for example unsubscribe 2."
        )
    return int(digits)


def _days(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= MAX_DAYS:
        raise UnreadableLine(
            f"days={brief(text)} is not a number of days from 1 to {MAX_DAYS}; write for example "
            "days=90."
        )
    return int(text)


OPTIONS: Mapping[str, Option] = {
    "sni": Option(read=_server_name, example="sni=api.contoso.com"),
    "host": Option(read=lambda text: _only_host(text, "host"), example="host=api.contoso.com"),
    "path": Option(read=url_path, example="path=/health"),
    "port": Option(read=port_number, example="port=8443"),
    "root": Option(read=_resource("root"), example="root=corp-root-2024"),
    "without": Option(read=_resource("without"), example="without=corp-root-2019"),
    "pool": Option(read=_resource("pool"), example="pool=shop"),
    "setting": Option(read=_resource("setting"), example="setting=https-be"),
    "gw": Option(read=_gateway, example="gw=prod-gw"),
    "via": Option(read=_word("via", _VIA), example="via=both"),
    "watch": Option(read=_watch, example="watch=15m", bare=True),
    "private": Option(read=_flag("private"), example="private", bare=True),
    "days": Option(read=_days, example="days=90"),
    "every": Option(read=times.every, example="every=weekdays"),
    "day": Option(read=times.day, example="day=mon"),
    "at": Option(read=times.clock, example="at=08:30"),
    "tz": Option(read=times.zone, example="tz=Europe/Berlin"),
    "min": Option(read=_word("min", tuple(SEVERITY_WORDS)), example="min=warn"),
    "only": Option(read=_word("only", ("changes",)), example="only=changes"),
    "not": Option(read=_patterns, example="not=pool:test*"),
    "heartbeat": Option(read=_heartbeat, example="heartbeat=on", bare=True),
    "for": Option(
        read=lambda text: times.duration(text, "for", times.LONGEST_MUTE), example="for=2h"
    ),
    "reason": Option(read=str, example="reason=certificate swap"),
    "window": Option(read=times.window, example='window="sat 22:00-23:30"'),
    "number": Option(read=number, example="number=2"),
    "all": Option(read=_flag("all"), example="all", bare=True),
}

_PLACE = ("port", "pool", "setting")
_PROBE = ("sni", "host", "path", "port", "root", "pool", "setting", "gw", "via", "watch", "private")
KEYS: Mapping[Verb, tuple[str, ...]] = {
    Verb.CHECK: _PROBE,
    Verb.HEALTH: _PROBE,
    Verb.FORECAST: ("days", "pool", "setting", "gw"),
    Verb.REHEARSE: ("without", "pool", "setting", "gw"),
    Verb.SUBSCRIBE: ("every", "day", "at", "tz", "min", "only", "not", "heartbeat", *_PLACE),
    Verb.UNSUBSCRIBE: ("number", "all", *_PLACE),
    Verb.PREVIEW: _PLACE,
    Verb.MUTE: ("for", "reason", "window", *_PLACE),
    Verb.UNMUTE: _PLACE,
    Verb.HISTORY: _PLACE,
}
"""The options of each verb; a verb that is missing has none."""


def known(key: str, verb: Verb) -> str:
    """The key, if the verb has it.

    Raises:
        UnreadableLine: the verb does not have it; names the verb that has, or the most similar
            option.
    """
    keys = KEYS.get(verb, ())
    if key in keys:
        return key
    owners = [owner for owner, theirs in KEYS.items() if key in theirs]
    if owners:
        subject = {"number": "", "all": "", "without": "gw:prod-gw ", "days": "gw:prod-gw "}.get(
            key, "backend.contoso.com "
        )
        raise UnreadableLine(
            f"{key}= belongs to {owners[0]}, not to {verb}; write for example {owners[0]} "
            f"{subject}{OPTIONS[key].example}."
        )
    near = nearest(key, keys, cutoff=0.5)
    hint = (
        f"did you mean {OPTIONS[near].example}?"
        if near
        else f"it takes {', '.join(f'{name}=' for name in keys) or 'none'}."
    )
    raise UnreadableLine(f"{shown(key + '=')} is not an option of {verb}; {hint}")


def value(key: str, text: str) -> OptionValue:
    """The checked value of an option.

    Raises:
        UnreadableLine: the value is invalid or missing.
    """
    option = OPTIONS[key]
    if not text and not option.bare:
        raise UnreadableLine(f"{key}= needs a value, for example {option.example}.")
    return option.read(text)
