"""The card of `forecast gw:...`: what will break on which day, by cause, the next day first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from bot.cards.check_card import CardContext
from bot.cards.details import Attachment
from bot.cards.escaping import clean, inert, short_name, shorten, shorten_middle
from bot.cards.lock_screen import PHRASES, SHAPES
from bot.cards.parts import TEXT_LIMIT, Message, utc
from bot.cards.what_if_card import WhatIfText, few_names, what_if_card
from bot.domain.forecast import ChainPosition, Forecast, ForecastCause, ForecastDay, ForecastMember
from chainlib import and_more, counted

MAX_DAYS_SHOWN = 5
MAX_FILES = 8
_LINE, _SUBJECT = 150, 40


def forecast_card(found: Forecast, context: CardContext) -> Message:
    """The card in the channel."""
    name = shorten_middle(_name(found), 36)
    text = WhatIfText(
        notification=_notification(found, name),
        grade=grade_of(found),
        heading=f"{name}, next {counted(found.days, 'day')}",
        summary=summary(found),
        remarks=remarks(found),
        basis=(
            clean(context.understood, 200),
            f"{counted(found.members, 'backend')} judged by the chains sent today",
        ),
        at=found.at,
    )
    return what_if_card(text, context)


def _notification(found: Forecast, name: str) -> str:
    """The notification text: gateway, cause and who must act."""
    grade, rest = grade_of(found), f": {summary(found)}"
    if found.breaking:
        rest = f": {_short(found.breaking[0])}"
    elif len(rest) > TEXT_LIMIT - len(grade) - 1 - len(name):
        rest = ": nothing breaks."
    shown = shorten_middle(_name(found), max(TEXT_LIMIT - len(grade) - 1 - len(rest), 12))
    return f"{grade} {shown}{rest}"


def grade_of(found: Forecast) -> str:
    """WARN if something will break, is refused already or was not probed; else OK."""
    return "WARN" if found.breaking or found.refused or found.unseen else "OK"


def summary(found: Forecast) -> str:
    """What will break next, in one sentence."""
    if found.breaking:
        return f"{_first(found.breaking[0])}, {cause_of(found.breaking[0].cause)}."
    if not found.members:
        return "no backend sent a certificate, so nothing can be said."
    return f"nothing that works today breaks in the next {counted(found.days, 'day')}."


def _short(day: ForecastDay) -> str:
    cause, at = day.cause, day.cause.at
    # An expiring root is replaced on the gateway, a certificate of the presented chain on the
    # server.
    actor = "gateway" if cause.place is ChainPosition.ROOT else "server"
    place = cause.place.value.removesuffix(" certificate")
    breaks = f"{_many(day.breaks)} {_verb(day)}, {place} {cause.turn.value}"
    return f"{at.day} {at:%b %Y}: {breaks}. Fix: {actor}."


def _first(day: ForecastDay) -> str:
    return f"{day_of(day.cause.at)}: {_many(day.breaks)} {_verb(day)}"


def remarks(found: Forecast) -> Iterator[str]:
    """The lines under the summary: one per date, then what is refused now and what is unknown."""
    for day in found.changes[:MAX_DAYS_SHOWN]:
        yield shorten(_day_line(day, found.at), _LINE)
    if more := and_more(len(found.changes), MAX_DAYS_SHOWN, "date"):
        yield f"… {more}, in the thread"
    if found.refused:
        yield shorten(
            f"■ {_many(found.refused)} refused today already: {_listed(found.refused)}", _LINE
        )
    if found.unseen:
        yield shorten(
            f"○ {_many(found.unseen)} not judged: {_listed(found.unseen)}. "
            f"{clean(found.unseen[0].reason, 70)}",
            _LINE,
        )
    if found.next_end and not found.breaking:
        yield f"{SHAPES['OK']} The next certificate in use ends on {day_of(found.next_end)}."
    if found.changes:
        yield (
            "This assumes that no certificate is renewed; the bot does not know of planned "
            "renewals."
        )


def day_of(instant: datetime) -> str:
    """`3 December 2026`, in UTC like the dates of a certificate."""
    return f"{instant.day} {instant:%B %Y}"


def cause_of(cause: ForecastCause) -> str:
    """`intermediate Contoso Issuing CA 3 expires`."""
    subject = shorten_middle(short_name(clean(cause.subject, 200)), _SUBJECT)
    return f"{cause.place.value} {subject} {cause.turn.value}"


def _verb(day: ForecastDay) -> str:
    return "breaks" if len(day.breaks) == 1 else "break"


def _many(members: tuple[ForecastMember, ...]) -> str:
    return counted(len(members), "backend")


def _day_line(day: ForecastDay, today: datetime) -> str:
    left = (day.cause.at - today).days
    when = f"{day_of(day.cause.at)} (in {counted(left, 'day')})"
    if day.breaks:
        shape, members, what = SHAPES["FAIL"], day.breaks, f"{_many(day.breaks)} {_verb(day)}"
    elif day.recovers:
        shape, members, what = SHAPES["OK"], day.recovers, f"{_many(day.recovers)} accepted again"
    else:
        shape, members = "■", day.stays_refused
        what = f"{_many(members)} refused for this too"
    file = " · chain in the thread" if day.chains else ""
    return f"{shape} {when}: {what}, {cause_of(day.cause)}{file} · {_listed(members)}"


def _listed(members: Iterable[ForecastMember]) -> str:
    return few_names(one.member for one in members)


def _name(found: Forecast) -> str:
    scope = f"/{found.scope}" if found.scope else ""
    return clean(f"{found.gateway.name}{scope}", 160)


def forecast_files(found: Forecast) -> Iterator[Attachment]:
    """Every date with every server as a text file, and the chains that stay valid longer."""
    if found.changes or found.refused or found.unseen:
        yield Attachment(
            name="forecast.txt", title="Every date, every backend", content=forecast_details(found)
        )
    prepared = [(day, chain) for day in found.breaking for chain in day.chains]
    for number, (day, chain) in enumerate(prepared[:MAX_FILES], 1):
        host = re.sub(r"[^a-z0-9.-]", "-", inert(clean(chain.member, 60)).lower()) or "backend"
        yield Attachment(
            name=f"fullchain-{host}-{number}.pem",
            title=(
                f"Holds after {day_of(day.cause.at)}: for {counted(chain.servers, 'backend')}, "
                f"first {clean(chain.member, 60)}"
            ),
            content=chain.pem,
        )


def forecast_details(found: Forecast) -> str:
    """Every date with every server, as text."""
    lines = [
        (
            f"gateway {_name(found)}, from {utc(found.at)} to {utc(found.until)}, "
            f"{counted(found.members, 'backend')} judged"
        )
    ]
    for day in found.changes:
        lines.append(f"{utc(day.cause.at)}: {cause_of(day.cause)} (sha256 {day.cause.sha256})")
        for word, members in (
            ("breaks", day.breaks),
            ("accepted again", day.recovers),
            ("refused for this too", day.stays_refused),
        ):
            lines += [f"  - {word}: {_member(one)}: {PHRASES[one.code]}" for one in members]
    lines += [f"refused today: {_member(one)}: {PHRASES[one.code]}" for one in found.refused]
    lines += [f"not judged: {_member(one)}: {clean(one.reason, 300)}" for one in found.unseen]
    return "\n".join(lines) + "\n"


def _member(member: ForecastMember) -> str:
    return f"{clean(member.pool)}/{clean(member.setting)} {clean(member.member)}"
