"""The modal that `Fix steps` opens: who must do what, with the real names.

It shows one kind of server and one tool for the gateway. Everything comes from the button's value
(`fix_value`), so it also works on an old card and after a restart. Choosing another kind or tool
updates the modal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum

from bot.cards.check_card import SLASH_COMMAND
from bot.cards.escaping import clean
from bot.cards.fix_value import FixValue, OneFix, has_guide, read_value
from bot.cards.lock_screen import PHRASES, PLACES
from bot.cards.parts import Block, ContextBlock, Divider, Drawing, Part, Steps, bold, say
from bot.fixsteps import FixGuide, FixStep, ServerKind, Tool, gateway_guide, guide
from chainlib import Where
from chainlib.frozen import dataclass

FIX_STEPS_MODAL = "fix_steps"
STEPS_KIND, STEPS_TOOL = "steps_kind", "steps_tool"
_MAX_BLOCKS = 96
_METADATA_LIMIT = 3000


def fix_steps(value: str) -> Block:
    """The view; a value that cannot be read (older or cut) gives the general steps of its code."""
    read = read_value(value)
    blocks = [*_choices(read), *(part.block() for part in _parts(read))]
    kept = (
        blocks
        if len(blocks) <= _MAX_BLOCKS
        else [*blocks[: _MAX_BLOCKS - 1], say("The rest is in the thread of the card.").block()]
    )
    words = {"title": _plain("Fix steps"), "close": _plain("Close")}
    note = value if len(value) <= _METADATA_LIMIT else ""
    return {
        "type": "modal",
        "callback_id": FIX_STEPS_MODAL,
        "private_metadata": note,
        "blocks": kept,
        **words,
    }


def _choices(value: FixValue) -> Iterator[Block]:
    """The menus for the kind of server and the tool, if they change something."""
    if value.context is None:
        return
    menus = (
        [_menu(STEPS_KIND, "Server", ServerKind, value.kind)]
        if _any_guide(value, Where.SERVER)
        else []
    )
    menus += (
        [_menu(STEPS_TOOL, "Tool", Tool, value.tool)]
        if _any_guide(value, Where.GATEWAY) or _has_stopgap(value)
        else []
    )
    if menus:
        yield {"type": "actions", "block_id": "steps_choice", "elements": menus}


def _menu(action: str, placeholder: str, choices: type[StrEnum], chosen: StrEnum) -> Block:
    options = {one.name: {"text": _plain(one.value), "value": one.name} for one in choices}
    return {
        "type": "static_select",
        "action_id": action,
        "placeholder": _plain(placeholder),
        "options": list(options.values()),
        "initial_option": options[chosen.name],
    }


def _parts(value: FixValue) -> Iterator[Part]:
    if not value.fixes:
        yield say(
            "The steps of this old card cannot be read; tap Check again and open them from "
            "the new card."
        )
        return
    for number, one in enumerate(_each_once(value)):
        if number:
            yield Divider()
        yield from _one(one)
    if value.left_out:
        yield say(f"{value.left_out} more findings: their steps are in the thread of the card.")
    yield from _stopgap(value)
    command = f" or type {SLASH_COMMAND} {clean(value.command, 600)}" if value.command else ""
    undo = "" if value.context else " Undo: put the old file or setting back."
    yield say(bold("Then: "), f"tap Check again{command}.{undo}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Together:
    """Findings that have the same steps."""

    fixes: tuple[OneFix, ...]
    guide: FixGuide | None


def _each_once(value: FixValue) -> Iterator[_Together]:
    groups: dict[object, tuple[FixGuide | None, list[OneFix]]] = {}
    for fix in value.fixes:
        answer = _guide(fix, value)
        key = (fix.where, answer.steps) if answer else fix
        groups.setdefault(key, (answer, []))[1].append(fix)
    return (_Together(fixes=tuple(fixes), guide=answer) for answer, fixes in groups.values())


def _guide(fix: OneFix, value: FixValue) -> FixGuide | None:
    if value.context is None or not has_guide(fix.code, fix.where):
        return None
    if fix.where is Where.SERVER:
        return guide(fix.code, value.context, value.kind)
    return gateway_guide(fix.code, value.context, value.tool)


def _one(together: _Together) -> Iterator[Part]:
    first = together.fixes[0]
    names = " and ".join(PHRASES[fix.code] for fix in together.fixes)
    yield say(bold(clean(f"{names[:1].upper()}{names[1:]}: fix {PLACES[first.where]}", 300)))
    if together.guide:
        yield from _guided(together.guide)
    elif first.steps:
        yield Steps(items=tuple(clean(step, 600) for step in first.steps))


def _guided(answer: FixGuide) -> Iterator[Part]:
    yield from _numbered(answer.steps)
    if answer.undo:
        yield say(bold("Undo:"))
        yield from _numbered(answer.undo)
    yield say(bold("To verify the fix:"))
    yield from _numbered(answer.proof)
    yield from _blanks(answer, (*answer.steps, *answer.undo, *answer.proof))


def _blanks(answer: FixGuide, steps: Iterable[FixStep]) -> Iterator[Part]:
    """The placeholders in these steps that the reader must replace."""
    shown = "\n".join(f"{step.text}\n{step.command or ''}" for step in steps)
    left = [blank for blank in answer.blanks if re.search(rf"\b{re.escape(blank)}\b", shown)]
    if left:
        yield ContextBlock(text=f"Replace these placeholders: {', '.join(left)}")


def _numbered(steps: Iterable[FixStep]) -> Iterator[Part]:
    for number, step in enumerate(steps, 1):
        yield say(f"{number}. {clean(step.text, 600)}")
        if step.command:
            yield Drawing(lines=tuple(step.command.split("\n")))


def _stopgap(value: FixValue) -> Iterator[Part]:
    """The temporary workaround of switching validation off: shown last, its risk first."""
    if value.context is None or not _has_stopgap(value):
        return
    answer = gateway_guide(value.fixes[0].code, value.context, value.tool)
    yield Divider()
    yield say(bold("Temporary workaround, only if users cannot wait:"))
    yield from _numbered(answer.stopgap)
    yield from _blanks(answer, answer.stopgap)


def _has_stopgap(value: FixValue) -> bool:
    """Whether the headline is critical and one of the switches would suppress it."""
    return bool(
        value.context
        and value.fixes
        and not value.accepted
        and gateway_guide(value.fixes[0].code, value.context, value.tool).stopgap
    )


def _any_guide(value: FixValue, where: Where) -> bool:
    return any(fix.where is where and has_guide(fix.code, where) for fix in value.fixes)


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
