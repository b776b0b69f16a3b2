"""Requests: one frozen type per verb, with its target and typed options.

Values only. `bot.commands` parses text into requests and writes requests as text.
"""

from __future__ import annotations

import dataclasses
from dataclasses import fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar

from bot.domain.gateway_ref import GatewayRef
from chainlib import DEFAULT_PORT, Severity
from chainlib.frozen import dataclass


class Verb(StrEnum):
    """The verbs that the Slack command understands."""

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


class Via(StrEnum):
    """The source of an answer: our own probe, backend health, or both."""

    PROBE = "probe"
    GATEWAY = "gateway"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTarget:
    """One backend.

    Attributes:
        host: A-label in lower case, or an IP address in its usual spelling without brackets.
        port: 1 to 65535.
        is_ip: whether `host` is an IP address.
    """

    host: str
    port: int = DEFAULT_PORT
    is_ip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTarget:
    """A public name or address that a gateway serves; lower case, without brackets."""

    host: str


@dataclasses.dataclass(frozen=True, slots=True)
class LastTarget:
    """The target of this user's last check."""


Target = HostTarget | GatewayRef | SiteTarget | LastTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOptions:
    """Options that replace those of a setting; `None` was not typed.

    Attributes:
        sni: the server name to send.
        host: the host name to send in SNI and Host header, and to require in the certificate.
        path: the path to request.
        port: the port to connect to, if the target has none.
        root: the trusted root by its name on a gateway, or `well-known`.
        pool: only as a member of this pool.
        setting: only under this setting.
        gw: only on this gateway.
        via: which source to use.
    """

    sni: str | None = None
    host: str | None = None
    path: str | None = None
    port: int | None = None
    root: str | None = None
    pool: str | None = None
    setting: str | None = None
    gw: GatewayRef | None = None
    via: Via | None = None

    def __bool__(self) -> bool:
        """Whether anything was typed."""
        return self != NOTHING_TYPED

    def items(self) -> dict[str, Any]:
        """The typed options by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def only(self, *names: str) -> ProbeOptions:
        """Keep the named options and drop the others."""
        return ProbeOptions(**{k: value for k, value in self.items().items() if k in names})

    def over(self, earlier: ProbeOptions) -> ProbeOptions:
        """Merge with earlier options; an option typed now wins."""
        return replace(earlier, **self.items())

    @property
    def names_place(self) -> bool:
        """Whether a gateway, a pool or a setting was given."""
        return bool(self.gw or self.pool or self.setting)


NOTHING_TYPED = ProbeOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A request to watch the card; `seconds` is `None` for the longest allowed time."""

    seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A parsed command; each verb has its own subclass.

    Attributes:
        target: the target; `None` if none was given.
    """

    verb: ClassVar[Verb]
    saves: ClassVar[bool] = False
    """Whether it changes stored data."""

    target: Target | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRequest(Request):
    """A request that is answered by a card with probe results.

    Attributes:
        options: options that replace those of a setting.
        watch: whether the card is watched until it is healthy.
        private: whether only the user sees the answer.
    """

    options: ProbeOptions = NOTHING_TYPED
    watch: Watch | None = None
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendRequest(ProbeRequest):
    """`check`: one backend, or the last target again."""

    verb: ClassVar[Verb] = Verb.CHECK


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRequest(ProbeRequest):
    """`health`: a gateway, a site, or every gateway if there is no target."""

    verb: ClassVar[Verb] = Verb.HEALTH


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRequest(Request):
    """`forecast`: what will break on a gateway, and when.

    Attributes:
        target: the gateway.
        days: how many days ahead; `None` if not typed.
    """

    verb: ClassVar[Verb] = Verb.FORECAST

    target: GatewayRef
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearseRequest(Request):
    """`rehearse` alone: the modal for a chain that is not installed yet."""

    verb: ClassVar[Verb] = Verb.REHEARSE


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalRequest(Request):
    """`rehearse` with `without=`: what would break if a root were removed from a gateway.

    Attributes:
        target: the gateway.
        root: the name of the root.
    """

    verb: ClassVar[Verb] = Verb.REHEARSE

    target: GatewayRef
    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeRequest(Request):
    """`subscribe`; values are as typed, and empty if not typed.

    Attributes:
        every: the frequency, for example `weekdays` or `2h`.
        day: the day of a weekly digest.
        at: the time of day, `HH:MM`.
        tz: the time zone, as in the tz database.
        minimum: the least severity that is listed.
        only_changes: whether only changes are listed.
        exclude: patterns of backends to leave out.
        heartbeat: whether a digest is posted even if nothing changed.
    """

    verb: ClassVar[Verb] = Verb.SUBSCRIBE
    saves: ClassVar[bool] = True

    every: str = ""
    day: str = ""
    at: str = ""
    tz: str = ""
    minimum: Severity | None = None
    only_changes: bool = False
    exclude: tuple[str, ...] = ()
    heartbeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest(Request):
    """`list`: the subscriptions of the channel."""

    verb: ClassVar[Verb] = Verb.LIST


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeRequest(Request):
    """`unsubscribe`: a target, the number that `list` shows, or everything."""

    verb: ClassVar[Verb] = Verb.UNSUBSCRIBE
    saves: ClassVar[bool] = True

    number: int | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRequest(Request):
    """`preview`: the digest of a target, or of all subscriptions of the channel."""

    verb: ClassVar[Verb] = Verb.PREVIEW


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteRequest(Request):
    """`mute`.

    Attributes:
        length: duration; `None` if not typed.
        window: weekdays and a time of day that repeat, as typed; empty for none.
        reason: as typed; empty for none.
    """

    verb: ClassVar[Verb] = Verb.MUTE
    saves: ClassVar[bool] = True

    length: timedelta | None = None
    window: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmuteRequest(Request):
    """`unmute`: end a mute early."""

    verb: ClassVar[Verb] = Verb.UNMUTE
    saves: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRequest(Request):
    """`history`: the last changes of a target."""

    verb: ClassVar[Verb] = Verb.HISTORY


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsRequest(Request):
    """`alerts`: `on` switches answers on or off; `None` asks for the state."""

    verb: ClassVar[Verb] = Verb.ALERTS
    saves: ClassVar[bool] = True

    on: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorRequest(Request):
    """`doctor`: whether the bot works."""

    verb: ClassVar[Verb] = Verb.DOCTOR


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoamiRequest(Request):
    """`whoami`: who the user is, as the bot sees it."""

    verb: ClassVar[Verb] = Verb.WHOAMI


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpRequest(Request):
    """`help`, with the verb if one was given."""

    verb: ClassVar[Verb] = Verb.HELP

    topic: Verb | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRequest(Request):
    """`version`."""

    verb: ClassVar[Verb] = Verb.VERSION
