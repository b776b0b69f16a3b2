"""Handles the consent to cards in a channel that another organisation can read."""

from __future__ import annotations

from dataclasses import dataclass

from bot.cards.consent import consent_given, consent_revoked, consent_wanted
from bot.domain.delivery import DeliveryError
from bot.slack.invocation import Invocation
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.places import Place
from bot.slack.outbound.sharing import ChannelSharing
from bot.subscriptions import SharedChannels


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentAsking:
    """Asks for consent, stores it and withdraws it; its callers have applied the access policy.

    Attributes:
        slack: the Slack client.
        channels: what is stored about shared channels.
        sharing: asks Slack whether a channel is shared.
    """

    slack: SlackClient
    channels: SharedChannels
    sharing: ChannelSharing

    async def is_wanted(self, invocation: Invocation) -> bool:
        """Whether an answer in this channel needs a consent that is missing."""
        channel = invocation.channel
        if not channel:
            return False
        shared = True if invocation.shared else await self.sharing.is_shared(channel)
        return await self.channels.awaits_consent(channel, shared=shared)

    def channel_changed(self, channel: str) -> None:
        """Forget the cached state, because Slack said that the channel's sharing changed."""
        self.sharing.forget(channel)

    async def ask(self, invocation: Invocation, *, shown: bool) -> None:
        """Ask the user; `shown` if they got the card as an ephemeral message."""
        await self.slack.send_ephemeral(invocation, consent_wanted(shown=shown))

    async def give(self, invocation: Invocation) -> None:
        """Store the consent, and tell the channel how to withdraw it."""
        await self.channels.consent(invocation.channel, invocation.user)
        message = consent_given(invocation.user)
        try:
            await self.slack.post(Place(channel=invocation.channel, thread=None), message)
        except DeliveryError:
            await self.slack.send_ephemeral(invocation, message)

    async def revoke(self, invocation: Invocation) -> None:
        """Withdraw the consent."""
        await self.channels.revoke(invocation.channel, invocation.user)
        await self.slack.send_ephemeral(invocation, consent_revoked())
