"""What one check of a backend found, from the question (`CheckRequest`) to the whole answer.

Apart from `bot.domain.report`, so that `appgw check` imports nothing about gateways.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from chainlib import Explanation, GatewayPolicy, PresentedChain, Repair, Target, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """What to probe and the gateway's requirements.

    Attributes:
        target: where to connect; `target.server_name` is what the handshake sends.
        policy: what the gateway demands; `policy.http` is the health probe's rule.
        assumed: what was assumed, one sentence each, for people.
        hypothetical: asked as no gateway is set, since something was typed in its place;
            backend health is about something else.
        known_names: further host names under which the backend may answer, from listeners and
            certificates; asked where a handshake without a name fails.
    """

    target: Target
    policy: GatewayPolicy
    assumed: tuple[str, ...] = ()
    hypothetical: bool = False
    known_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserView:
    """How a browser would judge the same chain, which is why users say that the site is fine.

    Attributes:
        accepted: a browser shows the page without a warning; `None` where that depends on the
            device or on a certificate not at hand.
        why: one sentence.
    """

    accepted: bool | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressReport:
    """The verdict about one address behind the name.

    Attributes:
        address: the address connected to; empty when the name did not resolve.
        verdict: of this address alone.
        chain: what it presented, `None` when no list came.
        timings: milliseconds per stage.
    """

    address: str
    verdict: Verdict
    chain: PresentedChain | None = None
    timings: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({}), compare=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """The whole answer about one target.

    Attributes:
        request: the question.
        verdict: of the worst address, `SERVERS_DIFFER` included.
        explanation: cause, who must act, steps.
        addresses: every address behind the name, worst first.
        repair: the corrected chain with its proof, `None` when nothing needs repair.
        browser: how a browser would judge, `None` when no list came.
        not_checked: what was not looked at, one short phrase each.
        may_download: whether a missing issuer could have been downloaded from where its certificate
            says.
        timings: milliseconds per stage of the worst address, `judge` included.
    """

    request: CheckRequest
    verdict: Verdict
    explanation: Explanation
    addresses: tuple[AddressReport, ...]
    repair: Repair | None = None
    browser: BrowserView | None = None
    not_checked: tuple[str, ...] = ()
    may_download: bool = False
    timings: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({}), compare=False
    )

    @property
    def chain(self) -> PresentedChain | None:
        """What the worst address presented."""
        return self.addresses[0].chain if self.addresses else None
