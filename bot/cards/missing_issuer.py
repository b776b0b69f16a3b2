"""The issuer that could not be obtained.

Why no corrected chain could be made, where the certificate is published, and who can give the bot
access.
"""

from __future__ import annotations

from bot.cards.escaping import short_name, shorten
from bot.domain.check_report import CheckReport
from chainlib import MissingIssuer

_NAME, _ADDRESS = 80, 200


def not_at_hand(report: CheckReport) -> str:
    """One line for the thread and the terminal.

    Empty where there is a chain file, or where no certificate names its issuer's address.
    """
    repair = report.repair
    lost = (
        next((one for one in repair.missing if one.ca_issuers), None)
        if repair and not repair.chain
        else None
    )
    if lost is None or repair is None:
        return ""
    same = "The repaired chain would be what is sent already. " if repair.unchanged else ""
    return f"{same}{_where(lost)}{_way_out(report)}"


def _where(lost: MissingIssuer) -> str:
    name = shorten(short_name(lost.subject), _NAME)
    return f"{name} is not at hand; its CA publishes it at {shorten(lost.ca_issuers[0], _ADDRESS)}."


def _way_out(report: CheckReport) -> str:
    """A rehearsal uses the pasted certificates alone, whatever the operator allows."""
    if not report.addresses[0].address:
        return " Add it to the file and rehearse again."
    if report.may_download:
        return (
            " It was asked there, without success; the bot's operator may supply it "
            "(APPGW_INTERMEDIATES)."
        )
    return (
        " The bot's operator may let the bot fetch it (APPGW_AIA=true) or supply it "
        "(APPGW_INTERMEDIATES)."
    )
