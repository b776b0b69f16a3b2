"""Where the issuer lies that nobody has, and who can let the bot have it.

One line in the thread and in the terminal, none on the card.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cards.check_card import CardContext, check_card
from bot.cards.details import details
from bot.domain.report import CheckReport
from bot.terminal.output import render
from chainlib import repair
from playground.lab.pki import NOW, leaf
from tests.support.reports import HOST, ISSUING, LEAF, report

URL = "http://pki.contoso.com/issuing3.crt"
AROUND = CardContext(command=HOST, understood=HOST, run_id="r", probe_origin="here")


def broken(
    *,
    at_hand: bool = False,
    address: str = "10.0.0.5",
    may_download: bool = False,
    says_where: bool = True,
) -> CheckReport:
    """A server that sends its leaf alone."""
    base = report(leaf(ISSUING, HOST, ca_issuers=(URL,)) if says_where else LEAF)
    assert base.chain is not None
    issuers = (ISSUING.certificate,) if at_hand else ()
    mended = repair(base.chain, base.request.policy, at=NOW, issuers=issuers)
    addresses = (replace(base.addresses[0], address=address),)
    return replace(base, repair=mended, addresses=addresses, may_download=may_download)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        pytest.param(
            broken(),
            "may let the bot fetch it (APPGW_AIA=true) or supply it (APPGW_INTERMEDIATES).",
            id="off",
        ),
        pytest.param(
            broken(may_download=True), "operator may supply it (APPGW_INTERMEDIATES).", id="on"
        ),
        pytest.param(broken(address=""), "Add it to the file and rehearse again.", id="rehearsed"),
    ],
)
def test_thread_and_terminal_name_the_issuers_place(made: CheckReport, said: str) -> None:
    """In the terminal there is no bot whose operator could help."""
    shown = f"Contoso Issuing CA 3 is not at hand; its CA publishes it at {URL}."
    thread, terminal = (
        str(details(made).message.blocks),
        "\n".join(line.plain for line in render(made)),
    )
    assert thread.count(said) == 1
    assert terminal.count(said if not made.addresses[0].address else "Download it there") == 1
    assert "APPGW_" not in terminal
    assert "Repair: " not in terminal
    assert (shown in thread, shown in terminal) == (True, True)
    card = check_card(made, AROUND)
    assert "APPGW_" not in card.plain + str(card.blocks)


@pytest.mark.parametrize(
    "made", [broken(at_hand=True), broken(says_where=False)], ids=["at hand", "nobody says where"]
)
def test_nothing_is_said_beside_a_file_or_address(made: CheckReport) -> None:
    assert "APPGW_" not in details(made).message.plain + "".join(
        line.plain for line in render(made)
    )


def test_details_name_assumed_and_unchecked_apart() -> None:
    base = broken()
    made = replace(base, request=replace(base.request, assumed=("a usual name",)))
    lines = str(details(made).message.blocks)
    assert lines.lower().count("not checked") == 1
    assert (lines.count("Assumed: "), lines.count("Not checked: ")) == (1, 1)
