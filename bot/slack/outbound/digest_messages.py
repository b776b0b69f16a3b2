"""A digest's content as the message that is posted, its thread, and its recoveries (pure).

The words come from `bot.digest`, the looks from `bot.cards`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from bot.cards.digest_card import DigestHead, Row, digest_card, digest_details
from bot.cards.escaping import clean, short_name, shorten_middle
from bot.cards.parts import Message
from bot.digest.wording import (
    ahead_line,
    cause_line,
    counts,
    footer,
    header,
    moment,
    recovered,
    title,
)
from bot.domain import delivery
from bot.domain.backend_key import BackendKey
from bot.domain.digest import (
    DigestContent,
    DigestLine,
    FollowedTarget,
    NextBreak,
    Subscription,
)

_SUBJECT = 60


def render(subscription: Subscription, content: DigestContent) -> delivery.Message:  # noqa: ARG001 -- the engine's signature
    """The message that the engine freezes.

    The card as it is posted, and what goes into its thread.
    """
    rows = rows_of(content)
    return {
        **as_data(digest_card(head_of(content), rows)),
        "thread": [as_data(page) for page in digest_details(rows)],
    }


def rows_of(content: DigestContent, fixed: Mapping[str, datetime] | None = None) -> list[Row]:
    """The digest's lines; `fixed` tells for a cause when it ended."""
    ended = fixed or {}
    return [
        Row(
            line=line,
            tail=_tail(line, content),
            check=check_command(line, content.target),
            fixed=f"over at {moment(ended[line.cause], content)}" if line.cause in ended else "",
        )
        for line in content.lines
    ]


def head_of(content: DigestContent, ended: Collection[str] = ()) -> DigestHead:
    """What stands around the rows; `ended` are the causes that are over by now."""
    when = header(content).removeprefix(f"{content.target.text}, ").partition(": ")[0]
    return DigestHead(
        target=content.target.text,
        when=when,
        counts=recovered(content, ended) if ended else counts(content),
        footer=footer(content, names=False),
        schedule=f"{content.schedule.text} ({content.schedule.zone})",
        muted_by=content.muted[0].by if content.muted else None,
        ahead=_ahead(content.ahead) if content.ahead else "",
    )


def _ahead(ahead: NextBreak) -> str:
    name = shorten_middle(short_name(clean(ahead.subject, 200)), _SUBJECT)
    return ahead_line(replace(ahead, subject=name))


def as_data(message: Message) -> dict[str, object]:
    """A message as JSON-ready data."""
    return {"text": message.text, "blocks": list(message.blocks), "plain": message.plain}


def from_data(data: Mapping[str, object]) -> Message:
    """The message that JSON-ready data stands for.

    One of nothing but text keeps it as its plain form.
    """
    text, blocks = str(data.get("text") or ""), data.get("blocks")
    return Message(
        text=text,
        blocks=tuple(blocks) if isinstance(blocks, list) else (),
        plain=str(data.get("plain") or text),
    )


def check_command(line: DigestLine, target: FollowedTarget) -> str:
    """What to type to look at a cause now.

    The pool and setting of its first backend, or the host.
    """
    gateway = target.gateway
    if gateway is None or not line.members:
        return target.text
    backend = BackendKey.read(line.members[0].key)
    pool, setting = backend.pool or None, backend.setting or None
    return replace(gateway, pool=pool, setting=setting if pool else None).text


def _tail(line: DigestLine, content: DigestContent) -> str:
    return cause_line(line, content).partition(title(line))[2]
