"""The help as data: one line and three examples for each verb.

The cards and the documentation format it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.domain.request import Verb
from chainlib.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbHelp:
    """The help for one verb.

    Attributes:
        line: what it does, one short line.
        examples: three commands to copy, without the slash command.
        options: its options as typed, one line; empty if it has none.
    """

    line: str
    examples: tuple[str, str, str]
    options: str = ""


_PROBE = (
    "sni= host= path= port= root= pool= setting= gw= via=probe|gateway|both watch[=15m] private"
)
_PLACE = "pool= setting="

HELP: Mapping[Verb, VerbHelp] = MappingProxyType(
    {
        Verb.CHECK: VerbHelp(
            line=(
                "probe one backend as the gateway would, judge its chain, explain the fix; a bare "
                "host means this"
            ),
            examples=(
                "backend.contoso.com",
                "backend.contoso.com:8443 sni=api.contoso.com",
                "check last",
            ),
            options=_PROBE,
        ),
        Verb.HEALTH: VerbHelp(
            line=(
                "backend health and a probe of each member; alone, one line per gateway this "
                "channel follows"
            ),
            examples=("gw:prod-gw", "gw:rg-prod/prod-gw/shop/https-be", "health"),
            options=_PROBE,
        ),
        Verb.FORECAST: VerbHelp(
            line="on which day what breaks on a gateway, folded by cause",
            examples=("forecast gw:prod-gw", "forecast gw:prod-gw days=30", "help forecast"),
            options="days=90 pool= setting= gw=",
        ),
        Verb.REHEARSE: VerbHelp(
            line=(
                "check a chain before it is installed (a form), or what breaks when a "
                "root is removed"
            ),
            examples=("rehearse", "rehearse gw:prod-gw without=corp-root-2019", "help rehearse"),
            options="with a gateway: without= (the root's name on it) pool= setting= gw=",
        ),
        Verb.SUBSCRIBE: VerbHelp(
            line="a health digest for this channel, silent when nothing changed; alone, a form",
            examples=(
                "subscribe gw:prod-gw",
                "subscribe gw:prod-gw daily 08:30 tz=Europe/Berlin",
                "subscribe backend.contoso.com weekly mon min=warn",
            ),
            options="every=daily|weekdays|weekly|hourly|15m day=mon at=08:30 tz=Europe/Berlin "
            "min=info|warn|crit "
            "only=changes not=pool:test* heartbeat=on",
        ),
        Verb.LIST: VerbHelp(
            line="what this channel follows, numbered",
            examples=("list", "subscribe gw:prod-gw", "unsubscribe 2"),
        ),
        Verb.UNSUBSCRIBE: VerbHelp(
            line="stop a digest by its number, by its target, or all of them",
            examples=("unsubscribe 2", "unsubscribe gw:prod-gw", "unsubscribe all"),
            options=f"number= all {_PLACE}",
        ),
        Verb.PREVIEW: VerbHelp(
            line="today's digest, shown only to you",
            examples=("preview", "preview gw:prod-gw", "subscribe gw:prod-gw"),
            options=_PLACE,
        ),
        Verb.MUTE: VerbHelp(
            line="mute a target until the given time",
            examples=(
                "mute gw:prod-gw 2h certificate swap",
                "mute backend.contoso.com for=1d",
                "mute gw:prod-gw pool=shop 30m deploy",
            ),
            options=f"for=2h reason= sat 22:00-23:30 {_PLACE}",
        ),
        Verb.UNMUTE: VerbHelp(
            line="end a mute early",
            examples=(
                "unmute gw:prod-gw",
                "unmute backend.contoso.com",
                "unmute gw:prod-gw pool=shop",
            ),
            options=_PLACE,
        ),
        Verb.HISTORY: VerbHelp(
            line="the last changes of a backend's chain and state",
            examples=("history backend.contoso.com", "history gw:prod-gw", "history last"),
            options=_PLACE,
        ),
        Verb.ALERTS: VerbHelp(
            line=(
                "answer alerts in this channel automatically: on, off, or alone for the state; an "
                "alert is answered in its thread when it names a known gateway, member or site"
            ),
            examples=("alerts on", "alerts off", "alerts"),
            options="on | off",
        ),
        Verb.DOCTOR: VerbHelp(
            line="check whether the bot itself works", examples=("doctor", "whoami", "version")
        ),
        Verb.WHOAMI: VerbHelp(
            line="who you are to the bot, and what you may ask",
            examples=("whoami", "doctor", "help"),
        ),
        Verb.HELP: VerbHelp(
            line="this text; help VERB explains one verb",
            examples=("help", "help subscribe", "backend.contoso.com"),
        ),
        Verb.VERSION: VerbHelp(line="the bot's version", examples=("version", "doctor", "help")),
    }
)
GENERAL = ("backend.contoso.com", "gw:prod-gw", "subscribe gw:prod-gw daily 08:30")
"""Three examples for a line that gives no hint of what was meant."""


def examples(verb: Verb | None) -> tuple[str, str, str]:
    """Three commands to copy that fit what was probably meant."""
    return HELP[verb].examples if verb else GENERAL
