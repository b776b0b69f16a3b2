"""Uploads the corrected chain or the evidence pack of a card into its thread, on demand.

They are made from reports in memory, or from a new check.
"""

from __future__ import annotations

import dataclasses
import logging
from collections import OrderedDict
from dataclasses import field, replace

from bot.cards.details import Attachment, chain_files
from bot.cards.escaping import clean, short_name
from bot.cards.place_refusals import why_not_here
from bot.cards.usage import notice, refusal
from bot.checks.backend_health import with_backend_health
from bot.checks.service import CheckService
from bot.commands.parse import parse
from bot.domain.delivery import DeliveryError
from bot.domain.refusal import Refusal
from bot.domain.report import CheckReport, GatewayReport
from bot.domain.request import BackendRequest, HostTarget
from bot.reports.evidence import evidence
from bot.reports.page import report_page
from bot.slack.invocation import Invocation
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.places import Place, Posted
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)

REMEMBERED = 100
CHAIN, EVIDENCE = "chain", "evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardContent:
    """The content of a card: probe, backend health, and run ID."""

    report: CheckReport
    gateway: GatewayReport | None
    run_id: str


@dataclasses.dataclass(slots=True, kw_only=True)
class CardFiles:
    """Keeps the reports of the latest cards, and uploads their files."""

    backends: CheckService
    slack: SlackClient
    probe_origin: str
    _kept: OrderedDict[tuple[str, str], CardContent] = field(default_factory=OrderedDict)

    def keep(self, posted: Posted | None, kept: CardContent) -> None:
        """Store the report of this card."""
        if posted is None:
            return
        self._kept[posted.place.channel, posted.ts] = kept
        self._kept.move_to_end((posted.place.channel, posted.ts))
        if len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)

    async def upload_file(self, invocation: Invocation, what: str, run_id: str) -> None:
        """Upload the file into the card's thread; `invocation.text` is the card's command.

        An ephemeral card has no thread: the file is sent in a direct message.
        """
        kept = self._known(invocation) or await self._anew(invocation, run_id)
        if kept is None:
            return
        files = self._files(kept, what)
        if not files:
            await self.slack.send_ephemeral(_quietly(invocation), notice(why_no_file(kept.report)))
            return
        posted = _card_of(invocation) or await self._in_direct_message(invocation)
        if posted is not None:
            for file in files:
                await self._attach(posted, file)

    def _known(self, invocation: Invocation) -> CardContent | None:
        return self._kept.get((invocation.channel, invocation.card or ""))

    async def _in_direct_message(self, invocation: Invocation) -> Posted | None:
        """Post a direct message whose thread gets the file, and tell the user where it is."""
        about = f"Files of {clean(invocation.text, 100)}"
        try:
            posted = await self.slack.post(Place(channel=invocation.user), notice(about))
        except DeliveryError as error:
            reason = why_not_here(error.reason, channel=invocation.user)
            said = f"The file cannot be sent. {reason} Check without private in a channel."
            await self.slack.send_ephemeral(_quietly(invocation), notice(said))
            return None
        await self.slack.send_ephemeral(
            _quietly(invocation),
            notice("The file is in your direct messages with the bot."),
        )
        return posted

    async def _anew(self, invocation: Invocation, run_id: str) -> CardContent | None:
        asked = parse(invocation.text)
        if not isinstance(asked, BackendRequest) or not isinstance(asked.target, HostTarget):
            await self.slack.send_ephemeral(
                _quietly(invocation),
                notice(
                    "This card names no single backend; check that one, its card has the files."
                ),
            )
            return None
        answer = await self.backends.host(asked.target, asked.options)
        if isinstance(answer, Refusal):
            await self.slack.send_ephemeral(_quietly(invocation), refusal(answer))
            return None
        return CardContent(report=answer.report, gateway=answer.gateway, run_id=run_id)

    def _files(self, kept: CardContent, what: str) -> tuple[Attachment, ...]:
        if what == CHAIN:
            return tuple(file for file in chain_files(kept.report) if file.name != "as-sent.pem")
        pack = evidence(
            kept.report, run_id=kept.run_id, probe_origin=self.probe_origin, gateway=kept.gateway
        )
        return (
            Attachment(
                name=f"evidence-{kept.run_id}.json",
                title="Evidence: chain, settings, probe and backend health",
                content=pack,
            ),
            Attachment(
                name=f"report-{kept.run_id}.html",
                title="The same as a page to print",
                content=self._page(kept),
            ),
        )

    def _page(self, kept: CardContent) -> str:
        report = with_backend_health(kept.report, kept.gateway)[0] if kept.gateway else kept.report
        return report_page(
            report, run_id=kept.run_id, probe_origin=self.probe_origin, gateway=kept.gateway
        )

    async def _attach(self, posted: Posted, file: Attachment) -> None:
        try:
            await self.slack.attach(posted, file)
        except DeliveryError as error:
            log.warning(
                "a file could not be sent", extra={"file": file.name, "reason": error.reason}
            )


def why_no_file(report: CheckReport) -> str:
    """Why there is no file: it was sent already, a certificate is missing, or none would help."""
    missing = report.repair.missing if report.repair else ()
    if report.repair and report.repair.unchanged:
        return (
            "No other file is needed: the repaired chain is what the server sends already. Fix "
            "steps say what has to change."
        )
    if missing:
        return (
            f"The bot does not have {short_name(missing[0].subject)}, so it cannot make the file. "
            "Get it from its CA; Fix steps say where it goes. If an operator sets APPGW_AIA or "
            "APPGW_INTERMEDIATES, the bot can find it."
        )
    return (
        "No file fixes this: neither another chain nor another root helps. Fix steps say what does."
    )


def _card_of(invocation: Invocation) -> Posted | None:
    """The place of the card whose menu was used; `None` if it has no thread."""
    if invocation.ephemeral or invocation.card is None:
        return None
    place = Place(channel=invocation.channel, thread=invocation.thread)
    return Posted(place=place, ts=invocation.card)


def _quietly(invocation: Invocation) -> Invocation:
    """The invocation with an ephemeral answer; for an ephemeral card, by response URL only."""
    return invocation if invocation.ephemeral else replace(invocation, response_url=None)
