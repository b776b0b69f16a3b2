"""Handles the consent to cards in a channel that another organisation can read."""

from __future__ import annotations

from bot.cards.consent import consent_given, consent_revoked, consent_wanted, sharing_awaited
from bot.domain.delivery import DeliveryError
from bot.domain.sharing import Sharing
from bot.slack.invocation import Invocation
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.places import Place
from bot.slack.outbound.sharing import SHARING_WAITS_S, ChannelSharing
from bot.subscriptions import SharedChannels
from chainlib.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentHandler:
    """Asks for consent, stores it and withdraws it; its callers have applied the access policy.

    Attributes:
        slack: the Slack client.
        channels: what is stored about shared channels.
        sharing: asks Slack whether a channel is shared.
        patience: seconds that an answer waits for Slack at most, after the first look.
    """

    slack: SlackClient
    channels: SharedChannels
    sharing: ChannelSharing
    patience: float = SHARING_WAITS_S[1]

    async def is_wanted(self, invocation: Invocation) -> Sharing | None:
        """Why an answer in this channel needs a consent that is missing; else `None`."""
        if not invocation.channel:
            return None
        sharing = await self._sharing(invocation)
        awaits = await self.channels.awaits_consent(invocation.channel, sharing=sharing)
        if awaits and sharing is Sharing.UNANSWERED:
            sharing = await self._wait_for_slack(invocation)
            awaits = await self.channels.awaits_consent(invocation.channel, sharing=sharing)
        return sharing if awaits else None

    async def _wait_for_slack(self, invocation: Invocation) -> Sharing:
        """Wait for Slack some seconds more, and tell the person who asked, alone."""
        await self.slack.send_ephemeral(invocation, sharing_awaited())
        return await self.sharing.of(invocation.channel, patience=self.patience)

    async def _sharing(self, invocation: Invocation) -> Sharing:
        """What the payload says, else Slack; a channel may be about to be shared."""
        if invocation.shared:
            return Sharing.SHARED
        sharing = await self.sharing.of(invocation.channel)
        unshared = invocation.shared is False and sharing is Sharing.UNANSWERED
        return Sharing.OWN if unshared else sharing

    def channel_changed(self, channel: str) -> None:
        """Forget the cached state, because Slack said that the channel's sharing changed."""
        self.sharing.forget(channel)

    async def ask(self, invocation: Invocation, sharing: Sharing, *, shown: bool) -> None:
        """Ask the user; `shown` if they got the card as an ephemeral message."""
        await self.slack.send_ephemeral(invocation, consent_wanted(sharing, shown=shown))

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
