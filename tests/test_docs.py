"""Documentation that can rot: settings, decisions and links are held to what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", text, flags=re.MULTILINE))
    assert documented == {str(field.alias) for field in Settings.model_fields.values() if field.alias}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    missing = [link for link in _LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert missing == []


def test_readme_shows_the_two_commands_first() -> None:
    text = (ROOT / "README.md").read_text()
    assert text.index("make demo") < text.index("make test") < text.index("appgw check")


def test_every_decision_is_listed() -> None:
    listed = set(_LINK.findall((ROOT / "docs" / "decisions" / "README.md").read_text()))
    pages = {page.name for page in (ROOT / "docs" / "decisions").glob("0*.md")}
    assert listed == pages


def test_every_cited_rule_of_azure_has_its_section() -> None:
    """The source of a rule must be readable by whoever has only this repository."""
    headings = set(re.findall(r"^#+ ([0-9.]+?)\.? ", (ROOT / "docs" / "azure-rules.md").read_text(), flags=re.MULTILINE))
    code = "\n".join(file.read_text() for room in ("bot", "chainlib") for file in sorted((ROOT / room).rglob("*.py")))
    cited = re.findall(r"azure-rules sections? ([0-9.]+[0-9]|[0-9]+)(?: and ([0-9.]+[0-9]))?", code)
    assert len(cited) > 10
    assert {number for pair in cited for number in pair if number} <= headings
