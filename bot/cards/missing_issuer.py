"""Explains that an issuer could not be obtained, so that no corrected chain could be made.

It says where the certificate is published and who can supply it.
"""

from __future__ import annotations

from bot.cards.escaping import short_name, shorten
from bot.domain.check_report import CheckReport
from chainlib import MissingIssuer

_NAME, _ADDRESS = 80, 200


def why_not_obtained(report: CheckReport, *, in_terminal: bool = False) -> str:
    """One line for the thread, or for the terminal, whose user has no bot to configure.

    Empty if there is a chain file, or if no certificate gives the address of its issuer.
    """
    repair = report.repair
    lost = (
        next((one for one in repair.missing if one.ca_issuers), None)
        if repair and not repair.chain
        else None
    )
    if lost is None or repair is None:
        return ""
    same = "No better chain can be made from what is known. " if repair.unchanged else ""
    return f"{same}{_where(lost)}{_remedy(report, in_terminal=in_terminal)}"


def _where(lost: MissingIssuer) -> str:
    name = shorten(short_name(lost.subject), _NAME)
    return f"{name} is not at hand; its CA publishes it at {shorten(lost.ca_issuers[0], _ADDRESS)}."


def _remedy(report: CheckReport, *, in_terminal: bool) -> str:
    """What the user can do; a rehearsal only uses the pasted certificates."""
    if not report.addresses[0].address:
        return " Add it to the file and rehearse again."
    if in_terminal:
        return (
            " Download it there, and try it with appgw rehearse: in the chain file behind the "
            "certificates that are sent, or as --root where it turns out to be a root."
        )
    if report.may_download:
        return (
            " It was asked there, without success; the bot's operator may supply it "
            "(APPGW_INTERMEDIATES)."
        )
    return (
        " The bot's operator may let the bot fetch it (APPGW_AIA=true) or supply it "
        "(APPGW_INTERMEDIATES)."
    )
