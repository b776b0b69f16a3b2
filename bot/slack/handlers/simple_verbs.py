"""Handles `help`, `version`, `whoami` and `doctor`: ephemeral answers without a probe."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version

from bot.cards.usage import facts, help_card, verb_help
from bot.commands.help import HELP
from bot.domain.request import DoctorRequest, HelpRequest, VersionRequest, WhoamiRequest
from bot.slack.invocation import AdmittedInvocation, Invocation
from bot.slack.outbound.client import SlackClient
from chainlib.frozen import dataclass

VERSION = version("appgw-check")
Doctor = Callable[[], Awaitable[Mapping[str, str]]]
Privileges = Callable[[Invocation], Awaitable[Mapping[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleVerbHandlers:
    """Handles these verbs.

    Attributes:
        slack: the Slack client.
        doctor: makes the checks of `doctor`, name -> state.
        privileges: what this user may do here.
    """

    slack: SlackClient
    doctor: Doctor
    privileges: Privileges

    async def help(self, admitted: AdmittedInvocation[HelpRequest]) -> None:
        """Show the help; about one verb if one was given."""
        topic = admitted.request.topic
        known = HELP.get(topic) if topic else None
        await self.slack.send_ephemeral(
            admitted.invocation,
            verb_help(topic, known.line, known.options, known.examples)
            if topic and known
            else help_card(),
        )

    async def version(self, admitted: AdmittedInvocation[VersionRequest]) -> None:
        """Show the version."""
        await self.slack.send_ephemeral(
            admitted.invocation, facts("Version", {"appgw-check": VERSION})
        )

    async def whoami(self, admitted: AdmittedInvocation[WhoamiRequest]) -> None:
        """Show who the user is, as the bot sees it."""
        invocation = admitted.invocation
        seen = {
            "user": invocation.user,
            "workspace": invocation.team,
            "channel": invocation.channel or "none",
        }
        await self.slack.send_ephemeral(
            invocation, facts("What you may do", {**seen, **await self.privileges(invocation)})
        )

    async def examine(self, admitted: AdmittedInvocation[DoctorRequest]) -> None:
        """Show the checks of `doctor`."""
        await self.slack.send_ephemeral(
            admitted.invocation, facts("State of the bot", await self.doctor())
        )
