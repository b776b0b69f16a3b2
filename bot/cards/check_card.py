"""The card of one check.

In order: verdict, cause, drawing of the chain, who fixes what, what a browser does, buttons,
context block. At most twelve lines come before the buttons; the rest is in the thread (`details`).
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.cards.button_values import repeat_command
from bot.cards.drawing import draw
from bot.cards.escaping import clean, shorten, shorten_middle
from bot.cards.fix_value import steps_value
from bot.cards.lock_screen import (
    ACTORS,
    PHRASES,
    PLACES,
    SHAPES,
    grade,
    phrased,
    target_name,
)
from bot.cards.parts import (
    LINES_BEFORE_BUTTONS,
    TEXT_LIMIT,
    VERDICT_LIMIT,
    Button,
    Buttons,
    ContextBlock,
    Drawing,
    Heading,
    Message,
    Overflow,
    Paragraph,
    Part,
    bold,
    compose,
    say,
)
from bot.domain.report import CheckReport, GatewayReport
from chainlib import Basis, Code, Fix, Severity
from chainlib.frozen import dataclass

SLASH_COMMAND = "/appgw-check"
CHECK_AGAIN, FIX_STEPS, MORE = "check_again", "fix_steps", "more"
WATCH, CHAIN, EVIDENCE = (
    ("Watch until green", "watch"),
    ("Chain file", "chain"),
    ("Evidence", "evidence"),
)
WRONG, OTHERWISE = ("Wrong diagnosis?", "wrong"), ("Check with other options", "form")
MORE_OPTIONS = (OTHERWISE, ("Rehearse a new chain", "rehearse"), WRONG)
FAILING_OPTIONS = (WATCH, CHAIN, EVIDENCE, WRONG, OTHERWISE)
PASSING_OPTIONS = (EVIDENCE, *MORE_OPTIONS)
FIX_LIMIT = 140
_OTHERS_LIMIT = 110
HEALTH_TEXT_LIMIT = 130
_BROWSER_LIMIT = 130
_CHANGED_LIMIT = 150
_NAME_LIMIT = 44
_SITE_LIMIT = 80
_CURED_BY_A_CHAIN = frozenset(
    {Code.INTERMEDIATE_MISSING, Code.CHAIN_OUT_OF_ORDER, Code.LEAF_NOT_FIRST, Code.LEAF_MISSING}
)
_CURED_BY_ANOTHER_EDITION = frozenset(
    {Code.CERTIFICATE_EXPIRED, Code.CERTIFICATE_NOT_YET_VALID, Code.SIGNATURE_INVALID}
)
"""Faults of an intermediate of which the corrected chain may hold the right edition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardContext:
    """What a card shows besides the report.

    Attributes:
        command: the command that repeats the check, without the slash command; the buttons carry
            it.
        understood: how the command was understood.
        run_id: the ID of this run in the log.
        probe_origin: the machine that probed.
        user: Slack ID of the user who asked; `None` when nobody did.
        health_sentence: backend health in one sentence; empty where no gateway uses the backend.
        gateway: the gateway that uses the backend, for the names in the fix steps.
        changed: what changed since the backend was last healthy, in one line; empty if unknown.
        site: the public name under which a gateway serves the same host; empty if there is none.
    """

    command: str
    understood: str
    run_id: str
    probe_origin: str
    user: str | None = None
    health_sentence: str = ""
    gateway: GatewayReport | None = None
    changed: str = ""
    site: str = ""


def check_card(report: CheckReport, context: CardContext) -> Message:
    """The card of a finished check."""
    word, name = grade(report.verdict), target_name(report)
    above: list[Part] = [
        Heading(text=f"{SHAPES[word]} {word} {shorten_middle(name, _NAME_LIMIT)}"),
        _verdict(report),
    ]
    below = [
        *_changed(report, context),
        *_backend_health(context),
        *_below(report),
        *_as_a_site(context),
    ]
    room = LINES_BEFORE_BUTTONS - len(below) - len(above) - 1
    parts: list[Part] = [
        *above,
        Drawing(lines=draw(report, room)),
        *below,
        _buttons(report, context),
        _context_block(report, context),
    ]
    return compose(lock_screen(report), parts)


def lock_screen(report: CheckReport) -> str:
    """The notification text: cause, host and who must act in 90 characters.

    The host is shortened first.
    """
    word, headline = grade(report.verdict), report.verdict.headline
    who = "Nothing to do." if word == "OK" else f"Fix: {ACTORS[report.explanation.where]}."
    rest = f": {PHRASES[headline]}. {who}"
    return (
        f"{word} "
        f"{shorten_middle(target_name(report), TEXT_LIMIT - len(word) - 1 - len(rest))}{rest}"
    )


def _verdict(report: CheckReport) -> Paragraph:
    explanation = report.explanation
    return say(
        bold(clean(explanation.title, 60)), f"\n{clean(phrased(explanation.cause), VERDICT_LIMIT)}"
    )


def _changed(report: CheckReport, context: CardContext) -> Iterator[Paragraph]:
    if context.changed and not report.verdict.accepted:
        yield say(bold("Changed: "), clean(context.changed, _CHANGED_LIMIT))


def _backend_health(context: CardContext) -> Iterator[Paragraph]:
    if context.health_sentence:
        yield say(bold("Gateway: "), clean(context.health_sentence, HEALTH_TEXT_LIMIT))


def _as_a_site(context: CardContext) -> Iterator[Paragraph]:
    if context.site:
        asked = f"{SLASH_COMMAND} site:{clean(context.site, _SITE_LIMIT)}"
        yield say(bold("Also a site: "), f"{asked} shows the servers behind it.")


def _below(report: CheckReport) -> Iterator[Paragraph]:
    """The lines under the drawing."""
    if _passes_from_here(report):
        yield say(
            bold("The bot's own probe: "),
            "passes. If it was fixed a moment ago, wait for the gateway's next probe, then check "
            "again.",
        )
    if not report.verdict.accepted or report.verdict.headline is not Code.OK:
        yield from _fixes(report)
    if others := _others(report):
        yield say(bold("Also: "), shorten(" · ".join(others), _OTHERS_LIMIT))
    if report.browser and not report.verdict.accepted:
        mark = "Browser accepts it: " if report.browser.accepted else "Browser: "
        yield say(bold(mark), clean(report.browser.why, _BROWSER_LIMIT))


def _passes_from_here(report: CheckReport) -> bool:
    """Whether backend health alone names what is critical, while our probe passes."""
    critical = [f for f in report.verdict.findings if f.severity is Severity.CRITICAL]
    differs = Code.VANTAGE_DIFFERS in report.verdict.codes
    return differs and bool(critical) and all(f.basis is Basis.GATEWAY for f in critical)


def _fixes(report: CheckReport) -> Iterator[Paragraph]:
    """Who fixes what: the first step of the headline, and of the other party if it must act too."""
    explanation = report.explanation
    first = _ready_made(report) or (
        explanation.steps[0] if explanation.steps else phrased(explanation.cause)
    )
    yield say(bold(f"Fix {PLACES[explanation.where]}: "), clean(first, FIX_LIMIT))
    elsewhere = next(
        (
            fix
            for fix in _critical_fixes(report)
            if fix.where is not explanation.where and fix.steps
        ),
        None,
    )
    if elsewhere:
        yield say(bold(f"And {PLACES[elsewhere.where]}: "), clean(elsewhere.steps[0], FIX_LIMIT))


def _ready_made(report: CheckReport) -> str | None:
    """The step that installs the corrected chain from the thread.

    Only when installing it fixes the headline; it includes the verdict of the re-check.
    """
    repair, headline = report.repair, report.verdict.headline
    if repair is None or not repair.chain:
        return None
    replaced = headline in _CURED_BY_ANOTHER_EDITION and repair.verdict_after is Code.OK
    if headline not in _CURED_BY_A_CHAIN and not replaced:
        return None
    return (
        "Install fullchain.pem from the thread, then reload. Re-checked with this file: "
        f"{repair.verdict_after.value}."
    )


def _critical_fixes(report: CheckReport) -> tuple[Fix, ...]:
    pairs = zip(report.verdict.findings, report.explanation.fixes, strict=False)
    return tuple(fix for finding, fix in pairs if finding.severity is Severity.CRITICAL)


def _others(report: CheckReport) -> tuple[str, ...]:
    """The other important findings, in the phrases of the notification text."""
    shown = {report.verdict.headline}
    if _passes_from_here(report):
        shown.add(Code.VANTAGE_DIFFERS)
    matter = (f.code for f in report.verdict.findings if f.severity is not Severity.INFO)
    return tuple(dict.fromkeys(PHRASES[code] for code in matter if code not in shown))


def _buttons(report: CheckReport, context: CardContext) -> Buttons:
    again = again_button(context.command)
    more = Overflow(action=MORE, options=_options(report))
    instead = f"Check again: {SLASH_COMMAND} {context.command}"
    if report.verdict.headline is Code.OK:
        return Buttons(elements=(again, more), instead=instead)
    steps = Button(
        label="Fix steps",
        action=FIX_STEPS,
        value=steps_value(report, context.command, context.gateway),
    )
    return Buttons(elements=(again, steps, more), instead=instead)


def again_button(command: str) -> Button:
    """`Check again`; its value is the command."""
    return Button(
        label="Check again", action=CHECK_AGAIN, value=repeat_command(command), primary=True
    )


def _options(report: CheckReport) -> tuple[tuple[str, str], ...]:
    """Entries of the overflow menu.

    A rehearsed chain is not installed on any server, so it has no `watch` and no backend health.
    """
    rehearsed = report.chain is not None and not report.addresses[0].address
    if rehearsed:
        return MORE_OPTIONS
    return PASSING_OPTIONS if report.verdict.accepted else FAILING_OPTIONS


def _context_block(report: CheckReport, context: CardContext) -> ContextBlock:
    bad = sum(not address.verdict.accepted for address in report.addresses)
    total = len(report.addresses)
    servers = (
        f"{bad} of {total} servers {'fails' if bad == 1 else 'fail'}"
        if bad and total > 1
        else f"{total} servers"
        if total > 1
        else ""
    )
    unseen = (
        f"not checked: {', '.join(clean(item, 60) for item in report.not_checked)}"
        if report.not_checked
        else ""
    )
    said = (
        report.verdict.headline.value,
        clean(context.understood, 200),
        servers,
        f"run {context.run_id}",
        f"from {clean(context.probe_origin, 60)}",
        unseen,
    )
    return ContextBlock(
        text=" · ".join(filter(None, said)), user=context.user, at=report.verdict.at
    )
