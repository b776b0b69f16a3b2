"""The answers to subscribe, list, mute and history, and the modal for a subscription. Pure.

Every button contains its command. The modal's block IDs are the names by which `bot.slack` reads
the answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from bot.cards.button_values import repeat_command, restore
from bot.cards.digest_card import run_button
from bot.cards.escaping import clean, shorten_middle
from bot.cards.parts import (
    Block,
    Button,
    Buttons,
    ContextBlock,
    Drawing,
    Message,
    Part,
    bold,
    compose,
    say,
)
from chainlib.frozen import dataclass

SUBSCRIBE_MODAL, OPEN_SUBSCRIBE_MODAL, EDIT, UNDO, ZONE = (
    "follow_form",
    "open_follow_form",
    "follow_edit",
    "follow_undo",
    "follow_zone",
)
FREQUENCIES = ("weekdays", "daily", "weekly", "hourly")
MINIMUM_SEVERITIES = ("warn", "crit", "info")
ZONES = (
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Paris",
    "Europe/Madrid",
    "Europe/Warsaw",
    "Europe/Istanbul",
    "Africa/Johannesburg",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
    "America/Sao_Paulo",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
)
_PER_PAGE = 5
_OPTION_LIMIT = 150
_NAME, _SENTENCE, _METADATA_LIMIT = 60, 300, 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """One line of `list`.

    Attributes:
        number: from 1, as `unsubscribe` takes it.
        target: as typed.
        plan: schedule and filters, in words.
        command: the command that creates the subscription again, without the slash command.
        by: Slack ID of the user who created it.
        paused: why nothing is sent; empty while it is active.
    """

    number: int
    target: str
    plan: str
    command: str
    by: str
    paused: str = ""


def subscribed(target: str, plan: str, command: str, *, by: str, changed: bool = False) -> Message:
    """Confirmation of a new or changed subscription."""
    name, word = clean(target, _NAME), "now gets" if changed else "gets"
    buttons = (
        Button(label="Edit", action=EDIT, value=repeat_command(command)),
        run_button("Preview", f"preview {target}", apart=True),
    )
    undo = () if changed else (run_button("Undo", f"unsubscribe {target}", number=1),)
    parts = (
        say(f"This channel {word} ", bold(name), f": {clean(plan, _SENTENCE)}"),
        Buttons(elements=(*buttons, *undo)),
        ContextBlock(text="Digest", user=by),
    )
    return compose(f"This channel {word} the digest of {shorten_middle(name, 40)}", parts)


def unsubscribed(targets: Sequence[str], commands: Sequence[str], *, by: str) -> Message:
    """Confirmation of a removed subscription; `Undo` carries the command that restores it."""
    names = ", ".join(clean(target, _NAME) for target in targets)
    undo = Button(label="Undo", action=UNDO, value=restore(tuple(commands)))
    said = say("This channel no longer gets ", bold(clean(names, _SENTENCE)))
    return compose(
        f"This channel no longer gets the digest of {names}",
        [said, Buttons(elements=(undo,)), ContextBlock(text="Digest", user=by)],
    )


def restored(targets: Sequence[str], *, by: str) -> Message:
    """Confirmation of `Undo`."""
    names = ", ".join(clean(target, _NAME) for target in targets)
    return compose(
        f"Undone: this channel gets {names} again",
        [
            say("Undone: this channel gets ", bold(clean(names, _SENTENCE)), " again."),
            ContextBlock(text="Digest", user=by),
        ],
    )


def listing(entries: Sequence[ListEntry]) -> tuple[Message, ...]:
    """The subscriptions of a channel, numbered, in as many messages as needed."""
    return tuple(
        _page(entries[start : start + _PER_PAGE], of=len(entries))
        for start in range(0, len(entries), _PER_PAGE)
    )


def muted(target: str, when: str, reason: str, *, by: str) -> Message:
    """Confirmation of a mute."""
    name = clean(target, _NAME)
    why = f" ({clean(reason, 120)})" if reason else ""
    parts = (
        say(
            "Muted ",
            bold(name),
            f" {when}{why}. What is still broken when it ends is reported then.",
        ),
        Buttons(elements=(run_button("Unmute", f"unmute {target}"),)),
        ContextBlock(text="Mute", user=by),
    )
    return compose(f"Muted {shorten_middle(name, 40)} {when}", parts)


def unmuted(target: str, undo: str, *, by: str) -> Message:
    """Confirmation of a mute that was ended early."""
    name = clean(target, _NAME)
    parts = (
        say("Unmuted ", bold(name), "."),
        Buttons(elements=(run_button("Undo", undo),)),
        ContextBlock(text="Mute", user=by),
    )
    return compose(f"Unmuted {name}", parts)


def history(target: str, zone: str, happened: Sequence[tuple[str, str]]) -> Message:
    """The last changes of a backend's chain and state, newest first.

    Times are in the given zone; the lines may wrap.
    """
    name = clean(target, _NAME)
    lines = [say(bold(when), f" {clean(what, 200)}") for when, what in happened]
    return compose(f"History of {name}", [say(bold(f"History of {name}"), f" ({zone})"), *lines])


def which_zone(command: str) -> Message:
    """The question for a channel's time zone.

    If the command does not fit into the menu, the user must type it.
    """
    options = [(zone, repeat_command(f"{command} tz={zone}")) for zone in ZONES]
    question = "Which time zone should this channel's digest use? You set this once."
    typed = Drawing(lines=(f"/appgw-check {clean(command, 120)} tz=Europe/Berlin",))
    message = compose(question, [say(question, " To use another time zone, type:"), typed])
    if any(len(value) > _OPTION_LIMIT for _, value in options):
        return message
    menu: Block = {
        "type": "static_select",
        "action_id": ZONE,
        "placeholder": _plain("Time zone"),
        "options": [_option(zone, value) for zone, value in options],
    }
    return Message(
        text=message.text,
        blocks=(*message.blocks, {"type": "actions", "elements": [menu]}),
        plain=message.plain,
    )


def subscribe_modal(given: Mapping[str, str], *, channel: str) -> Block:
    """The modal for a subscription: target, frequency, time, severity; `given` fills it in."""
    fields = [
        _text("target", "Gateway or backend", given.get("target", ""), "gw:prod-gw"),
        _select("every", "How often", _offered(given.get("every", "")), given.get("every", "")),
        _text("at", "Time (not with hourly)", given.get("at", ""), "09:00", optional=True),
        _text("day", "Day (with weekly)", given.get("day", ""), "mon", optional=True),
        _text("tz", "Time zone", given.get("tz", ""), "Europe/Berlin", optional=True),
        _select("min", "Least severity", MINIMUM_SEVERITIES, given.get("min", "")),
        _select("only", "What to report", ("everything open", "changes"), given.get("only", "")),
        _text("not", "Leave out", given.get("not", ""), "pool:test*", optional=True),
        _select("heartbeat", "If nothing changed", ("silent", "on"), given.get("heartbeat", "")),
    ]
    metadata = json.dumps({"channel": channel})
    assert len(metadata) < _METADATA_LIMIT
    words = {
        "title": _plain("Health digest"),
        "submit": _plain("Subscribe"),
        "close": _plain("Cancel"),
    }
    return {
        "type": "modal",
        "callback_id": SUBSCRIBE_MODAL,
        "private_metadata": metadata,
        "blocks": fields,
        **words,
    }


def _page(entries: Sequence[ListEntry], *, of: int) -> Message:
    parts: list[Part] = []
    for entry in entries:
        halt = f" · paused: {clean(entry.paused, 80)}" if entry.paused else ""
        parts.append(
            say(
                bold(f"{entry.number}. {clean(entry.target, _NAME)}"),
                f" · {clean(entry.plan, 200)}{halt}",
            )
        )
        edit = Button(
            label="Edit", action=f"{EDIT}:{entry.number}", value=repeat_command(entry.command)
        )
        remove = run_button("Remove", f"unsubscribe {entry.target}", number=entry.number)
        resume = (run_button("Resume", entry.command, number=entry.number),) if entry.paused else ()
        parts += [
            Buttons(elements=(edit, remove, *resume)),
            ContextBlock(text=f"Number {entry.number}", user=entry.by),
        ]
    return compose(_followed(entries, of), parts)


def _followed(entries: Sequence[ListEntry], of: int) -> str:
    """The text of a page for the lock screen: how many targets, and which."""
    many = f"{of} targets" if of > 1 else "1 target"
    page = f" ({entries[0].number} to {entries[-1].number})" if len(entries) < of else ""
    names = ", ".join(clean(entry.target, _NAME) for entry in entries)
    return f"This channel follows {many}{page}: {names}"


def _text(name: str, label: str, value: str, placeholder: str, *, optional: bool = False) -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": name,
        "placeholder": _plain(placeholder),
        "max_length": 300,
    }
    filled = {"initial_value": clean(value, 300)} if value else {}
    return {
        "type": "input",
        "block_id": name,
        "label": _plain(label),
        "optional": optional,
        "element": element | filled,
    }


def _select(name: str, label: str, words: Sequence[str], value: str) -> Block:
    chosen = value if value in words else words[0]
    options = [_option(word, word) for word in words]
    element = {
        "type": "static_select",
        "action_id": name,
        "options": options,
        "initial_option": _option(chosen, chosen),
    }
    return {"type": "input", "block_id": name, "label": _plain(label), "element": element}


def _offered(every: str) -> Sequence[str]:
    """The usual frequencies and the current one, so that editing another field keeps it."""
    return FREQUENCIES if not every or every in FREQUENCIES else (*FREQUENCIES, every)


def _option(label: str, value: str) -> Block:
    return {"text": _plain(label), "value": value}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
