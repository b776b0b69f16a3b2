"""A question as it came out of Slack, whatever carried it; and the payloads that carry it -> that value. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from bot.language import Request

Payload = Mapping[str, Any]


class Source(StrEnum):
    """How a question came."""

    COMMAND = "command"
    MENTION = "mention"
    SHORTCUT = "shortcut"
    FORM = "form"
    CLICK = "click"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Who asks what, and where the answer belongs.

    Attributes:
        source: how it came.
        text: what was typed, or what a button carries.
        user: Slack id of the person.
        team: the person's own workspace, which in a shared channel is not always ours.
        enterprise: the person's own Enterprise Grid organisation; empty where there is none, or where it may be that of the channel.
        channel: where the answer goes; empty when it is not known (a global shortcut).
        thread: timestamp of the thread, `None` for the channel itself.
        card: timestamp of the message whose button was pressed; its card is edited in place.
        ephemeral: that message is one that only this person sees.
        response_url: a way to answer without being a member of the channel; never logged.
        trigger: lets a form be opened for three seconds; never logged.
        delivery: what is the same when Slack delivers the same thing twice.
    """

    source: Source
    text: str
    user: str
    team: str
    channel: str
    thread: str | None = None
    card: str | None = None
    ephemeral: bool = False
    response_url: str | None = None
    trigger: str | None = None
    delivery: str = ""
    enterprise: str = ""

    def about(self, text: str) -> Ask:
        """The same person asking something else."""
        return replace(self, text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question that was let in.

    Attributes:
        ask: who asks and where the answer belongs.
        request: what it means.
        run_id: the id that the log and the card show.
        begun: when it came, on the monotonic clock.
        watched_s: seconds for which its card was watched before a restart; the watch goes on, and nothing else is done.
    """

    ask: Ask
    request: Request
    run_id: str
    begun: float
    watched_s: float | None = None


def from_command(body: Payload) -> Ask:
    """A slash command; it never knows a thread."""
    return Ask(
        source=Source.COMMAND,
        text=str(body.get("text") or ""),
        user=str(body.get("user_id") or ""),
        team=str(body.get("team_id") or ""),
        channel=str(body.get("channel_id") or ""),
        response_url=body.get("response_url"),
        trigger=body.get("trigger_id"),
        delivery=str(body.get("trigger_id") or ""),
        enterprise=str(body.get("enterprise_id") or ""),
    )


def from_mention(body: Payload, bot_user: str) -> Ask:
    """A mention; the answer belongs into its thread, or into one under it."""
    event = body.get("event") or {}
    text = str(event.get("text") or "")
    _, found, after = text.partition(f"<@{bot_user}>")
    team = str(event.get("user_team") or event.get("team") or body.get("team_id") or "")
    return Ask(
        source=Source.MENTION,
        text=(after if found else text).strip(),
        user=str(event.get("user") or ""),
        team=team,
        channel=str(event.get("channel") or ""),
        thread=event.get("thread_ts"),
        delivery=str(body.get("event_id") or ""),
        enterprise=_own_organisation(team, body.get("team_id"), body.get("enterprise_id")),
    )


def from_interaction(body: Payload, source: Source, text: str = "") -> Ask:
    """A click, a form or a shortcut."""
    message, container = body.get("message") or {}, body.get("container") or {}
    user = body.get("user") or {}
    click = source is Source.CLICK and container.get("type") == "message"
    home = (body.get("team") or {}).get("id")
    team = str(user.get("team_id") or home or "")
    return Ask(
        source=source,
        text=text,
        user=str(user.get("id") or ""),
        team=team,
        channel=str((body.get("channel") or {}).get("id") or container.get("channel_id") or ""),
        thread=_thread_around(message) if click else message.get("thread_ts") or message.get("ts"),
        card=container.get("message_ts") if click else None,
        ephemeral=bool(container.get("is_ephemeral")),
        response_url=body.get("response_url"),
        trigger=body.get("trigger_id"),
        delivery=str(body.get("trigger_id") or ""),
        enterprise=_own_organisation(team, home, (body.get("enterprise") or {}).get("id")),
    )


def _thread_around(message: Payload) -> str | None:
    """The thread that a message stands in; a message with a thread of its own carries its own timestamp there."""
    thread = message.get("thread_ts")
    return None if thread == message.get("ts") else thread


def from_submission(body: Payload, text: str) -> Ask:
    """A form that was sent: the channel stands in its metadata, or was chosen in it."""
    view = body.get("view") or {}
    urls = body.get("response_urls") or []
    channel = metadata(view).get("channel") or next((url.get("channel_id") for url in urls), None) or answer(view, "channel")
    ask = from_interaction(body, Source.FORM, text)
    return replace(ask, channel=str(channel or ""), response_url=next((url.get("response_url") for url in urls), None))


def _own_organisation(team: str, home: object, enterprise: object) -> str:
    """The organisation that the payload names, when it is the person's own: of a guest in a shared channel it would be the host's."""
    return str(enterprise or "") if team and team == home else ""


def metadata(view: Payload) -> dict[str, Any]:
    """What the form was opened with."""
    try:
        read = json.loads(view.get("private_metadata") or "{}")
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def answer(view: Payload, field: str) -> str:
    """What was filled into one field of a form; empty when nothing was."""
    block = ((view.get("state") or {}).get("values") or {}).get(field) or {}
    element: Payload = next(iter(block.values()), {})
    return str(element.get("value") or element.get("selected_conversation") or "")


def files(view: Payload) -> list[Payload]:
    """The files that were put into a form."""
    block = ((view.get("state") or {}).get("values") or {}).get("file") or {}
    element: Payload = next(iter(block.values()), {})
    return list(element.get("files") or [])


def carried(action: Payload) -> dict[str, Any]:
    """The parameters in a button's value; empty when it carries none that can be read."""
    try:
        read = json.loads(str(action.get("value") or ""))
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def command_of_card(message: Payload) -> str:
    """The question that a card answers, read from its own `Check again` button."""
    elements = [
        element for block in message.get("blocks") or () if block.get("type") == "actions" for element in block.get("elements") or ()
    ]
    found = next((carried(element) for element in elements if element.get("action_id") == "check_again"), {})
    return str(found.get("q") or "")
