"""Parses one word as a target, and joins it with options about the same thing."""

from __future__ import annotations

import re

from bot.commands.gateway_names import named_gateway, read_gateway
from bot.commands.host import TypedHost, read_host
from bot.commands.options import OPTIONS
from bot.commands.usage import OptionValue, TargetError, UnreadableLine, repeatable, shown
from bot.domain.gateway_ref import GatewayRef
from bot.domain.request import HostTarget, LastTarget, SiteTarget, Target, Verb

Options = dict[str, OptionValue]
Typed = TypedHost | GatewayRef | SiteTarget | LastTarget
_SITE = re.compile(r"site:/{0,2}(.*)", re.IGNORECASE | re.DOTALL)
_STRUCTURE = re.compile(r"[.:/\[@\\%\u3002\uff0e\uff61]|^[0-9]+$|^0x[0-9a-f]+$", re.IGNORECASE)
_QUOTED = re.compile(r"((?:gw|site):)[\"'`*]+", re.IGNORECASE)
_LAST = "last"


def looks_like_target(word: str) -> bool:
    """Whether a word can only be a target.

    It contains a dot, a colon, a slash or a bracket, is a number, or is `last`.
    """
    return word.lower() == _LAST or _STRUCTURE.search(word) is not None


def read_target(word: str) -> Typed:
    """The target that a word names.

    Raises:
        TargetError: it is no target.
    """
    if word.lower() == _LAST:
        return LastTarget()
    word = _QUOTED.sub(r"\1", word, count=1) if _QUOTED.match(word) else word
    if site := _SITE.fullmatch(word):
        return _read_site(site[1])
    return read_gateway(word) or read_host(word)


def _read_site(word: str) -> SiteTarget:
    if not word:
        raise TargetError("site: lacks a name; write for example site:shop.contoso.com.")
    return SiteTarget(host=read_host(word).host)


def only_target(loose: list[str], *, dotless: bool) -> Typed | None:
    """The one target among the words; `dotless` accepts a single word without a dot as a host.

    Raises:
        UnreadableLine: two targets, or a word that is no target.
    """
    likely = [word for word in loose if looks_like_target(word)]
    other = [word for word in loose if not looks_like_target(word)]
    if len(likely) > 1 and likely[1].isdecimal():
        raise UnreadableLine(
            f"{shown(likely[1])} has no host; a port is an option or follows the host, for "
            "example port=8443."
        )
    if len(likely) > 1:
        raise UnreadableLine(
            f"Two targets are named, {shown(likely[0])} and {shown(likely[1])}; "
            f"ask about one at a time, for example {repeatable(likely[0])[:60]}."
        )
    if dotless and not likely and len(other) == 1:
        return read_host(other[0])
    if other:
        raise unexpected_word(other[0])
    return read_target(likely[0]) if likely else None


def unexpected_word(word: str) -> UnreadableLine:
    """The error for a word that is neither a target nor an option."""
    if word.lower() in OPTIONS:
        return UnreadableLine(
            f"{word.lower()} needs a value; write for example {OPTIONS[word.lower()].example}."
        )
    verb = next((verb for verb in Verb if verb == word.lower()), None)
    if verb:
        return UnreadableLine(
            f"{shown(word)} comes first in a line; write for example {verb} backend.contoso.com.",
            verb,
        )
    return UnreadableLine(
        f"{shown(word)} is neither a target nor an option; write for example gw:prod-gw, or "
        "intranet:443 for a host without a dot."
    )


def merge_options(typed: Typed | None, options: Options) -> Target | None:
    """Join a target with options that say the same.

    Options that become part of the target are removed.

    Raises:
        UnreadableLine: target and option contradict each other, or the target cannot have the
            option.
    """
    if isinstance(typed, TypedHost):
        return _settle_host(typed, options)
    if isinstance(typed, LastTarget):
        return typed
    if isinstance(typed, SiteTarget):
        _refuse_probe_options(typed, options)
        return typed
    if "port" in options:
        raise UnreadableLine(
            "port= belongs to a host, but none is named; write for example "
            "backend.contoso.com port=8443."
        )
    if isinstance(typed, GatewayRef):
        _agree("pool", typed.pool, options)
        _agree("setting", typed.setting, options)
        _agree_on_gateway(typed, options)
    return typed


def _refuse_probe_options(typed: SiteTarget, options: Options) -> None:
    """Refuse options for a site, whose members are probed by their settings."""
    for key in ("port", "host"):
        if key in options:
            raise UnreadableLine(
                f"{key}= belongs to a backend, and site:{typed.host[:60]} is checked by its rules; "
                f"write for example site:{typed.host[:60]}."
            )


def _settle_host(typed: TypedHost, options: Options) -> HostTarget:
    _agree("port", typed.typed_port, options)
    port = options.pop("port", None)
    return typed.at(int(port) if port is not None else None)


def add_path(typed: TypedHost, options: Options) -> None:
    """Turn the path of a pasted URL into the option `path`.

    Raises:
        UnreadableLine: `path=` has another value.
    """
    if typed.path is not None:
        _agree("path", typed.path, options)
        options["path"] = typed.path


def _agree(key: str, typed: str | int | None, options: Options) -> None:
    if typed is not None and options.get(key, typed) != typed:
        raise UnreadableLine(
            f"The {key} is given twice, as {typed} and {key}={options[key]}; write it once, "
            f"for example {key}={typed}."
        )


def _agree_on_gateway(typed: GatewayRef, options: Options) -> None:
    if "gw" not in options:
        return
    other = read_gateway(str(options["gw"])) or named_gateway(str(options["gw"]))
    if typed.whole != other.whole:
        raise UnreadableLine(
            f"Two gateways are named, {typed.name} and gw={options['gw']}; ask about one at a "
            f"time, for example gw:{typed.name}."
        )


def named_by_option(options: Options, *, gateway_first: bool) -> Typed | None:
    """The target of a line that only names it in an option: `host=intranet`, or `gw=prod-gw`."""
    if "host" in options and not gateway_first:
        return read_host(str(options.pop("host")))
    if "gw" in options:
        gateway = str(options.pop("gw"))
        return read_gateway(gateway) or named_gateway(gateway)
    return None


def refuse_missing(verb: Verb) -> TargetError:
    """The error for a line without the target that its verb needs."""
    if verb is Verb.UNSUBSCRIBE:
        return TargetError(
            "unsubscribe needs a number, a target or all; write for example unsubscribe 2."
        )
    return TargetError(
        f"{verb} needs a target; write for example {verb} backend.contoso.com or {verb} gw:prod-gw."
    )
