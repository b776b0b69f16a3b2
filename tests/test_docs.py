"""Documentation that can rot.

Settings, metrics, retention, ports, decisions and links are held to what exists.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from prometheus_client import generate_latest

from bot.access.targets import USUAL_PORTS
from bot.observability.health import READY
from bot.observability.loop_lag import WORST
from bot.observability.metrics import REGISTRY
from bot.settings import Settings
from bot.store.retention import KEEP
from chainlib import Code
from playground.finding_pages import FOLDERS

ROOT = Path(__file__).parents[1]
GENERATED = sorted(page for folder in FOLDERS for page in (ROOT / "docs" / folder).glob("*.md"))
PAGES = sorted(
    {ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")} - {*GENERATED}
)
SETTINGS = {str(field.alias) for field in Settings.model_fields.values() if field.alias}
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", text, flags=re.MULTILINE))
    assert documented == SETTINGS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_names_a_setting_that_is_none(page: Path) -> None:
    foreign = {
        "APPGW_CHECK"
    }  # the pipelines' own variable, which says where a copy of the project lies
    assert set(re.findall(r"\b(?:APPGW|SLACK)_[A-Z_]+\b", page.read_text())) - foreign <= SETTINGS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert dead_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_into_a_page_meet_a_heading(page: Path) -> None:
    assert dead_anchors(page) == []


def test_page_is_in_the_navigation() -> None:
    """`make docs` would refuse it otherwise, and only CI runs that."""
    docs = ROOT / "docs"
    nav = str(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])
    folders = {path.parent for path in docs.rglob("*.md")} - {docs}
    assert [path.name for path in docs.glob("*.md") if f"'{path.name}'" not in nav] == []
    assert [path.name for path in folders if f"'{path.name}/*'" not in nav] == []


def test_links_of_generated_pages_lead_somewhere() -> None:
    assert len(GENERATED) > len(Code)
    assert [link for page in GENERATED for link in (*dead_links(page), *dead_anchors(page))] == []


def dead_links(page: Path) -> list[str]:
    """Links to files that are not there."""
    return [link for link in _LINK.findall(page.read_text()) if not (page.parent / link).exists()]


def dead_anchors(page: Path) -> list[str]:
    """Links into a page that has no such heading."""
    links = re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text())
    return [
        f"{file}#{anchor}"
        for file, anchor in links
        if anchor not in anchors(page.parent / file if file else page)
    ]


@cache
def anchors(page: Path) -> frozenset[str]:
    """What a page's headings can be reached by, on GitHub and in the site."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return frozenset(
        re.sub(r"[^a-z0-9_ -]", "", heading.lower()).replace(" ", "-") for heading in headings
    )


def test_operations_page_names_every_metric() -> None:
    assert READY is not None
    assert WORST is not None  # the gauges of other modules are in the registry once imported
    text = (ROOT / "docs" / "operations.md").read_text()
    families = {
        line.split()[2]
        for line in generate_latest(REGISTRY).decode().splitlines()
        if line.startswith("# TYPE")
    }
    known = {family for family in families if not family.endswith("_created")}
    rows = "".join(re.findall(r"^\| `appgw_.*$", text, flags=re.MULTILINE))
    assert set(re.findall(r"`(appgw_[a-z_]+)", rows)) == known
    alarms = "".join(re.findall(r"^```yaml\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL))
    assert len(yaml.safe_load(alarms)["groups"][0]["rules"]) == 3
    used = {name.removesuffix("_bucket") for name in re.findall(r"\bappgw_[a-z_]+", alarms)}
    assert used <= known


def test_operations_page_says_how_long_rows_are_kept() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    shown: dict[str, int] = {}
    for names, days in re.findall(r"^\| (`.+`) \| (\d+) \|", text, flags=re.MULTILINE):
        shown |= dict.fromkeys(re.findall(r"`(\w+)`", names), int(days))
    assert shown == {table: age.days for table, age in KEEP.items()}


@pytest.mark.parametrize("name", ["install.md", "settings.md"])
def test_ports_of_listed_targets_match_the_guard(name: str) -> None:
    text = " ".join((ROOT / "docs" / name).read_text().split())
    (listed,) = re.findall(r"on ((?:\d+, )+\d+ and \d+)", text)
    assert set(map(int, re.findall(r"\d+", listed))) == USUAL_PORTS


def test_readme_shows_the_two_commands_first() -> None:
    text = (ROOT / "README.md").read_text()
    assert text.index("make demo") < text.index("make test") < text.index("appgw check")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_named_by_a_page_exist(page: Path) -> None:
    """A recipe that names a moved file is worse than none."""
    if page.parent.name == "decisions":
        return  # a decision speaks of its own day
    named = re.findall(
        r"`((?:bot|chainlib|playground|tests|deploy|docs)/[\w./-]*\w/?)`", page.read_text()
    )
    there = {path for path in named for end in ("", ".py") if (ROOT / f"{path}{end}").exists()}
    assert set(named) - there == set()


def test_architecture_draws_the_layers_that_lint_holds() -> None:
    read = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (held,) = [one["layers"] for one in read["contracts"] if one["id"] == "bot-layers"]
    text = (ROOT / "docs" / "architecture.md").read_text()
    assert "\n".join(["```", *held, "chainlib", "```"]) in text
    drawn = text.split("## Layers")[1].split("```")[1]
    rooms = {room for layer in held for room in layer.split(" | ") if room.isidentifier()}
    assert [room for room in rooms - {"cli"} if f" {room} " not in drawn] == []


def test_every_decision_is_listed() -> None:
    listed = set(_LINK.findall((ROOT / "docs" / "decisions" / "README.md").read_text()))
    pages = {page.name for page in (ROOT / "docs" / "decisions").glob("0*.md")}
    assert listed == pages


def test_every_cited_rule_of_azure_has_its_section() -> None:
    """The source of a rule must be readable by whoever has only this repository."""
    headings = set(
        re.findall(
            r"^#+ ([0-9.]+?)\.? ",
            (ROOT / "docs" / "azure-rules.md").read_text(),
            flags=re.MULTILINE,
        )
    )
    code = "\n".join(
        file.read_text()
        for room in ("bot", "chainlib")
        for file in sorted((ROOT / room).rglob("*.py"))
    )
    cited = re.findall(r"azure-rules sections? ([0-9.]+[0-9]|[0-9]+)(?: and ([0-9.]+[0-9]))?", code)
    assert len(cited) > 10
    assert {number for pair in cited for number in pair if number} <= headings


def test_way_of_a_check_names_existing_steps() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    steps = re.findall(r"^\d\. `(bot/[\w/]+\.py)` `(\w+)`:", text, flags=re.MULTILINE)
    assert 1 <= len(steps) <= 8
    missing = [step for step in steps if f"def {step[1]}(" not in (ROOT / step[0]).read_text()]
    assert missing == []
