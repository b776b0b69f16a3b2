"""`help`, `version`, `whoami`, `doctor`: short answers to the person who asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version

from bot.cards.usage import facts, help_card, verb_help
from bot.commands.help import HELP
from bot.domain.request import DoctorRequest, HelpRequest, VersionRequest, WhoamiRequest
from bot.slack.invocation import AdmittedInvocation, Invocation
from bot.slack.outbound.client import SlackClient

VERSION = version("appgw-check")
Doctor = Callable[[], Awaitable[Mapping[str, str]]]
Privileges = Callable[[Invocation], Awaitable[Mapping[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallVerbs:
    """Answers that need no probe.

    Attributes:
        slack: the way to Slack.
        doctor: what the bot finds about itself, name -> state; later parts add to it.
        privileges: what this person may ask here.
    """

    slack: SlackClient
    doctor: Doctor
    privileges: Privileges

    async def help(self, admitted: AdmittedInvocation[HelpRequest]) -> None:
        """What can be asked; about one verb when one was named."""
        topic = admitted.request.topic
        known = HELP.get(topic) if topic else None
        await self.slack.send_ephemeral(
            admitted.invocation,
            verb_help(topic, known.line, known.options, known.examples)
            if topic and known
            else help_card(),
        )

    async def version(self, admitted: AdmittedInvocation[VersionRequest]) -> None:
        """Which version answers."""
        await self.slack.send_ephemeral(
            admitted.invocation, facts("Version", {"appgw-check": VERSION})
        )

    async def whoami(self, admitted: AdmittedInvocation[WhoamiRequest]) -> None:
        """Who asks, as the bot sees it."""
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
        """Whether the bot itself can answer."""
        await self.slack.send_ephemeral(admitted.invocation, facts("How I am", await self.doctor()))
