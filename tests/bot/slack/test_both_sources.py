"""The gateway's word comes late: it is added to the card that asked for it, never to a newer one.

A stop in between loses nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from bot.checks.backend_health import add_backend_health
from bot.checks.service import HostAnswer
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import GatewayReport
from bot.domain.request import HostTarget, ProbeOptions
from playground.slack import Fault, Message
from tests.bot.test_evidence import answered
from tests.support.reports import CASES, HOST
from tests.support.slackbot import RunningBot, Script, running_bot


@dataclass(slots=True)
class TwoWitnesses(Script):
    """Our own probe answers at once, the gateway when `word` is set.

    Attributes:
        word: the gateway speaks.
        listening: how often it was asked.
        said: what it says then.
        known: the gateway has this name.
    """

    word: asyncio.Event = field(default_factory=asyncio.Event)
    listening: int = 0
    said: str = "The Intermediate certificate is missing"
    known: str = "prod-gw"

    async def host(
        self,
        target: HostTarget,
        options: ProbeOptions,
        on_stage: Callable[[str], None] | None = None,  # noqa: ARG002 -- the use case's face
    ) -> HostAnswer | Refusal:
        """Our own probe of a backend."""
        self.admitted.append((target, options))
        return HostAnswer(report=CASES[self.case](), gateway=self._unheard())

    async def gateway(self, target: GatewayRef, options: ProbeOptions) -> GatewayReport | Refusal:
        """Our own probe of a gateway."""
        self.admitted.append((target, options))
        if target.name != self.known:
            return Refusal(
                kind=RefusalKind.NOT_FOUND, sentence=f"I see no gateway called {target.name}."
            )
        return self._unheard()

    async def read_backend_health(self, report: GatewayReport) -> GatewayReport:
        """The gateway's word, which takes its time."""
        self.listening += 1
        await self.word.wait()
        assert report.members[0].report is not None
        word = answered(report.members[0].report, self.said).health
        assert word is not None
        return add_backend_health(report, word)

    async def every_gateway(self) -> tuple[GatewayRef, ...] | Refusal:
        """What can be asked about."""
        return (GatewayRef(name=self.known),)

    def _unheard(self) -> GatewayReport:
        known = answered(CASES[self.case]())
        return replace(
            known,
            health=None,
            members=tuple(
                replace(one, findings=one.report.verdict.findings) for one in known.members
            ),
        )


def cards(bot: RunningBot) -> list[Message]:
    return [message for message in bot.slack.messages() if message.by_bot]


def says(message: Message) -> str:
    return json.dumps(message.blocks)


async def admitted(bot: RunningBot, text: str = HOST) -> Message:
    """The card of our own probe, the gateway being asked."""
    await bot.slack.command(text)
    return await bot.slack.until(
        lambda: next((m for m in cards(bot) if "ten seconds or more" in says(m)), None)
    )


async def test_stop_during_a_gateway_answer_keeps_our_verdict() -> None:
    async with running_bot(script=TwoWitnesses(), wait_s=0.3) as bot:
        card = await admitted(bot)
        bot.service.stop.set()
        await bot.task
        shown = bot.slack.current(card)
        assert shown.text.startswith("FAIL")
        assert "backend health was not read: the bot restarted" in says(shown)
        assert "ten seconds or more" not in says(shown)


async def test_stop_while_a_thread_fills_keeps_the_verdict() -> None:
    async with running_bot(script=TwoWitnesses(), wait_s=0.3) as bot:
        bot.slack.faults.add(Fault(method="files.getUploadURLExternal", before=3600))
        card = await admitted(bot)
        await bot.until_stopped()
        shown = bot.slack.current(card)
        assert shown.text.startswith("FAIL")
        assert "backend health was not read: the bot restarted" in says(shown)
        assert "ten seconds or more" not in says(shown)


async def test_stop_during_a_gateway_question_keeps_our_probe() -> None:
    script = TwoWitnesses()
    async with running_bot(script=script, gateways=script, wait_s=0.3) as bot:
        await bot.slack.command("gw:prod-gw")
        await bot.slack.until(lambda: script.listening)
        bot.service.stop.set()
        await bot.task
        (card,) = cards(bot)
        assert card.text.startswith("FAIL prod-gw")
        assert "backend health was not read: the bot restarted" in says(card)
        assert "Check again" in says(card)


def _in_full(bot: RunningBot, card: Message) -> list[Message]:
    return [one for one in bot.slack.thread(card) if "in full" in one.text]


@pytest.mark.parametrize(
    ("said", "in_thread"),
    [("Short.", []), ("Long. " * 40 + "The end.", ["Backend health in full"])],
)
async def test_message_too_long_for_the_card_is_threaded(said: str, in_thread: list[str]) -> None:
    script = TwoWitnesses(said=said)
    async with running_bot(script=script) as bot:
        card = await admitted(bot)
        script.word.set()
        await bot.slack.until(lambda: "ten seconds or more" not in says(bot.slack.current(card)))
        await bot.slack.until(lambda: len(_in_full(bot, card)) >= len(in_thread))
        await bot.until_stopped()
        words = _in_full(bot, card)
        assert [one.text for one in words] == in_thread
        assert all("The end." in says(one) for one in words)


async def test_click_during_a_gateway_check_takes_the_card() -> None:
    script = TwoWitnesses()
    async with running_bot(script=script) as bot:
        card = await admitted(bot)
        script.case = "good"
        await bot.slack.click(card, "Check again")
        await bot.slack.until(lambda: bot.slack.current(card).text.startswith("OK"))
        await bot.slack.until(lambda: script.listening == 2)
        edits = bot.slack.current(card).edits
        script.word.set()
        await bot.slack.until(lambda: bot.slack.current(card).edits > edits)
        await bot.until_stopped()
        assert bot.slack.current(card).edits == edits + 1
        assert bot.slack.current(card).text.startswith("FAIL"), "the gateway itself names a cause"


async def test_repeated_gateway_question_points_to_its_card() -> None:
    script = TwoWitnesses()
    async with running_bot(script=script, gateways=script) as bot:
        await bot.slack.command("gw:prod-gw")
        await bot.slack.until(lambda: script.listening)
        await bot.slack.command("gw:prod-gw")
        (text_shown,) = await bot.slack.until(bot.slack.ephemerals)
        assert "/archives/" in says(text_shown)
        assert len(cards(bot)) == 1
        assert bot.slack.complaints == []
        script.word.set()


async def test_missing_gateway_has_no_card() -> None:
    script = TwoWitnesses()
    async with running_bot(script=script, gateways=script) as bot:
        for times in (1, 2):
            await bot.slack.command("gw:prod-qw")
            await bot.slack.until(lambda: len(bot.slack.ephemerals()) == times)  # noqa: B023 -- awaited within the round
        await bot.until_stopped()
        assert [
            "no gateway called prod-qw" in text_shown.text for text_shown in bot.slack.ephemerals()
        ] == [
            True,
            True,
        ]
        assert cards(bot) == []
