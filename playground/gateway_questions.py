"""The demo's commands about gateways, with the text that each answer must contain."""

from __future__ import annotations

from dataclasses import dataclass

from bot.cards.lock_screen import PHRASES
from chainlib import Code
from playground.slack import Message, SlackStandIn
from playground.text import render

ASKER = "U0THIRD"
CHANNEL = "C0LABGATEWAY"
ANSWER_SECONDS = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayQuestion:
    """A command about a gateway.

    Attributes:
        text: what is typed after the slash command.
        says: what the finished answer must contain.
        privately: whether the answer is ephemeral.
    """

    text: str
    says: tuple[str, ...]
    privately: bool = False


QUESTIONS = (
    GatewayQuestion(text="gw:lab-gw", says=("31 of 38 servers fail", "30 unhealthy")),
    GatewayQuestion(
        text="gw:rg-lab/lab-gw/lab/leaf-only",
        says=("gateway lab-gw/lab/leaf-only", "INTERMEDIATE_MISSING", "1 unhealthy"),
    ),
    GatewayQuestion(
        text="site:leaf-only.lab.contoso.test",
        says=("FAIL site", "INTERMEDIATE_MISSING", "rule ", "lab/leaf-only"),
    ),
    GatewayQuestion(
        text="gw:lab-gw setting=good", says=("setting=good", "1 healthy", "is healthy")
    ),
    GatewayQuestion(text="gw:lab-qw", says=("Did you mean gw:rg-lab/lab-gw",), privately=True),
    GatewayQuestion(
        text="gw:vault-gw",
        says=(
            "WARN gateway vault-gw",
            "1 healthy",
            PHRASES[Code.TRUST_NOT_VISIBLE],
            Code.TRUST_NOT_VISIBLE.value,
        ),
    ),
    GatewayQuestion(text="health", says=("1 of 2 gateways unhealthy", "lab-gw", "vault-gw")),
)


def text_of(message: Message) -> str:
    """Everything that a reader sees, on one line."""
    return " ".join(" ".join(render(message.blocks, width=1000)).split()) + message.text


async def answer_to(slack: SlackStandIn, question: GatewayQuestion) -> Message | None:
    """Send the command and wait for the expected answer; `None` if there is none."""
    seen = {message.ts for message in slack.messages(CHANNEL)} | {
        id(message) for message in slack.ephemerals(ASKER)
    }
    await slack.command(question.text, channel=CHANNEL, user=ASKER)

    def found() -> Message | None:
        place = slack.ephemerals(ASKER) if question.privately else slack.messages(CHANNEL)
        new = (message for message in place if message.ts not in seen and id(message) not in seen)
        return next(
            (
                message
                for message in new
                if all(words in text_of(message) for words in question.says)
            ),
            None,
        )

    try:
        return await slack.until(found, ANSWER_SECONDS)
    except TimeoutError:
        return None
