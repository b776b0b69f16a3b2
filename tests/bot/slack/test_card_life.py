"""The life of a card, for every verb.

Cancelled at each stage, refused by Slack at each stage, taken over by a later run, and ended by an
error of our own: there is one card with one answer, and an answer that stands is never replaced by
less.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

import pytest

from bot.cards.usage import refusal
from bot.checks.backend_health import add_backend_health
from bot.checks.service import HostAnswer
from bot.commands.parse import parse
from bot.domain.azure import BackendSetting
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import GatewayReport
from bot.domain.request import HostTarget, ProbeOptions, Request
from bot.settings import load_settings
from bot.settings.trust import outgoing_trust
from bot.slack.handlers.check import BackendCheck, CheckHandler
from bot.slack.handlers.files import CardFiles
from bot.slack.handlers.health import GatewayCheck, HealthHandler
from bot.slack.handlers.rehearse import ChainRehearsal, Rehearsal, RehearseHandler
from bot.slack.handlers.what_if import WhatIfHandler
from bot.slack.invocation import AdmittedInvocation, Invocation, Source
from bot.slack.outbound import card_life
from bot.slack.outbound.card_life import CardLife, order_of
from bot.slack.outbound.card_work import CardTools, Found, Progress, TakenBack, ThreadItem, Work
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.runs import Runs
from bot.slack.outbound.watching import Watching
from bot.slack.transport.app import make_client, make_session
from chainlib import UploadedRoot, load_certificates
from chainlib.aio import load_well_known
from playground.lab.pki import NOW
from playground.slack import Fault, Message, SlackStandIn
from playground.slack.standin import CHANNEL, USER
from tests.bot.test_evidence import answered
from tests.support.reports import CASES, HOST, LEAF, ROOT, policy
from tests.support.waiting import within_limit

WELL_KNOWN = load_well_known()  # reads a file, which has no place inside the loop
POST, UPDATE = "chat.postMessage", "chat.update"
ROOT_NAME = "corp-root"
SETTING = BackendSetting(
    name="https-be",
    port=443,
    protocol="Https",
    host_name=HOST,
    pick_host_from_address=False,
    sni_name="",
    validate_chain=True,
    validate_name=True,
    root_names=(ROOT_NAME,),
    auth_certificate_names=(),
    probe=None,
)
LINES = {
    "check": HOST,
    "health": "gw:prod-gw",
    "removal": f"rehearse gw:prod-gw without={ROOT_NAME}",
    "rehearsal": "rehearse",
    "watch": f"{HOST} watch",
}
VERBS = tuple(LINES)
READS_HEALTH = ("check", "health")


@dataclass(slots=True)
class Seconds:
    """The monotonic clock, and how often it has been looked at."""

    seen: int = 0

    def __call__(self) -> float:
        """The seconds."""
        self.seen += 1
        return monotonic()  # time: given on, and compared with nothing here


@dataclass(slots=True)
class UseCases:
    """What the verbs ask; backend health comes when `health` is set."""

    health: asyncio.Event = field(default_factory=asyncio.Event)
    reading: asyncio.Event = field(default_factory=asyncio.Event)
    probes: int = 0
    lacking: Refusal | None = None

    async def host(
        self,
        target: HostTarget,  # noqa: ARG002 -- the use case's signature
        options: ProbeOptions,  # noqa: ARG002 -- the use case's signature
        on_stage: Callable[[str], None] | None = None,  # noqa: ARG002 -- the use case's signature
    ) -> HostAnswer | Refusal:
        """One backend that sends its leaf alone."""
        self.probes += 1
        return HostAnswer(report=CASES["leaf-only"](), gateway=self._gateway())

    async def gateway(
        self,
        target: GatewayRef,  # noqa: ARG002 -- the use case's signature
        options: ProbeOptions | None = None,  # noqa: ARG002 -- the use case's signature
    ) -> GatewayReport | Refusal:
        """A gateway that has it in a pool."""
        return self.lacking or self._gateway()

    async def placement(self, target: HostTarget, options: ProbeOptions) -> GatewayRef | Refusal:
        """Nobody asks by host here."""
        raise NotImplementedError

    async def every_gateway(self) -> tuple[GatewayRef, ...] | Refusal:
        """The one."""
        return (GatewayRef(name="prod-gw"),)

    async def read_backend_health(self, report: GatewayReport) -> GatewayReport:
        """Backend health, which takes its time."""
        self.reading.set()
        await self.health.wait()
        found = report.members[0].report
        assert found is not None
        read = answered(found).health
        assert read is not None
        return add_backend_health(report, read)

    def _gateway(self) -> GatewayReport:
        known = answered(CASES["leaf-only"]())
        root = UploadedRoot(name=ROOT_NAME, certificate=ROOT.certificate)
        gateway = replace(known.gateway, roots=(root,), settings=(SETTING,))
        return replace(known, gateway=gateway, health=None)


@dataclass(slots=True)
class Held:
    """A verb's work that waits until the test lets it go on.

    Attributes:
        go: set to let it go on.
        error: raised in place of an answer.
        answer: changes the answer.
    """

    work: Work
    grace: float = 0.05
    go: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None
    answer: Callable[[Found | TakenBack], Found | TakenBack] = lambda found: found

    @property
    def name(self) -> str:
        """As the verb says."""
        return self.work.name

    @property
    def command(self) -> str:
        """As the verb says."""
        return self.work.command

    @property
    def understood(self) -> str:
        """As the verb says."""
        return self.work.understood

    async def find(self, progress: Progress) -> Found | TakenBack:
        """Wait, then do the verb's work."""
        await self.go.wait()
        if self.error:
            raise self.error
        return self.answer(await self.work.find(progress))


@dataclass(slots=True)
class Stage:
    """One run on its way, and what it talks to."""

    slack: SlackStandIn
    cards: CardTools
    clock: Seconds
    use_cases: UseCases = field(default_factory=UseCases)

    def begin(self, verb: str, **invoked: str) -> Run:
        """Start a run of this verb."""
        admitted = self._admitted(verb, **invoked)
        work = Held(self._work(verb, admitted))
        run = self.cards.runs.begin(verb)
        life = CardLife(self.cards, order_of(admitted), work, run)
        return Run(work=work, life=life, task=asyncio.create_task(life.perform()), stage=self)

    async def several_intervals(self) -> None:
        """Wait until a watch has paused several times, in each of which it reads its clock."""
        seen = self.clock.seen
        await self.slack.until(lambda: self.clock.seen > seen + 20)

    def _admitted(self, verb: str, **invoked: str) -> AdmittedInvocation:
        understood = parse(LINES[verb])
        assert isinstance(understood, Request)
        given = {"channel": CHANNEL, "response_url": self.response_url(), **invoked}
        invocation = Invocation(source=Source.COMMAND, text="", user=USER, team="T", **given)
        return AdmittedInvocation(
            invocation=invocation,
            request=understood,
            run_id="r",
            begun=monotonic(),  # time: when the request came, for a metric
            arrived=NOW,
        )

    def response_url(self) -> str:
        """A new one."""
        return self.slack._sender.response(USER, CHANNEL)

    def _work(self, verb: str, admitted: AdmittedInvocation) -> Work:
        cards, cases = self.cards, self.use_cases
        if verb == "health":
            checking = HealthHandler(cards=cards, gateways=cases, probe_origin="here")
            return GatewayCheck(tools=checking, admitted=admitted)
        if verb == "removal":
            rehearsing = WhatIfHandler(cards=cards, gateways=cases, probe_origin="here")
            return rehearsing.removal_work(admitted)
        if verb == "rehearsal":
            pasting = RehearseHandler(cards=cards, clock=lambda: NOW, probe_origin="here")
            chain = Rehearsal(chain=load_certificates(LEAF.pem), policy=policy(ROOT))
            return ChainRehearsal(tools=pasting, order=order_of(admitted), rehearsal=chain)
        card_files = CardFiles(backends=cases, slack=cards.slack, probe_origin="here")
        tools = CheckHandler(
            cards=cards, backends=cases, probe_origin="here", card_files=card_files
        )
        return BackendCheck(tools=tools, admitted=admitted)

    def top(self) -> list[Message]:
        """The bot's messages in the channel itself."""
        return [message for message in self.slack.messages() if message.by_bot]


@dataclass(slots=True)
class Run:
    """One run of a verb."""

    work: Held
    life: CardLife
    task: asyncio.Task[None]
    stage: Stage

    async def looking(self) -> Message:
        """The card before its verdict."""
        await self.stage.slack.until(lambda: self.life.posted)
        return self.stage.top()[0]

    async def verdict(self) -> Message:
        """Let it go on; the card with its verdict."""
        self.work.go.set()
        return await self.stage.slack.until(
            lambda: next((m for m in self.stage.top() if is_verdict(m)), None)
        )

    async def end(self) -> None:
        """Let everything go on, and wait for the end."""
        self.work.go.set()
        self.stage.use_cases.health.set()
        await within_limit(self.task)

    async def cut(self) -> None:
        """Cancel it; nothing but the cancellation comes out of it."""
        self.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self.task


def is_verdict(message: Message) -> bool:
    return message.text.startswith(("FAIL", "OK", "WARN"))


def says(message: Message) -> str:
    return f"{message.text} {json.dumps(message.blocks)}"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    context, clock = outgoing_trust(None), Seconds()
    async with SlackStandIn() as slack, make_session(context) as session:
        web = make_client(load_settings(slack.environment(socket_mode=True)), session, context)
        runs = Runs()
        cards = CardTools(
            slack=SlackClient(client=web, session=session),
            runs=runs,
            bot_name="appgw-check",
            watching=Watching(runs=runs, interval=0.05, now=clock),
        )
        yield Stage(slack, cards, clock)
        runs.draining = True
        await runs.drain(1)


@pytest.mark.parametrize("verb", VERBS)
async def test_one_card_with_one_verdict(stage: Stage, verb: str) -> None:
    run = stage.begin(verb)
    card = await run.looking()
    assert card.text.startswith("Checking")
    await run.end()
    assert [message.ts for message in stage.top()] == [card.ts]
    assert is_verdict(stage.slack.current(card))
    assert stage.slack.thread(card) != []
    assert stage.slack.ephemerals() == []


@pytest.mark.parametrize("verb", VERBS)
async def test_cancelled_while_looking_says_cut_short(stage: Stage, verb: str) -> None:
    run = stage.begin(verb)
    card = await run.looking()
    await run.cut()
    assert stage.slack.current(card).text.startswith("STOPPED")
    assert "Check again" in says(stage.slack.current(card))


@pytest.mark.parametrize("verb", VERBS)
async def test_cancelled_before_its_card_posts_cut_short(stage: Stage, verb: str) -> None:
    run = stage.begin(verb)
    await asyncio.sleep(0)
    await run.cut()
    assert [message.text.partition(" ")[0] for message in stage.top()] == ["STOPPED"]


@pytest.mark.parametrize("verb", VERBS)
async def test_cancelled_while_slack_hangs_still_ends(
    stage: Stage, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(card_life, "LAST_UPDATE_S", 0.3)
    run = stage.begin(verb)
    await run.looking()
    stage.slack.faults.add(Fault(method=UPDATE, before=5))
    await run.cut()
    assert run.task.cancelled()


@pytest.mark.parametrize("verb", READS_HEALTH)
async def test_cancelled_while_health_is_read_keeps_the_verdict(stage: Stage, verb: str) -> None:
    run = stage.begin(verb)
    card = await run.verdict()
    await stage.use_cases.reading.wait()
    await run.cut()
    assert is_verdict(stage.slack.current(card))
    assert "backend health was not read: the bot restarted" in says(stage.slack.current(card))


@pytest.mark.parametrize("verb", VERBS)
async def test_cancelled_while_the_verdict_waits_shows_it(stage: Stage, verb: str) -> None:
    run = stage.begin(verb)
    card = await run.looking()
    stage.slack.faults.add(Fault(method=UPDATE, error="internal_error", times=3))
    run.work.go.set()
    await stage.slack.until(lambda: stage.slack.api.calls[UPDATE] >= 2)
    stage.slack.faults.clear()
    await run.cut()
    assert is_verdict(stage.slack.current(card))


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    "error", ["restricted_action", "is_archived", "ekm_access_denied", "missing_scope"]
)
async def test_refused_place_gives_its_asker_one_verdict(
    stage: Stage, verb: str, error: str
) -> None:
    stage.slack.faults.add(Fault(method=POST, error=error))
    run = stage.begin(verb)
    await run.end()
    (shown,) = stage.slack.ephemerals()
    assert is_verdict(shown)
    assert "Only you can see this answer." in says(shown)
    assert "invite" not in says(shown).lower()
    assert stage.top() == []


@pytest.mark.parametrize("verb", VERBS)
async def test_place_refused_after_looking_gives_one_verdict(stage: Stage, verb: str) -> None:
    run = stage.begin(verb)
    await run.looking()
    stage.slack.faults.add(Fault(method=UPDATE, error="is_archived"))
    stage.slack.faults.add(Fault(method=POST, error="is_archived"))
    await run.end()
    assert [is_verdict(message) for message in stage.slack.ephemerals()][:1] == [True]


@pytest.mark.parametrize("verb", VERBS)
async def test_card_that_is_gone_is_posted_anew(stage: Stage, verb: str) -> None:
    run = stage.begin(verb)
    card = await run.looking()
    stage.slack.faults.add(Fault(method=UPDATE, error="message_not_found", times=1))
    await run.end()
    assert [is_verdict(message) for message in stage.top()] == [False, True]
    assert stage.slack.current(card).text.startswith("Checking")


HISTORY = "conversations.history"
LAST = {"at once": [True], "late": [True], "never": [False, True]}


@pytest.mark.parametrize("verb", ["check", "health"])
@pytest.mark.parametrize("found", LAST)
async def test_card_of_a_lost_response_is_found(
    stage: Stage, verb: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.outbound.card.HISTORY_LAG_S", 0.0)
    stage.slack.faults.add(Fault(method=POST, cut=True, times=1))
    unseen = {"at once": 0, "late": 2, "never": None}[found]
    if unseen != 0:
        stage.slack.faults.add(Fault(method=HISTORY, error="missing_scope", times=unseen))
    run = stage.begin(verb)
    await stage.slack.until(stage.top)
    await run.end()
    assert [is_verdict(message) for message in stage.top()] == LAST[found]
    assert not stage.slack.ephemerals()


async def test_lost_verdict_is_found_and_not_repeated(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.outbound.card.HISTORY_LAG_S", 0.0)
    run = stage.begin("check")
    run.work.go.set()
    stage.slack.faults.add(Fault(method=POST, cut=True, times=1))
    await run.end()
    assert [is_verdict(message) for message in stage.top()] == [True]


@pytest.mark.parametrize(
    ("error", "in_channel"),
    [("edit_window_closed", [True]), ("an_unknown_code", []), ("ekm_access_denied", [])],
)
async def test_card_without_edits_does_not_stay(
    stage: Stage, error: str, in_channel: list[bool]
) -> None:
    run = stage.begin("check")
    await run.looking()
    stage.slack.faults.add(Fault(method=UPDATE, error=error))
    await run.end()
    assert [is_verdict(message) for message in stage.top()] == in_channel
    shown = [is_verdict(message) for message in stage.slack.ephemerals()]
    assert any(in_channel + shown)


@pytest.mark.parametrize("verb", VERBS)
async def test_thread_that_is_refused_leaves_the_card(stage: Stage, verb: str) -> None:
    run = stage.begin(verb)
    card = await run.looking()
    stage.slack.faults.add(Fault(method=POST, error="restricted_action_non_threadable_channel"))
    stage.slack.faults.add(Fault(method="files.getUploadURLExternal", error="missing_scope"))
    await run.end()
    assert is_verdict(stage.slack.current(card))
    assert stage.slack.ephemerals() == []


@pytest.mark.parametrize("verb", VERBS)
async def test_later_run_keeps_the_card_it_took(stage: Stage, verb: str) -> None:
    run = stage.begin(verb)
    card = await run.looking()
    stage.cards.runs.claim((card.channel, card.ts), stage.cards.runs.begin("later"))
    await run.end()
    assert stage.slack.current(card) == card
    assert stage.slack.thread(card) == []


@pytest.mark.parametrize("verb", READS_HEALTH)
async def test_later_run_is_not_amended_by_the_earlier(stage: Stage, verb: str) -> None:
    run = stage.begin(verb)
    card = await run.verdict()
    await stage.use_cases.reading.wait()
    before = stage.slack.current(card)
    stage.cards.runs.claim((card.channel, card.ts), stage.cards.runs.begin("later"))
    await run.end()
    assert stage.slack.current(card) == before


async def test_watch_waits_for_a_later_run(stage: Stage) -> None:
    run = stage.begin("watch")
    card = await run.verdict()
    await stage.slack.until(lambda: stage.use_cases.probes > 2)
    later = stage.cards.runs.begin("later")
    stage.cards.runs.claim((card.channel, card.ts), later)
    await stage.several_intervals()
    before = stage.use_cases.probes
    await stage.several_intervals()
    assert stage.use_cases.probes == before
    stage.cards.runs.end(later)
    await stage.slack.until(lambda: stage.use_cases.probes > before)


@pytest.mark.parametrize("verb", VERBS)
async def test_own_error_before_the_verdict_is_shown(stage: Stage, verb: str) -> None:
    run = stage.begin(verb)
    card = await run.looking()
    run.work.error = RuntimeError("boom")
    await run.end()
    assert stage.slack.current(card).text.startswith("NO ANSWER")
    assert "boom" not in says(stage.slack.current(card))


@pytest.mark.parametrize("verb", VERBS)
async def test_own_error_after_the_verdict_leaves_it(stage: Stage, verb: str) -> None:
    def broken() -> Sequence[ThreadItem]:
        raise RuntimeError("boom")

    def breaking(found: Found | TakenBack) -> Found | TakenBack:
        assert isinstance(found, Found)
        return replace(found, thread=broken)

    run = stage.begin(verb)
    card = await run.looking()
    run.work.answer = breaking
    await run.end()
    assert is_verdict(stage.slack.current(card))
    assert len(stage.top()) == 1


@pytest.mark.parametrize("verb", VERBS)
async def test_refused_target_takes_its_card_back(stage: Stage, verb: str) -> None:
    run = stage.begin(verb)
    await run.looking()
    run.work.answer = lambda _: TakenBack(
        message=refusal(Refusal(kind=RefusalKind.NOT_ALLOWED, sentence="Not this one."))
    )
    await run.end()
    assert stage.top() == []
    assert [message.text for message in stage.slack.ephemerals()] == ["Not this one."]


async def test_remedy_that_is_refused_leaves_the_card(stage: Stage) -> None:
    """The copy of this life for removals used to replace the card by an error of the bot."""
    lacking = Refusal(
        kind=RefusalKind.UNAVAILABLE, sentence="Azure says no.", remedy=("az role assign",)
    )

    stage.use_cases.lacking = lacking
    stage.slack.faults.add(Fault(method=POST, error="is_archived", skip=1))
    run = stage.begin("removal")
    await run.looking()
    await run.end()
    (card,) = stage.top()
    assert "Azure says no." in says(card)
