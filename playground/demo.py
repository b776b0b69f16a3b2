"""`make demo`: the real bot answers a signed `/appgw-check` about every backend of the lab.

Each card is printed as on a phone. Exit status 0 if every verdict is the one that the lab expects,
else 1; 130 if it was interrupted.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chainlib import Code
from playground.alert import SAYS, answered_alert
from playground.gateway_questions import (
    ASKER,
    CHANNEL,
    QUESTIONS,
    GatewayQuestion,
    answer_to,
)
from playground.lab.backends import LabBackend
from playground.lab.catalogue import CATALOGUE
from playground.lab.recipe import BackendRecipe
from playground.process import BotFailed, BotProcess
from playground.slack import Ack, Message, SlackStandIn
from playground.stage import Stage, channel_of, vault_gateway
from playground.text import framed, render

USERS = ("U0ONCALL", "U0SECOND")
CARD_SECONDS = 20.0
FILES_SECONDS = 1.5
ALONGSIDE = 12
DOCTOR_ASKED = 5
GATEWAYS_READ = "can be read ("
AWAITED = "takes ten seconds or more"
INTRODUCTION = """\
== every card below was posted by the bot, as a phone shows it; [..] are its buttons,
== and its thread is printed under it
== a summary is at the end; to read it alone: make demo | tail -50"""
NEXT_STEPS = """
first    from the command to the first message in the channel
verdict  from the command to the finished card, backend health through ARM included

What next:
    make playground                                  the same in a web page like a phone (Node 20)
    .venv/bin/appgw check backend.contoso.com        check your own backend from this terminal
    docs/commands.md                                 every command, with an example
    docs/install.md                                  the bot in your Slack, beside your gateways
    docs/findings.md                                 every verdict, its cause, and who must act"""
_CODE = re.compile(
    rf"\b({'|'.join(sorted((code.value for code in Code), key=len, reverse=True))})\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result for one backend.

    Attributes:
        card: the message with the verdict; `None` if there was none in time.
        verdict: the code in its context block; `None` if there was no card.
        ack, first, final: seconds to the acknowledgement, to the first message, to the verdict.
    """

    backend: LabBackend
    ack: Ack
    card: Message | None = None
    verdict: str | None = None
    first: float | None = None
    final: float | None = None

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the one that the lab expects."""
        return self.verdict == self.backend.recipe.expected.value


def verdict_of(message: Message) -> str | None:
    """The code in a card's context block; `None` before the verdict."""
    context_blocks = [block for block in message.blocks if block["type"] == "context"]
    found = _CODE.search("\n".join(render(context_blocks, width=1000)))
    return found.group(1) if found else None


def complete(message: Message) -> bool:
    """Whether the card has its verdict and, if a gateway was asked, backend health."""
    return verdict_of(message) is not None and AWAITED not in render_all(message)


def render_all(message: Message) -> str:
    """The whole card as one text."""
    return "\n".join(render(message.blocks, width=1000))


async def ask(slack: SlackStandIn, backend: LabBackend, user: str) -> Outcome:
    """Send the command in the backend's own channel and wait for the card with the verdict."""
    channel = channel_of(backend)
    ack = await slack.command(f"{backend.address}:{backend.port}", channel=channel, user=user)
    try:
        card = await slack.until(
            lambda: next((one for one in slack.messages(channel) if complete(one)), None),
            CARD_SECONDS,
        )
    except TimeoutError:
        return Outcome(backend=backend, ack=ack)
    assert card is not None
    with suppress(TimeoutError):
        await slack.until(lambda: list(files_of(slack, card)), FILES_SECONDS)
    first, final = card.at - ack.sent_at, (card.edited_at or card.at) - ack.sent_at
    return Outcome(
        backend=backend, ack=ack, card=card, verdict=verdict_of(card), first=first, final=final
    )


async def wait_for_gateways(slack: SlackStandIn) -> None:
    """Ask `doctor` until the bot has read the list of gateways, which a slow machine delays.

    Checks before that do without the gateways' settings, and say so.
    """
    for _ in range(DOCTOR_ASKED):
        seen = len(slack.ephemerals(ASKER))
        await slack.command("doctor", channel=CHANNEL, user=ASKER)
        with suppress(TimeoutError):
            answers = await slack.until(partial(_later, slack, seen), CARD_SECONDS)
            if any(GATEWAYS_READ in render_all(answer) for answer in answers):
                return


def _later(slack: SlackStandIn, seen: int) -> list[Message]:
    """The answers that only the asker sees, without the first `seen`."""
    return slack.ephemerals(ASKER)[seen:]


async def ask_all(slack: SlackStandIn, backends: Sequence[LabBackend]) -> list[Outcome]:
    """Check every backend, a few at a time.

    Each card is printed in the order of the lab as soon as it is complete.
    """
    gate = asyncio.Semaphore(ALONGSIDE)

    async def one(number: int, backend: LabBackend) -> Outcome:
        async with gate:
            return await ask(slack, backend, USERS[number % len(USERS)])

    asked = [asyncio.create_task(one(number, backend)) for number, backend in enumerate(backends)]
    try:
        return [show(await task, slack) for task in asked]
    finally:
        for task in asked:
            task.cancel()


def show(outcome: Outcome, slack: SlackStandIn) -> Outcome:
    """Print one card."""
    backend, recipe = outcome.backend, outcome.backend.recipe
    say(f"\n#lab-{backend.name}: {recipe.description}")
    say(f"> /appgw-check {backend.address}:{backend.port}")
    if outcome.card is None:
        say(
            f"  no card within {CARD_SECONDS:.0f} s; the command was answered: "
            f"{outcome.ack.error or outcome.ack.body or 'ok'}"
        )
        for shown in (
            one
            for user in USERS
            for one in slack.ephemerals(user)
            if one.channel == channel_of(backend)
        ):
            say(framed(shown.blocks, text=shown.text))
        return outcome
    say(framed(outcome.card.blocks, text=outcome.card.text))
    for name in files_of(slack, outcome.card):
        say(f"  in the thread: {name}")
    say(
        f"{'✔' if outcome.as_expected else '✖'} verdict {outcome.verdict}, expected "
        f"{recipe.expected.value}"
    )
    return outcome


def files_of(slack: SlackStandIn, card: Message) -> Iterator[str]:
    """Names of the files in a card's thread."""
    for answer in slack.thread(card):
        yield from (slack.workspace.files[file].name for file in answer.files)


def summary(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The table at the end."""
    width = max(len(outcome.backend.name) for outcome in outcomes)
    yield f"\n  {'backend'.ljust(width)}  {'first':>6} {'verdict':>8}  what the card says"
    for one in outcomes:
        times = f"{_seconds(one.first):>6} {_seconds(one.final):>8}"
        remark = "" if one.as_expected else f"  (expected {one.backend.recipe.expected.value})"
        yield (
            f"{'✔' if one.as_expected else '✖'} {one.backend.name.ljust(width)}  {times}  "
            f"{one.verdict or 'no card'}{remark}"
        )


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}s"


async def run(
    folder: Path, recipes: tuple[BackendRecipe, ...] = CATALOGUE, program: Sequence[str] = ()
) -> int:
    """The whole demo; returns the exit status. `program` runs instead of `appgw serve`."""
    started = time.monotonic()
    say(f"== starting {len(recipes)} backends, a stand-in Slack and a stand-in ARM on 127.0.0.1")
    say(INTRODUCTION)
    async with Stage(folder, recipes=recipes) as stage:
        if recipes is CATALOGUE:
            stage.arm.add(vault_gateway(stage.lab))
        say("== starting the bot: appgw serve, HTTP mode, settings from the environment only")
        async with BotProcess(stage.environment(), folder, program) as bot:
            stage.slack.request_url = bot.request_url
            await wait_for_gateways(stage.slack)
            say(f"== asking about each backend: a signed POST {bot.request_url}")
            outcomes = await ask_all(stage.slack, stage.lab.backends)
            say(
                "\n== asking about the gateway itself: backend health through ARM and the bot's "
                "own probes"
            )
            questions = (
                QUESTIONS if recipes is CATALOGUE else ()
            )  # their answers count the whole lab
            answered = [
                show_answer(*pair)
                for pair in zip(questions, await ask_gateways(stage.slack, questions), strict=True)
            ]
            if questions:
                say("\n== an alert of a monitoring tool: nobody asks, and it is answered")
                answered.append(show_alert(*await answered_alert(stage.slack)))
        say("\n== the bot has been stopped")
        for line in (
            *summary(outcomes),
            *(f"✖ Slack would warn: {complaint}" for complaint in stage.slack.complaints),
        ):
            say(line)
        if any(outcome.card is None for outcome in outcomes):
            say(f"== the end of the bot's log:\n{bot.last_words()}")
    right = sum(outcome.as_expected for outcome in outcomes)
    say(
        f"\n{right} of {len(outcomes)} verdicts are the ones that the lab expects, "
        f"{sum(answered)} of {len(answered)} answers about the gateway and an alert"
    )
    well = right == len(outcomes) and all(answered)
    say(f"({time.monotonic() - started:.0f} s){NEXT_STEPS if well else ''}")
    return 0 if well else 1


async def ask_gateways(
    slack: SlackStandIn, questions: Sequence[GatewayQuestion]
) -> list[Message | None]:
    """Send every command about the gateway at the same time."""
    return list(await asyncio.gather(*(answer_to(slack, question) for question in questions)))


def show_answer(question: GatewayQuestion, answer: Message | None) -> bool:
    """Print the answer, and return whether it contains the expected text."""
    say(f"\n> /appgw-check {question.text}")
    if answer is None:
        say(f"✖ no answer that says {', '.join(question.says)}")
        return False
    say(framed(answer.blocks, text=answer.text))
    say(
        f"✔ {'only the asker sees it' if question.privately else 'in the channel'}, and it "
        f"says {', '.join(question.says)}"
    )
    return True


def show_alert(alert: Message, card: Message | None) -> bool:
    """Print the alert and the card in its thread, and return whether there is one."""
    say("\n#alerts, after /appgw-check alerts on")
    say(framed(alert.blocks, text=alert.text))
    if card is None:
        say(f"✖ no card in its thread that says {', '.join(SAYS)}")
        return False
    say(framed(card.blocks, text=card.text))
    say(f"✔ in the alert's thread, without a question, and it says {', '.join(SAYS)}")
    return True


def say(line: str) -> None:
    """Print a line and flush, for pipes."""
    print(line, flush=True)


def main(program: Sequence[str] = ()) -> int:
    """Run the demo in a temporary folder; `program` runs instead of `appgw serve`."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    try:
        with tempfile.TemporaryDirectory(prefix="appgw-demo-") as folder:
            return asyncio.run(run(Path(folder), program=program))
    except BotFailed as failure:
        say(f"== {failure}")
        return 1
    except KeyboardInterrupt:
        say("\n== interrupted; everything that was started has been stopped")
        return 130


if __name__ == "__main__":
    sys.exit(main())
