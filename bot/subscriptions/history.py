"""The events of a target as lines for users. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.digest.zones import zone as zone_named
from bot.domain.backend_key import BackendKey
from bot.domain.digest import BackendEvent, Change, FollowedTarget, TargetKind
from chainlib import few

_LINES, _NAMED = 12, 2
_WORDS = {
    Change.OPENED: "broke",
    Change.CLOSED: "fixed",
    Change.CHAIN: "sends another chain",
    Change.APPEARED: "seen for the first time",
    Change.GONE: "is gone",
}


def is_event_of(event: BackendEvent, target: FollowedTarget) -> bool:
    """Whether an event is about the pool and setting of a target."""
    if event.target_key != target.key:
        return True
    key = BackendKey.read(event.key)
    pool, setting = target.pool or key.pool, target.setting or key.setting
    return (pool.lower(), setting.lower()) == (key.pool, key.setting)


def wall_clock(instant: datetime, zone: str) -> str:
    """An instant in a time zone, for example `Mon 23 Nov 09:00`."""
    local = instant.astimezone(zone_named(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def event_lines(
    events: Sequence[BackendEvent], target: FollowedTarget, zone: str
) -> list[tuple[str, str]]:
    """When and what, newest first; equal events of many servers within a minute are one line."""
    groups: dict[tuple[str, str], list[str]] = {}
    for event in events:
        groups.setdefault((wall_clock(event.at, zone), _described(event)), []).append(
            _which(event, target)
        )
    return [
        (when, f"{_servers(which)}{what}") for (when, what), which in list(groups.items())[:_LINES]
    ]


def _described(event: BackendEvent) -> str:
    detail = (
        "" if event.change in {Change.APPEARED, Change.GONE, Change.CHAIN} else f": {event.detail}"
    )
    return f"{_WORDS[event.change]}{detail}"


def _which(event: BackendEvent, target: FollowedTarget) -> str:
    """The server with its setting; empty for the requested host itself."""
    key = BackendKey.read(event.key)
    setting, server = key.setting, key.server
    if target.kind is TargetKind.HOST:
        return f"behind {setting}" if setting else ""
    return {"*": "the gateway", "": ""}.get(server, f"{server} ({setting})" if setting else server)


def _servers(which: Sequence[str]) -> str:
    known = list(dict.fromkeys(filter(None, which)))
    return f"{few(known, shown=_NAMED)} " if known else ""
