"""The overview: one line per gateway, and the file that lists them all. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.causes import CauseGroup, fold
from bot.cards.check_card import (
    SLASH_COMMAND,
    CardContext,
    again_button,
)
from bot.cards.escaping import clean, shorten, shorten_middle
from bot.cards.gateway_card import LINE_LIMIT
from bot.cards.gateway_summary import UNKNOWN, grade_of, lock_screen_of, name_of, shape_of, verb_of
from bot.cards.lock_screen import PHRASES
from bot.cards.parts import (
    TEXT_LIMIT,
    Buttons,
    ContextBlock,
    Heading,
    Message,
    Paragraph,
    Part,
    bold,
    compose,
    say,
)
from bot.domain.refusal import Refusal
from bot.domain.report import GatewayReport
from bot.domain.request import Via
from chainlib import and_more, counted, listed

MAX_OVERVIEW = 8
_REFUSALS_SHOWN = 2


def overview_card(
    reports: Sequence[GatewayReport], refusals: Sequence[Refusal], context: CardContext
) -> Message:
    """The card with one line per gateway, worst first."""
    ordered = sorted(reports, key=lambda report: (report.healthy, report.gateway.id.name))
    bad = sum(not report.healthy for report in ordered)
    silent = any(report.unanswered for report in ordered)
    word = "FAIL" if bad else UNKNOWN if silent else "WARN" if refusals else "OK"
    lines: list[Part] = [_overview_line(report) for report in ordered[:MAX_OVERVIEW]]
    if more := and_more(len(ordered), MAX_OVERVIEW):
        lines.append(say(f"… {more}, listed in the thread"))
    lines += [
        say(bold("○ "), clean(refusal.sentence, LINE_LIMIT))
        for refusal in refusals[:_REFUSALS_SHOWN]
    ]
    title = f"{bad} of {counted(len(ordered), 'gateway')} unhealthy"
    again = again_button("health")
    parts: list[Part] = [
        Heading(text=f"{shape_of(word)} {word} {title}"),
        *lines,
        Buttons(elements=(again,), instead=f"{SLASH_COMMAND} health"),
    ]
    small = ContextBlock(
        text=f"{clean(context.understood, 200)} · run {context.run_id}", user=context.user
    )
    return compose(_first_of(ordered, bad) or f"{word} {title}.", [*parts, small])


def _first_of(ordered: Sequence[GatewayReport], bad: int) -> str:
    """The notification text if a gateway fails: that of the first, and how many more fail.

    Empty if none fails.
    """
    if not bad:
        return ""
    more = f" +{counted(bad - 1, 'gateway')}" if bad > 1 else ""
    return f"{lock_screen_of(ordered[0], fold(ordered[0]), TEXT_LIMIT - len(more))}{more}"


def _overview_line(report: GatewayReport) -> Paragraph:
    word = grade_of(report, fold(report))
    return say(
        bold(f"{shape_of(word)} {shorten_middle(name_of(report), 40)} "),
        shorten(_in_one_line(report), LINE_LIMIT),
    )


def _in_one_line(report: GatewayReport) -> str:
    """How many servers fail, the first cause, and the state of backend health."""
    causes = fold(report)
    bad = sum(not member.healthy for member in report.members)
    unseen = sum(member.unseen for member in report.members)
    reason = f": {_reasons(causes)}" if causes else f", {unseen} not probed" if unseen else ""
    health = (
        f"; {clean(report.refusal.sentence, LINE_LIMIT)}"
        if report.refusal
        else "; waiting for backend health"
        if report.health is None and report.via is not Via.PROBE
        else ""
    )
    return f"{bad} of {len(report.members)} {verb_of(bad)}{reason}{health}"


def _reasons(causes: Sequence[CauseGroup]) -> str:
    """The first cause, and how many others there are; warnings count only where nothing fails."""
    serious = [cause for cause in causes if cause.serious]
    return listed([PHRASES[cause.code] for cause in serious or causes], shown=1)


def overflows(reports: Sequence[GatewayReport], refusals: Sequence[Refusal]) -> bool:
    """Whether there are more gateways than the card can list."""
    return len(reports) > MAX_OVERVIEW or len(refusals) > _REFUSALS_SHOWN


def overview_details(reports: Sequence[GatewayReport], refusals: Sequence[Refusal]) -> str:
    """Every gateway in one line, worst first, for the file in the thread."""
    ordered = sorted(reports, key=lambda report: (report.healthy, report.gateway.id.name))
    lines = [
        f"{grade_of(report, fold(report))} "
        f"gw:{clean(report.gateway.id.group, 120)}/{name_of(report)}: "
        f"{_in_one_line(report)}"
        for report in ordered
    ]
    return "\n".join((*lines, *(f"? {clean(one.sentence, 300)}" for one in refusals))) + "\n"
