"""Invocations as values, made from the payloads of commands, mentions, actions and modals. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from bot.cards.button_values import read_repeat_command
from bot.commands.typed_text import MAX_LINE
from bot.domain.request import Request
from bot.slack.affiliation import bots_of, is_shared, of_command, of_event, of_interaction
from bot.slack.payload import Payload, object_at, objects_at, read_object, text_at
from chainlib import Code
from chainlib.frozen import dataclass

R_co = TypeVar("R_co", bound=Request, covariant=True)
Other = TypeVar("Other", bound=Request)

MAX_TEXT = MAX_LINE + 1
"""Longer text is cut here before anything parses it; the parser then refuses it."""


class Source(StrEnum):
    """The kind of an invocation."""

    COMMAND = "command"
    MENTION = "mention"
    SHORTCUT = "shortcut"
    VIEW_SUBMISSION = "form"
    ACTION = "click"
    ALERT = "alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """Who asks what, and where the answer is posted.

    Attributes:
        source: the kind of the invocation.
        text: what was typed, or the command in a button.
        user: Slack ID of the user.
        team: the user's own workspace, which in a shared channel may not be ours.
        enterprise: the user's own Enterprise Grid organisation; empty if there is none, or if the
            one in the payload may be the channel's.
        given_ids: every workspace or organisation ID that the payload contains for the user.
        bots: IDs by which a setting may name a bot; empty for people.
        shared: Slack says that the channel is shared with another organisation; only events do.
        ephemeral_only: the answer must be ephemeral, for lack of consent in a shared channel.
        channel: where the answer is posted; empty if unknown (a global shortcut).
        channel_name: its name, which distinguishes a group direct message (`mpdm-...`) from a
            channel; empty if Slack does not send it.
        thread: `ts` of the thread; `None` for the channel itself.
        card: `ts` of the message whose button was pressed; that card is updated.
        ephemeral: whether that message is ephemeral.
        response_url: allows to answer without being a member of the channel; never logged.
        trigger: allows to open a modal for three seconds; never logged.
        dedupe_key: equal for two deliveries of the same event.
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
    dedupe_key: str = ""
    channel_name: str = ""
    enterprise: str = ""
    given_ids: tuple[str, ...] = ()
    bots: tuple[str, ...] = ()
    shared: bool | None = None
    ephemeral_only: bool = False

    def with_text(self, text: str) -> Invocation:
        """The same invocation with another text."""
        return replace(self, text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedInvocation(Generic[R_co]):
    """An invocation that passed the access policy and was parsed.

    Attributes:
        invocation: who asks, and where the answer is posted.
        request: the parsed request.
        run_id: the ID in the log and on the card.
        begun: when it arrived, in monotonic seconds.
        arrived: when it arrived, time zone aware; recent checks are sorted by it.
        watched_s: seconds for which its card was watched before a restart; then only the watch
            continues.
    """

    invocation: Invocation
    request: R_co
    run_id: str
    begun: float
    arrived: datetime
    watched_s: float | None = None

    def with_request(self, request: Other) -> AdmittedInvocation[Other]:
        """The same invocation with another request."""
        return AdmittedInvocation(
            invocation=self.invocation,
            request=request,
            run_id=self.run_id,
            begun=self.begun,
            arrived=self.arrived,
            watched_s=self.watched_s,
        )


def from_command(body: Payload) -> Invocation:
    """From a slash command, which never belongs to a thread."""
    own = of_command(body)
    return Invocation(
        source=Source.COMMAND,
        text=text_at(body, "text")[:MAX_TEXT],
        user=text_at(body, "user_id"),
        team=own.team,
        enterprise=own.enterprise,
        given_ids=own.given_ids,
        channel=text_at(body, "channel_id"),
        channel_name=text_at(body, "channel_name"),
        response_url=text_at(body, "response_url") or None,
        trigger=text_at(body, "trigger_id") or None,
        dedupe_key=text_at(body, "trigger_id"),
    )


def from_mention(body: Payload, bot_user: str) -> Invocation:
    """From a mention; the answer is posted in its thread, or starts one."""
    event = object_at(body, "event")
    before, found, after = text_at(event, "text").partition(f"<@{bot_user}>")
    text = after if found and after.strip() else before
    own, bots = of_event(body), bots_of(event)
    return Invocation(
        source=Source.MENTION,
        text=text.strip()[:MAX_TEXT],
        user=text_at(event, "user") or text_at(event, "bot_id"),
        team=own.team,
        enterprise=own.enterprise,
        given_ids=own.given_ids,
        bots=bots,
        channel=text_at(event, "channel"),
        thread=text_at(event, "thread_ts") or None,
        dedupe_key=text_at(body, "event_id"),
        shared=is_shared(body) if "is_ext_shared_channel" in body else None,
    )


def mentioned(body: Payload, bot_user: str) -> tuple[str, ...]:
    """The possible texts of a mention: what follows the bot's name, else the whole message."""
    before, _, after = text_at(object_at(body, "event"), "text").partition(f"<@{bot_user}>")
    whole = f"{before} {after}".replace(f"<@{bot_user}>", " ")
    return tuple(dict.fromkeys(one.strip()[:MAX_TEXT] for one in (after, whole)))


def from_interaction(body: Payload, source: Source, text: str = "") -> Invocation:
    """From an action, a view submission or a shortcut."""
    message, container, user = (
        object_at(body, "message"),
        object_at(body, "container"),
        object_at(body, "user"),
    )
    is_action = source is Source.ACTION and container.get("type") == "message"
    own = of_interaction(body)
    return Invocation(
        source=source,
        text=text[:MAX_TEXT],
        user=text_at(user, "id"),
        team=own.team,
        enterprise=own.enterprise,
        given_ids=own.given_ids,
        channel=text_at(object_at(body, "channel"), "id") or text_at(container, "channel_id"),
        channel_name=text_at(object_at(body, "channel"), "name"),
        thread=_thread_around(message)
        if is_action
        else text_at(message, "thread_ts", "ts") or None,
        card=(text_at(container, "message_ts") or None) if is_action else None,
        ephemeral=container.get("is_ephemeral") is True,
        response_url=text_at(body, "response_url") or None,
        trigger=text_at(body, "trigger_id") or None,
        dedupe_key=text_at(body, "trigger_id"),
    )


def _thread_around(message: Payload) -> str | None:
    """The thread that a message belongs to.

    The first message of a thread has its own `ts` as `thread_ts`.
    """
    thread = text_at(message, "thread_ts")
    return None if thread == text_at(message, "ts") else thread or None


def from_submission(body: Payload, text: str) -> Invocation:
    """From a view submission; the channel is in its metadata, or was chosen in it."""
    view, urls = object_at(body, "view"), objects_at(body, "response_urls")
    channel = (
        text_at(metadata(view), "channel")
        or next((text_at(url, "channel_id") for url in urls), "")
        or answer(view, "channel")
    )
    invocation = from_interaction(body, Source.VIEW_SUBMISSION, text)
    return replace(
        invocation,
        channel=channel,
        response_url=next((text_at(url, "response_url") for url in urls), "") or None,
    )


def metadata(view: Payload) -> dict[str, Any]:
    """The metadata with which the view was opened."""
    return read_object(view.get("private_metadata"))


def element(view: Payload, field: str) -> Payload:
    """The state of one field of a view; empty if it was not filled in."""
    block = object_at(view, "state", "values", field)
    return object_at(block, *list(block)[:1])


def answer(view: Payload, field: str) -> str:
    """The text of one field of a view; empty if it was not filled in."""
    return text_at(element(view, field), "value", "selected_conversation")


def files(view: Payload) -> list[Payload]:
    """The files that were added to a view."""
    return objects_at(element(view, "file"), "files")


def command_in(action: Payload) -> str:
    """The command in a button or menu option; empty if there is none."""
    repeated = read_repeat_command(action.get("value"))
    return repeated.q if repeated else ""


def command_of_card(message: Payload) -> str:
    """The command of a card, read from its `Check again` button."""
    actions = (block for block in objects_at(message, "blocks") if block.get("type") == "actions")
    again = (
        button
        for block in actions
        for button in objects_at(block, "elements")
        if button.get("action_id") == "check_again"
    )
    return next(map(command_in, again), "")


def headline_of_card(message: Payload) -> str:
    """The first finding code in a card's context block; `unknown` if there is none.

    Used as a metric label, so only known codes are returned and never text of the payload.
    """
    codes = {code.value for code in Code}
    texts = (
        text_at(element, "text")
        for block in objects_at(message, "blocks")
        if block.get("type") == "context"
        for element in objects_at(block, "elements")
    )
    first = (text.replace(",", " ").split(maxsplit=1)[0] for text in texts if text.strip(", "))
    return next((code for code in first if code in codes), "unknown")
