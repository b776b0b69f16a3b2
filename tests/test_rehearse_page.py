"""The page on rehearsing.

Its pipelines are YAML, and every option and exit status that it names exists.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bot.cli import app

PAGE = (Path(__file__).parents[1] / "docs" / "rehearse.md").read_text()
PIPELINES = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
COMMANDS = re.findall(r"appgw (rehearse|check) ((?:[^\n`]|\\\n)+)", PAGE)


@pytest.mark.parametrize("text", PIPELINES, ids=["github", "azure"])
def test_pipelines_are_yaml_with_steps_that_rehearse(text: str) -> None:
    read = yaml.safe_load(text)
    steps = read["jobs"]["rehearse"]["steps"] if "jobs" in read else read["steps"]
    assert any("appgw rehearse" in str(step.get("run") or step.get("script")) for step in steps)


def test_every_option_exists() -> None:
    known = {option for command in ("rehearse", "check") for option in options_of(command)}
    named = {option for _, line in COMMANDS for option in re.findall(r"--[a-z-]+", line)}
    listed = set(re.findall(r"^- `(--[a-z-]+)", PAGE, flags=re.MULTILINE))
    assert named | listed
    assert (named | listed) <= known


def options_of(command: str) -> set[str]:
    """The options of a command of the terminal program."""
    from typer.main import get_command  # noqa: PLC0415 -- only this test looks inside

    group = get_command(app)
    found = group.commands[command]  # type: ignore[attr-defined]
    return {
        option
        for parameter in found.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
