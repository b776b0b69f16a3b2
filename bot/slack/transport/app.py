"""Makes the Bolt app, the Web API client and the HTTP transport.

The bot's identity is requested once at start, so that no request waits for it.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from urllib.request import getproxies

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.observability.listening import make_runner, open_port
from bot.settings import Settings
from bot.slack.transport.receiver import Receiver
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)

EVENTS_PATH = "/slack/events"
CALL_TIMEOUT_S = 15
_KEPT_ALIVE_S = 5.0
_MAX_CALLS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The bot's identity in its workspace, and the scopes of its token.

    Attributes:
        team: ID of the workspace.
        enterprise: ID of the Enterprise Grid organisation; empty if there is none.
        user: ID of the bot user.
        name: name of the bot user.
        bot_id: ID of the bot.
        scopes: the granted scopes; empty if Slack does not say.
    """

    team: str
    user: str
    name: str
    bot_id: str
    scopes: frozenset[str] = frozenset()
    enterprise: str = ""


def make_session(context: ssl.SSLContext) -> aiohttp.ClientSession:
    """One HTTP session for all calls.

    Idle connections are dropped early: a call on one that Slack has closed would lose its response.
    Proxy settings of the environment are only used if there are any, because that needs a thread
    for each call.
    """
    connector = aiohttp.TCPConnector(limit=_MAX_CALLS, keepalive_timeout=_KEPT_ALIVE_S, ssl=context)
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT_S),
        trust_env=bool(getproxies()),
    )


def make_client(
    settings: Settings, session: aiohttp.ClientSession, context: ssl.SSLContext
) -> AsyncWebClient:
    """The Web API client; it never repeats a call, `calling` decides that."""
    return AsyncWebClient(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        timeout=CALL_TIMEOUT_S,
        session=session,
        ssl=context,
        retry_handlers=[],
    )


async def who_am_i(client: AsyncWebClient) -> Identity:
    """Ask Slack who the token belongs to; raises the client's errors."""
    shown = await client.auth_test()
    return Identity(
        team=shown["team_id"],
        user=shown["user_id"],
        name=shown.get("user") or "appgw-check",
        bot_id=shown.get("bot_id") or "",
        enterprise=shown.get("enterprise_id") or "",
        scopes=granted({name.lower(): str(value) for name, value in shown.headers.items()}),
    )


def granted(headers: Mapping[str, str]) -> frozenset[str]:
    """The scopes of the token, from the headers of any response; empty if Slack does not say."""
    named = headers.get("x-oauth-scopes", "").split(",")
    return frozenset(filter(None, (scope.strip() for scope in named)))


def make_app(settings: Settings, client: AsyncWebClient, identity: Identity) -> AsyncApp:
    """The Bolt app; with a signing secret every HTTP request is verified."""
    secret = settings.slack_signing_secret

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=identity.enterprise or None,
            team_id=identity.team,
            bot_user_id=identity.user,
            bot_id=identity.bot_id,
            bot_token=settings.slack_bot_token.get_secret_value(),
        )

    return AsyncApp(
        name=__name__,  # otherwise Bolt looks for its caller in all modules: 4 % of the start
        client=client,
        authorize=authorize,
        signing_secret=secret.get_secret_value() if secret else None,
        raise_error_for_unhandled_request=True,
        # The listeners acknowledge first and leave the rest to tasks of their own; otherwise Bolt
        # looks for the ack of each request every ten milliseconds.
        process_before_response=True,
        # each middleware costs time per request: the first is done before Bolt, and the rest is not
        # needed
        ssl_check_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )


class HttpTransport:
    """Serves `POST /slack/events` for commands, events and interactivity."""

    def __init__(self, app: AsyncApp, settings: Settings, receiver: Receiver) -> None:
        served = app.web_app(path=EVENTS_PATH)
        served.middlewares.append(receiver.middleware())
        self._runner = make_runner(served, 1.0)
        self._host, self._port = settings.http_host, settings.http_port

    async def start(self) -> None:
        """Start to listen; raises `PortUnusableError`."""
        await open_port(self._runner, self._host, self._port, "APPGW_HTTP_PORT")

    async def stop_listening(self) -> None:
        """Do nothing: a draining bot still answers, to tell users to ask again."""

    async def close(self) -> None:
        """Stop."""
        await self._runner.cleanup()

    def silence(self) -> float:
        """Always 0: over HTTP nothing is expected."""
        return 0.0

    def connected(self) -> bool:
        """Whether requests can arrive."""
        return bool(self._runner.addresses)
