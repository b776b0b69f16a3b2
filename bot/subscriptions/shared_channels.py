"""Decides whether cards may be shown in channels that another organisation can read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.outage import DatabaseUnavailable
from bot.domain.sharing import Sharing
from bot.store import Store
from bot.store.last_known import add_audit_entry
from bot.store.shared_channels import note_shared, set_consent, shared_channel, shared_channels


@dataclass(slots=True, kw_only=True)
class SharedChannels:
    """The shared channels of one workspace and the consents given in them.

    With SQLite only one process uses the database, so what was read once is cached and no command
    waits for it.

    Attributes:
        store: the database.
        team: the bot's own workspace.
        clock: returns the present instant, time zone aware.
    """

    store: Store
    team: str
    clock: Callable[[], datetime]
    _known: dict[str, str | None] = field(default_factory=dict)
    _all_read: bool = False

    async def awaits_consent(self, channel: str, *, sharing: Sharing) -> bool:
        """Whether a channel is shared and nobody consented to cards there.

        While the database does not answer, the last known state is used; a channel that Slack calls
        shared and that is unknown needs consent.

        Args:
            channel: Slack ID.
            sharing: what Slack says of it now. Where it does not say, what it said before counts;
                where it did not answer and never said it, the channel counts as shared.
        """
        if sharing is Sharing.OWN:
            return False
        known = await self._remembered(channel)
        if known is None and sharing is Sharing.UNANSWERED:
            return True
        if known is None and sharing is Sharing.SHARED:
            known = ""
            with suppress(DatabaseUnavailable):
                async with self.store.writing() as connection:
                    await note_shared(connection, self.team, channel, self.clock())
        self._known[channel] = known
        return known == ""

    async def _remembered(self, channel: str) -> str | None:
        if self._all_read:
            return self._known.get(channel)
        try:
            async with self.store.reading() as connection:
                if not self.store.embedded:
                    return await shared_channel(connection, self.team, channel)
                self._known |= await shared_channels(connection, self.team)
                self._all_read = True
        except DatabaseUnavailable:
            pass
        return self._known.get(channel)

    async def consent(self, channel: str, user: str) -> None:
        """Allow cards in a shared channel; raises `DatabaseUnavailable`."""
        await self._set(channel, user, by=user)

    async def revoke(self, channel: str, user: str) -> None:
        """Make answers in a shared channel ephemeral again; raises `DatabaseUnavailable`."""
        await self._set(channel, None, by=user)

    async def _set(self, channel: str, user: str | None, *, by: str) -> None:
        now = self.clock()
        async with self.store.writing() as connection:
            await set_consent(connection, self.team, channel, user, now)
            who = (self.team, channel, by)
            await add_audit_entry(connection, now, who, "consent", "given" if user else "revoked")
        self._known[channel] = user or ""
