"""What people ask of the bot: one frozen type per verb, its targets and its typed options.

Values only. Text becomes a request in `bot.commands`, and a request becomes text again there.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar

from bot.domain.gateway_ref import GatewayRef
from chainlib import Severity

DEFAULT_PORT = 443


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


class Via(StrEnum):
    """Which source is asked: our own probe, the gateway's backend health, or both."""

    PROBE = "probe"
    GATEWAY = "gateway"
    BOTH = "both"


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
class SiteTarget:
    """A public name or address that gateways serve; lower case, without brackets."""

    host: str


@dataclass(frozen=True, slots=True)
class LastTarget:
    """Whatever this person asked about before."""


Target = HostTarget | GatewayRef | SiteTarget | LastTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOptions:
    """What was typed in place of what a setting says; `None` is what was not typed.

    Attributes:
        sni: the server name that is sent.
        host: the host name that is sent, asked for and demanded.
        path: the path that is asked for.
        port: the port that is connected to, where the target names none.
        root: the trusted root by its name on a gateway, or `well-known`.
        pool: only as a member of this pool.
        setting: only under this setting.
        gw: only on this gateway.
        via: which source is asked.
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
        """What was typed, by its name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def only(self, *names: str) -> ProbeOptions:
        """Some of them; the others as if they had not been typed."""
        return ProbeOptions(**{k: value for k, value in self.items().items() if k in names})

    def over(self, earlier: ProbeOptions) -> ProbeOptions:
        """These, and the earlier ones where nothing was typed now."""
        return replace(earlier, **self.items())

    @property
    def names_place(self) -> bool:
        """Whether a gateway, a pool or a setting was named."""
        return bool(self.gw or self.pool or self.setting)


NOTHING_TYPED = ProbeOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """That a card is to be watched; `seconds` is `None` for as long as a watch may last."""

    seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A line that was understood; each verb has a type of its own.

    Attributes:
        target: what it is about, `None` where nothing was named.
    """

    verb: ClassVar[Verb]
    saves: ClassVar[bool] = False
    """Whether it changes what is stored."""

    target: Target | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRequest(Request):
    """A request whose answer is a card made of probes.

    Attributes:
        options: what was typed in place of what a setting says.
        watch: whether the card is watched until it is healthy.
        private: whether only the asker sees the answer.
    """

    options: ProbeOptions = NOTHING_TYPED
    watch: Watch | None = None
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendRequest(ProbeRequest):
    """`check`: one backend, or the last one again."""

    verb: ClassVar[Verb] = Verb.CHECK


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRequest(ProbeRequest):
    """`health`: a gateway, a site, or with no target every gateway."""

    verb: ClassVar[Verb] = Verb.HEALTH


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRequest(Request):
    """`forecast`: on which day what breaks on a gateway.

    Attributes:
        target: the gateway.
        days: how many days ahead, `None` where nothing was typed.
    """

    verb: ClassVar[Verb] = Verb.FORECAST

    target: GatewayRef
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearseRequest(Request):
    """`rehearse` alone: the form for a chain that is not installed yet."""

    verb: ClassVar[Verb] = Verb.REHEARSE


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalRequest(Request):
    """`rehearse` with `without=`: what breaks when a root is removed from a gateway.

    Attributes:
        target: the gateway.
        root: the name of the root.
    """

    verb: ClassVar[Verb] = Verb.REHEARSE

    target: GatewayRef
    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeRequest(Request):
    """`subscribe`; words are as typed and empty where nothing was.

    Attributes:
        every: how often, for example `weekdays` or `2h`.
        day: the day of a weekly digest.
        at: the time of day, `HH:MM`.
        tz: the time zone, as in the tz database.
        minimum: from which severity on problems are listed.
        only_changes: whether only changes are listed.
        exclude: patterns of what is left out.
        heartbeat: whether a digest comes although nothing changed.
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
    """`list`: what the channel follows."""

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
    """`preview`: the digest of a target, or of everything that the channel follows."""

    verb: ClassVar[Verb] = Verb.PREVIEW


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteRequest(Request):
    """`mute`.

    Attributes:
        length: for how long, `None` where nothing was typed.
        window: days and a stretch of the day that repeats, as typed; empty for none.
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
    """`alerts`: `on` switches it on or off; `None` asks for the state."""

    verb: ClassVar[Verb] = Verb.ALERTS
    saves: ClassVar[bool] = True

    on: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorRequest(Request):
    """`doctor`: whether the bot itself can answer."""

    verb: ClassVar[Verb] = Verb.DOCTOR


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoamiRequest(Request):
    """`whoami`: who asks, as the bot sees it."""

    verb: ClassVar[Verb] = Verb.WHOAMI


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpRequest(Request):
    """`help`, about one verb where one was named."""

    verb: ClassVar[Verb] = Verb.HELP

    topic: Verb | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRequest(Request):
    """`version`."""

    verb: ClassVar[Verb] = Verb.VERSION
