"""Groups the servers of a gateway by the reason why they fail. Pure.

One missing intermediate behind fourteen servers is one cause.
"""

from __future__ import annotations

from bot.cards.escaping import short_name, shorten
from bot.domain.report import GatewayReport, MemberReport
from chainlib import Code, Severity
from chainlib.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseGroup:
    """Servers that fail, or warn, for the same reason.

    Attributes:
        code: the headline.
        about: the certificate or name that the reason concerns; empty if there is none.
        members: the servers, in the order of the report; none when the cause is the gateway itself.
        serious: whether requests fail.
    """

    code: Code
    about: str
    members: tuple[MemberReport, ...]
    serious: bool


def fold(report: GatewayReport) -> tuple[CauseGroup, ...]:
    """Group the members that fail or warn by reason.

    Failures come first, then the causes with the most servers, then the order of the report.
    """
    groups: dict[tuple[Code, str, bool], list[MemberReport]] = {}
    for member in report.members:
        if member.headline is not Code.OK or not member.healthy:
            groups.setdefault((_code(member), _about(member), not member.healthy), []).append(
                member
            )
    causes = [
        CauseGroup(code=code, about=about, members=tuple(members), serious=bad)
        for (code, about, bad), members in groups.items()
    ]
    return tuple(
        sorted(
            (*_of_gateway(report), *causes),
            key=lambda cause: (not cause.serious, -len(cause.members)),
        )
    )


def _of_gateway(report: GatewayReport) -> list[CauseGroup]:
    """The causes that concern the gateway itself, without informational findings."""
    return [
        CauseGroup(
            code=finding.code,
            about=shorten(str(finding.evidence.get("pool", "")), 60),
            members=(),
            serious=finding.severity is Severity.CRITICAL,
        )
        for finding in report.findings
        if finding.severity is not Severity.INFO
    ]


def _code(member: MemberReport) -> Code:
    """The headline, or Azure's reason for a server that only backend health calls unhealthy."""
    if member.headline is not Code.OK or member.healthy:
        return member.headline
    shown = member.server.message.code if member.server and member.server.message else Code.OK
    return Code.HEALTH_UNKNOWN if shown is Code.OK else shown


def _about(member: MemberReport) -> str:
    finding = next((f for f in member.findings if f.code is member.headline), None)
    if finding is None:
        return ""
    keys = ("missing_subject", "root_name", "root", "subject", "received", "name")
    about = next((str(finding.evidence[key]) for key in keys if finding.evidence.get(key)), "")
    return shorten(short_name(about), 60) if about else ""
