"""Who may ask: users, channels and the home workspace, and how often.

Checked for commands, mentions, shortcuts, forms and every click.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.access.rates import RateLimiter
from bot.access.refusal import Refusal, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may ask; an empty list lets everybody in, which is said loudly at start.

    Attributes:
        users: Slack ids of people.
        channels: Slack ids of channels.
        home_team: id of the workspace or organisation whose people may ask; `None` for the
            workspace to which Slack delivers.
    """

    users: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    home_team: str | None = None


def admit_person(
    access: Access, *, user: str, channel: str, team: str, enterprise: str = "", home: str = ""
) -> Refusal | None:
    """Refuse a person in a place, or return `None`.

    Args:
        access: who may ask.
        user: Slack id of the person.
        channel: where it was asked; empty where Slack names none (a global shortcut), and then only
            people are checked.
        team: the person's own workspace, not the one that the channel belongs to.
        enterprise: the person's own Enterprise Grid organisation, empty where there is none.
        home: the workspace for which Slack delivered the request; people of another one are guests
            of a shared channel.
    """
    if (access.home_team or home or team) not in {team, enterprise}:
        return Refusal(
            rule=Rule.TEAM,
            sentence=(
                "Only people of this bot's own workspace may ask it; ask a colleague there to do "
                "it."
            ),
        )
    if access.users and user not in access.users:
        return Refusal(
            rule=Rule.USER,
            sentence=(
                "You are not among the people who may ask this bot; an operator adds you to "
                "APPGW_ALLOWED_USERS."
            ),
        )
    if access.channels and channel and channel not in access.channels:
        where = ", ".join(f"<#{one}>" for one in sorted(access.channels)[:3])
        return Refusal(
            rule=Rule.CHANNEL, sentence=f"This bot does not answer in this channel; ask in {where}."
        )
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonGuard:
    """Access and limits behind one question; what the Slack edge holds."""

    access: Access
    limiter: RateLimiter

    def refuse(
        self,
        *,
        user: str,
        channel: str,
        team: str,
        now: float,
        enterprise: str = "",
        home: str = "",
        costs: bool = True,
    ) -> Refusal | None:
        """Refuse a person, or return `None` and, where it costs, count the request.

        Args:
            user: Slack id of the person.
            channel: Slack id of the channel, empty where Slack names none.
            team: the person's own workspace.
            now: seconds of a clock that never goes back.
            enterprise: the person's own organisation, empty where there is none.
            home: the workspace for which Slack delivered the request.
            costs: whether the request counts against the limits; opening a form does not.
        """
        refusal = admit_person(
            self.access, user=user, channel=channel, team=team, enterprise=enterprise, home=home
        )
        return refusal or (
            self.limiter.refuse(user=user, channel=channel, now=now) if costs else None
        )
