"""`SlackStandIn`: starts the simulated Slack, acts as its users, and shows what the bot did.

Payloads are sent to `request_url` as signed HTTP if it is set, else over a Socket Mode connection.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

from playground.slack.bot_output import CHANNEL, USER, BotOutput
from playground.slack.faults import Faults
from playground.slack.forms import fill
from playground.slack.methods.files import MAX_FILE
from playground.slack.methods.views import after_submission
from playground.slack.payloads import Sender, pick
from playground.slack.responses import Responses, show_acknowledgement
from playground.slack.sending import ANSWER_SECONDS, Ack, SignedHttp
from playground.slack.socketmode import SocketHub
from playground.slack.state import (
    BOT_USER,
    Channel,
    Clock,
    Exchange,
    ForeignApp,
    Json,
    Message,
    OpenView,
    User,
    Workspace,
)
from playground.slack.webapi import Tokens, WebApi

__all__ = ["CHANNEL", "LOOPBACK", "MONITORING", "USER", "SlackStandIn"]
LOOPBACK = "127.0.0.1"
MONITORING = ForeignApp(bot_id="B0MONITOR", app_id="A0MONITOR", name="Monitoring")
_PEOPLE = (
    User(id=USER, name="alex"),
    User(id="U0SECOND", name="sam", tz="America/New_York", tz_offset=-18000),
    User(id="U0THIRD", name="kim", tz="Asia/Tokyo", tz_offset=32400),
    User(id="U0PARTNER", name="robin", team="T0FABRIKAM"),
    User(id=BOT_USER, name="appgw-check", tz="Etc/UTC", tz_offset=0),
)
_PLACES = (
    Channel(id=CHANNEL, name="incident"),
    Channel(id="C0OPS", name="platform-ops"),
    Channel(id="C0SHARED", name="with-fabrikam", foreign=True),
    Channel(id="C0QUIET", name="quiet", has_bot=False, private=True),
    Channel(id="C0OLD", name="last-year", archived=True),
)


class SlackStandIn(BotOutput):
    """A Slack workspace on loopback with one app in it.

    `answer_seconds` is how long it waits for an acknowledgement, `signing_clock` tells the time
    that a signature bears: the wall clock's, which the receiver holds it against.

    Args:
        request_url: the bot's `POST /slack/events`; `None` uses Socket Mode. May be set later.
        signing_secret: signs HTTP deliveries.
        tokens: the accepted tokens and the bot's scopes.
        clock: returns seconds since 1970.
        port: where to listen; 0 picks a free one.
    """

    answer_seconds: float = ANSWER_SECONDS

    def __init__(
        self,
        *,
        request_url: str | None = None,
        signing_secret: str = "standin-signing-secret",
        tokens: Tokens | None = None,
        clock: Clock = time.time,
        port: int = 0,
    ) -> None:
        self.request_url = request_url
        self.signing_secret = signing_secret
        self.tokens = tokens or Tokens()
        self.signing_clock: Clock = time.time
        self.workspace = Workspace(clock=clock)
        self.workspace.users.update({one.id: one for one in _PEOPLE})
        self.workspace.channels.update({one.id: one for one in _PLACES})
        self.faults = Faults()
        self.socket = SocketHub(workspace=self.workspace, answer_seconds=self.answer_seconds)
        self.api = WebApi(workspace=self.workspace, faults=self.faults, tokens=self.tokens)
        self.acks: list[tuple[str, Ack]] = []
        self._port = port

    async def __aenter__(self) -> Self:
        """Listen on loopback."""
        application = web.Application(client_max_size=MAX_FILE)
        responses = Responses(workspace=self.workspace, faults=self.faults)
        application.add_routes([*self.api.routes(), *responses.routes(), *self.socket.routes()])
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.api.base_url = self.base_url
        self._sender = Sender(workspace=self.workspace, base_url=self.base_url)
        # The bot closes connections that are idle for ten seconds; a request on such a connection
        # would be lost.
        connector = aiohttp.TCPConnector(limit=200, keepalive_timeout=5.0)
        self._session = aiohttp.ClientSession(connector=connector)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        await self.socket.close()
        await self._session.close()
        await self._runner.cleanup()

    @property
    def base_url(self) -> str:
        """The URL where it listens."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def api_url(self) -> str:
        """The Web API, for `APPGW_SLACK_API_URL` and `AsyncWebClient(base_url=...)`."""
        return f"{self.base_url}/api/"

    def environment(self, *, socket_mode: bool) -> dict[str, str]:
        """The environment variables with which the bot uses this Slack."""
        common = {"SLACK_BOT_TOKEN": self.tokens.bot, "APPGW_SLACK_API_URL": self.api_url}
        own = (
            {"SLACK_APP_TOKEN": self.tokens.app}
            if socket_mode
            else {"SLACK_SIGNING_SECRET": self.signing_secret}
        )
        return {**common, **own}

    # What users do.

    async def command(
        self, text: str, *, command: str = "/appgw-check", user: str = USER, channel: str = CHANNEL
    ) -> Ack:
        """Send a slash command."""
        payload = self._sender.command(command, text, user=user, channel=channel)
        http = self._http()
        ack = await (
            http.command(payload) if http else self.socket.deliver("slash_commands", payload)
        )
        show_acknowledgement(
            self.workspace, Exchange(given_at=0.0, user=user, channel=channel), ack
        )
        return self._noted("command", ack)

    async def click(
        self, message: Message, what: str, *, option: str | None = None, user: str = USER
    ) -> Ack:
        """Use a button or menu of a message, by its label or action ID."""
        shown = self.current(message)
        action = pick(shown.blocks, what, option)
        return await self._interact(
            self._sender.click(shown, {**action, "action_ts": self.workspace.new_ts()}, user=user)
        )

    async def click_view(self, view: OpenView, what: str, *, option: str | None = None) -> Ack:
        """Use a button or menu of a modal or App Home."""
        return await self._interact(
            self._sender.view_click(view, pick(view.view["blocks"], what, option))
        )

    async def submit_view(
        self, values: Json, *, view: OpenView | None = None, user: str = USER
    ) -> Ack:
        """Fill in and submit a modal (the topmost).

        `ack.body` contains the errors of its fields, if any.
        """
        form = view or self.view(user)
        ack = await self._interact(self._sender.submission(form, fill(form.view["blocks"], values)))
        if ack.ok:
            after_submission(self.workspace, form, ack.body)
        return ack

    async def close_view(self, view: OpenView) -> Ack | None:
        """Close a modal without submitting it; the bot is told if the modal asks for it."""
        self.workspace.views.pop(view.id, None)
        return (
            await self._interact(self._sender.closing(view))
            if view.view.get("notify_on_close")
            else None
        )

    async def message_shortcut(
        self, message: Message, callback_id: str, *, user: str = USER
    ) -> Ack:
        """Use a shortcut on a message."""
        return await self._interact(
            self._sender.message_shortcut(self.current(message), callback_id, user=user)
        )

    async def shortcut(self, callback_id: str, *, user: str = USER) -> Ack:
        """Use a shortcut from the search field."""
        return await self._interact(self._sender.global_shortcut(callback_id, user=user))

    def say(
        self,
        text: str,
        *,
        channel: str = CHANNEL,
        user: str = USER,
        thread: Message | None = None,
        blocks: Any = (),
    ) -> Message:
        """Post a message that is not for the bot."""
        return self.workspace.add(
            channel=channel,
            user=user,
            text=text,
            thread_ts=thread.ts if thread else None,
            blocks=tuple(blocks),
        )

    async def app_says(
        self,
        text: str,
        *,
        app: ForeignApp = MONITORING,
        channel: str = CHANNEL,
        attachments: Any = (),
        blocks: Any = (),
        thread: Message | None = None,
    ) -> tuple[Message, Ack]:
        """Post a message as another app; the bot gets the event if it is a member."""
        said = self.workspace.add(
            channel=channel,
            user="",
            text=text,
            attachments=tuple(attachments),
            blocks=tuple(blocks),
            app=app,
            thread_ts=thread.ts if thread else None,
        )
        return said, await self.deliver_event(self._sender.message(said))

    async def mention(
        self, text: str, *, channel: str = CHANNEL, user: str = USER, thread: Message | None = None
    ) -> tuple[Message, Ack]:
        """Post a message that mentions the bot."""
        said = self.say(f"<@{BOT_USER}> {text}", channel=channel, user=user, thread=thread)
        return said, await self.deliver_event(self._sender.mention(said))

    async def open_home(self, *, user: str = USER, tab: str = "home") -> Ack:
        """Open App Home."""
        return await self.event(
            {"type": "app_home_opened", "user": user, "channel": "D0HOME", "tab": tab}
        )

    async def event(self, event: Json) -> Ack:
        """Send any other event, for example `channel_archive`."""
        return await self.deliver_event(self._sender.event(event))

    async def deliver_event(self, payload: Json) -> Ack:
        """Send an event in its envelope, repeatedly until it is acknowledged.

        A second call with the same payload is a redelivery.
        """
        http = self._http()
        return self._noted(
            "event", await (http.event(payload) if http else self.socket.event(payload))
        )

    async def _interact(self, payload: Json) -> Ack:
        http = self._http()
        ack = await (
            http.interactive(payload) if http else self.socket.deliver("interactive", payload)
        )
        return self._noted(str(payload["type"]), ack)

    def _http(self) -> SignedHttp | None:
        if self.request_url is None:
            return None
        return SignedHttp(
            session=self._session,
            url=self.request_url,
            secret=self.signing_secret,
            answer_seconds=self.answer_seconds,
            clock=self.signing_clock,
        )

    def _noted(self, kind: str, ack: Ack) -> Ack:
        self.acks.append((kind, ack))
        return ack
