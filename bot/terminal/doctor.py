"""`appgw doctor`: can the bot answer with the settings it has? Asks Slack who the token is and ARM what it sees; changes nothing."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from bot.blocks.hostile import clean
from bot.gateway.configured import configured_client
from bot.model.azure import ArmRefusal
from bot.settings import Settings, SettingsError, load_settings

WELL, ILL, UNUSABLE = 0, 1, 2
_PATIENCE = aiohttp.ClientTimeout(total=10)
_LINE = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was looked at, whether it is well, and one sentence."""

    what: str
    well: bool
    sentence: str


def run_doctor() -> int:
    """Look, print a line for each finding, and return 0 when all is well, 1 when not, 2 when the settings cannot be used."""
    try:
        settings = load_settings(os.environ, Path("appgw.yaml"))
    except SettingsError as error:
        for problem in error.problems:
            sys.stderr.write(f"appgw: {problem}\n")
        return UNUSABLE
    findings = asyncio.run(_examine(settings))
    for finding in findings:
        sys.stdout.write(f"{'ok  ' if finding.well else 'FAIL'} {finding.what}: {clean(finding.sentence, _LINE)}\n")
    return WELL if all(finding.well for finding in findings) else ILL


async def _examine(settings: Settings) -> list[Finding]:
    warnings = [Finding(what="settings", well=True, sentence=warning) for warning in settings.warnings]
    found = [finding async for finding in _outside(settings)]
    return [Finding(what="settings", well=True, sentence=f"usable, Slack over {settings.transport.value}"), *warnings, *found]


async def _outside(settings: Settings) -> AsyncIterator[Finding]:
    yield await _slack(settings)
    yield await _azure(settings)


async def _slack(settings: Settings) -> Finding:
    context = await asyncio.to_thread(_trust, settings.ca_bundle)
    headers = {"Authorization": f"Bearer {settings.slack_bot_token.get_secret_value()}"}
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE, trust_env=True) as session,
            session.post(f"{settings.slack_api_url}auth.test", headers=headers, ssl=context) as response,
        ):
            told = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return Finding(what="Slack", well=False, sentence=f"cannot be reached ({type(error).__name__}); is {settings.slack_api_url} open?")
    if isinstance(told, dict) and told.get("ok"):
        return Finding(what="Slack", well=True, sentence=f"the token is that of {told.get('user')} in {told.get('team')}")
    word = told.get("error") if isinstance(told, dict) else "no answer"
    return Finding(what="Slack", well=False, sentence=f"refuses SLACK_BOT_TOKEN ({word}); copy it anew from the app's settings.")


def _trust(bundle: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if bundle:
        context.load_verify_locations(cafile=bundle)
    return context


async def _azure(settings: Settings) -> Finding:
    if not settings.asks_azure:
        return Finding(what="Azure", well=True, sentence="not set up; host checks work without, gw: targets do not.")
    async with configured_client(settings, clock=lambda: datetime.now(tz=UTC)) as arm:
        known = await arm.gateways()
    if isinstance(known, ArmRefusal):
        return Finding(what="Azure", well=False, sentence=" ".join((known.sentence, *known.remedy[:1])))
    return Finding(
        what="Azure", well=True, sentence=f"{len(known)} gateways can be read: {', '.join(g.id.name for g in known[:5]) or 'none'}"
    )
