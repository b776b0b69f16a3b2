"""`help`, `version`, `whoami`, `doctor`: short answers to the person who asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version

from bot.cards.usage import facts, help_card, verb_help
from bot.commands import HELP, Verb
from bot.slack.inbound.routing import Handler
from bot.slack.invocation import Ask, Asked
from bot.slack.outbound.client import Delivery

VERSION = version("appgw-check")
Doctor = Callable[[], Awaitable[Mapping[str, str]]]
Privileges = Callable[[Ask], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallVerbs:
    """Answers that need no probe.

    Attributes:
        delivery: the way to Slack.
        doctor: what the bot finds about itself, name -> state; later parts add to it.
        privileges: what this person may ask here.
    """

    delivery: Delivery
    doctor: Doctor
    privileges: Privileges

    def handlers(self) -> dict[Verb, Handler]:
        """The verbs answered here."""
        return {
            Verb.HELP: self.help,
            Verb.VERSION: self.version,
            Verb.WHOAMI: self.whoami,
            Verb.DOCTOR: self.examine,
        }

    async def help(self, asked: Asked) -> None:
        """What can be asked; about one verb when one was named."""
        about = str(asked.request.options.get("topic") or "")
        known = HELP.get(Verb(about)) if about in set(Verb) else None
        await self.delivery.whisper(
            asked.ask,
            verb_help(about, known.line, known.options, known.examples) if known else help_card(),
        )

    async def version(self, asked: Asked) -> None:
        """Which version answers."""
        await self.delivery.whisper(asked.ask, facts("Version", {"appgw-check": VERSION}))

    async def whoami(self, asked: Asked) -> None:
        """Who asks, as the bot sees it."""
        ask = asked.ask
        seen = {"user": ask.user, "workspace": ask.team, "channel": ask.channel or "none"}
        await self.delivery.whisper(
            ask, facts("Who you are to me", {**seen, **self.privileges(ask)})
        )

    async def examine(self, asked: Asked) -> None:
        """Whether the bot itself can answer."""
        await self.delivery.whisper(asked.ask, facts("How I am", await self.doctor()))
