"""Handles `rehearse`: a modal takes a chain that is not installed yet; the answer is a card.

The chain is parsed within the three seconds that Slack allows for a view submission, so that an
error is shown at its field. No part of a private key is repeated.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from time import monotonic

from bot.cards.check_card import CardContext, check_card
from bot.cards.details import details
from bot.cards.modals import rehearse_modal
from bot.cards.parts import Block
from bot.cards.usage import OPEN_REHEARSAL, notice, open_modal_notice
from bot.checks import rehearse
from bot.commands.host import host_target
from bot.commands.usage import TargetError
from bot.domain.delivery import DeliveryError
from bot.domain.report import CheckReport
from bot.domain.request import RehearseRequest, RemovalRequest
from bot.observability.logs import run_scope
from bot.slack.inbound.audit import new_run_id
from bot.slack.invocation import AdmittedInvocation, answer, files, from_submission
from bot.slack.outbound.card_life import CardLife
from bot.slack.outbound.card_work import (
    CardOrder,
    CardTools,
    Found,
    Progress,
    TakenBack,
    ThreadItem,
)
from bot.slack.payload import Payload, text_at
from chainlib import (
    CertificateBag,
    GatewayPolicy,
    TrustAnchors,
    TrustMode,
    UnusableFile,
    counted,
    load_certificates,
)
from chainlib.aio import load_well_known
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)

DOWNLOAD_S = 2.0
_GRACE_S = 0.5


class FieldError(Exception):
    """A field of the modal is invalid; the text is shown at the field."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A chain to judge, and the requirements."""

    chain: CertificateBag
    policy: GatewayPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearseHandler:
    """Handles `rehearse`.

    Attributes:
        cards: what every card needs.
        clock: returns the present instant, time zone aware.
        probe_origin: the machine that probes.
        takes_files: whether the bot may read an added file (scope `files:read`).
    """

    cards: CardTools
    clock: Callable[[], datetime]
    probe_origin: str
    takes_files: bool = True

    def form(self, channel: str) -> Block:
        """The modal that asks for a chain; `channel` is where the answer is posted, if known."""
        return rehearse_modal(channel=channel or None, takes_files=self.takes_files)

    async def handle(self, admitted: AdmittedInvocation[RehearseRequest]) -> None:
        """Open the modal; for a mention, which cannot open one, offer a button."""
        invocation = admitted.invocation
        try:
            if invocation.trigger:
                await self.cards.slack.open_modal(invocation.trigger, self.form(invocation.channel))
                return
        except DeliveryError as error:
            log.info("a view could not be opened", extra={"reason": error.reason})
        await self.cards.slack.send_ephemeral(
            invocation, open_modal_notice("Rehearse a chain", OPEN_REHEARSAL)
        )

    async def without_azure(self, admitted: AdmittedInvocation[RemovalRequest]) -> None:
        """Answer a removal rehearsal if Azure is not configured."""
        await self.cards.slack.send_ephemeral(
            admitted.invocation,
            notice("Azure is not set up for this bot, so it cannot read a gateway's roots."),
        )

    async def read(self, view: Payload) -> Rehearsal:
        """Parse the submission; raises `FieldError` for an invalid field."""
        pasted = "\n".join(filter(None, (answer(view, "chain"), answer(view, "chain_more"))))
        attached = files(view)
        if not pasted.strip() and not attached:
            how = (
                "Paste the chain here or add it as a file" if self.takes_files else "Paste it here"
            )
            raise FieldError("chain", f"{how}, for example fullchain.pem.")
        content = await self._file(attached[0]) if attached else pasted.encode()
        return await asyncio.to_thread(
            _rehearsal,
            "file" if attached else "chain",
            content,
            answer(view, "root"),
            answer(view, "name"),
        )

    async def judge(self, body: Payload, rehearsal: Rehearsal, *, private: bool = False) -> None:
        """Judge and post the card."""
        run_id = new_run_id()
        order = CardOrder(
            invocation=from_submission(body, "rehearse"),
            run_id=run_id,
            begun=monotonic(),
            private=private,
        )
        run = self.cards.runs.begin(run_id)
        try:
            with run_scope(run_id):
                work = ChainRehearsal(tools=self, order=order, rehearsal=rehearsal)
                await CardLife(self.cards, order, work, run).perform()
        finally:
            self.cards.runs.end(run)

    async def _file(self, attached: Payload) -> bytes:
        url = text_at(attached, "url_private_download", "url_private")
        try:
            async with asyncio.timeout(DOWNLOAD_S):
                return await self.cards.slack.download(url)
        except (DeliveryError, TimeoutError):
            raise FieldError(
                "file",
                "The bot cannot read this file; check that the scope files:read is "
                "granted, or paste the chain.",
            ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRehearsal:
    """One rehearsal, in the form of `bot.slack.outbound.card_work.Work`."""

    tools: RehearseHandler
    order: CardOrder
    rehearsal: Rehearsal
    name: str = "a chain"
    command: str = "rehearse"
    grace: float = _GRACE_S

    @property
    def understood(self) -> str:
        """What is judged, in words."""
        count = counted(len(self.rehearsal.chain), "certificate")
        return f"a chain of {count} that is not installed yet"

    async def find(self, progress: Progress) -> Found | TakenBack:  # noqa: ARG002 -- a rehearsal has no stages
        """Judge it."""
        chain = self.rehearsal.chain
        found = await asyncio.to_thread(
            rehearse, chain, self.rehearsal.policy, at=self.tools.clock(), ordered=chain.ordered
        )
        context = CardContext(
            command=self.command,
            understood=self.understood,
            run_id=self.order.run_id,
            probe_origin=self.tools.probe_origin,
            user=self.order.invocation.user,
        )
        return Found(message=check_card(found, context), thread=partial(_explained, found))


def _explained(found: CheckReport) -> list[ThreadItem]:
    shown = details(found)
    return [shown.message, *shown.files]


def _rehearsal(field: str, content: bytes, root: str, name: str) -> Rehearsal:
    return Rehearsal(chain=_certificates(field, content), policy=_policy(root, name))


def _certificates(field: str, content: bytes) -> CertificateBag:
    try:
        return load_certificates(content)
    except UnusableFile as error:
        raise FieldError(field, str(error)) from None


def _policy(root: str, name: str) -> GatewayPolicy:
    anchors = load_well_known()
    if root.strip():
        anchors = TrustAnchors(
            mode=TrustMode.UPLOADED_ROOTS, certificates=tuple(_certificates("root", root.encode()))
        )
    try:
        host = host_target(name.strip()).host if name.strip() else None
    except TargetError as error:
        raise FieldError("name", str(error)) from None
    return replace(GatewayPolicy(anchors=anchors), name=host)
