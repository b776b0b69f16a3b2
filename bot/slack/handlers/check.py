"""`check` in chat: which backend is meant, whether its card is there already, and who answers.

A check of our own, or the gateway alone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot.cards.usage import notice
from bot.domain.request import (
    BackendRequest,
    HealthRequest,
    HostTarget,
    LastTarget,
    ProbeOptions,
    ProbeRequest,
    SiteTarget,
    Via,
)
from bot.slack.handlers.one_check import BackendCheck, CheckTools
from bot.slack.handlers.repeats import answer_once, watch_on
from bot.slack.inbound.routing import Handler
from bot.slack.invocation import AdmittedInvocation

_REMEMBERED_PEOPLE = 10_000
_OF_A_GATEWAY = ("gw", "pool", "setting", "via")
"""The options that a site can have: its members are probed as their settings say."""


def no_site(_target: HostTarget, _options: ProbeOptions) -> bool:
    """No host is a site, where no gateway is known."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking(CheckTools):
    """Answers `check`.

    Attributes:
        by_gateway: answers `via=gateway`, where the gateway that has the host in a pool is asked
            and nothing is probed.
        is_site: whether a known gateway serves a host that no pool holds; such a host is answered
            as a site.
    """

    by_gateway: Handler | None = None
    is_site: Callable[[HostTarget, ProbeOptions], bool] = no_site
    _last: OrderedDict[str, BackendRequest] = field(default_factory=OrderedDict)

    async def handle(self, admitted: AdmittedInvocation[BackendRequest]) -> None:
        """Check what was asked, or point to the card that does so already.

        Or go on watching a card after a restart.
        """
        if admitted.watched_s is not None:
            await self._watch_on(admitted)
            return
        recalled = self._recalled(admitted)
        if recalled is None:
            await self.cards.slack.send_ephemeral(
                admitted.invocation,
                notice(
                    "There is no earlier check of yours to repeat. Name the backend.",
                    "/appgw-check backend.contoso.com",
                ),
            )
            return
        self._last[admitted.invocation.user] = recalled.request
        while len(self._last) > _REMEMBERED_PEOPLE:
            self._last.popitem(last=False)
        meant = recalled.asking(self.meant(recalled.request))
        if isinstance(meant.request, HealthRequest) or _is_for_the_gateway(recalled):
            await self._ask_gateway(meant)
            return
        await answer_once(self.cards, recalled, BackendCheck(tools=self, admitted=recalled))

    def meant(self, request: BackendRequest) -> BackendRequest | HealthRequest:
        """The same request; about a site where the host is one."""
        target = request.target
        if not isinstance(target, HostTarget) or not self.is_site(target, request.options):
            return request
        return HealthRequest(
            target=SiteTarget(host=target.host),
            options=request.options.only(*_OF_A_GATEWAY),
            watch=request.watch,
            private=request.private,
        )

    async def _watch_on(self, admitted: AdmittedInvocation[BackendRequest]) -> None:
        if _is_for_the_gateway(admitted):
            await self._ask_gateway(admitted)
        else:
            check = BackendCheck(tools=self, admitted=admitted)
            await watch_on(self.cards, admitted, check, check.watch())

    async def _ask_gateway(self, admitted: AdmittedInvocation[ProbeRequest]) -> None:
        if self.by_gateway is None:
            await self.cards.slack.send_ephemeral(
                admitted.invocation,
                notice(
                    "This bot is not set up to read gateways.", "/appgw-check backend.contoso.com"
                ),
            )
            return
        await self.by_gateway(admitted)

    def _recalled(
        self, admitted: AdmittedInvocation[BackendRequest]
    ) -> AdmittedInvocation[BackendRequest] | None:
        if not isinstance(admitted.request.target, LastTarget):
            return admitted
        last = self._last.get(admitted.invocation.user)
        if last is None or not isinstance(last.target, HostTarget):
            return None
        typed = admitted.request
        options = replace(typed.options, port=None).over(last.options)
        again = replace(
            last,
            target=replace(last.target, port=typed.options.port or last.target.port),
            options=options,
            watch=typed.watch or last.watch,
            private=typed.private or last.private,
        )
        return admitted.asking(again)


def _is_for_the_gateway(admitted: AdmittedInvocation[BackendRequest]) -> bool:
    return admitted.request.options.via is Via.GATEWAY
