"""`appgw doctor`: whether the bot can work with the current settings; changes nothing.

It asks Slack who the token belongs to and ARM which gateways it sees.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from urllib.request import getproxies

import aiohttp

from bot.cards.escaping import clean
from bot.checks.doctor import CheckState, DoctorCheck, azure, clock, history, targets
from bot.checks.scopes import missing_scopes
from bot.settings import Settings, SettingsError, load_settings
from bot.settings.trust import outgoing_trust
from bot.store import SchemaUnknown, UnusableDatabase, check_database
from bot.terminal.azure import now, terminal_client

WELL, FAIL, UNUSABLE = 0, 1, 2
_PATIENCE_S = 10.0
_LINE = 600
_LONGEST_ANSWER = 64 * 1024
_TOO_MANY, _SERVER_ERROR = 429, 500
_MOMENTARY = frozenset(  # docs.slack.dev/reference/methods/auth.test
    {"fatal_error", "internal_error", "ratelimited", "request_timeout", "service_unavailable"}
)


def run_doctor() -> int:
    """Run all checks and print a line for each.

    Returns:
        0 when no check failed, 1 when one did, 2 when the settings cannot be used.
    """
    try:
        settings = load_settings(os.environ, Path("appgw.yaml"))
    except SettingsError as error:
        for problem in error.problems:
            sys.stderr.write(f"appgw: {problem}\n")
        return UNUSABLE
    found = asyncio.run(_examine(settings))
    for facet in found:
        sys.stdout.write(f"{facet.state.value:4} {facet.what}: {clean(facet.sentence, _LINE)}\n")
    return FAIL if any(facet.state is CheckState.FAIL for facet in found) else WELL


async def _examine(settings: Settings) -> list[DoctorCheck]:
    outside = await asyncio.gather(
        _slack_side(settings), _azure(settings), asyncio.to_thread(_database, settings)
    )
    return [*_own(settings), *(facet for facets in outside for facet in facets)]


def _own(settings: Settings) -> list[DoctorCheck]:
    """Checks that need no network.

    That no target may be probed is only reported once, with the targets.
    """
    warnings = [warning for warning in settings.warnings if warning != settings.idle]
    return [
        DoctorCheck(
            what="version", state=CheckState.OK, sentence=f"appgw-check {version('appgw-check')}"
        ),
        DoctorCheck(
            what="settings",
            state=CheckState.OK,
            sentence=f"usable, Slack over {settings.transport.value}",
        ),
        *(
            DoctorCheck(what="settings", state=CheckState.WARNING, sentence=warning)
            for warning in warnings
        ),
        targets(settings),
    ]


def _database(settings: Settings) -> list[DoctorCheck]:
    try:
        return [
            DoctorCheck(
                what="database",
                state=CheckState.OK,
                sentence=check_database(settings.database_url),
            )
        ]
    except (UnusableDatabase, SchemaUnknown) as error:
        return [DoctorCheck(what="database", state=CheckState.FAIL, sentence=str(error))]


async def _azure(settings: Settings) -> list[DoctorCheck]:
    if not settings.asks_azure:
        return [await azure(None, now=now())]
    async with terminal_client(settings) as arm:
        return [await azure(arm, now=now(), patience=_PATIENCE_S)]


async def _slack_side(settings: Settings) -> list[DoctorCheck]:
    """The checks about the token, with its scopes and Slack's time."""
    context = await asyncio.to_thread(outgoing_trust, settings.ca_bundle)
    headers = {"Authorization": f"Bearer {settings.slack_bot_token.get_secret_value()}"}
    try:
        async with (
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=_PATIENCE_S), trust_env=True
            ) as session,
            session.post(
                f"{settings.slack_api_url}auth.test", headers=headers, ssl=context
            ) as response,
        ):
            body = await _start_of(response)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        # A ValueError is Python's own for an HTTPS_PROXY that is no URL.
        proxy = " through the proxy that HTTPS_PROXY names" if "https" in getproxies() else ""
        return [
            _failing(
                f"cannot be reached{proxy} ({type(error).__name__}); is {settings.slack_api_url} "
                "open?"
            )
        ]
    time = clock(now(), response.headers.get("Date"))
    shown = _object_in(body)
    if trouble := _trouble(shown, response, settings.slack_api_url):
        return [_failing(trouble), time]
    token = DoctorCheck(
        what="Slack",
        state=CheckState.OK,
        sentence=f"the token is that of {shown.get('user')} in {shown.get('team')}",
    )
    scopes = [scope.strip() for scope in response.headers.get("x-oauth-scopes", "").split(",")]
    return [token, *missing_scopes(scopes), history(scopes, settings.without_history), time]


def _object_in(body: bytes) -> dict[str, object]:
    """The JSON object of a body; an empty one if there is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _trouble(shown: dict[str, object], response: aiohttp.ClientResponse, url: str) -> str | None:
    """Why an answer of `auth.test` is no success: Slack's trouble, a proxy's page, the token."""
    word, status = str(shown.get("error") or ""), response.status
    if word in _MOMENTARY or status == _TOO_MANY or status >= _SERVER_ERROR:
        return f"answers with an error now ({word or f'HTTP {status}'}); try again in a minute."
    if "ok" not in shown:
        return (
            f"cannot be asked: what came is no answer of Slack's (HTTP {status}, "
            f"{response.content_type}); does a proxy stand before {url}?"
        )
    if not shown["ok"]:
        reason = word or "no reason given"
        return f"refuses SLACK_BOT_TOKEN ({reason}); copy it again from the app's settings."
    return None


async def _start_of(response: aiohttp.ClientResponse) -> bytes:
    """The body, or its first bytes where it is larger than an answer of Slack's."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_LONGEST_ANSWER):
        body += chunk
        if len(body) > _LONGEST_ANSWER:
            break
    return bytes(body)


def _failing(sentence: str) -> DoctorCheck:
    return DoctorCheck(what="Slack", state=CheckState.FAIL, sentence=sentence)
