"""An alert of a monitoring tool in the lab's incident channel, which the bot answers."""

from __future__ import annotations

from playground.slack import Message, SlackStandIn
from playground.slack.standin import MONITORING
from playground.slack.state import Channel, Json
from playground.text import render

CHANNEL = "C0LABALERTS"
SWITCHED_ON_BY = "U0SECOND"
ANSWER_SECONDS = 90.0
SITE = "leaf-only.lab.contoso.test"
SAYS = ("INTERMEDIATE_MISSING", SITE, "Azure's message")
"""The site whose backend sends only its leaf, and what the answer must contain."""


def alert_blocks(site: str = SITE) -> list[Json]:
    """The blocks of a typical monitoring tool: a title, labels, links to its own pages."""
    labels = f"*instance:* https://{site}/health\n*severity:* critical\n*value:* 502"
    links = (
        "<https://grafana.contoso.test/alerting/view|Source>  "
        "<https://grafana.contoso.test/alerting/silence/new|Silence>"
    )
    return [
        {"type": "header", "text": {"type": "plain_text", "text": "[FIRING:1] Site answers 502"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": labels}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": links}]},
    ]


def alert_app() -> str:
    """The ID of the app that sends it, for `APPGW_ALERT_APPS`."""
    return MONITORING.app_id


def add_channel(slack: SlackStandIn) -> None:
    """The channel in which alerts arrive."""
    slack.workspace.channels[CHANNEL] = Channel(id=CHANNEL, name="alerts")


async def send_alert(slack: SlackStandIn, channel: str = CHANNEL) -> Message:
    """Post the alert as the monitoring tool."""
    said, _ = await slack.app_says(
        "[FIRING:1] Site answers 502", channel=channel, blocks=alert_blocks()
    )
    return said


async def answered_alert(slack: SlackStandIn) -> tuple[Message, Message | None]:
    """Send `alerts on`, post an alert, and wait for the card in its thread.

    Returns:
        The alert, and the card with the expected content; `None` if there was none.
    """
    await slack.command("alerts on", channel=CHANNEL, user=SWITCHED_ON_BY)
    await slack.until(lambda: slack.messages(CHANNEL), ANSWER_SECONDS)
    alert = await send_alert(slack)

    def found() -> Message | None:
        return next((one for one in slack.thread(alert) if _says(one)), None)

    try:
        return alert, await slack.until(found, ANSWER_SECONDS)
    except TimeoutError:
        return alert, None


def _says(message: Message) -> bool:
    text = " ".join(" ".join(render(message.blocks, width=1000)).split())
    return all(words in text for words in SAYS)
