"""A Bolt app with one listener of each kind, over signed HTTP or Socket Mode.

It tests the simulated Slack.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from playground.slack import SlackStandIn

Json = dict[str, Any]
Seen = list[tuple[str, ...]]
SECTION: Json = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}
BUTTONS: Json = {
    "type": "actions",
    "elements": [
        {
            "type": "button",
            "action_id": "again",
            "text": {"type": "plain_text", "text": "Check again"},
            "value": "v",
        },
        {
            "type": "overflow",
            "action_id": "more",
            "options": [{"text": {"type": "plain_text", "text": "Watch"}, "value": "watch"}],
        },
    ],
}
FORM: Json = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "Check"},
    "submit": {"type": "plain_text", "text": "Go"},
    "blocks": [
        {
            "type": "input",
            "block_id": "host",
            "label": {"type": "plain_text", "text": "Host"},
            "element": {"type": "plain_text_input", "action_id": "host"},
        }
    ],
}


def client_of(slack: SlackStandIn, token: str | None = None) -> AsyncWebClient:
    """Slack's own client, connected to the simulated Slack and without retries."""
    return AsyncWebClient(
        token=token or slack.tokens.bot, base_url=slack.api_url, retry_handlers=[]
    )


class Listeners:
    """One listener of each kind; `seen` contains what they received."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen

    def register(self, app: AsyncApp) -> AsyncApp:
        """Register every listener."""
        app.command("/appgw-check")(self.on_command)
        app.action("again")(self.on_button)
        app.action("more")(self.on_menu)
        app.view("form")(self.on_submission)
        app.shortcut("diagnose_502")(self.on_shortcut)
        app.event("app_mention")(self.on_mention)
        app.event("app_home_opened")(self.on_app_home)
        return app

    async def on_command(
        self, ack: AsyncAck, command: Json, client: AsyncWebClient, respond: AsyncRespond
    ) -> None:
        """`help`, `respond` and `form` have their own answers; other text is posted as a card."""
        if command["text"] == "help":
            await ack("usage: a host")
            return
        await ack()
        if command["text"] == "respond":
            await respond("only for you")
        elif command["text"] == "form":
            await client.views_open(trigger_id=command["trigger_id"], view=FORM)
        else:
            await client.chat_postMessage(
                channel=command["channel_id"], text=command["text"], blocks=[SECTION, BUTTONS]
            )

    async def on_button(self, ack: AsyncAck, body: Json, respond: AsyncRespond) -> None:
        """Replace the message."""
        await ack()
        self.seen.append(("again", body["actions"][0]["value"], body["user"]["id"]))
        await respond(text="replaced", replace_original=True)

    async def on_menu(self, ack: AsyncAck, body: Json) -> None:
        """Note what was chosen."""
        await ack()
        self.seen.append(
            ("more", body["actions"][0]["selected_option"]["value"], body["message"]["text"])
        )

    async def on_submission(self, ack: AsyncAck, view: Json) -> None:
        """Refuse a host with a space in it."""
        host = view["state"]["values"]["host"]["host"]["value"]
        if " " in host:
            await ack(response_action="errors", errors={"host": "not a host name"})
            return
        await ack()
        self.seen.append(("form", host))

    async def on_shortcut(self, ack: AsyncAck, shortcut: Json) -> None:
        """Note the message."""
        await ack()
        self.seen.append(("shortcut", shortcut["message"]["text"]))

    async def on_mention(self, event: Json, body: Json) -> None:
        """Note the text and where it stood."""
        self.seen.append(("mention", event["text"], event.get("thread_ts", ""), body["event_id"]))

    async def on_app_home(self, event: Json, client: AsyncWebClient) -> None:
        """Publish an App Home."""
        await client.views_publish(
            user_id=event["user"], view={"type": "home", "blocks": [SECTION]}
        )


def bolt_app(slack: SlackStandIn, seen: Seen) -> AsyncApp:
    """The app."""
    return Listeners(seen).register(
        # without a name Bolt looks for its caller in all modules, which takes a tenth of a second
        AsyncApp(name=__name__, client=client_of(slack), signing_secret=slack.signing_secret)
    )


@asynccontextmanager
async def over_http(slack: SlackStandIn, seen: Seen) -> AsyncIterator[None]:
    """The app behind signed HTTP."""
    runner = web.AppRunner(bolt_app(slack, seen).web_app(path="/slack/events"), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def over_socket(
    slack: SlackStandIn, seen: Seen, *, connections: int = 1, ping: float = 1.0
) -> AsyncIterator[None]:
    """The app over Socket Mode, as one or several replicas."""
    logging.getLogger("slack_bolt").setLevel(logging.CRITICAL)
    handlers = [
        AsyncSocketModeHandler(bolt_app(slack, seen), slack.tokens.app, ping_interval=ping)
        for _ in range(connections)
    ]
    for handler in handlers:
        await handler.connect_async()
    await slack.until(lambda: len(slack.socket.connections) == connections)
    try:
        yield
    finally:
        for handler in handlers:
            await handler.close_async()
            await handler.client.aiohttp_client_session.close()
