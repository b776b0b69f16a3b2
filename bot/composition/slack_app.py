"""Builds the Slack app from its parts: which handler answers which request, and with what.

`_SlackAppBuilder.handlers` is the one table of handlers, by type of request.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from types import MappingProxyType

from slack_bolt.async_app import AsyncApp

from bot.composition.parts import Parts
from bot.domain import request as requests
from bot.settings import Settings
from bot.slack.button_listeners import ButtonListeners
from bot.slack.handlers.alert_answers import AlertAnswerer
from bot.slack.handlers.alert_cards import AlertCards
from bot.slack.handlers.alert_follow_up import AlertFollowUp
from bot.slack.handlers.alerts import AlertsHandler
from bot.slack.handlers.check import CheckHandler
from bot.slack.handlers.consent import ConsentHandler
from bot.slack.handlers.digest_verbs import DigestVerbHandlers
from bot.slack.handlers.doctor import DoctorChecks
from bot.slack.handlers.files import CardFiles
from bot.slack.handlers.health import GatewayCheck, HealthHandler
from bot.slack.handlers.recent import Recent
from bot.slack.handlers.rehearse import RehearseHandler
from bot.slack.handlers.simple_verbs import SimpleVerbHandlers
from bot.slack.handlers.subscribe import SubscribeHandlers
from bot.slack.handlers.subscription_listeners import SubscriptionListeners
from bot.slack.handlers.subscription_replies import SubscriptionReplies
from bot.slack.handlers.what_if import WhatIfHandler
from bot.slack.inbound.routing import Handlers, InvocationRouter, answers
from bot.slack.listeners import Listeners
from bot.slack.outbound.card_work import CardTools
from bot.slack.outbound.directory import SlackDirectory
from bot.slack.outbound.sharing import READ_SCOPES, ChannelSharing
from bot.slack.outbound.watching import Watching
from bot.slack.service import DRAIN_S, Connected, SlackApp, SlackService

_FILES_READ = "files:read"


def slack_service(
    settings: Settings, parts: Parts, context: ssl.SSLContext, wait_s: float = DRAIN_S
) -> SlackService:
    """The service that runs the app; `context` is the TLS context of outgoing calls."""
    compose = partial(slack_app, settings, parts)
    return SlackService(settings=settings, compose=compose, context=context, wait_s=wait_s)


@asynccontextmanager
async def slack_app(
    settings: Settings, parts: Parts, connected: Connected
) -> AsyncIterator[SlackApp]:
    """The app for the workspace that Slack named, with the digests running next to it."""
    async with parts.digests(connected) as subscriptions:
        yield _SlackAppBuilder(settings, parts, connected, subscriptions).build()


class _SlackAppBuilder:
    """Creates each part once, in the order in which they need each other."""

    def __init__(
        self,
        settings: Settings,
        parts: Parts,
        connected: Connected,
        subscriptions: SubscriptionReplies | None,
    ) -> None:
        self._settings, self._parts, self._connected = settings, parts, connected
        self._subscriptions = subscriptions
        self._slack, self._identity = connected.slack, connected.identity
        make_store = parts.saved_watches
        self._watches = make_store(self._identity.team) if make_store else None
        self._cards = CardTools(
            slack=self._slack,
            runs=connected.runs,
            bot_name=self._identity.name,
            watching=Watching(
                runs=connected.runs, interval=parts.watch_every_s, store=self._watches
            ),
        )
        self._card_files = CardFiles(
            backends=parts.backends, slack=self._slack, probe_origin=parts.probe_origin
        )
        self._gateways = self._gateway_checking() if parts.gateways else None
        self._checking = CheckHandler(
            cards=self._cards,
            backends=parts.backends,
            probe_origin=parts.probe_origin,
            card_files=self._card_files,
            last_healthy=parts.last_healthy,
            by_gateway=self._gateways.handle if self._gateways else None,
            is_site=parts.is_site,
        )
        scopes = self._identity.scopes
        self._rehearsing = RehearseHandler(
            cards=self._cards,
            clock=parts.clock,
            probe_origin=parts.probe_origin,
            takes_files=not scopes or _FILES_READ in scopes,
        )
        self._access = parts.access(self._identity, SlackDirectory(client=self._slack.client))

    def build(self) -> SlackApp:
        """The app."""
        consent = self._consent()
        router = InvocationRouter(
            access=self._access,
            consent=consent,
            slack=self._slack,
            runs=self._connected.runs,
            handlers=self.handlers(),
            clock=self._parts.clock,
            acknowledged=self._connected.acks.over,
            first_messages=self._cards.turns,
        )
        answering = self._alert_answering(router)
        buttons = ButtonListeners(
            router=router,
            slack=self._slack,
            rehearsing=self._rehearsing,
            card_files=self._card_files,
            consent=consent,
        )
        listeners = Listeners(
            router=router,
            slack=self._slack,
            rehearsing=self._rehearsing,
            buttons=buttons,
            bot_user=self._identity.user,
            alerts=self._parts.alerts,
            consent=consent,
            alert_answering=answering,
        )
        return SlackApp(
            router=router,
            register=partial(self._register, listeners, router),
            take_command=listeners.take_command,
            watches=self._watches,
            alerts=answering.following if answering else None,
            known_elsewhere=self._parts.known_elsewhere,
        )

    def handlers(self) -> Handlers:
        """The table of handlers by type of request."""
        small = SimpleVerbHandlers(
            slack=self._slack,
            doctor=self._doctor_checks().states,
            privileges=self._access.privileges,
        )
        table: Handlers = {
            **answers(requests.BackendRequest, self._checking.handle),
            **answers(requests.RehearseRequest, self._rehearsing.handle),
            **answers(requests.RemovalRequest, self._rehearsing.without_azure),
            **answers(requests.HelpRequest, small.help),
            **answers(requests.VersionRequest, small.version),
            **answers(requests.WhoamiRequest, small.whoami),
            **answers(requests.DoctorRequest, small.examine),
            **self._gateway_handlers(),
            **self._alert_handlers(),
            **self._subscription_handlers(),
        }
        if self._subscriptions is None:
            return MappingProxyType(dict(table))
        recent = Recent(
            replies=self._subscriptions,
            runs=self._connected.runs,
            all_opened=self._cards.turns.all_opened,
        )
        return MappingProxyType(dict(recent.storing(table)))

    def _gateway_handlers(self) -> Handlers:
        if self._gateways is None or self._parts.gateways is None:
            return {}
        what_if = WhatIfHandler(
            cards=self._cards,
            gateways=self._parts.gateways,
            probe_origin=self._parts.probe_origin,
        )
        return {
            **answers(requests.HealthRequest, self._gateways.handle),
            **answers(requests.ForecastRequest, what_if.forecast),
            **answers(requests.RemovalRequest, what_if.removal),
        }

    def _alert_handlers(self) -> Handlers:
        if self._parts.alert_records is None:
            return {}
        switching = AlertsHandler(
            slack=self._slack,
            records=self._parts.alert_records(self._identity.team),
            apps=self._settings.alert_apps,
            scopes=self._identity.scopes,
            bot_name=self._identity.name,
            clock=self._parts.clock,
        )
        return answers(requests.AlertsRequest, switching.handle)

    def _subscription_handlers(self) -> Handlers:
        if self._subscriptions is None:
            return {}
        subscribing = SubscribeHandlers(replies=self._subscriptions)
        mutes = DigestVerbHandlers(replies=self._subscriptions)
        return {
            **answers(requests.SubscribeRequest, subscribing.subscribe),
            **answers(requests.ListRequest, subscribing.list),
            **answers(requests.UnsubscribeRequest, subscribing.unsubscribe),
            **answers(requests.PreviewRequest, mutes.preview),
            **answers(requests.MuteRequest, mutes.mute),
            **answers(requests.UnmuteRequest, mutes.unmute),
            **answers(requests.HistoryRequest, mutes.history),
        }

    def _register(self, listeners: Listeners, router: InvocationRouter, app: AsyncApp) -> None:
        listeners.register(app)
        if self._subscriptions:
            troubles = self._connected.readiness.troubles
            SubscriptionListeners(replies=self._subscriptions, troubles=troubles).register(
                app, router
            )

    def _gateway_checking(self) -> HealthHandler:
        assert self._parts.gateways is not None
        return HealthHandler(
            cards=self._cards,
            gateways=self._parts.gateways,
            probe_origin=self._parts.probe_origin,
            followed=self._parts.followed,
        )

    def _consent(self) -> ConsentHandler | None:
        if self._parts.shared_channels is None:
            return None
        scopes = self._identity.scopes
        first, further = self._parts.sharing_waits
        return ConsentHandler(
            slack=self._slack,
            channels=self._parts.shared_channels(self._identity.team),
            sharing=ChannelSharing(
                client=self._slack.client,
                granted=not scopes or bool(READ_SCOPES & scopes),
                patience=first,
            ),
            patience=further,
        )

    def _alert_answering(self, router: InvocationRouter) -> AlertAnswerer | None:
        if self._parts.alert_records is None:
            return None
        gateways, identity = self._gateways, self._identity
        records, clock = self._parts.alert_records(identity.team), self._parts.clock
        cards = AlertCards(
            checking=self._checking,
            gateway_work=(
                (lambda admitted: GatewayCheck(tools=gateways, admitted=admitted))
                if gateways
                else None
            ),
            team=identity.team,
            clock=clock,
        )
        following = AlertFollowUp(
            records=records,
            cards=cards,
            router=router,
            slack=self._slack,
            clock=clock,
            every_s=self._parts.alerts_every_s,
        )
        return AlertAnswerer(
            apps=frozenset(self._settings.alert_apps),
            own=frozenset({identity.user, identity.bot_id} - {""}),
            records=records,
            alerts=self._parts.alerts,
            cards=cards,
            following=following,
            router=router,
        )

    def _doctor_checks(self) -> DoctorChecks:
        return DoctorChecks(
            readiness=self._connected.readiness,
            settings=self._settings,
            identity=self._identity,
            client=self._slack.client,
            probe_origin=self._parts.probe_origin,
            more=self._parts.doctor_checks,
        )
