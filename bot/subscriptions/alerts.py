"""Stores in which channels alerts are answered, and which problems were answered there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.domain.alerts import AlertAnswer, AlertClaim, AlertSwitch
from bot.domain.delivery import DeliveryError
from bot.store import Store
from bot.store.alerts import (
    alert_switch,
    claim_answer,
    claim_check,
    drop_answer,
    open_answers,
    rename_answer,
    settle_answer,
    switch_alerts_off,
    switch_alerts_on,
    take_alert,
    turn_answer,
)
from bot.store.last_known import note
from chainlib.frozen import dataclass

LOOK_AGAIN = timedelta(seconds=20)
"""The lease by which replicas share the checks; shorter than the pause between two rounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMemory:
    """What is stored about alerts in one workspace. Every method raises `DatabaseUnavailable`.

    Attributes:
        store: the database.
        team: the bot's own workspace, to which its channels belong, whoever asks.
    """

    store: Store
    team: str

    async def switch(self, channel: str) -> AlertSwitch | None:
        """Who switched alert answers on in a channel; `None` where they are off."""
        async with self.store.reading() as connection:
            return await alert_switch(connection, self.team, channel)

    async def switch_on(self, channel: str, by: str, at: datetime) -> AlertSwitch | None:
        """Switch alert answers on; returns the existing switch if they were on already."""
        async with self.store.writing() as connection:
            value = AlertSwitch(team=self.team, channel=channel, by=by, at=at)
            if await switch_alerts_on(connection, value):
                await note(connection, at, (self.team, channel, by), "alerts", "on")
                return None
            return await alert_switch(connection, self.team, channel)

    async def switch_off(self, channel: str, by: str, at: datetime) -> bool:
        """Switch alert answers off; `False` if they were off already."""
        async with self.store.writing() as connection:
            was_on = await switch_alerts_off(connection, self.team, channel)
            if was_on:
                await note(connection, at, (self.team, channel, by), "alerts", "off")
            return was_on

    async def take(self, channel: str, alert: str, at: datetime) -> AlertClaim:
        """Claim an alert's message, once and within the limits of all replicas together."""
        async with self.store.writing() as connection:
            return await take_alert(connection, self.team, channel, alert, at)

    async def claim(self, value: AlertAnswer) -> AlertAnswer | None:
        """Claim the answer to a problem.

        Returns the existing answer with this alert added, or `None` if the caller has to answer.
        """
        async with self.store.writing() as connection:
            return await claim_answer(connection, value, value.begun + LOOK_AGAIN)

    async def settle(self, value: AlertAnswer) -> None:
        """Store the place of an answer's card, and its command."""
        async with self.store.writing() as connection:
            await settle_answer(connection, value)

    async def turn(self, value: AlertAnswer, *, healthy: bool) -> AlertAnswer | None:
        """Change an answer to healthy or back; returns it if this call changed it."""
        async with self.store.writing() as connection:
            return await turn_answer(connection, value.id, healthy=healthy)

    async def rename(
        self, old: AlertAnswer, value: AlertAnswer, now: datetime
    ) -> AlertAnswer | None:
        """Store an answer under another problem, after its problem has changed.

        Returns:
            The answer for that problem: this one, or an existing one to which it was added; `None`
            if it was deleted.
        """
        async with self.store.writing() as connection:
            return await rename_answer(connection, old.id, value, now, now + LOOK_AGAIN)

    async def forget(self, value: AlertAnswer) -> None:
        """Delete an answer that could not be posted."""
        async with self.store.writing() as connection:
            await drop_answer(connection, value.id)

    async def open(self, now: datetime) -> tuple[AlertAnswer, ...]:
        """The answers that are not healthy yet."""
        async with self.store.reading() as connection:
            return await open_answers(connection, self.team, now)

    async def claim_check(self, value: AlertAnswer, now: datetime) -> AlertAnswer | None:
        """Claim the next check of an answer; `None` if another process has claimed it."""
        async with self.store.writing() as connection:
            return await claim_check(connection, value.id, now, now + LOOK_AGAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchedOn:
    """The result of `alerts on`.

    Attributes:
        already: alerts were answered in this channel before; no message was posted.
        unposted: why no message could be posted in the channel; then its alerts are not answered.
    """

    already: bool = False
    unposted: DeliveryError | None = None


async def answer_alerts(
    memory: AlertMemory,
    channel: str,
    by: str,
    at: datetime,
    confirm: Callable[[AlertSwitch], Awaitable[DeliveryError | None]],
) -> SwitchedOn:
    """Switch alert answers on and post a message; undo it if the message cannot be posted."""
    if await memory.switch_on(channel, by, at) is not None:
        return SwitchedOn(already=True)
    switch = AlertSwitch(team=memory.team, channel=channel, by=by, at=at)
    unposted = await confirm(switch)
    if unposted:
        await memory.switch_off(channel, by, at)
    return SwitchedOn(unposted=unposted)
