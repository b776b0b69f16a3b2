"""The checks of `doctor` about Azure, targets, history and the clock, for chat and terminal.

They are quick: the state of Azure comes from the cache, or from a request with a time limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Protocol

from bot.domain.azure import Inventory
from bot.domain.delivery import WithoutHistory
from bot.domain.refusal import Refusal
from bot.settings import Settings
from chainlib import counted, listed
from chainlib.frozen import dataclass

ARM_PATIENCE_S = 3.0
HISTORY_SCOPE = "channels:history"
_NAMED = 5
_MINUTE = 60
_CLOCK_S = 60
"""Tolerated clock difference in seconds; Slack's signatures expire after five minutes."""


class CheckState(StrEnum):
    """The result of a check: ok, warn or fail."""

    OK = "ok"
    WARNING = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorCheck:
    """One check: its name, its state, and one sentence."""

    what: str
    state: CheckState
    sentence: str

    @property
    def text(self) -> str:
        """The sentence, with the state before it unless it is ok."""
        return (
            self.sentence if self.state is CheckState.OK else f"{self.state.value}: {self.sentence}"
        )


class Lister(Protocol):
    """The part of the ARM client that `doctor` needs."""

    async def inventory(self) -> Inventory | Refusal:
        """Every gateway that can be read."""


async def azure(
    arm: Lister | None, *, now: datetime, patience: float = ARM_PATIENCE_S
) -> DoctorCheck:
    """Whether Azure is configured, how many gateways can be read and how old the list is.

    If it fails, the reason and what to do.

    Args:
        arm: the ARM client; `None` if no Azure setting is set.
        now: the present instant, time zone aware.
        patience: seconds to wait if nothing is cached; the request continues in the background.
    """
    if arm is None:
        return DoctorCheck(
            what="Azure",
            state=CheckState.OK,
            sentence="not set up, so gw: targets are refused; for example APPGW_SUBSCRIPTIONS=...",
        )
    reading = asyncio.ensure_future(arm.inventory())
    done, _ = await asyncio.wait({reading}, timeout=patience)
    if not done:
        reading.cancel()
        sentence = (
            f"set up, but the list of gateways was not read within {counted(patience, 'second')}; "
            "check again in half a minute."
        )
        return DoctorCheck(what="Azure", state=CheckState.WARNING, sentence=sentence)
    answer = reading.result()
    if isinstance(answer, Refusal):
        return DoctorCheck(what="Azure", state=CheckState.FAIL, sentence=_with_remedy(answer))
    return _visible(answer, now)


def _visible(inventory: Inventory, now: datetime) -> DoctorCheck:
    names = sorted(gateway.id.name for gateway in inventory.gateways)
    named = f" ({listed(names, shown=_NAMED)})" if names else ""
    sentence = (
        f"{counted(len(names), 'gateway')} can be read{named}, list "
        f"{_age((now - inventory.read_at).total_seconds())}."
    )
    if inventory.refusals:
        return DoctorCheck(
            what="Azure",
            state=CheckState.WARNING,
            sentence=f"{sentence} Not all: {_with_remedy(inventory.refusals[0])}",
        )
    return DoctorCheck(
        what="Azure", state=CheckState.OK if names else CheckState.WARNING, sentence=sentence
    )


def _age(seconds: float) -> str:
    return (
        f"{counted(int(seconds // _MINUTE), 'minute')} old"
        if seconds >= _MINUTE
        else f"{counted(max(int(seconds), 0), 'second')} old"
    )


def _with_remedy(refusal: Refusal) -> str:
    """What happened and what to do, without the role's JSON, which `appgw health` prints."""
    remedy = refusal.remedy
    if remedy and remedy[0].startswith("Save as"):
        return f"{refusal.sentence} Give it the role of deploy/role.json: {remedy[-1]}"
    return " ".join((refusal.sentence, *remedy[:2]))


def database(kind: str, trouble: str | None) -> DoctorCheck:
    """Which database the running bot uses, and what is wrong with it."""
    if trouble is None:
        return DoctorCheck(what="database", state=CheckState.OK, sentence=kind)
    sentence = f"{trouble}; check APPGW_DATABASE_URL and APPGW_DATA_DIR, and the disk."
    return DoctorCheck(what="database", state=CheckState.FAIL, sentence=sentence)


def targets(settings: Settings) -> DoctorCheck:
    """What may be probed for users in Slack."""
    allowed = ", ".join(settings.allowed_targets)
    may = [
        "what stands in the gateways' pools" if settings.asks_azure else "",
        f"on the allow-list {allowed}" if allowed else "",
        "this machine itself (APPGW_ALLOW_LOOPBACK)" if settings.allow_loopback else "",
    ]
    if settings.may_probe:
        return DoctorCheck(
            what="targets",
            state=CheckState.OK,
            sentence=f"may be probed: {'; '.join(filter(None, may))}.",
        )
    return DoctorCheck(what="targets", state=CheckState.FAIL, sentence=settings.idle)


def history(scopes: Collection[str], without: WithoutHistory) -> DoctorCheck:
    """Whether the bot may look in the channel for a digest of unknown outcome."""
    if HISTORY_SCOPE in scopes:
        return DoctorCheck(
            what="history",
            state=CheckState.OK,
            sentence=f"{HISTORY_SCOPE} is granted, so no digest is lost or sent twice.",
        )
    sentence = (
        f"{HISTORY_SCOPE} is not granted: a digest whose answer is lost is sent {without.value}; "
        "add the scope and install again."
    )
    return DoctorCheck(what="history", state=CheckState.WARNING, sentence=sentence)


def clock(ours: datetime, theirs: str | None) -> DoctorCheck:
    """Compare our clock with Slack's, taken from the `Date` header of its answer."""
    try:
        off = (ours - parsedate_to_datetime(theirs or "")).total_seconds()
    except (TypeError, ValueError):
        return DoctorCheck(
            what="clock",
            state=CheckState.WARNING,
            sentence=f"{ours:%Y-%m-%d %H:%M:%S} UTC; Slack named no time to compare it with.",
        )
    beside = (
        f"{ours:%Y-%m-%d %H:%M:%S} UTC, {counted(abs(round(off)), 'second')} "
        f"{'ahead of' if off > 0 else 'behind'} Slack's"
    )
    if abs(off) > _CLOCK_S:
        return DoctorCheck(
            what="clock",
            state=CheckState.FAIL,
            sentence=f"{beside}; set it by NTP, Slack refuses what is five minutes off.",
        )
    return DoctorCheck(what="clock", state=CheckState.OK, sentence=f"{beside}.")
