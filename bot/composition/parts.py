"""What the Slack app is made of, before Slack has said who the bot is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from bot.access.people import Directory
from bot.checks.alerts import AlertReader
from bot.checks.doctor import DoctorCheck
from bot.checks.last_healthy import RecentFacts
from bot.checks.service import CheckService
from bot.domain.gateway_ref import GatewayRef
from bot.domain.request import HostTarget, ProbeOptions
from bot.slack.handlers.alert_following import EVERY_S
from bot.slack.handlers.check import no_site
from bot.slack.handlers.health import nothing_followed
from bot.slack.handlers.subscription_replies import SubscriptionReplies
from bot.slack.handlers.watch_store import SavedWatches
from bot.slack.inbound.access import AccessCheck
from bot.slack.outbound.watching import INTERVAL_S
from bot.slack.service import Connected
from bot.slack.transport.app import Identity
from bot.slack.transport.replays import nowhere
from bot.subscriptions import AlertMemory, SharedChannels


def without_digests(_connected: Connected) -> AbstractAsyncContextManager[None]:
    """Nothing is remembered, so no digests run."""
    return nullcontext()


async def _nothing_to_add() -> Sequence[DoctorCheck]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the app is made of.

    Attributes:
        backends: checks one backend.
        gateways: checks gateways; `None` for a bot that reads none.
        access: who may ask, for the bot that Slack says this is.
        clock: the present instant, aware.
        probe_origin: from where the bot probes.
        followed: the gateways that a channel follows.
        digests: runs the digests for as long as the app, and yields what their verbs use.
        watch_every_s: seconds between two observations of a card that is watched.
        last_healthy: the last healthy facts of each backend.
        alerts: reads alerts with the names that are known.
        is_site: whether a known gateway serves a host that no pool holds.
        doctor_checks: what `doctor` tells beside Slack's own side.
        saved_watches: keeps watches over a restart, made for the bot's own workspace; `None` lets
            them end with the process.
        alert_memory: which channels want alerts answered, made for the bot's own workspace; `None`
            where nothing is remembered.
        alerts_every_s: seconds between two observations of what an alert named.
        shared_channels: who consented to cards in channels that are shared with another
            organisation, made for the bot's own workspace; `None` where nothing is remembered.
        known_elsewhere: whether another replica took the request of this signature.
    """

    backends: CheckService
    access: Callable[[Identity, Directory], AccessCheck]
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
    alert_memory: Callable[[str], AlertMemory] | None = None
    alerts_every_s: float = EVERY_S
    shared_channels: Callable[[str], SharedChannels] | None = None
    known_elsewhere: Callable[[str], Awaitable[bool]] = nowhere
    doctor_checks: Callable[[], Awaitable[Sequence[DoctorCheck]]] = _nothing_to_add
