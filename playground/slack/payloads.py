"""Builds Slack's payloads: commands, actions, view submissions, shortcuts and events as JSON.

Pure, except for the IDs that the workspace generates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playground.slack.methods.chat import as_json
from playground.slack.methods.views import describe
from playground.slack.state import (
    APP_ID,
    BOT_USER,
    TEAM_ID,
    Exchange,
    Json,
    Message,
    OpenView,
    Workspace,
)

VERIFICATION = "standin-verification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Builds payloads; `base_url` is where response URLs point to."""

    workspace: Workspace
    base_url: str

    def command(self, command: str, text: str, *, user: str, channel: str) -> Json:
        """A slash command as form fields."""
        names = {
            "user_name": self._user_name(user),
            "channel_name": self._channel_name(channel),
            "team_domain": "contoso",
        }
        home = {
            "token": VERIFICATION,
            "team_id": self._team(user),
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
        }
        fields = {"command": command, "text": text, "user_id": user, "channel_id": channel}
        return {
            **home,
            **names,
            **fields,
            "trigger_id": self.trigger(user, channel),
            "response_url": self.response(user, channel),
        }

    def click(self, message: Message, action: Json, *, user: str) -> Json:
        """The payload for a used button or menu of a message; without an ephemeral message."""
        sent = {} if message.only_for else {"message": self._with_thread(message)}
        container = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel,
            "is_ephemeral": message.only_for is not None,
        }
        return {
            **self._interaction("block_actions", user, message.channel),
            "container": container,
            **sent,
            "actions": [action],
            "state": {"values": {}},
            "response_url": self.response(user, message.channel, message.ts),
        }

    def _with_thread(self, message: Message) -> Json:
        """A message as in an action's payload.

        One with answers has its own `ts` as `thread_ts`.
        """
        answered = any(
            one.thread_ts == message.ts for one in self.workspace.messages(message.channel)
        )
        return {**as_json(message), **({"thread_ts": message.ts} if answered else {})}

    def view_click(self, view: OpenView, action: Json) -> Json:
        """The payload for a used button or menu of a modal or App Home."""
        payload = self._interaction("block_actions", view.user, None, view.id)
        return {
            **payload,
            "container": {"type": "view", "view_id": view.id},
            "view": describe(view),
            "actions": [action],
        }

    def submission(self, view: OpenView, values: Json) -> Json:
        """A submitted modal."""
        shown = {**describe(view), "state": {"values": values}}
        return {
            **self._interaction("view_submission", view.user, None, view.id),
            "view": shown,
            "response_urls": [],
        }

    def closing(self, view: OpenView) -> Json:
        """A modal that was closed without submitting it."""
        return {
            **self._interaction("view_closed", view.user, None),
            "view": describe(view),
            "is_cleared": False,
        }

    def message_shortcut(self, message: Message, callback_id: str, *, user: str) -> Json:
        """The payload of a shortcut used on a message."""
        payload = self._interaction("message_action", user, message.channel)
        more = {
            "callback_id": callback_id,
            "message_ts": message.ts,
            "message": as_json(message),
            "action_ts": message.ts,
        }
        return {**payload, **more, "response_url": self.response(user, message.channel, message.ts)}

    def global_shortcut(self, callback_id: str, *, user: str) -> Json:
        """A shortcut from the search field."""
        return {
            **self._interaction("shortcut", user, None),
            "callback_id": callback_id,
            "action_ts": self.workspace.new_ts(),
        }

    def mention(self, message: Message) -> Json:
        """The event of a message that names the bot."""
        event = {
            "type": "app_mention",
            "user": message.user,
            "text": message.text,
            "ts": message.ts,
            "channel": message.channel,
        }
        if message.thread_ts:
            event["thread_ts"] = message.thread_ts
        return self.event(
            {
                **event,
                "event_ts": message.ts,
                "team": TEAM_ID,
                "user_team": self._team(message.user),
            }
        )

    def message(self, message: Message) -> Json:
        """The event of a message in a channel."""
        shown = {**as_json(message), "channel": message.channel, "channel_type": "channel"}
        return self.event({**shown, "event_ts": message.ts, "team": TEAM_ID})

    def event(self, event: Json) -> Json:
        """Any event in its envelope, with an `event_id` of its own."""
        user = str(event.get("user", ""))
        return {
            "token": VERIFICATION,
            "team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "type": "event_callback",
            "event_id": self.workspace.serial("Ev"),
            "event_time": int(self.workspace.clock()),
            "event": {"event_ts": f"{self.workspace.clock():.6f}", **event},
            "is_ext_shared_channel": self._is_shared(event),
            "authorizations": [
                {"enterprise_id": None, "team_id": TEAM_ID, "user_id": BOT_USER, "is_bot": True}
            ],
            "context_team_id": self._team(user),
        }

    def _is_shared(self, event: Json) -> bool:
        """Whether the event's channel is shared with another organisation."""
        channel = self.workspace.channels.get(str(event.get("channel", "")))
        return channel is not None and channel.foreign

    def trigger(self, user: str, channel: str | None, view_id: str | None = None) -> str:
        """A new trigger id."""
        identity = self.workspace.serial("trigger.")
        self.workspace.triggers[identity] = Exchange(
            given_at=self.workspace.clock(), user=user, channel=channel, view_id=view_id
        )
        return identity

    def response(self, user: str, channel: str, message_ts: str | None = None) -> str:
        """A new response URL."""
        identity = self.workspace.serial("response-")
        exchange = Exchange(
            given_at=self.workspace.clock(), user=user, channel=channel, message_ts=message_ts
        )
        self.workspace.responses[identity] = exchange
        return f"{self.base_url}/response/{identity}"

    def _interaction(
        self, kind: str, user: str, channel: str | None, view_id: str | None = None
    ) -> Json:
        person = {
            "id": user,
            "username": self._user_name(user),
            "name": self._user_name(user),
            "team_id": self._team(user),
        }
        payload: Json = {
            "type": kind,
            "token": VERIFICATION,
            "team": {"id": self._team(user), "domain": "contoso"},
            "user": person,
            "api_app_id": APP_ID,
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": self.trigger(user, channel, view_id),
        }
        return (
            payload
            if channel is None
            else {**payload, "channel": {"id": channel, "name": self._channel_name(channel)}}
        )

    def _team(self, user: str) -> str:
        return self.workspace.users[user].team if user in self.workspace.users else TEAM_ID

    def _user_name(self, user: str) -> str:
        return self.workspace.users[user].name if user in self.workspace.users else "unknown"

    def _channel_name(self, channel: str) -> str:
        return (
            self.workspace.channels[channel].name
            if channel in self.workspace.channels
            else "unknown"
        )


def controls(blocks: Any) -> list[Json]:
    """Every button, menu and field in blocks, each with its `block_id`."""
    found: list[Json] = []
    for block in blocks:
        inside = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
        found += [
            {**one, "block_id": block.get("block_id", "")}
            for one in inside
            if isinstance(one, dict) and "action_id" in one
        ]
    return found


def pick(blocks: Any, what: str, option: str | None = None) -> Json:
    """The action of using a control.

    `what` is its action ID or its label, `option` the label or value of a menu entry.

    Raises:
        LookupError: there is no such control; the text lists the existing ones.
    """
    found = controls(blocks)
    for control in found:
        menu = next(
            (
                one
                for one in control.get("options", ())
                if _label(one) == what or one.get("value") == what
            ),
            None,
        )
        if what in {control["action_id"], _label(control)} or menu:
            return _action(control, option or (what if menu else None))
    names = sorted({_label(one) or str(one["action_id"]) for one in found})
    raise LookupError(f"no control {what!r}; there are {', '.join(names) or 'none'}")


def _action(control: Json, option: str | None) -> Json:
    action: Json = {
        "type": control["type"],
        "action_id": control["action_id"],
        "block_id": control["block_id"],
    }
    if control["type"] == "button":
        return {
            **action,
            "text": control["text"],
            **({"value": control["value"]} if "value" in control else {}),
        }
    chosen = next(
        (one for one in control.get("options", ()) if option in {_label(one), one.get("value")}),
        None,
    )
    if chosen is None:
        entries = ", ".join(_label(one) for one in control.get("options", ()))
        raise LookupError(f"no entry {option!r}; there are {entries or 'none'}")
    return {**action, "selected_option": chosen}


def _label(control: Json) -> str:
    text = control.get("text")
    return str(text.get("text", "")) if isinstance(text, dict) else ""
