"""The card of a gateway: causes, worst first, healthy servers in one line, backend health.

One missing intermediate behind fourteen servers is one line. The card is complete with the bot's
own probe; backend health is added when ARM has answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.cards.causes import CauseGroup, fold
from bot.cards.check_card import (
    FIX_STEPS,
    MORE,
    MORE_OPTIONS,
    SLASH_COMMAND,
    WATCH,
    CardContext,
    again_button,
)
from bot.cards.escaping import clean, shorten, shorten_middle
from bot.cards.fix_value import steps_value
from bot.cards.gateway_summary import (
    NAMES_SHOWN,
    explanation_of,
    grade_of,
    joined_report,
    lock_screen_of,
    name_of,
    shape_of,
    summary,
)
from bot.cards.lock_screen import PHRASES, PLACES, SHAPES
from bot.cards.parts import (
    Button,
    Buttons,
    ContextBlock,
    Drawing,
    Heading,
    Message,
    Overflow,
    Paragraph,
    Part,
    Span,
    bold,
    compose,
    say,
)
from bot.domain.azure import BackendServer, Health
from bot.domain.report import DISAGREEMENT_CODES, NOT_REACHED, GatewayReport
from bot.domain.request import Via
from chainlib import Code, and_more, counted, few

MAX_GROUPS = 5
MAX_ROUTES = 4
_NOT_PROBED = "not probed: "
LINE_LIMIT = 130
_DISAGREEMENTS = {
    Code.VANTAGE_DIFFERS: (
        "the gateway probes from another subnet, or its last probe is older ({servers})."
    ),
    Code.PROBE_DISAGREES: "the gateway's failure threshold may not be reached yet ({servers}).",
}
"""Ordered by effect: what stops traffic now comes first."""
_OUT_OF_REACH = "the bot's network may have no way to it ({servers})."


def gateway_card(report: GatewayReport, context: CardContext) -> Message:
    """The card of a whole gateway, or of one of its pools or settings."""
    causes = fold(report)
    parts: list[Part] = [
        Heading(text=_heading(report)),
        summary(report, causes),
        _backend_health(report),
        *_routes(report),
        *_own_words(report, causes),
        *(_cause_line(cause) for cause in causes[:MAX_GROUPS]),
        *_not_shown(causes),
        *_quiet(report, causes),
        *_first_fix(causes, report.at),
        _buttons(report, causes, context),
        _context_block(report, context),
    ]
    return compose(lock_screen_of(report, causes), parts)


def _routes(report: GatewayReport) -> Iterator[Part]:
    """The rules that lead to each pool of a site, the worst first, and the redirects."""
    if not report.site:
        return
    reached = dict.fromkeys(
        f"{route} → {member.pool}/{member.setting}"
        for member in report.members
        for route in member.routes
    )
    lines = [clean(line, LINE_LIMIT) for line in (*reached, *report.redirects)]
    if more := and_more(len(lines), MAX_ROUTES, "rule"):
        lines = [*lines[:MAX_ROUTES], f"… {more}"]
    if lines:
        yield Drawing(lines=tuple(lines))


def _heading(report: GatewayReport) -> str:
    word = grade_of(report, fold(report))
    kind = "site" if report.site else "gateway"
    return f"{shape_of(word)} {word} {kind} {shorten_middle(name_of(report), 36)}"


def _backend_health(report: GatewayReport) -> Paragraph:
    """Backend health: its counts, why it is missing, or that it is still being read."""
    if report.refusal is not None:
        return say(bold("Backend health is missing: "), clean(report.refusal.sentence, LINE_LIMIT))
    if report.via is Via.PROBE:
        return say(
            bold("Gateway: "),
            "backend health was not requested (via=probe); below is the bot's own probe.",
        )
    if report.health is None:
        below = "nothing is probed" if report.via is Via.GATEWAY else "below is the bot's own probe"
        return say(
            bold("Gateway: "), f"reading backend health, which takes ten seconds or more; {below}."
        )
    of_members = tuple(member.server for member in report.members if member.server is not None)
    as_it_is_set = ", with the settings as saved" if report.typed else ""
    return say(
        bold("Gateway says: "),
        _counts(of_members if report.scope or report.site else report.health.servers),
        as_it_is_set,
    )


def _own_words(report: GatewayReport, causes: tuple[CauseGroup, ...]) -> Iterator[Paragraph]:
    """Azure's message for the servers of the first cause, and what a disagreement means."""
    for cause in causes[:1]:
        text_shown = [
            member.server.message
            for member in cause.members
            if member.server and member.server.health is not Health.HEALTHY
        ]
        messages = dict.fromkeys(message for message in text_shown if message)
        if messages:
            first, more = next(iter(messages)), len(messages) - 1
            differs = any(f.code is Code.VANTAGE_DIFFERS for m in cause.members for f in m.findings)
            misleads = (
                not differs
                and cause.code not in {*DISAGREEMENT_CODES, first.code}
                and first.code not in {Code.OK, Code.UNRECOGNISED}
            )
            label = (
                "Azure's message (the actual cause is below): " if misleads else "Azure's message: "
            )
            yield say(
                bold(label),
                clean(first.text or first.name, LINE_LIMIT),
                f" (+{more} more in the thread)" if more else "",
            )
    for code, usual in _DISAGREEMENTS.items():
        count = sum(
            any(finding.code is code for finding in member.findings) for member in report.members
        )
        if count:
            unreached = code is Code.PROBE_DISAGREES and _out_of_reach(report)
            words = _OUT_OF_REACH if unreached else usual
            servers = words.format(servers=f"{counted(count, 'server')}")
            yield say(*_seen_from_here(causes), bold("Possible reason: "), servers)


def _out_of_reach(report: GatewayReport) -> bool:
    """Whether the bot reaches none of the servers that only the gateway calls healthy."""
    return all(
        finding.evidence.get("kind") == NOT_REACHED
        for member in report.members
        for finding in member.findings
        if finding.code is Code.PROBE_DISAGREES
    )


def _seen_from_here(causes: tuple[CauseGroup, ...]) -> Iterator[str | Span]:
    """What our probe found at the servers of the first cause."""
    seen = [m.report.verdict.headline for m in causes[0].members if m.report] if causes else []
    if seen:
        yield bold("The bot's own probe: ")
        yield "passes. " if seen[0] is Code.OK else f"{PHRASES[seen[0]]}. "


def _counts(servers: Sequence[BackendServer]) -> str:
    said = [server.health for server in servers]
    counted = [
        f"{said.count(word)} {word.value.lower()}"
        for word in (Health.UNHEALTHY, Health.UNKNOWN, Health.HEALTHY)
        if word in said
    ]
    return ", ".join(counted) or "it lists no server"


def _not_shown(causes: tuple[CauseGroup, ...]) -> Iterator[Paragraph]:
    """How many causes have no line here; warnings apart, as the first line counts failures only."""
    serious = sum(cause.serious for cause in causes)
    warned = len(causes) - max(serious, MAX_GROUPS)
    left = (
        and_more(serious, MAX_GROUPS, "cause"),
        f"and {counted(warned, 'warning')}" if warned > 0 else "",
    )
    if more := " ".join(filter(None, left)):
        yield say(f"… {more}, in the thread.")


def _cause_line(cause: CauseGroup) -> Paragraph:
    names = list(dict.fromkeys(member.member for member in cause.members))
    settings = list(dict.fromkeys(member.setting for member in cause.members))
    servers = few([clean(name, 40) for name in names], shown=NAMES_SHOWN)
    used = few([clean(name, 30) for name in settings], shown=1)
    about = f" ({cause.about})" if cause.about else ""
    tail = f" · {counted(len(cause.members), 'server')}: {servers} · {used}" if names else ""
    return say(
        bold(f"{SHAPES['FAIL' if cause.serious else 'WARN']} {PHRASES[cause.code]}"),
        shorten(f"{about}{tail}", LINE_LIMIT),
    )


def _quiet(report: GatewayReport, causes: tuple[CauseGroup, ...]) -> Iterator[Paragraph]:
    """The healthy servers in one line, and those that were not probed in another."""
    phrased = sum(len(cause.members) for cause in causes)
    skipped = [member for member in report.members if member.skipped]
    fine = (
        len(report.members)
        - phrased
        - sum(member.headline is Code.OK and member.healthy and member.unseen for member in skipped)
    )
    if fine > 0 and causes:
        yield say(f"{SHAPES['OK']} {counted(fine, 'server')} fine")
    if skipped:
        why = clean(skipped[0].skipped.removeprefix(_NOT_PROBED), 100)
        yield say(shorten(f"- {len(skipped)} not probed: {why}", LINE_LIMIT))


def _first_fix(causes: tuple[CauseGroup, ...], at: datetime) -> Iterator[Paragraph]:
    """Who must act on the first cause, and how."""
    if not causes:
        return
    known = explanation_of(causes[0], at)
    if known.steps:
        yield say(bold(f"Fix {PLACES[known.where]}: "), clean(known.steps[0], LINE_LIMIT))
    hints = [hint for member in causes[0].members for hint in member.useful_hints]
    if hints and len(causes) < MAX_GROUPS:
        yield say(bold("Look at: "), clean(hints[0], 2 * LINE_LIMIT))


def _buttons(
    report: GatewayReport, causes: tuple[CauseGroup, ...], context: CardContext
) -> Buttons:
    again = again_button(context.command)
    more = Overflow(
        action=MORE, options=MORE_OPTIONS if report.confirmed_healthy else (WATCH, *MORE_OPTIONS)
    )
    servers = (member for cause in causes for member in cause.members)
    worst = next((joined_report(one, one.report) for one in servers if one.report), None)
    middle = (
        (
            Button(
                label="Fix steps",
                action=FIX_STEPS,
                value=steps_value(worst, context.command, report),
            ),
        )
        if worst and not report.healthy
        else ()
    )
    return Buttons(
        elements=(again, *middle, more), instead=f"Check again: {SLASH_COMMAND} {context.command}"
    )


def _context_block(report: GatewayReport, context: CardContext) -> ContextBlock:
    codes = dict.fromkeys(cause.code.value for cause in fold(report))
    read = f"backend health from {report.health.read_at:%H:%M} UTC" if report.health else ""
    said = (
        ", ".join(list(codes)[:3]) or "OK",
        clean(context.understood, 200),
        clean(report.typed_text, 200),
        f"the gateway is {report.gateway.passing_state}" if report.gateway.passing_state else "",
        read,
        f"run {context.run_id}",
        f"from {clean(context.probe_origin, 60)}",
    )
    return ContextBlock(text=" · ".join(filter(None, said)), user=context.user, at=report.at)
