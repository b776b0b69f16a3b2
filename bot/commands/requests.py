"""Turns a parsed line into the request of its verb, with typed fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from bot.commands.gateway_names import named_gateway, read_gateway
from bot.commands.options import SEVERITY_WORDS
from bot.commands.usage import OptionValue
from bot.domain.gateway_ref import GatewayRef
from bot.domain.request import (
    AlertsRequest,
    BackendRequest,
    DoctorRequest,
    ForecastRequest,
    HealthRequest,
    HelpRequest,
    HistoryRequest,
    ListRequest,
    MuteRequest,
    PreviewRequest,
    ProbeOptions,
    RehearseRequest,
    RemovalRequest,
    Request,
    SubscribeRequest,
    Target,
    UnmuteRequest,
    UnsubscribeRequest,
    Verb,
    VersionRequest,
    Via,
    Watch,
    WhoamiRequest,
)
from chainlib import Severity
from chainlib.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedLine:
    """A parsed line, as `appgw parse --json` shows it.

    Attributes:
        verb: the verb.
        target: the target.
        options: the typed options, values checked.
    """

    verb: Verb
    target: Target | None
    options: Mapping[str, OptionValue]


def request_of(line: ParsedLine) -> Request:
    """The request; for a gateway, `pool=` and `setting=` become part of its target."""
    if isinstance(line.target, GatewayRef):
        line = _narrowed(line, line.target)
    return _TYPES[line.verb](line)


def _narrowed(line: ParsedLine, gateway: GatewayRef) -> ParsedLine:
    rest = dict(line.options)
    pool, setting = rest.pop("pool", None), rest.pop("setting", None)
    target = replace(
        gateway,
        pool=gateway.pool or (str(pool) if pool else None),
        setting=gateway.setting or (str(setting) if setting else None),
    )
    return replace(line, target=target, options=rest)


def _probing(kind: type[BackendRequest | HealthRequest], line: ParsedLine) -> Request:
    typed: dict[str, Any] = {k: v for k, v in line.options.items() if k not in _OF_THE_CARD}
    if "gw" in typed:
        typed["gw"] = read_gateway(typed["gw"]) or named_gateway(typed["gw"])
    if "via" in typed:
        typed["via"] = Via(typed["via"])
    watch = line.options.get("watch")
    return kind(
        target=line.target,
        options=ProbeOptions(**typed),
        watch=None if watch is None else Watch(seconds=None if watch is True else int(watch)),
        private=bool(line.options.get("private")),
    )


def _rehearse(line: ParsedLine) -> Request:
    if line.target is None:
        return RehearseRequest()
    return RemovalRequest(target=cast("GatewayRef", line.target), root=str(line.options["without"]))


def _forecast(line: ParsedLine) -> Request:
    days = line.options.get("days")
    return ForecastRequest(
        target=cast("GatewayRef", line.target), days=None if days is None else int(days)
    )


def _subscribe(line: ParsedLine) -> Request:
    words = {key: str(value) for key, value in line.options.items()}
    least = words.get("min")
    return SubscribeRequest(
        target=line.target,
        every=words.get("every", ""),
        day=words.get("day", ""),
        at=words.get("at", ""),
        tz=words.get("tz", ""),
        minimum=Severity(SEVERITY_WORDS[least]) if least else None,
        only_changes=words.get("only") == "changes",
        exclude=tuple(filter(None, words.get("not", "").split(","))),
        heartbeat=words.get("heartbeat") == "on",
    )


def _unsubscribe(line: ParsedLine) -> Request:
    number = line.options.get("number")
    return UnsubscribeRequest(
        target=line.target,
        number=None if number is None else int(number),
        everything=bool(line.options.get("all")),
    )


def _mute(line: ParsedLine) -> Request:
    length = line.options.get("for")
    return MuteRequest(
        target=line.target,
        length=None if length is None else timedelta(seconds=int(length)),
        window=str(line.options.get("window", "")),
        reason=str(line.options.get("reason", "")),
    )


def _alerts(line: ParsedLine) -> Request:
    state = line.options.get("state")
    return AlertsRequest(on=None if state is None else state == "on")


def _help(line: ParsedLine) -> Request:
    topic = line.options.get("topic")
    return HelpRequest(topic=Verb(str(topic)) if topic else None)


_OF_THE_CARD = frozenset({"watch", "private"})
_TYPES: Mapping[Verb, Callable[[ParsedLine], Request]] = {
    Verb.CHECK: lambda line: _probing(BackendRequest, line),
    Verb.HEALTH: lambda line: _probing(HealthRequest, line),
    Verb.FORECAST: _forecast,
    Verb.REHEARSE: _rehearse,
    Verb.SUBSCRIBE: _subscribe,
    Verb.LIST: lambda _line: ListRequest(),
    Verb.UNSUBSCRIBE: _unsubscribe,
    Verb.PREVIEW: lambda line: PreviewRequest(target=line.target),
    Verb.MUTE: _mute,
    Verb.UNMUTE: lambda line: UnmuteRequest(target=line.target),
    Verb.HISTORY: lambda line: HistoryRequest(target=line.target),
    Verb.ALERTS: _alerts,
    Verb.DOCTOR: lambda _line: DoctorRequest(),
    Verb.WHOAMI: lambda _line: WhoamiRequest(),
    Verb.HELP: _help,
    Verb.VERSION: lambda _line: VersionRequest(),
}
