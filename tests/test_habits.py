"""What holds the project's habits: workflows, hooks, forms, and the list of commands."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)[1].split())  # type: ignore[index]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def jobs(workflow: Path) -> dict[str, Any]:
    """The jobs of a workflow."""
    found: dict[str, Any] = yaml.safe_load(workflow.read_text())["jobs"]
    return found


def test_help_lists_every_command() -> None:
    listed = subprocess.run(
        ["/usr/bin/env", "make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert {line.split()[0] for line in listed.stdout.splitlines()} == TARGETS
    assert all(len(line) <= 120 for line in listed.stdout.splitlines())


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_pins_actions_and_grants_little(workflow: Path) -> None:
    read = yaml.safe_load(workflow.read_text())
    used = [line for line in workflow.read_text().splitlines() if "uses:" in line]
    assert used
    assert all(PINNED.search(line) for line in used)
    assert read["permissions"] == {}
    for job in read["jobs"].values():
        assert set(job["permissions"]) == {"contents"}
        assert job["timeout-minutes"]
        (checkout,) = (one for one in job["steps"] if "checkout" in one.get("uses", ""))
        assert checkout["with"]["persist-credentials"] is False


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_calls_make(workflow: Path) -> None:
    lines = [step.get("run", "") for job in jobs(workflow).values() for step in job["steps"]]
    made = {line.removeprefix("make ") for line in lines if line.startswith("make ")}
    assert made
    assert made <= TARGETS


def test_workflow_tests_every_python_that_is_promised() -> None:
    tested = jobs(ROOT / ".github/workflows/test.yml")["test"]["strategy"]["matrix"]["python"]
    promised = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text())
    assert tested == promised


def test_hooks_run_the_tools_of_the_project() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    tools = {hook["entry"].split()[0] for hook in repository["hooks"]}
    assert {Path(tool).parent for tool in tools} == {Path(".venv/bin")}
    linted = MAKEFILE.partition("\nlint:")[2].partition("\n\n")[0]
    assert all(f"$(BIN)/{Path(tool).name}" in linted for tool in tools - {".venv/bin/python"})


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_form_asks_for_what_is_needed(form: Path) -> None:
    read = yaml.safe_load(form.read_text())
    fields = [field for field in read["body"] if field["type"] != "markdown"]
    assert read["name"]
    assert read["description"]
    assert all(field["attributes"]["label"] for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)
    assert len({field["id"] for field in fields}) == len(fields)


FILES = sorted(
    path
    for room in ("bot", "chainlib", "playground", "bench", "fuzz", "tests/support")
    for path in (ROOT / room).rglob("*.py")
    if "migrations" not in path.parts  # Alembic writes them
)
WITH_FUNCTIONS = sorted({*FILES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "bot").rglob("*.py")})
LONG, LONGEST, LONG_FILES, LONGEST_FUNCTION = 300, 390, 28, 50
"""Lines. A file over `LONG` usually does two things; the number of those only goes down."""


def functions(nodes: Sequence[ast.AST]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions among these statements and in them; walking each expression takes longer."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, part, ())
            yield from functions(inner if isinstance(inner, list) else ())


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many lines a function takes without its docstring."""
    documented = len((ast.get_docstring(function, clean=False) or "").splitlines())
    return (function.end_lineno or 0) - function.lineno + 1 - documented


def test_files_and_functions_stay_short() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in WITH_FUNCTIONS}
    lengths = {path: len(texts[path].splitlines()) for path in FILES}
    assert {path for path, lines in lengths.items() if lines > LONGEST} == set()
    assert sum(lines > LONG for lines in lengths.values()) <= LONG_FILES
    long = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, text in texts.items()
        for node in functions(ast.parse(text).body)
        if lines_of(node) > LONGEST_FUNCTION
    }
    assert long == set()
