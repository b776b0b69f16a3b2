"""Stores in which channels alerts are answered, and which problems were answered there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.domain.alerts import AlertAnswer, AlertClaim, AlertSwitch
from bot.domain.delivery import DeliveryError
from bot.store import Store
from bot.store.alerts import (
    alert_switch,
    claim_alert,
    claim_answer,
    claim_check,
    drop_answer,
    open_answers,
    rename_answer,
    save_answer_card,
    set_answer_health,
    switch_alerts_off,
    switch_alerts_on,
)
from bot.store.last_known import add_audit_entry
from chainlib.frozen import dataclass

CHECK_LEASE = timedelta(seconds=20)
"""The lease by which replicas share the checks; shorter than the pause between two rounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecords:
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
                await add_audit_entry(connection, at, (self.team, channel, by), "alerts", "on")
                return None
            return await alert_switch(connection, self.team, channel)

    async def switch_off(self, channel: str, by: str, at: datetime) -> bool:
        """Switch alert answers off; `False` if they were off already."""
        async with self.store.writing() as connection:
            was_on = await switch_alerts_off(connection, self.team, channel)
            if was_on:
                await add_audit_entry(connection, at, (self.team, channel, by), "alerts", "off")
            return was_on

    async def claim_alert(self, channel: str, alert: str, at: datetime) -> AlertClaim:
        """Claim an alert's message, once and within the limits of all replicas together."""
        async with self.store.writing() as connection:
            return await claim_alert(connection, self.team, channel, alert, at)

    async def claim(self, value: AlertAnswer) -> AlertAnswer | None:
        """Claim the answer to a problem.

        Returns the existing answer with this alert added, or `None` if the caller has to answer.
        """
        async with self.store.writing() as connection:
            return await claim_answer(connection, value, value.begun + CHECK_LEASE)

    async def save_card(self, value: AlertAnswer) -> None:
        """Store the place of an answer's card, and its command."""
        async with self.store.writing() as connection:
            await save_answer_card(connection, value)

    async def set_healthy(self, value: AlertAnswer, *, healthy: bool) -> AlertAnswer | None:
        """Change an answer to healthy or back; returns it if this call changed it."""
        async with self.store.writing() as connection:
            return await set_answer_health(connection, value.id, healthy=healthy)

    async def rename(
        self, old: AlertAnswer, value: AlertAnswer, now: datetime
    ) -> AlertAnswer | None:
        """Store an answer under another problem, after its problem has changed.

        Returns:
            The answer for that problem: this one, or an existing one to which it was added; `None`
            if it was deleted.
        """
        async with self.store.writing() as connection:
            return await rename_answer(connection, old.id, value, now, now + CHECK_LEASE)

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
            return await claim_check(connection, value.id, now, now + CHECK_LEASE)


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
    records: AlertRecords,
    channel: str,
    by: str,
    at: datetime,
    confirm: Callable[[AlertSwitch], Awaitable[DeliveryError | None]],
) -> SwitchedOn:
    """Switch alert answers on and post a message; undo it if the message cannot be posted."""
    if await records.switch_on(channel, by, at) is not None:
        return SwitchedOn(already=True)
    switch = AlertSwitch(team=records.team, channel=channel, by=by, at=at)
    unposted = await confirm(switch)
    if unposted:
        await records.switch_off(channel, by, at)
    return SwitchedOn(unposted=unposted)
