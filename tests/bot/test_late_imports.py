"""What the commands of the terminal import.

Nothing that only the bot or only Azure's commands need, since an engineer waits for it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from playground.lab import pki
from tests.support.warm import with_bot

HEAVY = frozenset(
    {
        "aiohttp",
        "alembic",
        "azure",
        "dbos",
        "mcp",
        "prometheus_client",
        "psycopg",
        "publicsuffixlist",
        "pydantic",
        "pydantic_settings",
        "rich",
        "slack_bolt",
        "slack_sdk",
        "sqlalchemy",
        "typer",
        "yaml",
    }
)
OF_GATEWAYS = frozenset({"bot.azure", "bot.domain.azure", "bot.checks.gateway"})
NAME_AND_TIME = ("--name", "backend.contoso.com", "--at", pki.NOW.isoformat())
OF_REFUSALS = frozenset(
    {
        "bot.cards",
        "bot.commands.parse",
        "bot.domain.request",
        "chainlib.aio.diagnose",
        "chainlib.aio.issuers",
        "chainlib.explain.fixes",
        "chainlib.explain.variants",
        "chainlib.judge.default_certificates",
        "chainlib.pem.text_encodings",
        "chainlib.pem.unusual",
        "cryptography.hazmat.primitives.serialization",
        "difflib",
        "idna",
        "shutil",
    }
)
"""What an accepted chain does not need, and a chain that is refused may."""


_COMPILED_EARLY = "compiled while imported:"
_NOT_COLLECTED = "objects left to the end of the process:"
_PROGRAM = f"""
import gc, sys
from bot.cli import main
try:
    main()
finally:
    ours = [module for name, module in sys.modules.items() if name.startswith(("bot", "chainlib"))]
    known = [one for module in ours for one in vars(module).values() if isinstance(one, type)]
    made = [one for one in known if "__dataclass_params__" in vars(one)]
    early = {{one.__qualname__ for one in made if one.__dataclass_params__.frozen}}
    print("{_NOT_COLLECTED}", gc.get_freeze_count() > len(gc.get_objects()), file=sys.stderr)
    print("{_COMPILED_EARLY}", *early, file=sys.stderr)
"""


def _imported(*words: str, status: int) -> frozenset[str]:
    """The modules that the program imported, and the packages above them."""
    return _modules(_started(*words, status=status))


def _started(*words: str, status: int) -> str:
    """What the program's process reports about its imports."""
    done = subprocess.run(  # noqa: S603 -- our own interpreter
        [sys.executable, "-X", "importtime", "-c", _PROGRAM, *words],
        input="",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr[-2000:]
    return done.stderr


def _modules(reported: str) -> frozenset[str]:
    lines = (line for line in reported.splitlines() if line.startswith("import time:"))
    modules = {line.rsplit("|", 1)[1].strip() for line in lines}
    return frozenset(modules | {module.split(".")[0] for module in modules})


def test_check_of_accepted_chain_imports_least(tmp_path: Path) -> None:
    root = pki.root()
    issuing = pki.intermediate(root)
    leaf = pki.leaf(issuing, "backend.contoso.com")
    (tmp_path / "root.pem").write_bytes(root.pem)
    (tmp_path / "chain.pem").write_bytes(leaf.pem + issuing.pem)
    words = (str(tmp_path / "chain.pem"), "--root", str(tmp_path / "root.pem"), "--json")
    reported = _started("rehearse", *words, *NAME_AND_TIME, status=0)
    assert _modules(reported) & (HEAVY | OF_GATEWAYS | OF_REFUSALS) == frozenset()
    last = reported.splitlines()[-2:]
    assert last == [f"{_NOT_COLLECTED} True", _COMPILED_EARLY]  # see chainlib/frozen.py


@pytest.mark.parametrize(
    ("words", "status", "needed"),
    [
        pytest.param(("check", "127.0.0.1:1", "--json"), 3, frozenset[str](), id="check as JSON"),
        pytest.param(("check", "127.0.0.1:1"), 3, frozenset({"rich"}), id="check for people"),
        pytest.param(("rehearse", "/dev/null", "--json"), 2, frozenset[str](), id="rehearse"),
        pytest.param(("parse", "--json"), 0, frozenset[str](), id="parse"),
    ],
)
def test_command_imports_nothing_of_the_bot(
    words: tuple[str, ...], status: int, needed: frozenset[str]
) -> None:
    imported = _imported(*words, status=status)
    assert "bot.commands" in imported
    assert imported & (HEAVY | OF_GATEWAYS) == needed


def test_big_packages_are_imported_only_where_used() -> None:
    """Azure's models, sign-in and migrations take memory; what reads alerts takes time."""
    imported = with_bot()
    assert imported >= {"bot.main", "dbos", "slack_bolt"}
    late = {"azure.mgmt.network", "azure.identity", "msal", "alembic", "bot.commands.alerts"}
    assert imported & late == frozenset()


def test_bundle_of_public_roots_is_certifis_own() -> None:
    """It is found without certifi's own function, which imports a lot."""
    import certifi  # noqa: PLC0415 -- the slow way, to compare with

    from chainlib.aio import wellknown  # noqa: PLC0415 -- one test alone looks inside

    assert wellknown._bundle() == Path(certifi.where())
