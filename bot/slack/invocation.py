"""A question as it came out of Slack, whatever carried it.

And the payloads that carry it -> that value. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from bot.cards.button_values import read_ask_again
from bot.commands.clean import MAX_LINE
from bot.domain.request import Request
from bot.slack.affiliation import bots_of, is_shared, of_command, of_event, of_interaction
from bot.slack.payload import Payload, inner, items, read_object, word
from chainlib import Code

R_co = TypeVar("R_co", bound=Request, covariant=True)
Other = TypeVar("Other", bound=Request)

MAX_TEXT = MAX_LINE + 1
"""Foreign text is cut here, before anything matches it; what is longer the parser refuses."""


class Source(StrEnum):
    """How a question came."""

    COMMAND = "command"
    MENTION = "mention"
    SHORTCUT = "shortcut"
    VIEW_SUBMISSION = "form"
    ACTION = "click"
    ALERT = "alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """Who asks what, and where the answer belongs.

    Attributes:
        source: how it came.
        text: what was typed, or what a button carries.
        user: Slack id of the person.
        team: the person's own workspace, which in a shared channel is not always ours.
        enterprise: the person's own Enterprise Grid organisation; empty where there is none, or
            where it may be that of the channel.
        also: every id that the payload gives of the person's workspace or organisation.
        bots: ids under which a bot that asks could be named; empty for people.
        shared: Slack says that the channel is shared with another organisation; only events do.
        alone: only the person who asks may see the answer.
        channel: where the answer goes; empty when it is not known (a global shortcut).
        channel_name: its name, which alone tells a direct message of several (`mpdm-...`) from a
            channel; empty where Slack does not say.
        thread: timestamp of the thread, `None` for the channel itself.
        card: timestamp of the message whose button was pressed; its card is edited in place.
        ephemeral: that message is one that only this person sees.
        response_url: a way to answer without being a member of the channel; never logged.
        trigger: lets a form be opened for three seconds; never logged.
        dedupe_key: what is the same when Slack delivers the same thing twice.
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
    also: tuple[str, ...] = ()
    bots: tuple[str, ...] = ()
    shared: bool = False
    alone: bool = False

    def about(self, text: str) -> Invocation:
        """The same person asking something else."""
        return replace(self, text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedInvocation(Generic[R_co]):
    """A question that was let in.

    Attributes:
        invocation: who asks and where the answer belongs.
        request: what it means.
        run_id: the id that the log and the card show.
        begun: when it came, on the monotonic clock.
        arrived: when it came, aware; what people asked is ordered by it.
        watched_s: seconds for which its card was watched before a restart; the watch goes on, and
            nothing else is done.
    """

    invocation: Invocation
    request: R_co
    run_id: str
    begun: float
    arrived: datetime
    watched_s: float | None = None

    def asking(self, request: Other) -> AdmittedInvocation[Other]:
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
    """A slash command; it never knows a thread."""
    own = of_command(body)
    return Invocation(
        source=Source.COMMAND,
        text=word(body, "text")[:MAX_TEXT],
        user=word(body, "user_id"),
        team=own.team,
        enterprise=own.enterprise,
        also=own.also,
        channel=word(body, "channel_id"),
        channel_name=word(body, "channel_name"),
        response_url=word(body, "response_url") or None,
        trigger=word(body, "trigger_id") or None,
        dedupe_key=word(body, "trigger_id"),
    )


def from_mention(body: Payload, bot_user: str) -> Invocation:
    """A mention; the answer belongs into its thread, or into one under it."""
    event = inner(body, "event")
    before, found, after = word(event, "text").partition(f"<@{bot_user}>")
    text = after if found and after.strip() else before
    own, bots = of_event(body), bots_of(event)
    return Invocation(
        source=Source.MENTION,
        text=text.strip()[:MAX_TEXT],
        user=word(event, "user") or word(event, "bot_id"),
        team=own.team,
        enterprise=own.enterprise,
        also=own.also,
        bots=bots,
        channel=word(event, "channel"),
        thread=word(event, "thread_ts") or None,
        dedupe_key=word(body, "event_id"),
        shared=is_shared(body),
    )


def mentioned(body: Payload, bot_user: str) -> tuple[str, ...]:
    """What a mention may mean: what stands after the bot's name, else all around it."""
    before, _, after = word(inner(body, "event"), "text").partition(f"<@{bot_user}>")
    whole = f"{before} {after}".replace(f"<@{bot_user}>", " ")
    return tuple(dict.fromkeys(one.strip()[:MAX_TEXT] for one in (after, whole)))


def from_interaction(body: Payload, source: Source, text: str = "") -> Invocation:
    """A click, a form or a shortcut."""
    message, container, user = inner(body, "message"), inner(body, "container"), inner(body, "user")
    is_action = source is Source.ACTION and container.get("type") == "message"
    own = of_interaction(body)
    return Invocation(
        source=source,
        text=text[:MAX_TEXT],
        user=word(user, "id"),
        team=own.team,
        enterprise=own.enterprise,
        also=own.also,
        channel=word(inner(body, "channel"), "id") or word(container, "channel_id"),
        channel_name=word(inner(body, "channel"), "name"),
        thread=_thread_around(message) if is_action else word(message, "thread_ts", "ts") or None,
        card=(word(container, "message_ts") or None) if is_action else None,
        ephemeral=container.get("is_ephemeral") is True,
        response_url=word(body, "response_url") or None,
        trigger=word(body, "trigger_id") or None,
        dedupe_key=word(body, "trigger_id"),
    )


def _thread_around(message: Payload) -> str | None:
    """The thread that a message stands in.

    A message with a thread of its own carries its own timestamp there.
    """
    thread = word(message, "thread_ts")
    return None if thread == word(message, "ts") else thread or None


def from_submission(body: Payload, text: str) -> Invocation:
    """A form that was sent: the channel stands in its metadata, or was chosen in it."""
    view, urls = inner(body, "view"), items(body, "response_urls")
    channel = (
        word(metadata(view), "channel")
        or next((word(url, "channel_id") for url in urls), "")
        or answer(view, "channel")
    )
    invocation = from_interaction(body, Source.VIEW_SUBMISSION, text)
    return replace(
        invocation,
        channel=channel,
        response_url=next((word(url, "response_url") for url in urls), "") or None,
    )


def metadata(view: Payload) -> dict[str, Any]:
    """What the form was opened with."""
    return read_object(view.get("private_metadata"))


def element(view: Payload, field: str) -> Payload:
    """What stands in one field of a form; empty when nothing was filled in."""
    block = inner(view, "state", "values", field)
    return inner(block, *list(block)[:1])


def answer(view: Payload, field: str) -> str:
    """What was filled into one field of a form; empty when nothing was."""
    return word(element(view, field), "value", "selected_conversation")


def files(view: Payload) -> list[Payload]:
    """The files that were put into a form."""
    return items(element(view, "file"), "files")


def command_in(action: Payload) -> str:
    """The command that a button or an option of a menu asks; empty where it carries none."""
    asked = read_ask_again(action.get("value"))
    return asked.q if asked else ""


def command_of_card(message: Payload) -> str:
    """The question that a card answers, read from its own `Check again` button."""
    actions = (block for block in items(message, "blocks") if block.get("type") == "actions")
    again = (
        button
        for block in actions
        for button in items(block, "elements")
        if button.get("action_id") == "check_again"
    )
    return next(map(command_in, again), "")


def headline_of_card(message: Payload) -> str:
    """The first finding code in a card's context block, `unknown` where there is none.

    A metric label: only the codes of the contract, so that no text of a payload becomes one.
    """
    codes = {code.value for code in Code}
    texts = (
        word(element, "text")
        for block in items(message, "blocks")
        if block.get("type") == "context"
        for element in items(block, "elements")
    )
    first = (text.replace(",", " ").split(maxsplit=1)[0] for text in texts if text.strip(", "))
    return next((code for code in first if code in codes), "unknown")
