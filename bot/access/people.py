"""Access policy: which people may ask, in which channels, and how often.

Home is the workspace and organisation that Slack's `auth.test` names for the bot's own token, never
what a payload says. Checked for commands, mentions, shortcuts, view submissions, actions and the
App Home.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from bot.access.rates import RateLimiter
from bot.domain.refusal import Refusal, RefusalKind

_ORGANISATION = "E"
_NOT_OURS = Refusal(
    kind=RefusalKind.TEAM,
    sentence=(
        "Only people of this bot's own workspace may use it; ask a colleague there to run the "
        "check."
    ),
)
_CANNOT_ASK = Refusal(
    kind=RefusalKind.TEAM,
    sentence=(
        "Slack does not say whether your workspace belongs to this bot's organisation, and the bot "
        "may not look it up; an operator can grant the optional scope users:read and reinstall the "
        "app."
    ),
)
_NOT_NAMED = Refusal(
    kind=RefusalKind.BOT,
    sentence=(
        "Bots and webhooks are not answered; to allow one, an operator adds its id to "
        "APPGW_ASKING_BOTS."
    ),
)
_NOT_LISTED = Refusal(
    kind=RefusalKind.USER,
    sentence=(
        "You are not on the list of people who may use this bot; an operator can add you to "
        "APPGW_ALLOWED_USERS."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The person of an invocation, as far as the payload says.

    Attributes:
        user: Slack id of the person; of a bot without a user its bot id.
        team: id of the person's own workspace, empty where the payload names none.
        enterprise: id of the person's own organisation, empty where the payload names none.
        bots: ids under which a bot or webhook could be named; empty for people.
    """

    user: str
    team: str = ""
    enterprise: str = ""
    bots: tuple[str, ...] = ()

    @property
    def affiliations(self) -> frozenset[str]:
        """The ids of workspaces and organisations that the person is said to belong to."""
        return frozenset(filter(None, (self.team, self.enterprise)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The bot's own workspace and organisation.

    Attributes:
        ids: whoever belongs to one of these is at home.
        enterprise: id of the organisation on Enterprise Grid, else empty.
    """

    ids: frozenset[str]
    enterprise: str = ""

    @classmethod
    def of(cls, team: str, enterprise: str = "", *, only: str | None = None) -> Home:
        """From `auth.test`; `only` (APPGW_HOME_TEAM) holds it to one id."""
        ids = frozenset(filter(None, (only,) if only else (team, enterprise)))
        return cls(ids=ids, enterprise=enterprise)


class Membership(Enum):
    """Whether a person is at home."""

    OWN = auto()
    FOREIGN = auto()
    UNDECIDED = auto()


def membership(person: Person, home: Home) -> Membership:
    """What the payload alone tells.

    What is absent is foreign. On Enterprise Grid another workspace may be one of our own
    organisation; then it is undecided, unless the payload names another organisation.
    """
    claimed = person.affiliations
    if claimed & home.ids:
        return Membership.OWN
    organisations = {one for one in claimed if one.startswith(_ORGANISATION)}
    if not claimed or not home.enterprise or organisations - {home.enterprise}:
        return Membership.FOREIGN
    return Membership.UNDECIDED


class Directory(Protocol):
    """Slack, asked about a person."""

    async def affiliations(self, user: str, team: str) -> frozenset[str] | None:
        """Ids of the workspaces and organisations of a person; `None` where it cannot be asked."""


class NoDirectory:
    """Nobody can be asked."""

    async def affiliations(self, user: str, team: str) -> None:
        """Nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may ask; an empty list lets everybody at home in, which is said at start.

    Attributes:
        users: Slack ids of people.
        channels: Slack ids of channels.
        home_team: APPGW_HOME_TEAM, the one workspace or organisation whose people may ask; `None`
            for the bot's own workspace and organisation.
        asking_bots: ids of bots and apps whose mentions are answered.
    """

    users: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    home_team: str | None = None
    asking_bots: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPolicy:
    """Who may ask, for one installation of the bot.

    Attributes:
        access: the lists of the settings.
        home: the bot's own workspace and organisation.
        limiter: how often.
        directory: asked where a payload does not tell whether a person is ours.
    """

    access: Access
    home: Home
    limiter: RateLimiter
    directory: Directory = field(default_factory=NoDirectory)

    async def refuse(
        self, person: Person, *, channel: str, now: float, costs: bool = True
    ) -> Refusal | None:
        """Refuse a person in a place, or return `None` and, where it costs, count the request.

        Args:
            person: who asks.
            channel: Slack id of the channel; empty where Slack names none (a global shortcut).
            now: seconds of a clock that never goes back.
            costs: whether the request counts against the limits; opening a form does not.
        """
        refusal = await self._refuse_person(person) or self._refuse_channel(channel, costs=costs)
        return refusal or (
            self.limiter.refuse(user=person.user, channel=channel, now=now) if costs else None
        )

    async def _refuse_person(self, person: Person) -> Refusal | None:
        if person.bots:
            return None if self.access.asking_bots & set(person.bots) else _NOT_NAMED
        if not person.user:
            return _NOT_OURS
        if refusal := await self._refuse_membership(person):
            return refusal
        return _NOT_LISTED if self.access.users and person.user not in self.access.users else None

    async def _refuse_membership(self, person: Person) -> Refusal | None:
        decided = membership(person, self.home)
        if decided is not Membership.UNDECIDED:
            return None if decided is Membership.OWN else _NOT_OURS
        found = await self.directory.affiliations(person.user, person.team)
        if found is None:
            return _CANNOT_ASK
        return None if found & self.home.ids else _NOT_OURS

    def _refuse_channel(self, channel: str, *, costs: bool) -> Refusal | None:
        """A form may be opened anywhere; what it asks belongs to a channel of the list."""
        allowed = self.access.channels
        if not allowed or channel in allowed or not (channel or costs):
            return None
        where = ", ".join(f"<#{one}>" for one in sorted(allowed)[:3])
        return Refusal(
            kind=RefusalKind.CHANNEL,
            sentence=f"This bot does not answer in this channel; use it in {where}.",
        )
