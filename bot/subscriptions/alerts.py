"""Which channels want alerts answered, and which problem was answered there already."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alerts import AlertAnswer, AlertSwitch, Taken
from bot.domain.delivery import DeliveryError
from bot.store import Store
from bot.store.alerts import (
    alert_switch,
    claim_answer,
    drop_answer,
    open_answers,
    rename_answer,
    settle_answer,
    switch_alerts_off,
    switch_alerts_on,
    take_alert,
    take_look,
    turn_answer,
)
from bot.store.last_known import note

LOOK_AGAIN = timedelta(seconds=20)
"""Shorter than the pause between two rounds; several replicas share the rounds by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMemory:
    """What is kept about alerts in one workspace. Everything raises `DatabaseUnavailable`.

    Attributes:
        store: the database.
        team: the bot's own workspace, to which its channels belong whoever asks.
    """

    store: Store
    team: str

    async def switch(self, channel: str) -> AlertSwitch | None:
        """Who switched alerts on in a channel, `None` where they are off."""
        async with self.store.reading() as connection:
            return await alert_switch(connection, self.team, channel)

    async def switch_on(self, channel: str, by: str, at: datetime) -> AlertSwitch | None:
        """Answer alerts in a channel; the switch as it was where they are answered already."""
        async with self.store.writing() as connection:
            value = AlertSwitch(team=self.team, channel=channel, by=by, at=at)
            if await switch_alerts_on(connection, value):
                await note(connection, at, (self.team, channel, by), "alerts", "on")
                return None
            return await alert_switch(connection, self.team, channel)

    async def switch_off(self, channel: str, by: str, at: datetime) -> bool:
        """Answer no more; `False` where they are off already."""
        async with self.store.writing() as connection:
            was_on = await switch_alerts_off(connection, self.team, channel)
            if was_on:
                await note(connection, at, (self.team, channel, by), "alerts", "off")
            return was_on

    async def take(self, channel: str, alert: str, at: datetime) -> Taken:
        """Take an alert's message once, within the limits that hold for all replicas together."""
        async with self.store.writing() as connection:
            return await take_alert(connection, self.team, channel, alert, at)

    async def claim(self, value: AlertAnswer) -> AlertAnswer | None:
        """The answer that stands already, this alert added; `None` when it is to be given now."""
        async with self.store.writing() as connection:
            return await claim_answer(connection, value, value.begun + LOOK_AGAIN)

    async def settle(self, value: AlertAnswer) -> None:
        """Keep where the card of an answer stands, and its command."""
        async with self.store.writing() as connection:
            await settle_answer(connection, value)

    async def turn(self, value: AlertAnswer, *, green: bool) -> AlertAnswer | None:
        """Turn an answer green or back; the kept one where this call is the one that did it."""
        async with self.store.writing() as connection:
            return await turn_answer(connection, value.id, green=green)

    async def rename(
        self, old: AlertAnswer, value: AlertAnswer, now: datetime
    ) -> AlertAnswer | None:
        """Keep an answer whose problem is another one now.

        Returns:
            What stands for that problem now: this answer, or another one that it has joined;
            `None` where it was forgotten.
        """
        async with self.store.writing() as connection:
            return await rename_answer(connection, old.id, value, now, now + LOOK_AGAIN)

    async def forget(self, value: AlertAnswer) -> None:
        """Forget an answer that could not be given."""
        async with self.store.writing() as connection:
            await drop_answer(connection, value.id)

    async def open(self, now: datetime) -> tuple[AlertAnswer, ...]:
        """The answers that are to be looked at until they are green."""
        async with self.store.reading() as connection:
            return await open_answers(connection, self.team, now)

    async def take_look(self, value: AlertAnswer, now: datetime) -> AlertAnswer | None:
        """The answer as it is kept now, where this process is the one to look at it; or `None`."""
        async with self.store.writing() as connection:
            return await take_look(connection, value.id, now, now + LOOK_AGAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchedOn:
    """What became of `alerts on`.

    Attributes:
        already: alerts were answered in this channel before; nobody was told anew.
        unposted: why the channel could not be told; its alerts are not answered then.
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
    """Answer alerts in a channel, tell it, and take it back where it cannot be told."""
    if await memory.switch_on(channel, by, at) is not None:
        return SwitchedOn(already=True)
    switch = AlertSwitch(team=memory.team, channel=channel, by=by, at=at)
    unposted = await confirm(switch)
    if unposted:
        await memory.switch_off(channel, by, at)
    return SwitchedOn(unposted=unposted)
