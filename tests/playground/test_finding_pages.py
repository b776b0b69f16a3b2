"""The pages of findings, servers and gateways are made from catalogue, recipes and lab."""

from __future__ import annotations

import pytest

from bot.cards.details import details
from chainlib import CATALOGUE, Code, finding_page
from playground.finding_pages import DOCS, FOLDERS, pages
from playground.lab.catalogue import CATALOGUE as LAB
from playground.lab.recipe import BackendRecipe
from tests.support.reports import CASES

PAGES = pages()


def test_pages_are_what_the_code_says() -> None:
    stored = {
        str(path.relative_to(DOCS)): path.read_text(encoding="utf-8")
        for path in (DOCS / "findings.md", *(p for f in FOLDERS for p in (DOCS / f).iterdir()))
    }
    assert stored == PAGES, "run: make findings"


def test_code_has_a_page_with_steps() -> None:
    for code, entry in CATALOGUE.items():
        page = PAGES[f"findings/{code}.md"]
        assert page.startswith(f"# {entry.title}\n\n`{code}`: {entry.cause}\n")
        assert all(step in page for step in entry.steps)
        assert entry.reference in page
        assert f"](findings/{code}.md)" in PAGES["findings.md"]
        assert finding_page(code).endswith(f"/docs/findings/{code}.md")


def test_thread_leads_to_the_page_and_its_source() -> None:
    told = str(details(CASES["leaf-only"]()).message.blocks)
    assert finding_page(Code.INTERMEDIATE_MISSING) in told
    assert CATALOGUE[Code.INTERMEDIATE_MISSING].reference in told


@pytest.mark.parametrize("recipe", LAB, ids=[one.name for one in LAB])
def test_lab_backend_stands_on_its_page(recipe: BackendRecipe) -> None:
    assert (
        f"/appgw-check gw:lab-gw setting={recipe.name}`" in PAGES[f"findings/{recipe.expected}.md"]
    )


def test_server_finding_leads_to_every_kind() -> None:
    page = PAGES[f"findings/{Code.INTERMEDIATE_MISSING}.md"]
    assert page.count("](../servers/") == sum(name.startswith("servers/") for name in PAGES)
