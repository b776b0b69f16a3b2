"""Ephemeral answers: usage errors, refusals, help, whoami, version, doctor."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bot.cards.button_values import repeat_command
from bot.cards.check_card import CHECK_AGAIN, SLASH_COMMAND
from bot.cards.escaping import clean
from bot.cards.parts import (
    Button,
    Buttons,
    ContextBlock,
    Drawing,
    Listing,
    Message,
    Part,
    Span,
    bold,
    compose,
    say,
)
from bot.domain.refusal import Refusal

OPEN_MODAL, OPEN_REHEARSAL = "open_form", "open_rehearsal"
_VERBS = (
    ("backend.contoso.com", "check one backend as the gateway does"),
    ("10.0.0.5:8443 sni=api.contoso.com", "another port, another server name"),
    ("gw:prod-gw", "every backend of a gateway"),
    ("site:shop.contoso.com", "what is behind a public site"),
    ("health", "every gateway in one line each"),
    ("forecast gw:prod-gw", "on which day what breaks"),
    ("rehearse", "check a chain before it is installed"),
    ("rehearse gw:prod-gw without=old-root", "what breaks if a root is removed"),
    ("subscribe gw:prod-gw", "a health digest for this channel"),
    ("alerts on", "answer alerts in this channel automatically"),
    ("list", "what this channel follows; mute, preview, history"),
    ("doctor", "check whether the bot itself works"),
    ("whoami", "what you and this channel may do"),
    ("version", "the bot's version"),
)


def usage(error: str, *, typed: str, suggestion: str | None, examples: Sequence[str]) -> Message:
    """What is wrong, examples to copy, and what was written.

    `suggestion` is the most similar verb.
    """
    parts: list[Part] = [say(clean(error, 400))]
    if suggestion and f"did you mean {suggestion}" not in error:
        parts.append(say("Did you mean ", bold(clean(suggestion, 40)), "?"))
    if examples:
        parts.append(_to_type(examples))
    if typed.strip():
        parts.append(ContextBlock(text=f"You wrote: {clean(typed, 200)} · nothing was run"))
    parts.append(_modal_buttons())
    return compose(clean(error, 90), parts)


def refusal(no: Refusal) -> Message:
    """Why this user, channel or target is refused, and what would help."""
    return naming_channels(no.sentence)


def naming_channels(sentence: str) -> Message:
    """A remark to one user in which channel IDs are shown as names."""
    pieces = re.split(r"<#([CG][A-Z0-9]+)>", clean(sentence, 600))
    spans = [
        Span(text=piece, channel=bool(place % 2)) for place, piece in enumerate(pieces) if piece
    ]
    return compose(clean("".join(pieces), 90), [say(*spans)])


def notice(sentence: str, *lines: str) -> Message:
    """A short remark for one user."""
    body: list[Part] = [say(clean(sentence, 600))]
    if lines:
        body.append(Drawing(lines=tuple(clean(line, 300) for line in lines)))
    return compose(clean(sentence, 90), body)


def nothing_named() -> Message:
    """The answer to an alert that names no backend, site or gateway."""
    return notice(
        "I found no backend in this message.",
        f"{SLASH_COMMAND} backend.contoso.com",
        f"{SLASH_COMMAND} gw:prod-gw",
    )


def which_target(reason: str, lines: Sequence[str]) -> Message:
    """The answer to an alert with several equally likely targets: one button for each."""
    sentence = clean(f"{reason[:1].upper()}{reason[1:]}.", 400)
    buttons = [
        Buttons(
            elements=(
                Button(
                    label=f"Check {clean(line, 60)}"[:75],
                    action=CHECK_AGAIN,
                    value=repeat_command(line),
                ),
            )
        )
        for line in lines
    ]
    return compose(clean(sentence, 90), [say(sentence), *buttons])


def failed(run_id: str) -> Message:
    """An internal error: what the user can do, and the run ID for the operator."""
    return notice(
        "The bot failed with an internal error; try again. If it happens again, an operator "
        f"finds the reason in the log under run {run_id}."
    )


def help_card() -> Message:
    """The help text, with buttons for the modals."""
    rows = tuple((f"{SLASH_COMMAND} {example}", does) for example, does in _VERBS)
    parts = (
        say(
            bold("Name a backend"),
            (
                " and I check it as Application Gateway does: chain, roots, names, dates, "
                "health probe."
            ),
        ),
        Listing(rows=rows, typed=True),
        ContextBlock(
            text="In a thread, mention me instead, or use the message shortcut Diagnose this 502."
        ),
        _modal_buttons(),
    )
    return compose(
        f"Write {SLASH_COMMAND} and the backend's name, for example backend.contoso.com", parts
    )


def verb_help(verb: str, line: str, options: str, examples: Sequence[str]) -> Message:
    """The help text of one verb."""
    parts: list[Part] = [say(bold(clean(verb, 40)), f": {line}"), _to_type(examples)]
    if options:
        parts.append(ContextBlock(text=f"Options: {options}"))
    return compose(f"{clean(verb, 40)}: {line}", parts)


def facts(title: str, rows: Mapping[str, str]) -> Message:
    """Names and values, for `whoami`, `version` and `doctor`."""
    shown = tuple((f"{name}:", clean(value, 600)) for name, value in rows.items())
    return compose(title, [say(bold(title)), Listing(rows=shown)])


def already_running(name: str, *, link: str | None) -> Message:
    """The same target is being checked, or was checked a moment ago: a link to that card."""
    where = Span(text="see its card", link=link) if link else Span(text="see its card above")
    sentence = f"{clean(name, 100)} was checked a moment ago: "
    return compose(
        f"{sentence}see its card",
        [say(sentence, where, ". Press Check again there to probe again.")],
    )


def open_modal_notice(label: str, action: str) -> Message:
    """A message with a button that opens a modal, if it could not be opened at once."""
    return compose(
        f"{label}: tap the button",
        [
            say(f"{label}: tap the button, the form opens."),
            Buttons(elements=(Button(label=label, action=action, value="{}"),)),
        ],
    )


def _to_type(examples: Sequence[str]) -> Listing:
    return Listing(
        rows=tuple((f"{SLASH_COMMAND} {clean(example, 120)}", "") for example in examples),
        typed=True,
    )


def _modal_buttons() -> Buttons:
    check = Button(label="Open the form", action=OPEN_MODAL, value="{}")
    rehearse = Button(label="Rehearse a chain", action=OPEN_REHEARSAL, value="{}")
    return Buttons(elements=(check, rehearse))
