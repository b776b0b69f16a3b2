"""Writes a request as the command line that repeats it. Pure; `parse` reads it."""

from __future__ import annotations

from bot.commands.options import SEVERITY_WORDS
from bot.domain.gateway_ref import GatewayRef
from bot.domain.request import (
    ForecastRequest,
    HostTarget,
    LastTarget,
    ProbeOptions,
    ProbeRequest,
    RemovalRequest,
    Request,
    SiteTarget,
    SubscribeRequest,
    Target,
)
from chainlib import DEFAULT_PORT, Severity


def command_text(request: Request) -> str:
    """The command line that repeats the request, without the slash command.

    `check` and `health` need no verb. `watch` and `private` are left out.
    """
    words = [
        "" if isinstance(request, ProbeRequest) else request.verb.value,
        target_text(request.target),
        *(f"{key}={_quoted(value)}" for key, value in option_words(request).items()),
    ]
    return " ".join(filter(None, words))


def target_of(request: Request) -> str:
    """The target of a request as typed; empty if there is none."""
    return target_text(request.target)


def target_text(target: Target | None) -> str:
    """A target as typed; empty for `None`."""
    if isinstance(target, HostTarget):
        shown = f"[{target.host}]" if ":" in target.host else target.host
        return shown if target.port == DEFAULT_PORT else f"{shown}:{target.port}"
    if isinstance(target, GatewayRef):
        return target.text
    if isinstance(target, SiteTarget):
        return f"site:[{target.host}]" if ":" in target.host else f"site:{target.host}"
    return "last" if isinstance(target, LastTarget) else ""


def option_words(request: Request) -> dict[str, str]:
    """The options of a request as typed, without `watch` and `private`."""
    if isinstance(request, ProbeRequest):
        return probe_words(request.options)
    if isinstance(request, RemovalRequest):
        return {"without": request.root}
    if isinstance(request, ForecastRequest):
        return {} if request.days is None else {"days": str(request.days)}
    return subscribe_words(request) if isinstance(request, SubscribeRequest) else {}


def probe_words(options: ProbeOptions) -> dict[str, str]:
    """The options that replace those of a setting, each as typed."""
    return {
        key: value.option if isinstance(value, GatewayRef) else str(value)
        for key, value in options.items().items()
    }


def subscribe_words(request: SubscribeRequest) -> dict[str, str]:
    """The options of `subscribe`, which are also the fields of its modal."""
    words = {
        "every": request.every,
        "day": request.day,
        "at": request.at,
        "tz": request.tz,
        "min": severity_word(request.minimum) if request.minimum else "",
        "only": "changes" if request.only_changes else "",
        "not": ",".join(request.exclude),
        "heartbeat": "on" if request.heartbeat else "",
    }
    return {key: word for key, word in words.items() if word}


def severity_word(severity: Severity) -> str:
    """The word of `min=` for a severity."""
    return next(word for word, name in SEVERITY_WORDS.items() if name == severity.value)


def _quoted(text: str) -> str:
    return f'"{text}"' if " " in text else text
