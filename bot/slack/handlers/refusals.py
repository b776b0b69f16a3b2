"""Shows refusals in Slack; the kind of the refusal decides who sees it."""

from __future__ import annotations

from collections.abc import Callable

from bot.cards.check_card import SLASH_COMMAND, CardContext
from bot.cards.parts import Message
from bot.cards.unanswered_card import remedy_message, unanswered_card
from bot.cards.usage import notice, refusal
from bot.commands.command_text import target_of
from bot.domain.refusal import Refusal
from bot.domain.request import Request
from bot.slack.inbound.audit import write_audit
from bot.slack.invocation import AdmittedInvocation
from bot.slack.outbound.card_work import Found, TakenBack

ExampleLine = Callable[[str], str]
"""Makes the command for an alternative target."""
_ANY_GATEWAY = "gw:prod-gw"


def _as_typed(example: str) -> str:
    return example


def refused(
    admitted: AdmittedInvocation[Request],
    no: Refusal,
    context: CardContext,
    line: ExampleLine = _as_typed,
) -> Found | TakenBack:
    """Show a typing error or a refusal of the bot itself as ephemeral, others on the card.

    On an existing card a typing error is shown too, because its button was pressed in public.
    """
    if no.kind.is_ephemeral:
        return taken_back(admitted, no)
    if no.kind.is_typing_error and admitted.invocation.card is None:
        return TakenBack(message=with_example(no, line))
    message = unanswered_card(target_of(admitted.request), no, context)
    return Found(message=message, thread=lambda: remedies(no))


def with_example(no: Refusal, line: ExampleLine) -> Message:
    """The refusal with a working command to copy."""
    return notice(no.sentence, f"{SLASH_COMMAND} {line(no.example or _ANY_GATEWAY)}")


def taken_back(admitted: AdmittedInvocation[Request], no: Refusal) -> TakenBack:
    """The result without a card: an ephemeral message, and a reason for the audit log."""
    write_audit(admitted.invocation, "refused", why=no.sentence, run_id=admitted.run_id)
    return TakenBack(message=refusal(no))


def remedies(no: Refusal | None) -> list[Message]:
    """What an operator must do so that Azure answers."""
    return [remedy_message(no)] if no and no.remedy else []
