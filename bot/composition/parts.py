"""The parts of the Slack app that exist before Slack has said who the bot is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import field
from datetime import datetime

from bot.access.people import Directory
from bot.checks.alerts import AlertReader
from bot.checks.doctor import DoctorCheck
from bot.checks.last_healthy import RecentFacts
from bot.checks.service import CheckService
from bot.domain.gateway_ref import GatewayRef
from bot.domain.request import HostTarget, ProbeOptions
from bot.slack.handlers.alert_follow_up import EVERY_S
from bot.slack.handlers.check import no_site
from bot.slack.handlers.health import nothing_followed
from bot.slack.handlers.subscription_replies import SubscriptionReplies
from bot.slack.handlers.watch_store import SavedWatches
from bot.slack.inbound.routing import InvocationPolicy
from bot.slack.outbound.sharing import SHARING_WAITS_S
from bot.slack.outbound.watching import INTERVAL_S
from bot.slack.service import Connected
from bot.slack.transport.app import Identity
from bot.slack.transport.replays import nowhere
from bot.subscriptions import AlertRecords, SharedChannels
from chainlib.frozen import dataclass


def without_digests(_connected: Connected) -> AbstractAsyncContextManager[None]:
    """Run no digests, for a bot without a database."""
    return nullcontext()


async def _nothing_to_add() -> Sequence[DoctorCheck]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of the app.

    Attributes:
        backends: checks one backend.
        gateways: checks gateways; `None` for a bot without Azure.
        access: makes the access policy, once Slack has identified the bot.
        clock: returns the present instant, time zone aware.
        probe_origin: the machine from which the bot probes.
        followed: the gateways that a channel follows.
        digests: runs the digests as long as the app runs, and yields what their commands use.
        watch_every_s: seconds between two checks for a watched card.
        last_healthy: the last healthy facts of each backend.
        alerts: reads alerts with the names that are known.
        is_site: whether a known gateway serves a host that is in no pool.
        doctor_checks: the checks of `doctor` other than Slack's.
        saved_watches: stores watches across a restart, made for the bot's own workspace; `None`
            lets them end with the process.
        alert_records: stores in which channels alerts are answered, made for the bot's own
            workspace; `None` without a database.
        alerts_every_s: seconds between two checks of a problem that an alert named.
        shared_channels: stores who consented to cards in channels shared with another organisation;
            `None` without a database.
        sharing_waits: seconds that Slack gets to say whether a channel is shared: before the person
            who asked is told that it is waited for, and after that.
        known_elsewhere: whether another replica received the request with this signature.
    """

    backends: CheckService
    access: Callable[[Identity, Directory], InvocationPolicy]
    clock: Callable[[], datetime]
    probe_origin: str
    gateways: CheckService | None = None
    followed: Callable[[str], Awaitable[Sequence[GatewayRef]]] = nothing_followed
    digests: Callable[[Connected], AbstractAsyncContextManager[SubscriptionReplies | None]] = (
        without_digests
    )
    watch_every_s: float = INTERVAL_S
    last_healthy: RecentFacts = field(default_factory=RecentFacts)
    alerts: AlertReader = field(default_factory=AlertReader)
    is_site: Callable[[HostTarget, ProbeOptions], bool] = no_site
    saved_watches: Callable[[str], SavedWatches] | None = None
    alert_records: Callable[[str], AlertRecords] | None = None
    alerts_every_s: float = EVERY_S
    shared_channels: Callable[[str], SharedChannels] | None = None
    sharing_waits: tuple[float, float] = SHARING_WAITS_S
    known_elsewhere: Callable[[str], Awaitable[bool]] = nowhere
    doctor_checks: Callable[[], Awaitable[Sequence[DoctorCheck]]] = _nothing_to_add
