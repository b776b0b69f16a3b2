"""What a typed line means (`Request`), or why it means nothing (`Usage`).

Frozen values and the one exception that readers raise.

The shapes are those of the contract's `appgw parse --json`; nothing here reads text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from bot.domain.secrets import without_secrets

DEFAULT_PORT = 443
SHOWN = 60
_BRIEF = 40
_USER_INFO = re.compile(r"[^\s<>|']+@")

OptionValue = str | int | bool
"""What an option holds.

Text, a number (`number`, and seconds for `watch` and `for`), or true for a bare word.
"""


class Verb(StrEnum):
    """The closed list of verbs that Slack understands."""

    CHECK = "check"
    HEALTH = "health"
    FORECAST = "forecast"
    REHEARSE = "rehearse"
    SUBSCRIBE = "subscribe"
    LIST = "list"
    UNSUBSCRIBE = "unsubscribe"
    PREVIEW = "preview"
    MUTE = "mute"
    UNMUTE = "unmute"
    HISTORY = "history"
    ALERTS = "alerts"
    DOCTOR = "doctor"
    WHOAMI = "whoami"
    HELP = "help"
    VERSION = "version"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTarget:
    """One backend.

    Attributes:
        host: lower-case A-label, or an IP literal in its usual spelling without brackets.
        port: 1 to 65535.
        is_ip: whether `host` is an IP literal.
    """

    host: str
    port: int = DEFAULT_PORT
    is_ip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayTarget:
    """A gateway, or one pool or setting of it; lower case, since ARM compares names without case.

    `None` is what was not typed; `site` narrows to the rules of a public name and is never typed.
    """

    name: str
    group: str | None = None
    subscription: str | None = None
    pool: str | None = None
    setting: str | None = None
    site: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTarget:
    """A public name or address that gateways serve; lower case, without brackets."""

    host: str


@dataclass(frozen=True, slots=True)
class LastTarget:
    """Whatever this person asked about before."""


Target = HostTarget | GatewayTarget | SiteTarget | LastTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A line that was understood.

    Attributes:
        verb: what to do; a bare target is `check`, a bare gateway `health`.
        target: what it is about, `None` where the verb needs none.
        options: only what was typed, values checked; `watch` and `for` in seconds, times as HH:MM,
            zones as in the tz database.
    """

    verb: Verb
    target: Target | None = None
    options: Mapping[str, OptionValue] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A line that runs nothing.

    Attributes:
        error: what is wrong in one sentence; it repeats typed text, so it is hostile input for
            whoever shows it.
        did_you_mean: the verb that was probably meant.
        examples: three lines to copy.
    """

    error: str
    did_you_mean: Verb | None
    examples: tuple[str, str, str]


class Misread(Exception):
    """A line cannot be understood.

    `str()` is one sentence, `did_you_mean` the verb that was probably meant.
    """

    def __init__(self, sentence: str, did_you_mean: Verb | None = None) -> None:
        super().__init__(sentence)
        self.did_you_mean = did_you_mean


class TargetError(Misread):
    """A word cannot be a target."""


def shown(text: str) -> str:
    """Typed text as a sentence repeats it: in quotes, short and without user info."""
    kept = repeatable(text)
    return f"'{kept if len(kept) <= SHOWN else kept[: SHOWN - 3] + '...'}'"


def brief(text: str) -> str:
    """The value of an option as a sentence repeats it."""
    return repeatable(text)[:_BRIEF]


def repeatable(text: str) -> str:
    """Typed text without what must not be repeated.

    User info, every other secret, and all of it where it holds a private key.
    """
    return _USER_INFO.sub("…@", without_secrets(text))
