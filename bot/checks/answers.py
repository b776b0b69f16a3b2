"""The answers of the check service, as values."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import CheckReport, GatewayReport
from chainlib.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HostAnswer:
    """The answer about one backend.

    Attributes:
        report: our own probe, judged with the settings of the gateway that uses the backend, if one
            is known.
        gateway: the same with backend health; `None` if no known gateway uses the backend.
        arm_refusal: why ARM gave no answer; `None` if it did.
        site: the public name under which a gateway serves the same host; empty if there is none.
    """

    report: CheckReport
    gateway: GatewayReport | None = None
    arm_refusal: Refusal | None = None
    site: str = ""


def of_worst(reports: Sequence[GatewayReport]) -> HostAnswer | Refusal:
    """The answer about a backend that several gateways use: that of the worst member."""
    worst = next((report for report in reports if not report.healthy), reports[0])
    probed = next((member.report for member in worst.members if member.report is not None), None)
    if probed is None:
        return Refusal(kind=RefusalKind.REQUEST, sentence=worst.members[0].skipped)
    return HostAnswer(report=probed, gateway=worst)
