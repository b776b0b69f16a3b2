"""Makes the messages of a digest from its content: card, thread, recoveries. Pure.

The words come from `bot.digest`, the layout from `bot.cards`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from bot.cards.digest_card import DigestHead, DigestRow, digest_card, digest_details
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


def render(subscription: Subscription, content: DigestContent) -> delivery.Message:  # noqa: ARG001 -- required by the engine's `Renderer`
    """The message that the engine stores: the card, and the messages for its thread."""
    rows = rows_of(content)
    return {
        **as_data(digest_card(head_of(content), rows)),
        "thread": [as_data(page) for page in digest_details(rows)],
    }


def rows_of(content: DigestContent, fixed: Mapping[str, datetime] | None = None) -> list[DigestRow]:
    """The digest's lines; `fixed` contains when a cause ended."""
    ended = fixed or {}
    return [
        DigestRow(
            line=line,
            tail=_tail(line, content),
            check=check_command(line, content.target),
            fixed=f"over at {moment(ended[line.cause], content)}" if line.cause in ended else "",
        )
        for line in content.lines
    ]


def head_of(content: DigestContent, ended: Collection[str] = ()) -> DigestHead:
    """The parts of the card besides its rows; `ended` are causes that have ended since."""
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
    """A message as JSON-compatible data."""
    return {"text": message.text, "blocks": list(message.blocks), "plain": message.plain}


def from_data(data: Mapping[str, object]) -> Message:
    """The message of JSON-compatible data.

    One with text alone keeps it as its plain form.
    """
    text, blocks = str(data.get("text") or ""), data.get("blocks")
    return Message(
        text=text,
        blocks=tuple(blocks) if isinstance(blocks, list) else (),
        plain=str(data.get("plain") or text),
    )


def check_command(line: DigestLine, target: FollowedTarget) -> str:
    """The command that checks a cause now.

    Its target is the pool and setting of the first backend, or the host.
    """
    gateway = target.gateway
    if gateway is None or not line.members:
        return target.text
    backend = BackendKey.read(line.members[0].key)
    pool, setting = backend.pool or None, backend.setting or None
    return replace(gateway, pool=pool, setting=setting if pool else None).text


def _tail(line: DigestLine, content: DigestContent) -> str:
    return cause_line(line, content).partition(title(line))[2]
