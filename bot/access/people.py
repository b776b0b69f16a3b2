"""Access policy: which users may ask, in which channels, and how often.

The home is the workspace and organisation that Slack's `auth.test` returns for the bot's own token;
a payload cannot change it. The policy is applied to commands, mentions, shortcuts, view
submissions, actions and the App Home.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum, auto
from typing import Protocol

from bot.access.rates import RateLimiter
from bot.domain.refusal import Refusal, RefusalKind
from chainlib.frozen import dataclass

UNREADABLE = "?"
"""Stands for an ID in a payload that is not text, so that it counts and matches nothing."""
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
    """The user of an invocation, as the payload describes them.

    Attributes:
        user: Slack ID of the user; for a bot without a user its bot ID.
        team: ID of the user's own workspace, empty if the payload does not contain it.
        enterprise: ID of the user's own organisation, empty if the payload does not contain it.
        given_ids: every workspace or organisation ID that the payload contains for the user, in any
            field. They can only count against the user.
        bots: IDs by which a setting may name a bot or webhook; empty for people.
    """

    user: str
    team: str = ""
    enterprise: str = ""
    given_ids: tuple[str, ...] = ()
    bots: tuple[str, ...] = ()

    @property
    def affiliations(self) -> frozenset[str]:
        """The IDs of the workspaces and organisations that the payload gives for the user."""
        return frozenset(filter(None, (self.team, self.enterprise)))


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeTeam:
    """The bot's own workspace and organisation.

    Attributes:
        ids: workspaces and organisations whose members are at home.
        enterprise: ID of the organisation on Enterprise Grid, else empty.
    """

    ids: frozenset[str]
    enterprise: str = ""

    @classmethod
    def of(cls, team: str, enterprise: str = "", *, only: str | None = None) -> HomeTeam:
        """Make it from the answer to `auth.test`; `only` (APPGW_HOME_TEAM) limits it to one ID."""
        ids = frozenset(filter(None, (only,) if only else (team, enterprise)))
        return cls(ids=ids, enterprise=enterprise)


class Membership(Enum):
    """Whether a user belongs to the home."""

    OWN = auto()
    FOREIGN = auto()
    UNDECIDED = auto()


def membership(person: Person, home: HomeTeam) -> Membership:
    """Decide from the payload alone.

    A user without IDs is foreign, and so is one whose IDs contradict each other. On Enterprise
    Grid another workspace may belong to our own organisation; then the result is undecided, unless
    the payload names another organisation.
    """
    claimed = person.affiliations
    if not claimed or _contradicts(person, home):
        return Membership.FOREIGN
    if claimed & home.ids:
        return Membership.OWN
    return Membership.UNDECIDED if home.enterprise else Membership.FOREIGN


def _contradicts(person: Person, home: HomeTeam) -> bool:
    """Whether one of the IDs shows that the user does not belong to the home.

    Outside Enterprise Grid a user of our workspace has no other workspace. An organisation ID is
    no contradiction there, because our workspace may have joined an organisation after the bot
    started. On Enterprise Grid users may be in several workspaces of one organisation.
    """
    every = person.affiliations | set(person.given_ids)
    organisations = frozenset(one for one in every if one.startswith(_ORGANISATION))
    if home.enterprise or organisations & home.ids:
        others = organisations - home.ids - {home.enterprise}
    else:
        others = every - organisations - home.ids
    return UNREADABLE in every or bool(others)


class Directory(Protocol):
    """Looks users up in Slack."""

    async def affiliations(self, user: str, team: str) -> frozenset[str] | None:
        """IDs of a user's workspaces and organisations; `None` if Slack cannot be asked."""


class NoDirectory:
    """A directory that knows nobody, for programs without Slack."""

    async def affiliations(self, user: str, team: str) -> None:
        """Return `None`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may ask; an empty list allows everybody at home, which is logged at start.

    Attributes:
        users: Slack IDs of users.
        channels: Slack IDs of channels.
        home_team: APPGW_HOME_TEAM, the one workspace or organisation whose members may ask; `None`
            for the bot's own workspace and organisation.
        asking_bots: IDs of bots and apps whose mentions are answered.
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
        limiter: counts requests per user and channel.
        directory: looked up when a payload does not say whether a user is at home.
    """

    access: Access
    home: HomeTeam
    limiter: RateLimiter
    directory: Directory = field(default_factory=NoDirectory)

    async def refuse(
        self, person: Person, *, channel: str, now: float, costs: bool = True
    ) -> Refusal | None:
        """Refuse an invocation, or return `None` and count it if `costs` is true.

        Args:
            person: the user of the invocation.
            channel: Slack ID of the channel; empty when the payload has none (a global shortcut).
            now: monotonic seconds.
            costs: whether it counts against the limits; opening a modal does not.
        """
        refusal = await self._refuse_person(person) or self._refuse_channel(channel, costs=costs)
        return refusal or (
            self.limiter.refuse(user=person.user, channel=channel, now=now) if costs else None
        )

    async def _refuse_person(self, person: Person) -> Refusal | None:
        if person.bots:
            return None if self.access.asking_bots & set(person.bots) else _NOT_NAMED
        if not person.user.strip():
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
        """Refuse a channel that is not allowed.

        A modal may be opened anywhere; its submission names a channel, which is checked then.
        """
        allowed = self.access.channels
        if not allowed or channel in allowed or not (channel or costs):
            return None
        where = ", ".join(f"<#{one}>" for one in sorted(allowed)[:3])
        return Refusal(
            kind=RefusalKind.CHANNEL,
            sentence=f"This bot does not answer in this channel; use it in {where}.",
        )
