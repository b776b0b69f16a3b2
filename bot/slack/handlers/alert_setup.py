"""What `alerts on` is made of, put together once Slack has said who the bot is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.checks.alerts import AlertReader
from bot.slack.handlers.alert_answers import AlertAnswering
from bot.slack.handlers.alert_cards import AlertCards, WorkFor
from bot.slack.handlers.alert_following import EVERY_S, AlertFollowing
from bot.slack.handlers.alerts import AlertSwitching
from bot.slack.handlers.check import Checking
from bot.slack.inbound.routing import Reception
from bot.slack.outbound.card_life import CardTools
from bot.slack.outbound.client import SlackClient
from bot.slack.transport.app import Identity
from bot.subscriptions import AlertMemory


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSetup:
    """What the composition hands in.

    Attributes:
        memory: which channels want alerts answered and what was answered, for one workspace.
        apps: `APPGW_ALERT_APPS`.
        alerts: reads what a message is about.
        clock: the present instant, aware.
        gateway_work: how a gateway is looked at; `None` where none can be asked.
        every_s: seconds between two looks at what an alert named.
    """

    memory: Callable[[str], AlertMemory]
    apps: Sequence[str]
    alerts: AlertReader
    clock: Callable[[], datetime]
    gateway_work: Callable[[CardTools], WorkFor] | None = None
    every_s: float = EVERY_S

    def switching(self, slack: SlackClient, identity: Identity) -> AlertSwitching:
        """What answers `alerts`."""
        return AlertSwitching(
            slack=slack,
            memory=self.memory(identity.team),
            apps=self.apps,
            scopes=identity.scopes,
            bot_name=identity.name,
            clock=self.clock,
        )

    def answering(
        self, reception: Reception, slack: SlackClient, identity: Identity, checking: Checking
    ) -> AlertAnswering:
        """What answers the alerts themselves."""
        make, memory = self.gateway_work, self.memory(identity.team)
        cards = AlertCards(
            checking=checking,
            gateway_work=make(checking.cards) if make else None,
            team=identity.team,
            clock=self.clock,
        )
        following = AlertFollowing(
            memory=memory,
            cards=cards,
            reception=reception,
            slack=slack,
            clock=self.clock,
            every_s=self.every_s,
        )
        return AlertAnswering(
            apps=frozenset(self.apps),
            own=frozenset({identity.user, identity.bot_id} - {""}),
            memory=memory,
            alerts=self.alerts,
            cards=cards,
            following=following,
            reception=reception,
        )
