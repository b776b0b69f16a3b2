"""The texts that several cards show of a gateway: verdict, summary and notification text. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.cards.causes import CauseGroup
from bot.cards.escaping import clean, shorten_middle
from bot.cards.lock_screen import ACTORS, PHRASES, SHAPES
from bot.cards.parts import (
    TEXT_LIMIT,
    Paragraph,
    bold,
    say,
)
from bot.domain.report import CheckReport, GatewayReport, MemberReport
from bot.domain.request import Via
from chainlib import (
    CATALOGUE,
    CatalogueEntry,
    Code,
    Explanation,
    Verdict,
    counted,
    explain,
    listed,
)

UNKNOWN = "UNKNOWN"
NAMES_SHOWN = 2
_NAME_ROOM = 16


def grade_of(report: GatewayReport, causes: tuple[CauseGroup, ...]) -> str:
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


def shape_of(word: str) -> str:
    """The symbol beside the verdict."""
    return SHAPES.get(word, "○")


def summary(report: GatewayReport, causes: tuple[CauseGroup, ...]) -> Paragraph:
    """How many servers fail for how many causes, or that none does."""
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
    named = ", ".join(clean(pool, 40) for pool in pools[:NAMES_SHOWN])
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
    return listed([clean(pair, 40) for pair in report.silent_pairs], shown=NAMES_SHOWN)


def verb_of(count: int) -> str:
    """`fails` for one server, `fail` for several."""
    return "fails" if count == 1 else "fail"


def lock_screen_of(
    report: GatewayReport, causes: tuple[CauseGroup, ...], limit: int = TEXT_LIMIT
) -> str:
    """The notification text: gateway, first cause, how many more, who must act.

    The number of servers is added if it fits.
    """
    word, name = grade_of(report, causes), name_of(report)
    options = _endings(report, causes) if causes else [_fine_ending(report)]
    rest = next(
        (one for one in options if limit - len(word) - 1 - len(one) >= min(len(name), _NAME_ROOM)),
        options[-1],
    )
    return f"{word} {shorten_middle(name, limit - len(word) - 1 - len(rest))}{rest}"


def _endings(report: GatewayReport, causes: tuple[CauseGroup, ...]) -> list[str]:
    bad, total = sum(not member.healthy for member in report.members), len(report.members)
    share = f", {bad} of {counted(total, 'server')}" if bad else ""
    what, who = (
        f": {listed([PHRASES[one.code] for one in causes], shown=1)}",
        f". Fix: {_who(causes[0], report.at)}.",
    )
    return [f"{what}{share}{who}", f"{what}{who}"]


def _fine_ending(report: GatewayReport) -> str:
    if not report.members:
        nothing = _no_server(report)
        return f": {nothing[0].lower()}{nothing[1:]}"
    fine = _fine(report)
    return f": {fine[0].lower()}{fine[1:]}"


def explanation_of(cause: CauseGroup, at: datetime) -> CatalogueEntry | Explanation:
    """The explanation of the probe if it found the same fault, else that of backend health."""
    member = cause.members[0] if cause.members else None
    if member is None:
        return CATALOGUE[cause.code]
    if member.report is not None and member.report.verdict.headline is cause.code:
        return member.report.explanation
    said = tuple(finding for finding in member.findings if finding.code is cause.code)[:1]
    return explain(Verdict(findings=said, at=at)) if said else CATALOGUE[cause.code]


def joined_report(member: MemberReport, probe: CheckReport) -> CheckReport:
    """The probe's report with what backend health says of the server, which may be all there is."""
    verdict = replace(probe.verdict, findings=member.findings)
    return replace(probe, verdict=verdict, explanation=explain(verdict))


def _who(cause: CauseGroup, at: datetime) -> str:
    return ACTORS[explanation_of(cause, at).where]
