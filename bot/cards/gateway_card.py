"""The card of a gateway: causes, worst first, healthy servers in one line, backend health.

One missing intermediate behind fourteen servers is one line. The card is complete with the bot's
own probe; backend health is added when ARM has answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.cards.causes import Cause, fold
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
from bot.cards.lock_screen import ACTORS, PHRASES, PLACES, SHAPES
from bot.cards.parts import (
    TEXT_LIMIT,
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
from bot.domain.report import DISAGREEMENT_CODES, GatewayReport
from bot.domain.request import Via
from chainlib import CATALOGUE, CatalogueEntry, Code, Explanation, and_more, counted, few, listed

MAX_GROUPS = 5
MAX_ROUTES = 4
_NAMES_SHOWN = 2
UNKNOWN = "UNKNOWN"
_NOT_PROBED = "not probed: "
_NAME_ROOM = 16
LINE_LIMIT = 130
_DISAGREEMENTS = {
    Code.VANTAGE_DIFFERS: (
        "the gateway probes from another subnet, or its last probe is older ({servers})."
    ),
    Code.PROBE_DISAGREES: ("the gateway's failure threshold may not be reached yet ({servers})."),
}
"""Ordered by effect: what stops traffic now comes first."""


def gateway_card(report: GatewayReport, context: CardContext) -> Message:
    """The card of a whole gateway, or of one of its pools or settings."""
    causes = fold(report)
    parts: list[Part] = [
        Heading(text=_heading(report)),
        _summary(report, causes),
        _backend_health(report),
        *_routes(report),
        *_own_words(report, causes),
    ]
    parts += [_cause_line(cause) for cause in causes[:MAX_GROUPS]]
    if more := and_more(len(causes), MAX_GROUPS, "cause"):
        parts.append(say(f"… {more}, in the thread."))
    parts += [
        *_quiet(report, causes),
        *_first_fix(causes),
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


def word_of(report: GatewayReport, causes: tuple[Cause, ...]) -> str:
    """The verdict in one word."""
    if not report.healthy:
        return "FAIL"
    if report.unanswered:
        return UNKNOWN
    return "WARN" if causes or report.doubtful else "OK"


def name_of(report: GatewayReport) -> str:
    """The gateway with the requested pool or setting, escaped."""
    scope = f"/{report.scope}" if report.scope else ""
    site = f"{report.site} on " if report.site else ""
    return clean(f"{site}{report.gateway.id.name}{scope}", 120)


def _heading(report: GatewayReport) -> str:
    word = word_of(report, fold(report))
    kind = "site" if report.site else "gateway"
    return f"{shape_of(word)} {word} {kind} {shorten_middle(name_of(report), 36)}"


def shape_of(word: str) -> str:
    """The shape beside the word."""
    return SHAPES.get(word, "○")


def _summary(report: GatewayReport, causes: tuple[Cause, ...]) -> Paragraph:
    bad = sum(not member.healthy for member in report.members)
    total = len(report.members)
    serious = sum(cause.serious for cause in causes)
    if bad:
        fails = f"{bad} of {counted(total, 'server')} {verb_of(bad)}"
        return say(bold(f"{fails}, {counted(serious, 'cause')}."))
    return say(bold(_fine(report) if total else _no_server(report)))


def _no_server(report: GatewayReport) -> str:
    """The sentence that says why there are no servers."""
    pools = [str(f.evidence.get("pool")) for f in report.findings if f.code is Code.POOL_EMPTY]
    if report.is_only_redirected:
        return "No server stands behind this site: its rules only redirect."
    if not pools:
        return "No rule uses a backend pool."
    named = ", ".join(clean(pool, 40) for pool in pools[:_NAMES_SHOWN])
    return f"No servers behind this gateway: {named} {'is' if len(pools) == 1 else 'are'} empty."


def _fine(report: GatewayReport) -> str:
    """The number of healthy servers; members that were not probed do not count."""
    total, unseen = len(report.members), sum(member.unseen for member in report.members)
    if report.unanswered:
        return "Not known: only backend health was requested, and it is missing."
    if report.silent_pairs and not unseen:
        return f"Healthy from here, but backend health lists no server of {_silent(report)}."
    not_seen = "not listed by the gateway" if report.via is Via.GATEWAY else "not probed"
    if unseen == total:
        return (
            "No server was probed."
            if report.via is not Via.GATEWAY
            else "Backend health confirms no server."
        )
    if unseen:
        return f"{total - unseen} of {counted(total, 'server')} fine, {unseen} {not_seen}."
    if warned := sum(member.headline is not Code.OK for member in report.members):
        some = "with a warning" if warned == total else f"{warned} with a warning"
        return f"{'The only server' if total == 1 else f'All {total} servers'} passed, {some}."
    return "The only server is healthy." if total == 1 else f"All {total} servers are healthy."


def _silent(report: GatewayReport) -> str:
    return listed([clean(pair, 40) for pair in report.silent_pairs], shown=_NAMES_SHOWN)


def verb_of(count: int) -> str:
    """`fails` for one server, `fail` for several."""
    return "fails" if count == 1 else "fail"


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
        _counts(of_members if report.scope else report.health.servers),
        as_it_is_set,
    )


def _own_words(report: GatewayReport, causes: tuple[Cause, ...]) -> Iterator[Paragraph]:
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
    for code, words in _DISAGREEMENTS.items():
        count = sum(
            any(finding.code is code for finding in member.findings) for member in report.members
        )
        if count:
            servers = words.format(servers=f"{counted(count, 'server')}")
            yield say(*_seen_from_here(causes), bold("Possible reason: "), servers)


def _seen_from_here(causes: tuple[Cause, ...]) -> Iterator[str | Span]:
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


def _cause_line(cause: Cause) -> Paragraph:
    names = list(dict.fromkeys(member.member for member in cause.members))
    settings = list(dict.fromkeys(member.setting for member in cause.members))
    servers = few([clean(name, 40) for name in names], shown=_NAMES_SHOWN)
    about = f" ({cause.about})" if cause.about else ""
    count = len(cause.members)
    if not count:
        return say(
            bold(f"{SHAPES['FAIL' if cause.serious else 'WARN']} {PHRASES[cause.code]}"),
            shorten(about, LINE_LIMIT),
        )
    used = few([clean(name, 30) for name in settings], shown=1)
    tail = f" · {counted(count, 'server')}: {servers} · {used}"
    return say(
        bold(f"{SHAPES['FAIL' if cause.serious else 'WARN']} {PHRASES[cause.code]}"),
        shorten(f"{about}{tail}", LINE_LIMIT),
    )


def _quiet(report: GatewayReport, causes: tuple[Cause, ...]) -> Iterator[Paragraph]:
    """The healthy servers in one line, and those that were not probed in another."""
    spoken = sum(len(cause.members) for cause in causes)
    skipped = [member for member in report.members if member.skipped]
    fine = (
        len(report.members)
        - spoken
        - sum(member.headline is Code.OK and member.healthy and member.unseen for member in skipped)
    )
    if fine > 0 and causes:
        yield say(f"{SHAPES['OK']} {counted(fine, 'server')} fine")
    if skipped:
        yield say(
            shorten(
                (
                    f"- {len(skipped)} not probed: "
                    f"{clean(skipped[0].skipped.removeprefix(_NOT_PROBED), 100)}"
                ),
                LINE_LIMIT,
            )
        )


def _first_fix(causes: tuple[Cause, ...]) -> Iterator[Paragraph]:
    """Who must act on the first cause, and how."""
    if not causes:
        return
    known = _known(causes[0])
    if known.steps:
        yield say(bold(f"Fix {PLACES[known.where]}: "), clean(known.steps[0], LINE_LIMIT))
    hints = [hint for member in causes[0].members for hint in member.useful_hints]
    if hints and len(causes) < MAX_GROUPS:
        yield say(bold("Look at: "), clean(hints[0], 2 * LINE_LIMIT))


def _known(cause: Cause) -> CatalogueEntry | Explanation:
    """The explanation of the probe if it found the same fault, else the catalogue's."""
    report = cause.members[0].report if cause.members else None
    return (
        report.explanation
        if report is not None and report.verdict.headline is cause.code
        else CATALOGUE[cause.code]
    )


def _who(cause: Cause) -> str:
    return ACTORS[_known(cause).where]


def _buttons(report: GatewayReport, causes: tuple[Cause, ...], context: CardContext) -> Buttons:
    again = again_button(context.command)
    more = Overflow(action=MORE, options=MORE_OPTIONS if report.green else (WATCH, *MORE_OPTIONS))
    worst = next(
        (member.report for cause in causes for member in cause.members if member.report), None
    )
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
    admitted = f"backend health from {report.health.read_at:%H:%M} UTC" if report.health else ""
    said = (
        ", ".join(list(codes)[:3]) or "OK",
        clean(context.understood, 200),
        clean(report.said, 200),
        f"the gateway is {report.gateway.passing_state}" if report.gateway.passing_state else "",
        admitted,
        f"run {context.run_id}",
        f"from {clean(context.probe_origin, 60)}",
    )
    return ContextBlock(text=" · ".join(filter(None, said)), user=context.user, at=report.at)


def lock_screen_of(
    report: GatewayReport, causes: tuple[Cause, ...], limit: int = TEXT_LIMIT
) -> str:
    """The notification text: gateway, first cause, how many more, who must act.

    The number of servers is added if it fits.
    """
    word, name = word_of(report, causes), name_of(report)
    options = _endings(report, causes) if causes else [_fine_ending(report)]
    rest = next(
        (one for one in options if limit - len(word) - 1 - len(one) >= min(len(name), _NAME_ROOM)),
        options[-1],
    )
    return f"{word} {shorten_middle(name, limit - len(word) - 1 - len(rest))}{rest}"


def _endings(report: GatewayReport, causes: tuple[Cause, ...]) -> list[str]:
    bad, total = sum(not member.healthy for member in report.members), len(report.members)
    share = f", {bad} of {counted(total, 'server')}" if bad else ""
    what, who = (
        f": {listed([PHRASES[one.code] for one in causes], shown=1)}",
        f". Fix: {_who(causes[0])}.",
    )
    return [f"{what}{share}{who}", f"{what}{who}"]


def _fine_ending(report: GatewayReport) -> str:
    if not report.members:
        nothing = _no_server(report)
        return f": {nothing[0].lower()}{nothing[1:]}"
    fine = _fine(report)
    return f": {fine[0].lower()}{fine[1:]}"
