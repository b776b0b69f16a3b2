"""The pages on rehearsing and on pipelines.

Their pipelines pass inputs that exist, and so does every option that they name.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from bot.cli import COMMANDS as TYPED

ROOT = Path(__file__).parents[1]
PAGE = "\n".join((ROOT / "docs" / page).read_text() for page in ("rehearse.md", "pipelines.md"))
PIPELINES = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
COMMANDS = re.findall(r"appgw (rehearse|check) ((?:[^\n`]|\\\n)+)", PAGE)


def test_github_workflow_passes_inputs_of_the_action() -> None:
    workflow = yaml.safe_load(PIPELINES[0])
    _, used = workflow["jobs"]["rehearse"]["steps"]
    folder = used["uses"].partition("@")[0].removeprefix("appgw-check/appgw-check/")
    inputs = yaml.safe_load((ROOT / folder / "action.yml").read_text())["inputs"]
    required = {name for name, one in inputs.items() if one.get("required")}
    assert required <= used["with"].keys() <= inputs.keys()


def test_azure_pipeline_passes_parameters_of_the_template() -> None:
    (used,) = yaml.safe_load(PIPELINES[1])["steps"]
    template = yaml.safe_load((ROOT / used["template"].partition("@")[0]).read_text())
    known = {one["name"]: one for one in template["parameters"]}
    required = {name for name, one in known.items() if "default" not in one}
    assert required <= used["parameters"].keys() <= known.keys()


def test_every_option_exists() -> None:
    known = {option for command in ("rehearse", "check") for option in options_of(command)}
    named = {option for _, line in COMMANDS for option in re.findall(r"--[a-z-]+", line)}
    listed = set(re.findall(r"^- `(--[a-z-]+)", PAGE, flags=re.MULTILINE))
    assert named | listed
    assert (named | listed) <= known


def options_of(command: str) -> set[str]:
    """The options of a command of the terminal program."""
    return {one.name for one in TYPED[command].takes if one.is_option}
