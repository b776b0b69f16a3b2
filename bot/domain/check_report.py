"""The request and the result of one check of a backend.

Separate from `bot.domain.report`, so that `appgw check` imports nothing about gateways.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from chainlib import Explanation, GatewayPolicy, PresentedChain, Repair, Target, Verdict
from chainlib.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """What to probe and what the gateway requires.

    Attributes:
        target: where to connect; `target.server_name` is the SNI of the handshake.
        policy: what the gateway requires; `policy.http` is the health probe's rule.
        assumed: what was assumed, one sentence each, for users.
        hypothetical: options were typed that differ from the gateway's settings, so backend health
            cannot be compared.
        known_names: more host names of the backend, from listeners and certificates; tried when a
            handshake without SNI fails.
    """

    target: Target
    policy: GatewayPolicy
    assumed: tuple[str, ...] = ()
    hypothetical: bool = False
    known_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserView:
    """How a browser would judge the same chain.

    Shown because users report that the site works in their browser.

    Attributes:
        accepted: a browser shows the page without a warning; `None` if that depends on the device
            or on a certificate that is not available.
        why: one sentence.
    """

    accepted: bool | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressReport:
    """The verdict on one address behind the name.

    Attributes:
        address: the address that was connected to; empty if the name did not resolve.
        verdict: of this address alone.
        chain: what it presented; `None` if it presented nothing.
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
    """The result of a check.

    Attributes:
        request: what was probed.
        verdict: of the worst address, `SERVERS_DIFFER` included.
        explanation: cause, who must act, steps.
        addresses: every address behind the name, worst first.
        repair: the corrected chain with its re-check; `None` if nothing needs repair.
        browser: how a browser would judge; `None` if no chain was presented.
        not_checked: what was not checked, one short phrase each.
        may_download: whether the operator allows downloading a missing issuer from the URL in its
            certificate.
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
